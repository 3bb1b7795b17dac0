"""How a listener bounds its clients: TLS handshakes, heads, idle connections. It knows no daemon."""
