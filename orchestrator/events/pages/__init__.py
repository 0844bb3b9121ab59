"""The pages that show the event log."""
