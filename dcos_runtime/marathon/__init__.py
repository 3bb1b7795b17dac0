"""The init: keeps apps running on whatever the kernel offers, and serves Marathon's `/v2`. Talks HTTP to the kernel."""
