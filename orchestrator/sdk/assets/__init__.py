"""What tasks make and keep elsewhere, such as a table: the server is told of it, and of what it was made from."""
