"""Placement constraints: ``[field, operator, value?]`` on a hostname, a fault domain or an agent attribute."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from dcos_runtime.core.attributes import is_value, texts
from dcos_runtime.marathon.core import patterns
from dcos_runtime.wire.cluster import Offer

OPERATORS = ("UNIQUE", "CLUSTER", "GROUP_BY", "LIKE", "UNLIKE", "MAX_PER", "IS")
_COUNT = re.compile(r"[0-9]{1,9}")


def constraint_problem(constraint: Sequence[str]) -> str | None:
    """Why this constraint cannot be used; ``None`` if it can."""
    operator, value = constraint[1], constraint[2] if len(constraint) > 2 else ""
    if operator == "UNIQUE" and value:
        return "UNIQUE takes no value"
    if operator in ("LIKE", "UNLIKE"):
        if not value:
            return f"{operator} wants a regular expression as its value"
        return patterns.problem(value)
    if operator == "MAX_PER" and not _COUNT.fullmatch(value):
        return "MAX_PER wants a whole number as its value"
    if operator == "GROUP_BY" and value and not _COUNT.fullmatch(value):
        return "GROUP_BY takes a whole number as its value, or none"
    if operator == "IS" and not value:
        return "IS wants a value"
    return None


def attributes_of(offer: Offer) -> dict[str, str]:
    """What constraints can refer to, by field name."""
    return texts(offer.hostname, offer.attributes, offer.domain)


def satisfied(
    constraint: Sequence[str], offered: Mapping[str, str], placed: Sequence[Mapping[str, str]], instances: int
) -> bool:
    """Whether an instance may run on an agent with the attributes ``offered``, when the app's others run at ``placed``.
    ``instances`` is the target count, which GROUP_BY spreads.
    """
    field, operator = constraint[0], constraint[1]
    value = constraint[2] if len(constraint) > 2 else ""
    here = offered.get(field)
    if here is None:
        return operator == "UNLIKE"  # the only operator that an agent without the field satisfies
    others = [attributes.get(field) for attributes in placed]
    if operator == "UNIQUE":
        return here not in others
    if operator == "CLUSTER":
        return here == value if value else all(other == here for other in others[:1])
    if operator == "LIKE":
        return patterns.matches(value, here) is True
    if operator == "UNLIKE":
        return patterns.matches(value, here) is False
    if operator == "MAX_PER":
        return others.count(here) < int(value)
    if operator == "IS":
        return here == is_value(value)
    return _group_by(here, others, int(value or 0), instances)


def _group_by(here: str, others: Sequence[str | None], groups: int, instances: int) -> bool:
    """Spreads evenly over the known groups, or over ``groups`` of them if that is given."""
    counts = Counter(other for other in others if other is not None)
    wanted_groups = max(groups, len(counts), 1)
    if here not in counts:
        return not groups or len(counts) < groups
    share, rest = divmod(instances, wanted_groups)
    if not groups:
        return counts[here] <= min(counts.values())
    used = sum(max(0, count - share) for count in counts.values())
    return counts[here] < share or (counts[here] == share and rest > used)


def uneven(fields: Iterable[str], placed: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Keys of ``placed`` in the fullest group of the first of ``fields`` whose groups differ in size: these should be
    ended first.
    """
    for field in fields:
        groups: dict[str | None, list[str]] = {}
        for key, attributes in placed.items():
            groups.setdefault(attributes.get(field), []).append(key)
        sizes = {len(keys) for keys in groups.values()}
        if len(sizes) > 1:
            return [key for keys in groups.values() if len(keys) == max(sizes) for key in keys]
    return list(placed)
