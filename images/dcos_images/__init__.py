"""Builds golden images from definitions and locked packages, tests them by booting, and cleans up the cache."""
