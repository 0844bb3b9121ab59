"""Results that are used again: policies, keys, where they are kept."""
