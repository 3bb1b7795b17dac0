"""Python's own sources as trees, for tests of how the code is built."""

from __future__ import annotations

import ast


def parsed(source: str, feature_version: tuple[int, int] | None = None) -> ast.Module:
    """As `ast.parse`, tried again where Python is at fault.

    Before 3.11.5 it fails with a SystemError when another thread parses meanwhile, and each traceback that is printed
    parses its lines: threads of other tests may do that.
    """
    for _ in range(20):
        try:
            return ast.parse(source, feature_version=feature_version)
        except SystemError:
            continue
    return ast.parse(source, feature_version=feature_version)
