"""A storm as a list of steps: made from a seed alone, written to a file, and read again to be repeated."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field

ROLES = ("leader", "init-leader", "zookeeper-leader")
MASTER_UNITS = ("dcos-master", "dcos-marathon", "dcos-zookeeper", "dcos-auth", "dcos-gateway")
LONGEST = 14.0
"""The longest time of a fault in seconds: more than the time of a ZooKeeper session and of a silent agent."""


@dataclass(frozen=True)
class Fault:
    """``host``: a machine or one of `ROLES`. ``peer``: the other end of a cut between two."""

    kind: str
    host: str
    unit: str = ""
    peer: str = ""
    ways: tuple[str, ...] = ()
    seconds: float = 0.0

    def __str__(self) -> str:
        parts = [self.kind, self.unit, self.host, f"from {self.peer}" if self.peer else "", "/".join(self.ways)]
        lasting = f"for {self.seconds:.1f} s" if self.seconds else ""
        return " ".join(part for part in (*parts, lasting) if part)


@dataclass(frozen=True)
class Change:
    """The request of a user: ``put`` (instances, and another environment when ``renewed``), ``restart`` or nothing."""

    kind: str = ""
    instances: int = 0
    renewed: bool = False
    after: float = 0.0


@dataclass(frozen=True)
class Step:
    number: int
    faults: tuple[Fault, ...]
    change: Change = field(default_factory=Change)

    def __str__(self) -> str:
        asked = f", meanwhile {self.change.kind} {self.change.instances}" if self.change.kind else ""
        return f"{self.number}: {' + '.join(map(str, self.faults))}{asked}"


def plan(seed: int, count: int, masters: Sequence[str], agents: Sequence[str]) -> list[Step]:
    """The same for the same arguments."""
    chance = random.Random(seed)
    steps = []
    for number in range(count):
        faults = [_fault(chance, masters, agents)]
        if chance.random() < 0.3:
            faults.append(_fault(chance, masters, agents))
        steps.append(Step(number, tuple(faults), _change(chance)))
    return steps


def _fault(chance: random.Random, masters: Sequence[str], agents: Sequence[str]) -> Fault:
    everyone = [*masters, *agents]
    kind = chance.choices(
        ("kill", "pause", "cut", "one-way", "pair", "power", "reboot", "restart", "conmon", "task", "disk"),
        (5, 5, 4, 2, 2, 3, 1, 1, 2, 2, 1),
    )[0]
    seconds = round(chance.uniform(0.5, LONGEST), 1)
    if kind in ("kill", "pause", "restart"):
        if chance.random() < 0.3:
            return Fault(kind, chance.choice(agents), "dcos-agent", seconds=seconds if kind == "pause" else 0.0)
        unit, host = chance.choice(MASTER_UNITS), chance.choice(masters)
        if chance.random() < 0.6:  # faults of leaders are more interesting
            unit, host = chance.choice(list(zip(MASTER_UNITS, ROLES, strict=False)))
            host = {"dcos-master": "leader", "dcos-marathon": "init-leader", "dcos-zookeeper": "zookeeper-leader"}[unit]
        return Fault(kind, host, unit, seconds=seconds if kind == "pause" else 0.0)
    if kind in ("conmon", "task"):
        return Fault(kind, chance.choice(agents))
    if kind == "disk":
        return Fault(kind, chance.choice(agents), seconds=seconds)
    host = chance.choice([*everyone, *ROLES])
    if kind == "reboot":
        return Fault(kind, host)
    if kind == "one-way":
        return Fault(kind, host, ways=(chance.choice(("input", "output")),), seconds=seconds)
    if kind == "pair":
        return Fault(kind, host, peer=chance.choice(everyone), seconds=seconds)
    return Fault(kind, host, seconds=seconds)


def _change(chance: random.Random) -> Change:
    kind = chance.choices(("", "put", "restart"), (2, 5, 1))[0]
    if not kind:
        return Change()
    renewed = kind == "put" and chance.random() < 0.5
    return Change(kind, chance.randint(2, 8) if kind == "put" else 0, renewed, round(chance.uniform(0.0, 4.0), 1))


def write(steps: Iterable[Step]) -> str:
    """One JSON object a line."""
    return "".join(json.dumps(asdict(step)) + "\n" for step in steps)


def read(text: str) -> list[Step]:
    """The steps in a file of `write`, or in a part of one."""
    steps = []
    for line in text.splitlines():
        result = json.loads(line)
        faults = tuple(Fault(**{**fault, "ways": tuple(fault["ways"])}) for fault in result["faults"])
        steps.append(Step(result["number"], faults, Change(**result["change"])))
    return steps
