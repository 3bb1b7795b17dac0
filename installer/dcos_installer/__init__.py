"""Runs on the operator's machine: turns an inventory into a working cluster."""
