"""Providers of machines that only tests know: each is one folder, found as the installer's own are."""
