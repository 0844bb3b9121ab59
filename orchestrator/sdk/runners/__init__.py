"""Where submitted tasks execute: threads, processes, Celery workers, a Dask or Ray cluster."""
