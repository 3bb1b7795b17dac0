"""The package manager's decisions. Pure."""
