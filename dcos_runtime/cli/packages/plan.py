"""What an installation or an upgrade would do to an app."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from typing import Any

# Labels with the whole package in base64, and with the options, which the app's other fields show.
_NOISE = ("DCOS_PACKAGE_DEFINITION", "DCOS_PACKAGE_METADATA", "DCOS_PACKAGE_OPTIONS")
_LONGEST = 300

App = Mapping[str, Any]


def difference(before: App | None, after: App) -> list[str]:
    """Lines of a unified diff, without its head; none when nothing would change. ``before`` None: there is no app."""
    lines = list(
        difflib.unified_diff(
            [] if before is None else _lines(before), _lines(after), "now", "planned", lineterm="", n=3
        )
    )
    return [_cut(line) for line in lines[2:] if not line.startswith("@@")]


def changed(changes: Sequence[Mapping[str, Any]]) -> list[str]:
    """Lines of what changes, place by place, in the form of the package manager's plans."""
    lines = []
    for one in changes:
        for sign, key in (("-", "from"), ("+", "to")):
            if key in one:
                lines.append(_cut(f"{sign} {one.get('path')}: {json.dumps(one[key], sort_keys=True)}"))
    return lines


def _lines(app: App) -> list[str]:
    shown = dict(app)
    labels = shown.get("labels")
    if isinstance(labels, dict):
        shown["labels"] = {key: value for key, value in labels.items() if key not in _NOISE}
    return json.dumps(shown, indent=2, sort_keys=True).splitlines()


def _cut(line: str) -> str:
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}… ({len(line)} characters)"
