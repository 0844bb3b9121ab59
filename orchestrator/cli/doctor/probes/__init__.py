"""Each looks at one part of the set-up, and tells what it saw as a value."""
