"""Settings: from the environment, from profiles, and for the length of a test."""
