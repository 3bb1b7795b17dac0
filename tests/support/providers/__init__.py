"""Providers of machines for tests: each is one folder, found like the installer's own."""
