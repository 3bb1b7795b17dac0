"""What an agent offered or said of itself before its restart, and does not any more. Pure."""

from __future__ import annotations

from dcos_runtime.core import resources as amounts
from dcos_runtime.core.resources import intervals
from dcos_runtime.wire import codec
from dcos_runtime.wire.cluster import AgentInfo
from dcos_runtime.wire.common import Attribute, Value


def taken_away(before: AgentInfo, after: AgentInfo) -> list[str]:
    """A phrase for each resource of which there is less, each attribute that is another, and the domain."""
    found = []
    had, has = amounts.parse(before.resources), amounts.parse(after.resources)
    for name in sorted({kind.name for kind in had.kinds()}):
        old, new = had.named(name), has.named(name)
        if not new.contains(old):
            found.append(f"the resources were {amounts.text(old)} and are {amounts.text(new) if new else f'no {name}'}")
    for attribute in before.attributes:
        if not any(_holds(one, attribute) for one in after.attributes):
            there = [_text(one) for one in after.attributes if one.name == attribute.name]
            now = f"is {' and '.join(there)}" if there else "is gone"
            found.append(f"the attribute {attribute.name} was {_text(attribute)} and {now}")
    if before.domain is not None and before.domain != after.domain:
        found.append("the domain is another")
    return found


def _holds(new: Attribute, old: Attribute) -> bool:
    """Whether ``new`` is the same attribute, or has more numbers or items."""
    if new.name != old.name or new.type is not old.type:
        return False
    if old.type is Value.Type.RANGES:
        return not intervals.without(_numbers(old), _numbers(new))
    if old.type is Value.Type.SET and old.set is not None and new.set is not None:
        return set(old.set.item) <= set(new.set.item)
    return new == old


def _numbers(attribute: Attribute) -> tuple[tuple[int, int], ...]:
    ranges = attribute.ranges.range if attribute.ranges is not None else []
    return intervals.merge((part.begin, part.end) for part in ranges)


def _text(attribute: Attribute) -> str:
    if attribute.scalar is not None:
        return f"{attribute.scalar.value:g}"
    if attribute.ranges is not None:
        return intervals.text(_numbers(attribute))
    if attribute.set is not None:
        return "{" + ", ".join(sorted(attribute.set.item)) + "}"
    return attribute.text.value if attribute.text is not None else codec.encode(attribute).decode()
