"""Deployments as values and as files."""
