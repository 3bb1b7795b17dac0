"""Resources for people: as Mesos prints them, and as `/state` shows them."""

from __future__ import annotations

from collections.abc import Iterable

from dcos_runtime.core.resources import intervals as spans
from dcos_runtime.core.resources.intervals import Interval
from dcos_runtime.core.resources.kind import Kind
from dcos_runtime.core.resources.value import THOUSANDTHS, Resources


def decimal(thousandths: int) -> str:
    """``3.9`` of 3900, ``4064`` of 4064000: how Mesos writes scalars in its texts."""
    whole, rest = divmod(abs(thousandths), THOUSANDTHS)
    sign = "-" if thousandths < 0 else ""
    return f"{sign}{whole}.{rest:03d}".rstrip("0") if rest else f"{sign}{whole}"


def text(resources: Resources, allocated_to: str | None = None) -> str:
    """As Mesos prints them: ``cpus(allocated: *):4; mem(allocated: *):1024``."""
    allocated = f"(allocated: {allocated_to})" if allocated_to is not None else ""

    def label(kind: Kind) -> str:
        return f"{kind.name}{allocated}{kind.suffix}"

    scalars = sorted(resources.scalars.items(), key=lambda item: item[0].order)
    things = sorted(resources.things.items(), key=lambda item: (item[0].kind.order, item[0].amount))
    parts = [f"{label(kind)}:{decimal(amount)}" for kind, amount in scalars]
    for thing, copies in things:
        shown = f"{label(thing.kind)}:{decimal(thing.amount)}"
        parts += [f"{shown}<{copies}>"] if thing.kind.shared else [shown] * copies
    parts += [f"{label(kind)}:{spans.text(intervals)}" for kind, intervals in resources.ranges.items()]
    parts += [f"{label(kind)}:{{{', '.join(sorted(items))}}}" for kind, items in resources.sets.items()]
    return "; ".join(parts) or "{}"


def view(parts: Iterable[Resources]) -> dict[str, float | str]:
    """The sum of ``parts``, which may be of several agents, as `/state` shows it.

    The four usual scalars are always included, reserved and unreserved together, revocable ones under names of their
    own. Of ranges and sets it shows the union: a number that several agents have comes once.
    """
    scalars: dict[str, int] = {}
    ranges: dict[str, list[Interval]] = {}
    sets: dict[str, set[str]] = {}
    for part in parts:
        for kind, amount in part.scalar_amounts():
            name = _shown(kind)
            scalars[name] = scalars.get(name, 0) + amount
        for kind, intervals in part.ranges.items():
            ranges.setdefault(_shown(kind), []).extend(intervals)
        for kind, items in part.sets.items():
            sets.setdefault(_shown(kind), set()).update(items)
    shown: dict[str, float | str] = {"disk": 0.0, "mem": 0.0, "gpus": 0.0, "cpus": 0.0}
    shown.update({name: amount / THOUSANDTHS for name, amount in scalars.items()})
    shown.update({name: spans.text(spans.merge(intervals)) for name, intervals in ranges.items()})
    shown.update({name: "{" + ", ".join(sorted(items)) + "}" for name, items in sets.items()})
    return shown


def _shown(kind: Kind) -> str:
    return f"{kind.name}_revocable" if kind.revocable else kind.name
