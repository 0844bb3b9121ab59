"""What `@flow` and `@task` take: names, checks, hooks, parameters, run names."""
