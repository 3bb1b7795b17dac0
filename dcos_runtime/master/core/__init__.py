"""The kernel's decisions: events, the time and ids in, effects out. No clock, socket, file or randomness of its own.

Imported by the master's shell and by tests; imports `wire` and pure helpers of the master only.
"""
