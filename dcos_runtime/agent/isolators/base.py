"""The interface of isolators, and what does them in order and undoes them in reverse."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import groupby
from typing import Any

from dcos_runtime.agent import pools
from dcos_runtime.agent.containers.base import ContainerPlace, Lasting, Usage
from dcos_runtime.agent.containers.spec import ContainerSpec, Limits

log = logging.getLogger(__name__)

Document = dict[str, Any]
"""What a launcher hands to the program that makes the container: ``config.json`` of OCI, or the supervisor's file."""


class Isolator:
    """One thing that is held apart, for every container: a limit, a view, a right. Most need a few of these methods.

    All block, and raise ``OSError``. `prepare` and what follows are called in the order in which isolators are listed,
    `cleanup` in reverse.
    """

    pool: ThreadPoolExecutor = pools.LAUNCHES
    """The threads in which `cleanup` is called."""

    def prepare(self, spec: ContainerSpec, place: ContainerPlace, document: Document) -> None:
        """Before anything is fetched or runs: makes what the container needs, and writes its part of the document."""

    def isolate(self, place: ContainerPlace, pid: int) -> None:
        """``pid`` is about to make the container, and waits: all processes of the container come from it. Blocks:
        before the kernel moves a process into another cgroup it waits for all processors, 10 ms.
        """

    def confirm(self, place: ContainerPlace, pid: int) -> None:
        """The container's first process is there and waits. Raises ``OSError`` when it is not held as it should be."""

    def update(self, place: ContainerPlace, limits: Limits) -> None:
        """Holds the running container to other limits."""

    def usage(self, place: ContainerPlace, usage: Usage) -> Usage | None:
        """``usage`` with what this isolator knows; ``None``: the container is gone."""
        return usage

    def cleanup(self, place: ContainerPlace) -> None:
        """Removes what `prepare` and what came after it made, all or any part of it, also a former agent's. Does
        nothing when there is nothing.
        """

    def recover(self, place: ContainerPlace, lasting: Lasting | None) -> None:
        """Takes up a running container of a former agent, of this version or one before. ``lasting``: ``None`` when its
        task cannot be read.
        """


class Isolators:
    """All of a launcher's isolators, as one."""

    def __init__(self, isolators: Sequence[Isolator]) -> None:
        self.listed = tuple(isolators)

    def prepare(self, spec: ContainerSpec, place: ContainerPlace, document: Document) -> None:
        """When one fails, it and those before it are cleaned up again. Blocks. Raises what that one raised."""
        for count, isolator in enumerate(self.listed, start=1):
            try:
                isolator.prepare(spec, place, document)
            except BaseException:
                try:
                    _clean(self.listed[count - 1 :: -1], place)
                except OSError as error:  # the container will be destroyed, which does the rest
                    log.warning("container %s is not cleaned up yet: %s", place.container_id, error)
                raise

    def isolate(self, place: ContainerPlace, pid: int) -> None:
        for isolator in self.listed:
            isolator.isolate(place, pid)

    def confirm(self, place: ContainerPlace, pid: int) -> None:
        for isolator in self.listed:
            isolator.confirm(place, pid)

    def update(self, place: ContainerPlace, limits: Limits, before: Limits) -> None:
        """When one fails, it and those before it go back to the limits of ``before``. Blocks."""
        for count, isolator in enumerate(self.listed, start=1):
            try:
                isolator.update(place, limits)
            except BaseException:
                for done in self.listed[count - 1 :: -1]:
                    try:
                        done.update(place, before)
                    except OSError as error:
                        log.warning("container %s keeps a limit that it should not: %s", place.container_id, error)
                raise

    def usage(self, place: ContainerPlace, usage: Usage) -> Usage | None:
        """``usage`` with what all isolators know; ``None``: the container is gone."""
        known: Usage | None = usage
        for isolator in self.listed:
            known = isolator.usage(place, known) if known is not None else None
        return known

    async def cleanup(self, place: ContainerPlace) -> None:
        """In reverse, each when all behind it are done. Raises ``OSError``: call it again."""
        cleaning = [one for one in reversed(self.listed) if type(one).cleanup is not Isolator.cleanup]
        for pool, isolators in groupby(cleaning, lambda isolator: isolator.pool):
            await pools.run(pool, partial(_clean, tuple(isolators), place))

    def recover(self, place: ContainerPlace, lasting: Lasting | None) -> None:
        """Blocks. One that fails keeps none behind it from its part; the first error is raised then."""
        failed: list[OSError] = []
        for isolator in self.listed:
            try:
                isolator.recover(place, lasting)
            except OSError as error:
                failed.append(error)
        if failed:
            raise failed[0]


def _clean(isolators: Sequence[Isolator], place: ContainerPlace) -> None:
    for isolator in isolators:
        isolator.cleanup(place)
