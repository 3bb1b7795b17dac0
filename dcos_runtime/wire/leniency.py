"""What Mesos takes in JSON although it is not the type of the field: looked for only where a strict parser has refused.

A number or a truth as text, a fraction for a whole number (cut off), one value for a list, ``null`` for what is absent,
an empty list for a map. The answers are those of a real Mesos 1.11; a number for a truth is refused, as there. Unlike
there ``"NaN"`` is taken for a double: protobuf can say it, and what comes as protobuf goes on as JSON.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import inspect

Walk = Callable[[Any], Any]

_NUMBER = re.compile(r"[ \t\n\r]*(-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?)")
_TRUTHS = {"true": True, "false": False}
_NOT_FINITE = {"Infinity": math.inf, "-Infinity": -math.inf, "NaN": math.nan}
_LONGEST_NUMBER = 400

_walks: dict[Any, Walk] = {}


def lenient(plain: Any, kind: Any) -> Any:
    """``plain``, as a parser that knows of no types made it, in the form that a strict one takes for ``kind``.

    What no ``kind`` can be is left as it is. Raises ``RecursionError``.
    """
    walk = _walks.get(kind)
    if walk is None:
        walk = _walks[kind] = _of(inspect.type_info(kind), {})
    return plain if plain is None else walk(plain)


def _of(info: inspect.Type, structs: dict[type, Walk]) -> Walk:
    if isinstance(info, inspect.StructType):
        return structs.get(info.cls) or _struct(info, structs)
    if isinstance(info, inspect.ListType | inspect.VarTupleType):
        return _list(_of(info.item_type, structs))
    if isinstance(info, inspect.DictType):
        return _map(_of(info.value_type, structs))
    if isinstance(info, inspect.UnionType):
        return _union([one for one in info.types if not isinstance(one, inspect.NoneType)], structs)
    if isinstance(info, inspect.IntType):
        return _whole
    if isinstance(info, inspect.FloatType):
        return _double
    if isinstance(info, inspect.BoolType):
        return _truth
    return _raw if isinstance(info, inspect.RawType) else _same


def _struct(info: inspect.StructType, structs: dict[type, Walk]) -> Walk:
    fields: dict[str, Walk] = {}

    def walk(value: Any) -> Any:
        if type(value) is not dict:
            return value
        return {
            name: item if (field := fields.get(name)) is None else field(item)
            for name, item in value.items()
            if item is not None
        }

    structs[info.cls] = walk  # before its fields: one may hold another of its kind
    made = ((field.encode_name, _of(field.type, structs)) for field in info.fields)
    fields.update({name: walker for name, walker in made if walker is not _same})
    return walk


def _list(item: Walk) -> Walk:
    return lambda value: [item(one) for one in (value if type(value) is list else [value]) if one is not None]


def _map(item: Walk) -> Walk:
    def walk(value: Any) -> Any:
        if type(value) is dict:
            return {name: item(one) for name, one in value.items() if one is not None}
        return {} if value == [] else value

    return walk


def _union(infos: list[inspect.Type], structs: dict[type, Walk]) -> Walk:
    if len(infos) == 1:
        return _of(infos[0], structs)
    tagged = [one for one in infos if isinstance(one, inspect.StructType) and one.tag_field is not None]
    if not tagged or len(tagged) < len(infos):
        return _same
    by_tag, tag_field = {one.tag: _of(one, structs) for one in tagged}, tagged[0].tag_field

    def walk(value: Any) -> Any:
        tag = value.get(tag_field) if type(value) is dict else None
        found = by_tag.get(tag) if isinstance(tag, str | int) else None
        return value if found is None else found(value)

    return walk


def _whole(value: Any) -> Any:
    if type(value) is str and value.isdecimal() and value.isascii() and value[0] != "0" and len(value) < 20:
        return int(value)
    if type(value) is str and (match := _number(value)) is not None:
        value = float(match[1]) if match[2] or match[3] else int(match[1])
    return int(value) if type(value) is float and math.isfinite(value) else value


def _double(value: Any) -> Any:
    if type(value) is not str:
        return value
    if (match := _number(value)) is None:
        return _NOT_FINITE.get(value, value)
    return number if math.isfinite(number := float(match[1])) else value


def _number(text: str) -> re.Match[str] | None:
    return _NUMBER.fullmatch(text) if len(text) <= _LONGEST_NUMBER else None


def _truth(value: Any) -> Any:
    return _TRUTHS.get(value, value) if type(value) is str else value


def _raw(value: Any) -> Any:
    return msgspec.Raw(msgspec.json.encode(value))


def _same(value: Any) -> Any:
    return value
