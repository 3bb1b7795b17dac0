"""Authoring: making and converting packages; withdrawing, promoting and removing their revisions."""
