"""Requests and sockets to the server."""
