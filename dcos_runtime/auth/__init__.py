"""The daemon dcos-auth: the cluster's users, their passwords, tokens that were revoked; it serves the gateway."""
