"""Marathon's `/v2` over HTTP: paths, queries and bodies in, core methods called, the original's answers out."""
