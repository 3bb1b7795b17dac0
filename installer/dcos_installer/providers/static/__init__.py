"""Existing hosts that answer to SSH."""
