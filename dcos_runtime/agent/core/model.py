"""The settings of the agent's core, and what is found of a container."""

from __future__ import annotations

import enum
from dataclasses import dataclass

import msgspec

from dcos_runtime.agent.core.capabilities import USUALLY, Policy
from dcos_runtime.wire.cluster import AgentInfo


@dataclass(frozen=True)
class Settings:
    """The core's settings. All times are seconds. ``info`` has no id: the core adds the one under which it was
    admitted. ``registration_timeout``: how long a custom executor may take from its start to its first SUBSCRIBE,
    ``reregistration_timeout`` after a restart of the agent. ``image_providers``: the kinds of images that tasks may
    have, ``docker`` and ``appc``; ``without_images``: why there are none of them. ``privileged``: containers of
    Docker's may be privileged. ``host_paths``: folders of the machine that tasks may have as volumes.
    ``completed_kept``: executors that are over, of each framework.
    ``without_networks``: why containers have none of their own; empty if they may.
    """

    info: AgentInfo
    software: str
    boot_id: str
    ip: str
    launcher: str
    capabilities: Policy = USUALLY
    image_providers: frozenset[str] = frozenset()
    without_images: str = "--launcher=linux is not used"
    privileged: bool = False
    host_paths: tuple[str, ...] = ()
    without_networks: str = "--launcher=linux is not used"
    kill_grace: float = 5.0
    registration_timeout: float = 60.0
    reregistration_timeout: float = 15.0
    backoff_first: float = 1.0
    backoff_longest: float = 60.0
    update_retry_first: float = 10.0
    update_retry_longest: float = 600.0
    missed_pings: int = 5
    persist_retry: float = 2.0
    rekill: float = 10.0
    completed_kept: int = 150


class Refusal(msgspec.Struct, frozen=True):
    """Why a task cannot be run here, decided before anything is done for it. ``invalid``: nor on any other agent."""

    message: str
    invalid: bool = False


class Exit(msgspec.Struct, frozen=True):
    """How a container's first process ended.

    ``code`` or ``signal`` (a number) is set. ``oom``: the kernel's OOM killer ended it;
    ``memory_limit`` and ``memory_peak`` are bytes.
    """

    code: int | None = None
    signal: int | None = None
    oom: bool = False
    memory_limit: int | None = None
    memory_peak: int | None = None


class Found(enum.Enum):
    """What is left of a container when the agent comes back."""

    ABSENT = "absent"
    CREATED = "created"
    RUNNING = "running"
    ORPHANED = "orphaned"  # its processes run, and nobody will know how they end
    EXITED = "exited"


class Facts(msgspec.Struct, frozen=True):
    """A container as its launcher found it. ``exit`` is set when it exited, ``pid`` when its process is known."""

    found: Found
    exit: Exit | None = None
    pid: int | None = None
