"""Messages that are too large to be made at once: in pieces, in either content type, as the codecs would write them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dcos_runtime.call_bodies import PROTOBUF
from dcos_runtime.wire import codec, protobuf
from dcos_runtime.wire.protobuf import joining

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Listed:
    """A repeated field: what each of the records looks like is found out when its turn comes. A record that cannot be
    shown is left out and logged, so that the others are still shown.
    """

    records: Iterable[Any]
    view: Callable[[Any], Any]

    def encoded(self, encode: Callable[[Any], bytes]) -> Iterator[bytes]:
        for record in self.records:
            try:
                row = encode(self.view(record))
            except Exception as error:
                name = getattr(record, "id", "")
                kind = type(record).__name__.lower()
                log.error("%s %r cannot be shown and is left out of an answer: %r", kind, name, error)
            else:
                yield row


@dataclass(frozen=True)
class LargeMessage:
    """A message of ``kind``: fields in the order of JSON, each a `Listed`, a `LargeMessage` or a plain value."""

    kind: type[Any]
    fields: Mapping[str, Any]


def pieces(whole: LargeMessage, content_type: str) -> Iterator[bytes]:
    """Joined they are the message. Some are empty: the work between any two is short."""
    if content_type != PROTOBUF:
        yield from _json(whole)
        return
    parts: list[bytes] = []
    for _ in _protobuf(whole, parts):
        yield b""
    yield from parts


def _json(whole: LargeMessage) -> Iterator[bytes]:
    before = b"{"
    for name, value in whole.fields.items():
        yield b'%b"%b":' % (before, name.encode())
        before = b","
        if isinstance(value, LargeMessage):
            yield from _json(value)
        elif isinstance(value, Listed):
            between = b"["
            for row in value.encoded(codec.encode):
                yield between + row
                between = b","
            yield b"]" if between == b"," else b"[]"
        else:
            yield codec.encode(value)
    yield b"}" if whole.fields else b"{}"


def _protobuf(whole: LargeMessage, parts: list[bytes]) -> Iterator[None]:
    """Adds to ``parts``, in steps."""
    for name, value in whole.fields.items():
        if isinstance(value, LargeMessage):
            inner: list[bytes] = []
            yield from _protobuf(value, inner)
            tag = protobuf.encode(whole.kind(**{name: value.kind()}))[:-1]  # without the length, which is 0
            parts.append(tag + joining.varint(sum(map(len, inner))))
            parts += inner
        elif isinstance(value, Listed):

            def field(message: Any, name: str = name) -> bytes:
                return protobuf.encode(whole.kind(**{name: [message]}))

            for row in value.encoded(field):
                parts.append(row)
                yield
        else:
            parts.append(protobuf.encode(whole.kind(**{name: value})))
