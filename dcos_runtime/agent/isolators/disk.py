"""How much of the disk a container may take, in its sandbox and its private folders and in each volume with a size, and
how much of its output is kept. The watcher counts, cuts and tells (`agent.disk`); where the file system keeps quotas,
that counts and refuses.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from dcos_runtime.agent import pools
from dcos_runtime.agent.containers.base import ContainerPlace, Lasting, Usage
from dcos_runtime.agent.containers.spec import ContainerSpec, Limits, MadeSource
from dcos_runtime.agent.core.volume_refusal import OF_CHILDREN
from dcos_runtime.agent.disk.projects import Projects
from dcos_runtime.agent.disk.watcher import DiskWatcher, Watched
from dcos_runtime.agent.isolators.base import Document, Isolator

log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class DiskTools:
    """``watcher`` counts; ``pids`` lists a container's processes, by its id; ``paused`` pauses them and yields whether
    that worked; ``projects``: the file system's quotas, where they are used.
    """

    watcher: DiskWatcher
    pids: Callable[[str], list[int]]
    paused: Callable[[str], AbstractContextManager[bool]]
    projects: Projects | None = None


class DiskIsolator(Isolator):
    """``folders``: what a container writes to beside its sandbox."""

    pool = pools.DISK

    def __init__(self, tools: DiskTools, folders: Callable[[ContainerPlace], tuple[Path, ...]]) -> None:
        self._tools = tools
        self._folders = folders

    def prepare(self, spec: ContainerSpec, place: ContainerPlace, document: Document) -> None:
        projects, limit = self._tools.projects, spec.limits.disk
        self._watch(place, Lasting(spec.sandbox, spec.limits, holds=spec.holds, volumes=spec.volumes))
        if projects is not None and limit is not None:
            projects.give(place.container_id, spec.sandbox, limit)
            projects.extend(place.container_id, self._folders(place))

    def update(self, place: ContainerPlace, limits: Limits) -> None:
        if self._tools.projects is not None:
            self._tools.projects.change(place.container_id, limits.disk)
        self._tools.watcher.change(place.container_id, limits.disk, limits.outputs)

    def usage(self, place: ContainerPlace, usage: Usage) -> Usage | None:
        disk = self._tools.watcher.used(place.container_id)
        if disk is None:
            return usage
        return dataclasses.replace(usage, disk_used_bytes=disk[0], disk_limit_bytes=disk[1])

    def cleanup(self, place: ContainerPlace) -> None:
        self._tools.watcher.forget(place.container_id)
        if self._tools.projects is not None:
            self._tools.projects.forget(place.container_id)

    def recover(self, place: ContainerPlace, lasting: Lasting | None) -> None:
        if lasting is None:
            log.warning("the disk of container %s is not watched: its task cannot be read", place.container_id)
            return
        if self._tools.projects is not None:
            folders, limit = self._folders(place), lasting.limits.disk
            self._tools.projects.resume(place.container_id, lasting.sandbox, folders, limit)
        self._watch(place, lasting)

    def _watch(self, place: ContainerPlace, lasting: Lasting) -> None:
        tools, container_id = self._tools, place.container_id
        self._tools.watcher.watch(
            Watched(
                container_id=container_id,
                sandbox=lasting.sandbox,
                private=self._folders(place),
                apart=frozenset(OF_CHILDREN) if lasting.holds else frozenset(),
                limit=lasting.limits.disk,
                caps=lasting.limits.outputs,
                pids=partial(tools.pids, container_id),
                paused=partial(tools.paused, container_id),
                known=lambda: None if tools.projects is None else tools.projects.used(container_id),
            )
        )
        for volume in lasting.volumes:
            if volume.size is not None and isinstance(volume.source, MadeSource):
                # What is deleted and still open counts for the container: it is not known which of its folders it was.
                tools.watcher.watch(
                    Watched(
                        container_id=container_id,
                        sandbox=volume.source.root.joinpath(*volume.source.parts),
                        private=(),
                        limit=volume.size,
                        caps={},
                        pids=list,
                        paused=partial(tools.paused, container_id),
                        volume=volume.target,
                    )
                )
