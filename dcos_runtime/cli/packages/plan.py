"""What an installation or an upgrade would do, as the difference of two apps."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
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


def restricted(app: App, like: App) -> App:
    """The fields of a running app that ``like`` has: the init adds its defaults."""
    return {key: _restricted(value, like[key]) for key, value in app.items() if key in like}


def _restricted(value: Any, like: Any) -> Any:
    return restricted(value, like) if isinstance(value, dict) and isinstance(like, dict) else value


def _lines(app: App) -> list[str]:
    shown = dict(app)
    labels = shown.get("labels")
    if isinstance(labels, dict):
        shown["labels"] = {key: value for key, value in labels.items() if key not in _NOISE}
    return json.dumps(shown, indent=2, sort_keys=True).splitlines()


def _cut(line: str) -> str:
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}… ({len(line)} characters)"
