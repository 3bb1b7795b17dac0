"""The resources of a message in JSON, looked at and parsed once for all messages that say the same.

Tasks of one app ask for the same, so of a hundred thousand tasks there are few different ones.
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
"""Longer ones are read each time: what is kept is so bounded in bytes as well."""


class Read(NamedTuple):
    """``role``: whom the first of them is allocated to. ``error``: why they are none; then there is nothing else."""

    resources: Resources
    role: str | None = None
    error: str | None = None


def read(data: bytes) -> Read:
    """An array of resources, as `codec.encode` wrote it or anybody. Raises `codec.DecodeError`."""
    return _kept(data) if len(data) <= _MOST_BYTES else _read(data)


def _read(data: bytes) -> Read:
    messages = codec.decode(data, list[Resource])
    if error := invalid(messages):
        return Read(EMPTY, None, error)
    first = messages[0].allocation_info if messages else None
    return Read(parse(messages), first.role if first is not None else None)


_kept = lru_cache(maxsize=8192)(_read)
