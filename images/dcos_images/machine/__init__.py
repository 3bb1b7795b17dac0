"""Programs that run on machines as they stand: Python of the machine's own, and of it the standard library only."""
