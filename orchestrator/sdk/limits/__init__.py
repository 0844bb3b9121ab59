"""Slots: how many runs may use a thing at once, and how often in a time."""
