"""Bundles of packages with all that they need, for machines without internet access. Nothing here prints."""
