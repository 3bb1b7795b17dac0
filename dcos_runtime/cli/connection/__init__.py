"""How a cluster is reached: HTTP, its gateways, whom to trust, and waiting out a silence."""
