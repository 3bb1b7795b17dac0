"""What brings a running HAProxy to the servers that are wanted: commands of its runtime API. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from load_balancer.labels import Server


@dataclass(frozen=True)
class Slots:
    """Of one backend: what each place for a server holds, None where nothing."""

    places: tuple[Server | None, ...]


@dataclass(frozen=True)
class Steps:
    """``commands`` in order, and what the places hold after them; ``short``: backends that have too few."""

    commands: tuple[str, ...]
    slots: Mapping[str, Slots]
    short: frozenset[str] = field(default_factory=frozenset)


def steer(slots: Mapping[str, Slots], wanted: Mapping[str, Sequence[Server]]) -> Steps:
    """Servers that stay keep their place, so that no connection of theirs is broken."""
    commands: list[str] = []
    after: dict[str, Slots] = {}
    short = set()
    for backend, before in slots.items():
        left = list(dict.fromkeys(wanted.get(backend, ())))
        if len(left) > len(before.places):
            short.add(backend)
            left = left[: len(before.places)]
        places: list[Server | None] = []
        for number, server in enumerate(before.places, 1):
            if server in left:
                left.remove(server)
                places.append(server)
                continue
            if server is not None:
                # What it is in the middle of, it may finish.
                commands.append(f"set server {backend}/s{number} state maint")
            places.append(None)
        for server in left:
            number = places.index(None) + 1
            places[number - 1] = server
            commands += fill(backend, number, server)
        after[backend] = Slots(tuple(places))
    return Steps(tuple(commands), after, frozenset(short))


def fill(backend: str, number: int, server: Server) -> list[str]:
    place = f"{backend}/s{number}"
    return [
        f"set server {place} addr {server.host} port {server.port}",
        f"set server {place} check-port {server.check_port}",
        f"set server {place} state ready",
    ]


def resized(slots: Mapping[str, Slots], counts: Mapping[str, int]) -> dict[str, Slots]:
    """These backends with so many places; servers that are there keep theirs."""
    made = {}
    for backend, count in counts.items():
        places = slots[backend].places if backend in slots else ()
        made[backend] = Slots((*places, *[None] * count)[:count])
    return made
