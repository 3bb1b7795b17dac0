"""The parts of a TaskInfo that the core decodes (`reading`): the fields that decide whether it can be run, and those
that are needed later. The core keeps the bytes as they came. The code that makes the container decodes all of it, once.
"""

from __future__ import annotations

import msgspec

from dcos_runtime.agent.core import check_terms
from dcos_runtime.agent.core.check_terms import CheckKind, CheckTerms
from dcos_runtime.wire.common import CommandInfo, DurationInfo, TaskID
from dcos_runtime.wire.containers import ContainerInfo
from dcos_runtime.wire.resources import Resource
from dcos_runtime.wire.tasks import CheckInfo, HealthCheck, KillPolicy


class _Lasting(msgspec.Struct, frozen=True, kw_only=True):
    """Fields that are kept as they are."""

    kill_policy: KillPolicy | None = None
    max_completion_time: DurationInfo | None = None
    resources: list[Resource] = []


class Terms(_Lasting, frozen=True, kw_only=True):
    """The part of a TaskInfo that the core needs as long as the task is here. ``checks``: when they are run."""

    checks: dict[CheckKind, CheckTerms] = {}


NONE = Terms()


class TaskRequest(_Lasting, frozen=True, kw_only=True):
    """The same, with the fields that may ask for something that this agent cannot do. ``None`` or an empty ``Raw``:
    absent.
    """

    task_id: TaskID
    command: CommandInfo | None = None
    container: ContainerInfo | None = None
    executor: msgspec.Raw = msgspec.Raw()
    health_check: HealthCheck | None = None
    check: CheckInfo | None = None

    @property
    def custom(self) -> bool:
        """Whether it is for a custom executor."""
        return bytes(self.executor) not in (b"", b"null")

    @property
    def terms(self) -> Terms:
        return Terms(
            kill_policy=self.kill_policy,
            max_completion_time=self.max_completion_time,
            resources=self.resources,
            checks=check_terms.terms(self.check, self.health_check),
        )
