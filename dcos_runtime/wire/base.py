"""What every Mesos v1 message is built from: a msgspec struct that treats unknown enum values as absent.

The messages in this package are made from `wire/proto` by `wire.generator`, which follows the public Mesos 1.11 v1
protobuf definitions field by field: the same names, nesting, optionality and JSON form. An optional field is
``T | None`` and is absent on the wire when ``None``; a field without a default is required, and decoding without it
fails. Each message with enum fields has a ``__post_init__`` in which ``UNKNOWN`` becomes ``None``, or is refused; of
a `ExplicitUnknown` it stays.
Whole numbers are held to protobuf's types (`Int32` and so on) while they are read.
"""

from __future__ import annotations

import enum
from functools import cache
from typing import Annotated, Any, NoReturn

import msgspec

Int32 = Annotated[int, msgspec.Meta(ge=-(1 << 31), le=(1 << 31) - 1)]
Int64 = Annotated[int, msgspec.Meta(ge=-(1 << 63), le=(1 << 63) - 1)]
UInt32 = Annotated[int, msgspec.Meta(ge=0, le=(1 << 32) - 1)]
UInt64 = Annotated[int, msgspec.Meta(ge=0)]
"""Protobuf's types of whole numbers. JSON has no bounds, so each is held to them as it is read; the upper one of
`UInt64` cannot be told to the parser, and is asked for in ``__post_init__``."""

UINT64 = (1 << 64) - 1


class Enum(enum.Enum):
    """A Mesos enum by its value's name. A name this version does not know decodes to ``UNKNOWN``."""

    wire: str
    """Its number as protobuf writes it, a character for each byte; there once its module's codecs are loaded."""

    __hash__ = object.__hash__  # there is one object each; an enum's own hash is a call of Python code

    @classmethod
    def _missing_(cls, value: object) -> Any:
        return cls.__members__["UNKNOWN"] if isinstance(value, str) else None


class ExplicitUnknown(Enum):
    """An enum for which Mesos treats the name ``UNKNOWN`` as an error: that value is kept, any other name is absent."""

    @classmethod
    def _missing_(cls, value: object) -> Any:
        return _strange(cls) if isinstance(value, str) else None


@cache
def _strange(kind: type[ExplicitUnknown]) -> ExplicitUnknown:
    """The value of a name that this version does not know; ``__post_init__`` replaces it by ``None``."""
    member = object.__new__(kind)
    member._name_ = member._value_ = ""
    return member


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A protobuf message as JSON: absent fields are left out, present ones are kept even at their default value.

    Nobody edits one: it may be in an event, an effect or a cache. `msgspec.structs.replace` makes another.
    """


def absent(message: Message, name: str) -> None:
    """For a message that is being made: nobody has it yet."""
    msgspec.structs.force_setattr(message, name, None)


def expect(name: str) -> NoReturn:
    """Refuses a message without a required enum field. Raises ``ValueError`` (``ValidationError`` while decoding)."""
    raise ValueError(f"Expecting '{name}' to be present")


def too_large(name: str) -> NoReturn:
    """Refuses a number of more than 64 bits. Raises ``ValueError`` (``ValidationError`` while decoding)."""
    raise ValueError(f"Expecting '{name}' to fit into 64 bits")
