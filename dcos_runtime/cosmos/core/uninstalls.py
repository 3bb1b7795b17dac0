"""What an uninstall consists of, step by step. Pure, and written down: whoever leads next goes on where it was."""

from __future__ import annotations

import enum
from collections.abc import Iterable

import msgspec


class Step(enum.Enum):
    """In this order."""

    MARK = "mark"
    """The scheduler is told to take its service down: SDK_UNINSTALL=true."""
    WAIT = "wait"
    """Until it says that it has."""
    DELETE = "delete"
    """The app goes."""
    TEARDOWN = "teardown"
    """The framework of that name goes, and its tasks."""
    FREE = "free"
    """What it had reserved on agents, its volumes, and its nodes in ZooKeeper."""
    DONE = "done"


_PLAIN = (Step.DELETE, Step.TEARDOWN, Step.FREE, Step.DONE)
_COMMONS = (Step.MARK, Step.WAIT, Step.DELETE, Step.TEARDOWN, Step.FREE, Step.DONE)


class Uninstall(msgspec.Struct, frozen=True, omit_defaults=True):
    """``app`` is the id; of a framework what is known by the time its app is deleted."""

    app: str
    package: str
    version: str | None = None
    framework: str | None = None
    commons: bool = False
    """The scheduler takes its service down itself (label DCOS_COMMONS_UNINSTALL)."""
    api: str = "v1"
    """Of that scheduler."""
    step: Step = Step.DELETE
    deployment: str | None = None
    frameworks: tuple[str, ...] = ()
    """Ids."""
    roles: tuple[str, ...] = ()
    principal: str | None = None
    by: str = ""
    """Who asked for it."""
    left: tuple[str, ...] = ()
    """What could not be freed, and why: no repetition mends that."""

    @property
    def next_step(self) -> Step:
        steps = _COMMONS if self.commons else _PLAIN
        return steps[steps.index(self.step) + 1]


def encode(uninstall: Uninstall) -> bytes:
    return msgspec.json.encode(uninstall)


def encode_all(uninstalls: Iterable[bytes]) -> bytes:
    """Several in one, each encoded already."""
    return b"[" + b",".join(uninstalls) + b"]"


def decode_all(data: bytes) -> list[Uninstall]:
    return msgspec.json.decode(data, type=list[Uninstall])


def decode(data: bytes) -> Uninstall:
    """Raises ``ValueError``."""
    try:
        return msgspec.json.decode(data, type=Uninstall)
    except msgspec.MsgspecError as fault:
        raise ValueError(f"an uninstall that was written down cannot be read: {fault}") from fault
