"""Flows, flow runs, task runs, their states, logs, artifacts and claims."""
