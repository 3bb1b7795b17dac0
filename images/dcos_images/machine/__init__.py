"""Programs that run on machines, unchanged: Python of the machine's own, with only the standard library."""
