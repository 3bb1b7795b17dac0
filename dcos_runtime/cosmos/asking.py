"""The content of a request: its sender, and the fields of its body, of the types that Cosmos' clients send."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dcos_runtime.cosmos.core import errors
from dcos_runtime.cosmos.core.errors import CosmosError
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
