"""Reads the texts of ``--resources`` and ``--attributes``, for the agent and for inventories. The agent checks
resources further; an inventory allows fewer of them.
"""

from __future__ import annotations

import re

import msgspec

from dcos_runtime.flags.values import merged
from dcos_runtime.wire import base, codec
from dcos_runtime.wire.common import Attribute, Value
from dcos_runtime.wire.resources import Resource

Type = Value.Type
_ROUNDED = 1e12


def read_resources(text: str) -> list[Resource]:
    """``cpus:4;mem:4096;ports:[31000-32000];zones:{a,b}``, or a JSON list of Resources. Raises ``ValueError``."""
    if text.lstrip().startswith(("[", "{")):
        try:
            return codec.decode(text.encode(), list[Resource])
        except codec.DecodeError as error:
            raise ValueError(f"not a JSON list of resources: {error}") from error
    return [_resource(part) for part in text.split(";") if part.strip()]


def _resource(part: str) -> Resource:
    name, separator, value = part.strip().partition(":")
    match = re.fullmatch(r"\s*([^()\s]+)\s*(?:\(([^()]*)\))?\s*", name)
    if not separator or not match:
        raise ValueError(f"{part.strip()!r} is not name:value")
    resource = with_value(match[1], value.strip())
    if match[2] not in (None, "*"):
        static = Resource.ReservationInfo(type=Resource.ReservationInfo.Type.STATIC, role=match[2])
        return msgspec.structs.replace(resource, reservations=[static])
    return resource


def with_value(name: str, value: str) -> Resource:
    if value.startswith("["):
        return Resource(name=name, type=Type.RANGES, ranges=_ranges(value))
    if value.startswith("{"):
        if not value.endswith("}"):
            raise ValueError(f"{name}: {value!r} is not a set such as {{a,b}}")
        items = [item.strip() for item in value[1:-1].split(",") if item.strip()]
        return Resource(name=name, type=Type.SET, set=Value.Set(item=items))
    number = _number(value)
    if number is None or number < 0:
        raise ValueError(f"{name}: {value!r} is neither a number, a range such as [1-10] nor a set such as {{a,b}}")
    return Resource(name=name, type=Type.SCALAR, scalar=Value.Scalar(value=_rounded(number)))


def _rounded(number: float) -> float:
    """To thousandths, as Mesos rounds: halves up."""
    return int(number * 1000 + 0.5) / 1000 if number < _ROUNDED else number


def _number(text: str) -> float | None:
    """Digits are 0 to 9, here and in ranges: to a regular expression those of other scripts are digits, too."""
    return float(text) if re.fullmatch(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)", text) else None


def _ranges(text: str) -> Value.Ranges:
    if not text.endswith("]"):
        raise ValueError(f"{text!r} is not a range such as [31000-32000]")
    found = []
    for part in text[1:-1].split(","):
        match = re.fullmatch(r"\s*([0-9]{1,20})\s*(?:-\s*([0-9]{1,20})\s*)?", part)
        if not match or int(match[2] or match[1]) < int(match[1]):
            raise ValueError(f"{text!r} is not a range such as [31000-32000]")
        found.append((int(match[1]), int(match[2] or match[1])))
        if found[-1][1] > base.UINT64:
            raise ValueError(f"{text!r}: numbers of ranges have 64 bits at most")
    return Value.Ranges(range=[Value.Range(begin=begin, end=end) for begin, end in merged(found)])


def read_attributes(text: str) -> list[Attribute]:
    """``rack:r1;os:debian;cores:8;slots:[1-4]``. Raises ``ValueError``."""
    attributes = []
    for part in text.split(";"):
        if not part.strip():
            continue
        name, separator, value = (piece.strip() for piece in part.partition(":"))
        if not separator or not name or not value:
            raise ValueError(f"{part.strip()!r} is not name:value")
        if value.startswith("["):
            attributes.append(Attribute(name=name, type=Type.RANGES, ranges=_ranges(value)))
        elif (number := _number(value)) is not None:
            attributes.append(Attribute(name=name, type=Type.SCALAR, scalar=Value.Scalar(value=number)))
        elif re.fullmatch(r"[a-zA-Z0-9_/.+=@ -]+", value):
            attributes.append(Attribute(name=name, type=Type.TEXT, text=Value.Text(value=value)))
        else:
            raise ValueError(f"{name}: {value!r} holds characters other than letters, digits and _/.+=@-")
    return attributes
