"""The files of the tree, and Python's sources as syntax trees, for tests of how the code is built."""

from __future__ import annotations

import ast
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def parsed(source: str, feature_version: tuple[int, int] | None = None) -> ast.Module:
    """Like `ast.parse`, tried again when Python itself fails."""
    for _ in range(20):
        try:
            return ast.parse(source, feature_version=feature_version)
        except SystemError:
            continue
    return ast.parse(source, feature_version=feature_version)


def tracked() -> list[Path]:
    if not (ROOT / ".git").exists() or not shutil.which("git"):
        pytest.skip("not a git checkout: the list of files is git's")
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [ROOT / name.decode() for name in listing.split(b"\0") if name]
