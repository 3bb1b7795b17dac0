"""What every Mesos v1 message is built from: a msgspec struct that treats unknown enum values as absent.

The messages in this package follow the public Mesos 1.11 v1 protobuf definitions field by field: the same names,
nesting, optionality and JSON form. An optional field is ``T | None`` and is absent on the wire when ``None``; a field
without a default is required, and decoding without it fails.
"""

from __future__ import annotations

import enum
from typing import Any, ClassVar

import msgspec


class Enum(enum.Enum):
    """A Mesos enum by its value's name. A name this version does not know decodes to ``UNKNOWN``."""

    @classmethod
    def _missing_(cls, value: object) -> Any:
        return cls.__members__["UNKNOWN"] if isinstance(value, str) else None


class Message(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """A protobuf message as JSON: absent fields are left out, present ones are kept even at their default value."""


class EnumMessage(Message):
    """A message with enum fields: an unknown value counts as absent, which a required field does not allow.

    ``OPTIONAL_ENUMS`` and ``REQUIRED_ENUMS`` name those fields. Raises ``ValueError``
    (a ``ValidationError`` while decoding).
    """

    OPTIONAL_ENUMS: ClassVar[tuple[str, ...]] = ()
    REQUIRED_ENUMS: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        for name in self.OPTIONAL_ENUMS:
            value = getattr(self, name)
            if value is not None and value.value == "UNKNOWN":
                setattr(self, name, None)
        for name in self.REQUIRED_ENUMS:
            if getattr(self, name).value == "UNKNOWN":
                raise ValueError(f"Expecting '{name}' to be present")
