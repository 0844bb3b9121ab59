"""What can be done with automations, and what they do."""
