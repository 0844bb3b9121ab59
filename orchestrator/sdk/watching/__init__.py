"""Runs of other processes, followed until they end."""
