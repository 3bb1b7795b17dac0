"""`dcos-universe serve`: serves a built, mirrored or published tree over HTTP."""

from __future__ import annotations

from dcos_universe.serving.main import command

__all__ = ["command"]
