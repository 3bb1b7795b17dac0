"""Label selectors of ``?label=``: ``a==b, c!=d, e in (f, g), h notin (i), j``; other characters with a backslash."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

Selector = Callable[[Mapping[str, str]], bool]

_TERM = r"(?:\\.|[-A-Za-z0-9_.])+"
# Spaces are matched inside the alternatives: two matches in a row would try every way to divide them.
_PART = re.compile(
    rf"\s*(?P<label>{_TERM})(?:\s*(?P<equal>==|!=)\s*(?P<value>{_TERM})"
    rf"|\s*(?P<set>in|notin)\s*\((?P<values>\s*(?:{_TERM}\s*(?:,\s*{_TERM}\s*)*)?)\))?\s*(?P<end>,|$)"
)


def parse(text: str) -> Selector:
    """Raises ``ValueError`` with the place that cannot be read."""
    selectors: list[Selector] = []
    position = 0
    while position < len(text):
        match = _PART.match(text, position)
        if match is None:
            raise ValueError(f"Can not parse label selector {text}. Reason: unexpected text at {text[position:]!r}")
        selectors.append(_selector(match))
        position = match.end()
    return lambda labels: all(selector(labels) for selector in selectors)


def _selector(match: re.Match[str]) -> Selector:
    label = _plain(match["label"])
    if match["equal"] == "==":
        value = _plain(match["value"])
        return lambda labels: labels.get(label) == value
    if match["equal"] == "!=":
        value = _plain(match["value"])
        return lambda labels: label in labels and labels[label] != value
    if match["set"]:
        values = {_plain(term) for term in re.findall(_TERM, match["values"])}
        inside = match["set"] == "in"
        return lambda labels: label in labels and (labels[label] in values) == inside
    return lambda labels: label in labels


def _plain(term: str) -> str:
    return re.sub(r"\\(.)", r"\1", term)
