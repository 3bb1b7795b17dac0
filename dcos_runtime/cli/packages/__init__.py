"""The package manager as the command line uses it."""
