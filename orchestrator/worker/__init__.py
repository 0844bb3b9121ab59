"""The execution side: a Celery worker that takes flow runs over the API and runs them in warm child processes.

It needs a broker URL, an API URL and a key; it has no Django and no database.
"""
