"""Real packages of Universe with the output of its own generator, if they are beside the checkout."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest

from dcos_universe.model import Revision

SAMPLE = Path(
    os.environ.get("DCOS_UNIVERSE_SAMPLE") or Path(__file__).resolve().parents[4] / "shared" / "universe-sample"
)
EXPECTED = SAMPLE / "expected"

needs_sample = pytest.mark.skipif(
    not EXPECTED.is_dir(), reason=f"no real packages to compare with: {SAMPLE} is absent (set DCOS_UNIVERSE_SAMPLE)"
)
"""For a test that compares with Universe."""


def digests() -> dict[str, str]:
    """SHA-256 of every file that the generator writes, by name."""
    lines = (EXPECTED / "SHA256SUMS").read_text().splitlines()
    return {name: digest for digest, name in (line.split() for line in lines)}


def revisions() -> list[Revision]:
    """All packages of the sample, read here by its naming rules, in no reliable order."""
    return [Revision.of(_entry(folder)) for folder in sorted((SAMPLE / "packages").glob("*/*/*"), reverse=True)]


def _entry(folder: Path) -> dict[str, Any]:
    entry: dict[str, Any] = json.loads((folder / "package.json").read_text())
    entry["releaseVersion"] = int(folder.name)
    if resource := _json(folder / "resource.json"):
        entry["resource"] = resource
    template = folder / "marathon.json.mustache"
    if template.exists() and template.read_bytes():
        entry["marathon"] = {"v2AppMustacheTemplate": base64.b64encode(template.read_bytes()).decode()}
    for part in ("config", "command"):
        if found := _json(folder / f"{part}.json"):
            entry[part] = found
    return entry


def _json(path: Path) -> Any:
    return json.loads(path.read_text()) if path.exists() else None
