"""Processes that a run starts, and the signals that end it."""
