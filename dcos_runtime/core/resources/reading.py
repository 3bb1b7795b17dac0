"""The resources of a message in JSON, checked and parsed once for all messages with the same text. Tasks of one app ask
for the same resources, so a hundred thousand tasks have few different texts.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from dcos_runtime.core.resources.messages import parse
from dcos_runtime.core.resources.validation import invalid
from dcos_runtime.core.resources.value import EMPTY, Resources
from dcos_runtime.wire import codec
from dcos_runtime.wire.resources import Resource

_MOST_BYTES = 1024
"""Longer texts are parsed each time, so that the cache is bounded in bytes."""


class Read(NamedTuple):
    """``role``: the role to which the first of them is allocated. ``error``: why they are invalid; the other fields are
    empty then.
    """

    resources: Resources
    role: str | None = None
    error: str | None = None


def read(data: bytes, *, strict: bool = False) -> Read:
    """Reads an array of resources in JSON. ``strict`` is as in `codec.decode`, which raises `codec.DecodeError`."""
    return _kept(data, strict) if len(data) <= _MOST_BYTES else _read(data, strict)


def _read(data: bytes, strict: bool) -> Read:
    messages = codec.decode(data, list[Resource], strict=strict)
    if error := invalid(messages):
        return Read(EMPTY, None, error)
    first = messages[0].allocation_info if messages else None
    return Read(parse(messages), first.role if first is not None else None)


_kept = lru_cache(maxsize=8192)(_read)
