"""One concern a file. A rule reads a transition and returns a verdict; it writes nothing."""
