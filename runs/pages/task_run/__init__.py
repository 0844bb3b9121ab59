"""The page of one task run: its tries, what it was given and gave on, how it is configured, and its log."""
