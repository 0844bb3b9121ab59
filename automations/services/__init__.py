"""What automations do, apart from how they are asked for."""
