"""What a flow will do, read from its source, and the picture of it."""
