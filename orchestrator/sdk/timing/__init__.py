"""Letting time pass: pauses, retries, time limits."""
