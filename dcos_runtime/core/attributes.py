"""What constraints compare: the attributes of an agent as texts."""

from __future__ import annotations

import re
from collections.abc import Iterable

from dcos_runtime.wire.common import Attribute, DomainInfo, Value

_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")


def texts(hostname: str, attributes: Iterable[Attribute], domain: DomainInfo | None) -> dict[str, str]:
    """By name; with ``hostname`` and ``@hostname``, and ``@region`` and ``@zone`` where they are known. Of several
    attributes of one name the first counts.
    """
    values: dict[str, str] = {}
    for attribute in attributes:
        values.setdefault(attribute.name, _text(attribute))
    values["hostname"] = values["@hostname"] = hostname
    if domain is not None and domain.fault_domain is not None:
        values["@region"] = domain.fault_domain.region.name
        values["@zone"] = domain.fault_domain.zone.name
    return values


def is_value(value: str) -> str:
    """The text that an attribute has to have for IS: a number is compared as one."""
    return _shown(float(value)) if _NUMBER.fullmatch(value) else value


def _text(attribute: Attribute) -> str:
    if attribute.type is Value.Type.SCALAR and attribute.scalar is not None:
        return _shown(attribute.scalar.value)
    if attribute.type is Value.Type.RANGES and attribute.ranges is not None:
        ranges = sorted((item.begin, item.end) for item in attribute.ranges.range)
        return "[" + ",".join(f"{begin}-{end}" for begin, end in ranges) + "]"
    if attribute.type is Value.Type.SET and attribute.set is not None:
        return "{" + ",".join(sorted(attribute.set.item)) + "}"
    return attribute.text.value if attribute.text is not None else ""


def _shown(number: float) -> str:
    """At most three decimals and no zeros after them, as Marathon compares scalars."""
    return f"{number:.3f}".rstrip("0").rstrip(".")
