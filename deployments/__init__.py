"""Deployments, work pools, work queues and workers."""
