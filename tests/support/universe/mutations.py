"""Documents with one changed place, by hypothesis."""

from __future__ import annotations

import json
from typing import Any, Protocol, TypeVar

from hypothesis import strategies as st

from dcos_universe.schema_walk import walk

Example = TypeVar("Example")


class Draw(Protocol):
    def __call__(self, strategy: st.SearchStrategy[Example], /) -> Example: ...


JUNK = st.sampled_from(
    [None, True, False, 0, -1, 1, 1.5, 2.0, "", " ", "x", "a b", "2.0", "3.0", "1.9", "01", "x\n", "http://",
     "https://", "https://h", "ftp://h", "/rel", "ABC", [], [1], [""], ["x"], ["x y"], ["a", "a"],
     {}, {"x": 1}, {"type": "string"},
     {"name": "n", "url": "https://h"}, {"packageName": "x-y"}, {"packageName": "X"}, "a" * 64, "object",
     ["object"], "("]
)  # fmt: skip
KEYS = st.sampled_from(
    ["x", "name", "version", "minDcosReleaseVersion", "manager", "upgradesFrom", "selected", "licenses", "command",
     "cli", "releaseVersion", "assets", "images", "type", "required", "$ref", "items", "enum", "pattern", "minimum",
     "algo",
     "dependencies", "additionalProperties", "exclusiveMinimum", "multipleOf", "properties", "pip", "url", "kind"]
)  # fmt: skip


def mutated(value: Any, draw: Draw) -> Any:
    """The value with one changed place."""
    value = json.loads(json.dumps(value))
    places = [(path, here) for path, here in walk(value) if isinstance(here, dict | list)]
    if not places:
        return draw(JUNK)
    _, here = places[draw(st.integers(0, len(places) - 1))]
    keys: list[Any] = list(here) if isinstance(here, dict) else list(range(len(here)))
    what = draw(st.sampled_from(["replace", "remove", "add", "whole"]))
    if what == "whole":
        return draw(JUNK) if draw(st.integers(0, 9)) == 0 else value
    if what != "add" and keys:
        key = keys[draw(st.integers(0, len(keys) - 1))]
        if what == "remove":
            del here[key]
        else:
            here[key] = draw(JUNK)
    elif isinstance(here, dict):
        here[draw(KEYS)] = draw(JUNK)
    else:
        here.append(draw(JUNK))
    return value
