"""Blocks: configuration with a type, kept by the server under a name, its secrets encrypted. Needs pydantic."""
