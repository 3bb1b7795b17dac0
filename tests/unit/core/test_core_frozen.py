"""What goes into a core and comes out of it is data that nobody can change: read off the types of all fields."""

from __future__ import annotations

import enum
import importlib
import types
import typing
from typing import Any

import msgspec
import pytest

from dcos_runtime.core.frozen import Frozen
from dcos_runtime.replay import CORES, RecordedCore

PLAIN = (int, str, bytes, bool, float, type(None), msgspec.Raw)


def members(union: Any) -> tuple[type, ...]:
    return typing.get_args(union) or (union,)


def mutable(kind: Any, path: str, seen: set[Any], *, wire: bool = False) -> list[str]:
    """Where a value of this type could be changed. ``wire``: within a message of the wire, whose lists are lists."""
    of = typing.get_origin(kind)
    if of is typing.Annotated:
        return mutable(typing.get_args(kind)[0], path, seen, wire=wire)
    if of in (typing.Union, types.UnionType, tuple) or (wire and of in (list, dict)):
        parts = (part for part in typing.get_args(kind) if part is not Ellipsis)
        return [found for part in parts for found in mutable(part, path, seen, wire=wire)]
    if kind in PLAIN or of is typing.Literal or kind in seen:
        return []
    if not isinstance(kind, type):
        return [f"{path}: {kind}"]
    seen.add(kind)
    if issubclass(kind, enum.Enum):
        return []
    named = issubclass(kind, tuple) and hasattr(kind, "_fields")
    if not named and not issubclass(kind, msgspec.Struct):
        return [f"{path}: {kind.__name__}"]
    if not named and not kind.__struct_config__.frozen:  # type: ignore[attr-defined]  # a struct, which has it
        return [f"{path}: {kind.__name__} is not frozen"]
    within = wire or kind.__module__.startswith("dcos_runtime.wire.")
    hints = typing.get_type_hints(kind, include_extras=True)
    return [
        found
        for name, hint in hints.items()
        if typing.get_origin(hint) is not typing.ClassVar
        for found in mutable(hint, f"{path}.{name}", seen, wire=within)
    ]


@pytest.mark.parametrize("core", CORES)
def test_events_and_effects_are_frozen_with_all_that_is_in_them(core: str) -> None:
    module: RecordedCore = importlib.import_module(CORES[core])
    kinds = (*members(module.EVENT), *members(module.EFFECT))
    assert len(kinds) > 8
    assert [kind.__name__ for kind in kinds if not issubclass(kind, Frozen)] == []
    assert [found for kind in kinds for found in mutable(kind, kind.__name__, set())] == []


class Loose(msgspec.Struct):
    value: int


class Told(Frozen, frozen=True):
    texts: list[str]
    loose: Loose
    pairs: tuple[tuple[str, dict[str, int]], ...] = ()
    other: bytearray | None = None


def test_what_could_be_changed_is_seen() -> None:
    assert mutable(Told, "Told", set()) == [
        "Told.texts: list[str]",
        "Told.loose: Loose is not frozen",
        "Told.pairs: dict[str, int]",
        "Told.other: bytearray",
    ]
