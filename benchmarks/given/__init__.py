"""What stands before a clock starts: deployments, runs and events, made alike on both sides over the public API."""
