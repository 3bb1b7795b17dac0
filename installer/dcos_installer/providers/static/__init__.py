"""Hosts that are there already and answer to SSH."""
