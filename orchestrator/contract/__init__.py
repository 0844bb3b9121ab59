"""The words that the server, the SDK and the workers all speak. Standard library only; nothing needs a database."""
