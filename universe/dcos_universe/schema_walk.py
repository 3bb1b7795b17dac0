"""Documents and schemas: places in them, the schemas in a schema, and the targets of references. Nothing is fetched."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias
from urllib.parse import unquote

import msgspec

Place: TypeAlias = "tuple[str | int, ...]"
"""A place in a document: the keys and indexes that lead to it."""

MAX_REFERENCE = 1000
"""Characters of a reference."""


def pointer(path: Place) -> str:
    """A place as a JSON pointer (RFC 6901); ``/`` for the whole."""
    return "/" + "/".join(str(part).replace("~", "~0").replace("/", "~1") for part in path)


def encoded(value: Any) -> bytes | None:
    """JSON, compact; None if that is impossible: half characters, NaN, too deep."""
    try:
        return msgspec.json.encode(value)
    except (UnicodeEncodeError, RecursionError, TypeError):
        return None
    except (OverflowError, ValueError, msgspec.MsgspecError):
        pass
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError, TypeError):
        return None


_SCHEMAS_BY_NAME = ("properties", "patternProperties", "definitions", "dependencies")
_SCHEMAS_IN_LIST = ("allOf", "anyOf", "oneOf", "items")
_SCHEMA = ("items", "additionalItems", "additionalProperties", "not")


def subschemas(schema: Mapping[str, Any]) -> Iterator[tuple[Place, Any]]:
    """The schemas in a schema, each with its place."""
    for keyword in _SCHEMAS_BY_NAME:
        named = schema.get(keyword)
        if isinstance(named, Mapping):
            yield from (((keyword, name), inner) for name, inner in named.items() if isinstance(inner, Mapping))
    for keyword in _SCHEMAS_IN_LIST:
        listed = schema.get(keyword)
        if isinstance(listed, list):
            yield from (((keyword, at), inner) for at, inner in enumerate(listed) if isinstance(inner, Mapping))
    for keyword in _SCHEMA:
        inner = schema.get(keyword)
        if isinstance(inner, Mapping):
            yield (keyword,), inner


def applied(root: Any, schema: Mapping[str, Any]) -> Iterator[tuple[Place, Any]]:
    """The schemas that are held against the same value as this schema, with their places below it: the target of its
    ``$ref``, which stands for all else in it, or those of ``allOf`` and the like. Dangling references lead nowhere.
    """
    reference = schema.get("$ref")
    if isinstance(reference, str):
        with contextlib.suppress(Dangling):
            yield ("$ref",), resolve(root, reference)[1]
        return
    for way, inner in subschemas(schema):
        if way[0] in ("allOf", "anyOf", "oneOf", "not", "dependencies"):
            yield way, inner


class Dangling(Exception):
    """A reference has no target, or one outside its file."""


_LOCAL = re.compile(r"#(?:/[!$&-;=?-Z_a-z~%]*)?")


def resolve(root: Any, reference: str) -> tuple[Place, Any]:
    """The target of a ``$ref``, and its place. Raises `Dangling`."""
    if not reference.startswith("#") and reference:
        raise Dangling(f"$ref names {reference[:120]!r}: nothing outside the file is read, and nothing is fetched")
    if reference and (len(reference) > MAX_REFERENCE or not _LOCAL.fullmatch(reference)):
        raise Dangling(f"$ref is {reference[:120]!r}: only # and #/the/way/there are understood")
    here = root
    way: list[str | int] = []
    for part in reference.split("/")[1:]:
        name = unquote(part).replace("~1", "/").replace("~0", "~")
        if isinstance(here, Mapping) and name in here:
            here = here[name]
            way.append(name)
        elif isinstance(here, list) and re.fullmatch("0|[1-9][0-9]{0,8}", name) and int(name) < len(here):
            here = here[int(name)]
            way.append(int(name))
        else:
            raise Dangling(f"$ref is {reference[:120]!r}, and there is no {name[:60]!r} at {pointer(tuple(way))}")
    if not isinstance(here, Mapping):
        raise Dangling(f"$ref is {reference[:120]!r}, and what is there is no schema")
    return tuple(way), here


def walk(value: Any) -> Iterator[tuple[Place, Any]]:
    """Every value in a document, with its place, without keys."""
    waiting: list[tuple[Place, Any]] = [((), value)]
    while waiting:
        path, here = waiting.pop()
        yield path, here
        if isinstance(here, dict):
            waiting.extend(((*path, key), inner) for key, inner in reversed(here.items()))
        elif isinstance(here, list):
            waiting.extend(((*path, at), inner) for at, inner in reversed(list(enumerate(here))))


def halves(value: Any) -> Iterator[tuple[Place, str]]:
    """The texts with half of a surrogate pair, of a document: each with its place, a key with that of its object. One
    of each place.
    """
    for path, here in walk(value):
        texts = [here] if isinstance(here, str) else list(here) if isinstance(here, dict) else []
        for text in texts:
            try:
                text.encode()
            except UnicodeEncodeError:
                yield path, text
                break
