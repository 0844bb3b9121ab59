"""What workflow authors import. Contract and standard library only: a script pays nothing for the server."""
