"""What becomes of a run: its states, and what its function returned."""
