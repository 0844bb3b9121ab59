"""The Celery worker that executes submitted tasks, beside the one that executes flow runs.

What it gets is signed; it is not opened otherwise. A task is acknowledged when it has ended. One that comes a second
time, because a worker was lost, is given back to the flow that waits for it: only that flow knows whether it still is
to be done.
"""
