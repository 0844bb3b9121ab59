"""Who asks the servers: kept-alive connections, event sockets, a browser."""
