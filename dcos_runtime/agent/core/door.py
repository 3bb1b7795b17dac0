"""A TaskInfo at the door, decoded once: whether it can be run, and what the core decides on later.

It is kept as the bytes it came in. Whoever makes the container reads all of it, once.
"""

from __future__ import annotations

import msgspec

from dcos_runtime.wire import codec
from dcos_runtime.wire.common import CommandInfo, DurationInfo, TaskID
from dcos_runtime.wire.containers import ContainerInfo
from dcos_runtime.wire.resources import Resource
from dcos_runtime.wire.tasks import KillPolicy


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What of a TaskInfo the core decides on as long as the task is here."""

    kill_policy: KillPolicy | None = None
    max_completion_time: DurationInfo | None = None
    resources: list[Resource] = []


NONE = Terms()


class Asked(Terms, frozen=True, kw_only=True):
    """With what may ask for more than there is. ``None``, and an empty ``Raw``: not asked for."""

    task_id: TaskID
    command: CommandInfo | None = None
    container: ContainerInfo | None = None
    executor: msgspec.Raw = msgspec.Raw()
    health_check: msgspec.Raw = msgspec.Raw()
    check: msgspec.Raw = msgspec.Raw()

    @property
    def terms(self) -> Terms:
        return Terms(
            kill_policy=self.kill_policy, max_completion_time=self.max_completion_time, resources=self.resources
        )


class _Named(msgspec.Struct):
    task_id: TaskID


def opened(task: bytes | msgspec.Raw) -> Asked:
    """Raises `codec.DecodeError`."""
    return codec.decode(task, Asked)


def name_of(task: bytes | msgspec.Raw) -> str:
    """The id of a task that cannot be read as a whole. Raises `codec.DecodeError`."""
    return codec.decode(task, _Named).task_id.value


def terms_of(task: bytes | msgspec.Raw) -> Terms:
    """Of a task that was taken in before. What cannot be read has none."""
    try:
        return codec.decode(task, Terms)
    except codec.DecodeError:
        return NONE
