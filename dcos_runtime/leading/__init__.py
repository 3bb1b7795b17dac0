"""What every daemon with one leader is written on: election and lease, standbys that pass requests on, an orderly end.

A new daemon is a core, its routes, and a `main.Daemon` that names both. What it takes is in ``docs/leading.md``.
"""
