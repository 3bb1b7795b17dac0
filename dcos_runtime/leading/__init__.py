"""The kit of every daemon with a leader: election and lease, standbys that pass requests on, an orderly end.

A new daemon is a core, its routes, and a `main.Daemon` that names both. ``docs/leading.md`` says what it needs.
"""
