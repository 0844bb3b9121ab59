"""Changes to deployments, pools, queues and workers: one transaction and one event each."""
