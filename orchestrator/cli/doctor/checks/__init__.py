"""Pure functions: what was seen in, findings out."""
