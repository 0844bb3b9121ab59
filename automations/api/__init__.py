"""The public REST contract for automations, as far as it is served."""
