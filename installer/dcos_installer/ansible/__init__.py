"""Requests to hosts through ansible-core: one play, one task, one round trip a host. Phases and the roles use it."""
