"""Builds golden images from definitions and locked packages, boots them to try them, and keeps house."""
