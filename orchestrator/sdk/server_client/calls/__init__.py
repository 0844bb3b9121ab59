"""The methods of the clients, by what they are about. Written once, as blocking ones."""
