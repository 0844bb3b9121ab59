"""Who may do what: users, API keys, and who did it."""
