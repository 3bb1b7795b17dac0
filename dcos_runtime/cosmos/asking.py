"""The content of a request: its sender, and the fields of its body, of the types that Cosmos' clients send."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from dcos_runtime.cosmos.core import errors
from dcos_runtime.cosmos.core.errors import CosmosError
from dcos_runtime.wire.quoting import shown
from dcos_universe.model import Json


@dataclass(frozen=True)
class Asked:
    """A request as it was read: its sender, the ``version`` of the response, and the ``origin`` at which the client
    reached us (``https://host``).
    """

    version: int
    origin: str
    by: str


def text(body: Json, name: str) -> str | None:
    value = body.get(name)
    if value is None or isinstance(value, str):
        return value
    raise _undecodable(name, "String")


def needed(body: Json, name: str) -> str:
    value = text(body, name)
    if value is None:
        raise _undecodable(name, "String")
    return value


def object_(body: Json, name: str) -> Json | None:
    value = body.get(name)
    if value is None or isinstance(value, dict):
        return value
    raise _undecodable(name, "JSON object")


def number(body: Json, name: str) -> int | None:
    """Some clients send it as a string. It has 32 bits, as in Cosmos."""
    value = body.get(name)
    if isinstance(value, str) and re.fullmatch(r"\s*[+-]?[0-9]{1,10}\s*", value):
        value = int(value)
    if value is None or (type(value) is int and -(1 << 31) <= value < 1 << 31):
        return value
    raise _undecodable(name, "Int")


def truth(body: Json, name: str) -> bool:
    """A field that is false if it is missing."""
    value = body.get(name)
    if value is None or isinstance(value, bool):
        return value is True
    raise _undecodable(name, "Boolean")


FIELDS: Mapping[str, Callable[[Json, str], object]] = {
    **dict.fromkeys(("appId", "currentPackageVersion", "managerId", "name", "packageName", "packageVersion"), text),
    **dict.fromkeys(("query", "uri"), text),
    **dict.fromkeys(("all", "force", "includePackageVersions", "replace"), truth),
    "index": number,
    "options": object_,
}
"""Every field of a request: the function that reads it, and refuses another type."""


def check_types(body: Json, fields: Iterable[str]) -> None:
    """Raises `CosmosError` for the first of these fields that is of another type than its own."""
    for name in fields:
        FIELDS[name](body, name)


def check_meant(body: Json, app: str, entry: Json) -> None:
    """Raises `CosmosError` when the request names another package than the one that the service was made of."""
    for name, key in (("packageName", "name"), ("currentPackageVersion", "version")):
        named = text(body, name)
        if named is not None and named != entry[key]:
            raise errors.not_valid("body", name, f"it is {shown(named)}, and {shown(app)} is of {entry[key]}")


def app_id(body: Json) -> str | None:
    value = text(body, "appId")
    return None if value is None else normal(value)


def needed_id(body: Json) -> str:
    return normal(needed(body, "appId"))


def normal(app: str) -> str:
    return "/" + app.strip("/")


def check_short(name: str, value: str, most: int) -> None:
    if not value.strip() or len(value) > most or not value.isprintable():
        raise errors.not_valid("body", name, f"it has to have 1 to {most} characters that can be printed")


def _undecodable(name: str, kind: str) -> CosmosError:
    return errors.not_valid("body", "", f"Attempt to decode value on failed cursor: {name}, which has to be a {kind}")
