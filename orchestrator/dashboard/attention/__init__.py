"""What needs somebody: causes, the most urgent first, each with what can be done about it."""
