"""Fetches a task's URIs in a process of its own: `process` runs, `sources` reads, `archives` unpacks, `places` writes.

Standard library only, and quick to import: one such process runs for every task that fetches.
"""
