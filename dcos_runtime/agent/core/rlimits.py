"""Which resource limits (setrlimit(2)) a task's processes begin with: those it asks for. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from dcos_runtime.wire.containers import RLimitInfo

Kind = RLimitInfo.RLimit.Type

NUMBERS = {
    Kind.RLMT_CPU: 0,
    Kind.RLMT_FSIZE: 1,
    Kind.RLMT_DATA: 2,
    Kind.RLMT_STACK: 3,
    Kind.RLMT_CORE: 4,
    Kind.RLMT_RSS: 5,
    Kind.RLMT_NPROC: 6,
    Kind.RLMT_NOFILE: 7,
    Kind.RLMT_MEMLOCK: 8,
    Kind.RLMT_AS: 9,
    Kind.RLMT_LOCKS: 10,
    Kind.RLMT_SIGPENDING: 11,
    Kind.RLMT_MSGQUEUE: 12,
    Kind.RLMT_NICE: 13,
    Kind.RLMT_RTPRIO: 14,
    Kind.RLMT_RTTIME: 15,
}
"""Linux' numbers, the same on every machine whose system calls we know (`isolators.seccomp`)."""

INFINITY = 2**64 - 1
"""What the kernel takes for no limit."""


@dataclass(frozen=True)
class ResourceLimit:
    """``name`` is the kernel's (``RLIMIT_…``), ``number`` its own. ``soft`` and ``hard`` are in the kernel's unit:
    bytes, seconds or a count, by the kind.
    """

    name: str
    number: int
    soft: int
    hard: int


def limits_of(info: RLimitInfo | None) -> tuple[ResourceLimit, ...]:
    """What an accepted task asks for. Without amounts it is no limit, as in Mesos."""
    return tuple(
        ResourceLimit(
            name=f"RLIMIT_{limit.type.value.removeprefix('RLMT_')}",
            number=NUMBERS[limit.type],
            soft=INFINITY if limit.soft is None else limit.soft,
            hard=INFINITY if limit.hard is None else limit.hard,
        )
        for limit in (info.rlimits if info is not None else ())
        if limit.type is not None
    )


def refusal(info: RLimitInfo) -> str | None:
    """Why a task cannot have what it asks for, or ``None``."""
    named = set()
    for limit in info.rlimits:
        if limit.type is None:
            return "rlimit_info names a limit that is not known here"
        name = limit.type.value
        if name in named:
            return f"rlimit_info has {name} twice; give it once"
        named.add(name)
        if (limit.soft is None) != (limit.hard is None):
            return f"{name} of rlimit_info has only one of soft and hard; give both, or none for no limit"
        if limit.soft is not None and limit.hard is not None and limit.soft > limit.hard:
            return f"{name} of rlimit_info has a soft limit of {limit.soft}, above its hard one of {limit.hard}"
    return None
