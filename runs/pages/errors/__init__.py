"""Failed runs by what went wrong: all kinds of error, and one kind with its runs."""
