"""Steps that are kept together or undone together, and the locks that keep others out meanwhile."""
