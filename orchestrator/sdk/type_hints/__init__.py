"""What the type hints of an author's function mean for the values that it is called with."""
