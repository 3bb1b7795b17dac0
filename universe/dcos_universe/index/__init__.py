"""Repository files: what each holds, what changed between two of them, and how a client gets them and trusts them."""
