"""Builds golden images; today the machine tree that local machines boot from."""
