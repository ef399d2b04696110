"""What can be configured, and what a valid config is."""
