"""Runs whose code is written for Prefect: they are executed by Prefect's own engine, in a process beside ours.

Nothing here imports Prefect, except `hooks.py`, which the interpreter of the run executes as a program.
"""
