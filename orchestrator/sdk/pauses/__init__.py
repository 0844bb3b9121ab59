"""Runs that wait for somebody: pause, suspend, resume."""
