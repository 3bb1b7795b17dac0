"""Helpers for tests of package repositories."""
