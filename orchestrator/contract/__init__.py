"""The words that the server, the SDK and the workers all speak. Standard library only, no behaviour that needs a database."""
