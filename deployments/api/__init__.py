"""The public REST contract for deployments, work pools, queues and workers, and how workers of ours take runs."""
