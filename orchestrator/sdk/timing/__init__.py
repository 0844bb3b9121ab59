"""Letting time pass: pauses that grow, retries, time limits."""
