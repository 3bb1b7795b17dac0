"""Python's own sources as trees, for tests of how the code is built."""

from __future__ import annotations

import ast


def parsed(source: str, feature_version: tuple[int, int] | None = None) -> ast.Module:
    """Like `ast.parse`, tried again when Python itself fails."""
    for _ in range(20):
        try:
            return ast.parse(source, feature_version=feature_version)
        except SystemError:
            continue
    return ast.parse(source, feature_version=feature_version)
