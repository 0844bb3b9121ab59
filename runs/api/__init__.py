"""The public REST contract for flows, flow runs, task runs, states and logs."""
