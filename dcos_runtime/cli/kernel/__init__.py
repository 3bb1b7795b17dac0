"""The kernel: its master, and the sandboxes of its agents."""
