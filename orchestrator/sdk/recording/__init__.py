"""What a run tells while it executes: states, logs, events, heartbeats, kept on disk while the server is away."""
