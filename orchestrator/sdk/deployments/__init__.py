"""Flows that others run: `deploy`, `serve`, sources, schedules, `run_deployment`."""
