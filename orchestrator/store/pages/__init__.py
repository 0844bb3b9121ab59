"""The pages about what flows are configured with: variables, and blocks with their catalog."""
