"""Messages of fields in any order and number, packed or not, in pieces or wrong: read or refused as by google."""

from __future__ import annotations

import random
import struct

import pytest

from dcos_runtime.wire.generator.schema import Field, Message
from dcos_runtime.wire.protobuf._writing import varint_bytes
from tests.support.mesos.google_protobuf import agree, messages, struct_of

NUMBERS = (0, 1, 2, 99, 127, 128, -1, -2, 1 << 31, (1 << 31) - 1, -(1 << 31), 1 << 32, (1 << 32) + 1)
LARGE = (1 << 63, (1 << 63) - 1, -(1 << 63), (1 << 64) - 1)
DOUBLES = (0.0, -0.0, 1.5, -1.0, 1e308, 5e-324, float("inf"), float("-inf"), float("nan"))
TEXTS = (b"", b"a", b"\0", "é".encode(), b"x" * 130)
UNKNOWN = (15, 16, 99, 2047, (1 << 29) - 1)
"""Numbers of fields, most of which no message has."""
WIRE_TYPES = {"string": 2, "bytes": 2, "message": 2, "double": 1}
BY_SIZE = {0: 0, 1: 8, 5: 4}


class Any:
    """Bytes that are nearly a message, from a seed."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._any = self._chance.choice

    def message(self, message: Message, deep: int = 4) -> bytes:
        fields = [
            self._field(field, deep)
            for field in message.fields
            if field.label == "required" and self._chance.random() < 0.97
        ]
        if deep > 0 and message.fields:
            for _ in range(self._any((0, 0, 1, 1, 2, 3, 4))):
                again = self._any(message.fields)
                fields += [self._field(again, deep) for _ in range(self._any((1, 1, 2)))]
        if self._chance.random() < 0.1:
            fields.append(self._strange())
        if self._chance.random() < 0.7:
            self._chance.shuffle(fields)
        return b"".join(fields)

    def _field(self, field: Field, deep: int) -> bytes:
        wire_type = WIRE_TYPES.get(field.kind, 0)
        if self._chance.random() < 0.02:
            other = self._any((0, 1, 2, 5) if field.key is None else (0, 1, 5))  # see `_entry`
            return varint_bytes(field.number << 3 | other) + self._bare(other)
        if field.key is not None:
            return self._part(field.number, self._entry(field, deep))
        if field.kind == "message":
            return self._part(field.number, self.message(field.message, deep - 1))
        if not field.singular and wire_type != 2 and self._chance.random() < 0.5:
            return self._part(field.number, b"".join(self._value(field) for _ in range(self._chance.randint(0, 3))))
        return varint_bytes(field.number << 3 | wire_type) + self._value(field)

    def _entry(self, field: Field, deep: int) -> bytes:
        """Without unknown fields: google's parser for Python drops an entry with any, which Mesos' own does not."""
        pieces = []
        for _ in range(self._any((1, 2, 2, 2, 3))):
            if self._chance.random() < 0.5:
                pieces.append(self._part(1, self._any((b"", b"k", b"kk"))))
            elif field.kind == "message":
                pieces.append(self._part(2, self.message(field.message, deep - 1)))
            else:
                pieces.append(varint_bytes(2 << 3 | WIRE_TYPES.get(field.kind, 0)) + self._value(field))
        return b"".join(pieces)

    def _value(self, field: Field) -> bytes:
        if field.kind == "string":
            return self._text(self._any(TEXTS))
        if field.kind == "bytes":
            return self._text(self._chance.randbytes(self._chance.randint(0, 4)))
        if field.kind == "double":
            return struct.pack("<d", self._any(DOUBLES))
        return varint_bytes(self._any((*range(12), *NUMBERS) if field.kind == "enum" else (*NUMBERS, *LARGE)))

    def _strange(self, deep: int = 2) -> bytes:
        """A field that is not known, or a group of such."""
        number, wire_type = self._any(UNKNOWN), self._any((0, 1, 2, 3, 5))
        if wire_type != 3:
            return varint_bytes(number << 3 | wire_type) + self._bare(wire_type)
        inner = [self._strange(deep - 1) for _ in range(self._chance.randint(0, 2) if deep else 0)]
        return varint_bytes(number << 3 | 3) + b"".join(inner) + varint_bytes(number << 3 | 4)

    def _bare(self, wire_type: int) -> bytes:
        if wire_type == 0:
            return varint_bytes(self._any((*NUMBERS, *LARGE)))
        if wire_type == 2:
            return self._text(self._chance.randbytes(self._chance.randint(0, 5)))
        return self._chance.randbytes(BY_SIZE[wire_type])

    def _part(self, number: int, content: bytes) -> bytes:
        return varint_bytes(number << 3 | 2) + self._text(content)

    def _text(self, content: bytes) -> bytes:
        return varint_bytes(len(content)) + content


@pytest.mark.parametrize(
    ("seed", "count"), [(7, 6_000), *(pytest.param(seed, 400_000, marks=[pytest.mark.soak]) for seed in (8, 9))]
)
def test_any_fields_are_read_or_refused_as_by_google(seed: int, count: int) -> None:
    chance, any_bytes = random.Random(seed), Any(seed)
    for _ in range(count):
        message = chance.choice(messages())
        agree(any_bytes.message(message), struct_of(message))
