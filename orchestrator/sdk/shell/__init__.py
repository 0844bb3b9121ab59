"""Shell commands as part of a run: their output becomes log lines, and one that fails fails the run."""
