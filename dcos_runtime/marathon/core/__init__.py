"""The init's decisions: events and the time in, effects out. No clock, socket or file.

Randomness comes from the source given to it, so a run can be replayed.
"""
