"""Changes to deployments, pools, queues and workers: one transaction, one event, the object out or a named error raised."""
