"""Marathon's `/v2` over HTTP: what changes something becomes an event of the core, what is read is a view of it."""
