"""The steps of an uninstall. Pure, and stored: the next leader continues where this one stopped."""

from __future__ import annotations

import enum
from collections.abc import Iterable

import msgspec


class Step(enum.Enum):
    """In this order."""

    MARK = "mark"
    """The scheduler is told to take its service down: SDK_UNINSTALL=true."""
    WAIT = "wait"
    """Wait until the scheduler says that its service is down."""
    DELETE = "delete"
    """The app is deleted."""
    TEARDOWN = "teardown"
    """The app's framework of that name is torn down, with its tasks."""
    FREE = "free"
    """Its reservations and volumes on agents, and its nodes in ZooKeeper, are removed."""
    DONE = "done"


_PLAIN = (Step.DELETE, Step.TEARDOWN, Step.FREE, Step.DONE)
_COMMONS = (Step.MARK, Step.WAIT, Step.DELETE, Step.TEARDOWN, Step.FREE, Step.DONE)


class Uninstall(msgspec.Struct, frozen=True, omit_defaults=True):
    """``app`` is the app's id, ``framework`` the name of its framework, if it has one; ``roles`` and ``principal`` are
    those that the master knew of that framework when the uninstall began, ``hosts`` (names and addresses) and ``since``
    (as `time.time`) where the app's tasks were then, and since when.
    """

    app: str
    package: str
    version: str | None = None
    framework: str | None = None
    commons: bool = False
    """The scheduler takes its service down itself (label DCOS_COMMONS_UNINSTALL)."""
    api: str = "v1"
    """The version of that scheduler's API."""
    step: Step = Step.DELETE
    deployment: str | None = None
    """That of the step `MARK`."""
    roles: tuple[str, ...] = ()
    principal: str | None = None
    hosts: tuple[str, ...] = ()
    since: float = 0.0
    by: str = ""
    """Who asked for it."""
    left: tuple[str, ...] = ()
    """What could not be freed, and why: no repetition helps."""

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
