"""Marathon's `/v2` over HTTP: a write becomes an event of the core, a read is a view of its state."""
