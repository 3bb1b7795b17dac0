"""What simulated commands and executors do, written as their commands."""

from __future__ import annotations

import msgspec


class Behaviour(msgspec.Struct, frozen=True):
    """What a simulated command does: ``run SECONDS CODE [stubborn] [undead] [bad]``.

    ``stubborn``: SIGTERM has no effect. ``undead``: the first two SIGKILLs have none either. ``bad``: it cannot be
    launched. ``ill``: its checks fail. ``weak``: some of them fail, and some take long.

    Of an executor, ``executor [stubborn] [short] [mute] [bad]``: ``stubborn``: SHUTDOWN has no effect. ``short``: it
    ends by itself after some seconds. ``mute``: it never subscribes.
    """

    seconds: float
    code: int
    words: frozenset[str]

    @classmethod
    def of(cls, command: str) -> Behaviour:
        words = command.split()
        if words[:1] == ["executor"]:
            return cls(float("inf"), 0, frozenset(words[1:]))
        if len(words) < 3 or words[0] != "run":
            return cls(float("inf"), 0, frozenset())
        return cls(float(words[1]), int(words[2]), frozenset(words[3:]))
