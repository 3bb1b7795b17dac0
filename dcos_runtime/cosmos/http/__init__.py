"""Cosmos' API over HTTP."""
