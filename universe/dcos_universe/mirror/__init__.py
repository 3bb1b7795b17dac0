"""Bundles of packages with all that they need, for machines without a way to the internet. Nothing here prints."""
