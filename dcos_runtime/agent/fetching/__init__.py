"""Fetches a task's URIs in a process of its own: `process` runs, `sources` reads, `archives` unpacks.

`sandbox_paths` finds, folder by folder, where in the sandbox something is written.

Standard library only, and quick to import: one such process runs for every task that fetches.
"""
