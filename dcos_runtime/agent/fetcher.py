"""Fetching: a short-lived process per task, so that no download, archive or slow server holds up the agent."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated

import msgspec

from dcos_runtime.agent.container_user import ContainerUser
from dcos_runtime.agent.containers import children
from dcos_runtime.agent.containers.base import DEFAULT_PATH
from dcos_runtime.agent.containers.children import Child
from dcos_runtime.agent.fetch_cache import FetchCache, NotCached, Reserve
from dcos_runtime.agent.fetch_ledger import CachedFile
from dcos_runtime.agent.fetching import process as fetch_process
from dcos_runtime.agent.fetching.cached import DAMAGED
from dcos_runtime.agent.sandbox import open_output
from dcos_runtime.wire import uris as uri_rules
from dcos_runtime.wire.common import CommandInfo

log = logging.getLogger(__name__)


class FetchFailed(Exception):
    """The URIs could not all be fetched. The text is Mesos', followed by the reason."""


@dataclass
class Fetches:
    """How many tasks' URIs were fetched, all of a task or not; a task without URIs counts, as in Mesos."""

    succeeded: int = 0
    failed: int = 0


@dataclass(frozen=True)
class Fetcher:
    """A fetch ends after ``stall_seconds`` without a byte, ``total_seconds`` in all, or ``max_bytes`` written. Tasks
    may fetch files below ``roots``, but none below ``never``; ``home``: the base of relative paths. ``public_only``:
    for tasks that are confined, a local file must be readable by everybody when they run as root. ``turns``: how many
    processes there may be at once. ``cache``: ``None`` when nothing is cached (``--fetcher_cache_size=0B``).
    """

    stall_seconds: float
    total_seconds: float
    max_bytes: int
    roots: tuple[Path, ...]
    never: tuple[Path, ...]
    home: Path | None
    public_only: bool
    turns: asyncio.Semaphore
    cache: FetchCache | None = None
    fetches: Fetches = field(default_factory=Fetches)

    async def fetch(
        self,
        container_id: str,
        uris: list[CommandInfo.URI],
        sandbox: Path,
        user: ContainerUser,
        disk: int | None = None,
    ) -> None:
        """Fetches ``uris`` in their order, no more than ``disk`` bytes when that is given.

        Raises `FetchFailed`; when cancelled, the process is killed.
        """
        try:
            # An entry of the cache that is damaged is removed; when the next is, too, nothing is cached for this task.
            for cached in (True, True, False) if uris else ():
                if await self._fetched(container_id, uris, sandbox, user, disk, cached):
                    break
        except BaseException:
            self.fetches.failed += 1
            raise
        self.fetches.succeeded += 1

    def metrics(self) -> dict[str, float]:
        """Mesos' metrics of its fetcher."""
        ledger = self.cache.ledger if self.cache is not None else None
        return {
            "containerizer/fetcher/task_fetches_succeeded": float(self.fetches.succeeded),
            "containerizer/fetcher/task_fetches_failed": float(self.fetches.failed),
            "containerizer/fetcher/cache_size_total_bytes": float(ledger.total if ledger is not None else 0),
            "containerizer/fetcher/cache_size_used_bytes": float(ledger.used if ledger is not None else 0),
        }

    async def _fetched(
        self,
        container_id: str,
        uris: list[CommandInfo.URI],
        sandbox: Path,
        user: ContainerUser,
        disk: int | None,
        cached: bool,
    ) -> bool:
        """Whether all was fetched; else what the cache held was damaged, and nothing was fetched."""
        limit, rule = self.max_bytes, "--fetcher_max_size sets how much is allowed"
        if disk is not None and disk < limit:
            limit, rule = disk, "that is the task's disk; ask for more of it"
        async with contextlib.AsyncExitStack() as stack:
            entries: list[CachedFile | None] = []
            descriptors: list[int | None] = []
            for uri in uris:
                entry, descriptor = None, None
                if uri.cache and cached and self.cache is not None:
                    entry = await self._entry(self.cache, container_id, uri, sandbox, user)
                if entry is not None and self.cache is not None:
                    stack.callback(self.cache.release, entry)
                    descriptor = await self.cache.open(entry)
                    if descriptor is None:
                        return False
                    stack.callback(os.close, descriptor)
                entries.append(entry)
                descriptors.append(descriptor)
            order = self._order(sandbox, user) | {
                "uris": [_uri(*each) for each in zip(uris, entries, descriptors, strict=True)],
                "max_bytes": limit,
                "max_rule": rule,
            }
            code, output = await self._run(
                container_id, order, sandbox, [one for one in descriptors if one is not None]
            )
            if code == DAMAGED and self.cache is not None:
                numbers = {int(text) for text in output.split() if text.isdigit()}
                damaged = [entry for number, entry in enumerate(entries) if entry is not None and number in numbers]
                await self.cache.discard(damaged, "its SHA-256 is another")
                return False
        if code:
            ended = f"exited with status {code}" if code > 0 else f"terminated with signal {signal.strsignal(-code)}"
            why = output.decode(errors="replace").strip()
            raise self._failed(container_id, f"{ended} ({why})" if why else ended)
        return True

    def _order(self, sandbox: Path, user: ContainerUser) -> dict[str, object]:
        """The settings of every fetch process, whatever it fetches."""
        root = os.geteuid() == 0
        return {
            "sandbox": str(sandbox),
            "user": {"uid": user.uid, "gid": user.gid, "groups": list(user.groups)} if root else None,
            "stall_seconds": self.stall_seconds,
            "roots": _real(self.home, *self.roots),
            "never": sorted(set(_real(*self.never).values())),
            "home": None if self.home is None else str(self.home),
            "public_only": self.public_only and user.uid == 0,
        }

    async def _run(
        self, container_id: str, order: dict[str, object], sandbox: Path, descriptors: Sequence[int]
    ) -> tuple[int, bytes]:
        """Runs a process to its end. Returns its exit status and its output."""
        async with self.turns, self._process(container_id, order, sandbox, descriptors) as process:
            assert process.stdout is not None
            output = await process.stdout.read()
            return await process.wait(), output

    @contextlib.asynccontextmanager
    async def _process(
        self, container_id: str, order: dict[str, object], sandbox: Path, descriptors: Sequence[int]
    ) -> AsyncIterator[Child]:
        """A process that has its order and the ``descriptors``. It is killed when its time is over, or on any error.

        It ends with this process, which holds its stdin open.
        """
        with os.fdopen(open_output(sandbox, "stderr"), "ab") as errors:
            process = children.spawn(
                *(sys.executable, "-I", "-S", fetch_process.__file__),
                stdin=children.PIPE,
                stdout=children.PIPE,
                stderr=errors,
                env={
                    "PATH": DEFAULT_PATH,
                    "MALLOC_ARENA_MAX": "1",
                },  # each thread takes address space, which is limited
                pass_fds=descriptors,
            )
        assert process.stdin is not None
        try:
            async with asyncio.timeout(self.total_seconds):
                await _send(process, json.dumps(order).encode() + b"\n")
                yield process
        except BaseException as error:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
            if isinstance(error, TimeoutError):
                raise self._failed(container_id, f"not done within {self.total_seconds:.0f} s") from None
            raise
        finally:
            process.stdin.close()

    # --- through the cache --------------------------------------------------------------------------------------------

    async def _entry(
        self, cache: FetchCache, container_id: str, uri: CommandInfo.URI, sandbox: Path, user: ContainerUser
    ) -> CachedFile | None:
        """The URI's entry, downloaded if need be; it is to be released. ``None``: it has to be fetched directly."""
        value = uri.value.lstrip()
        return await cache.obtain(
            (user.name, user.uid, value),
            uri_rules.blanked(value),
            partial(self._download, container_id, uri, sandbox, user),
        )

    async def _download(
        self,
        container_id: str,
        uri: CommandInfo.URI,
        sandbox: Path,
        user: ContainerUser,
        descriptor: int,
        reserve: Reserve,
    ) -> str:
        """A `fetch_cache.Download`: a process as the task's user, which answers by `fetching.cached.CacheReport`."""
        order = self._order(sandbox, user) | {"uris": [_uri(uri, None, None)], "into": descriptor}
        async with self.turns, self._process(container_id, order, sandbox, [descriptor]) as process:
            answer = await _answer(process)
            if answer.size is not None:
                await reserve(answer.size)
                await _send(process, b"\n")
                answer = await _answer(process)
            await process.wait()
        if answer.digest is not None:
            return answer.digest
        if answer.failed is None or answer.ours:
            raise NotCached(answer.failed or "the process that downloaded it ended", answer.full)
        raise self._failed(container_id, f"exited with status 1 ({answer.failed})")

    def _failed(self, container_id: str, why: str) -> FetchFailed:
        return FetchFailed(f"Failed to fetch all URIs for container '{container_id}': {why}")


async def _send(process: Child, data: bytes) -> None:
    assert process.stdin is not None
    with contextlib.suppress(ConnectionError):  # the exit status tells more than this error
        await process.stdin.write(data)


class _Answer(msgspec.Struct, frozen=True):
    """A line of `fetching.cached.CacheReport`: one of ``size`` (bytes), ``digest`` and ``failed``."""

    size: Annotated[int, msgspec.Meta(gt=0)] | None = None
    digest: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")] | None = None
    failed: str | None = None
    ours: bool = False
    full: bool = False


async def _answer(process: Child) -> _Answer:
    """The next answer of a process. It runs as the task's user, who may have got hold of it: any other line counts as
    its end. Raises `NotCached`.
    """
    assert process.stdout is not None
    try:
        return msgspec.json.decode(await process.stdout.readline(), type=_Answer)
    except ValueError as error:  # also a line without end
        raise NotCached("the process that downloaded it ended") from error


def end_leftovers(sandboxes: Path) -> None:
    """Kills fetch processes of a former agent below ``sandboxes``: stopped ones, and those of versions that did not end
    with their agent.
    """
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            descriptor = os.pidfd_open(int(entry.name))
            try:
                arguments = Path(entry.path, "cmdline").read_bytes().split(b"\0")
                ours = any(argument.endswith(b"/fetching/process.py") for argument in arguments)
                if ours and Path(entry.path, "cwd").readlink().is_relative_to(sandboxes):
                    log.warning("process %s is a former agent's, which fetches for no task any more", entry.name)
                    signal.pidfd_send_signal(descriptor, signal.SIGKILL)
            finally:
                os.close(descriptor)


def _real(*paths: Path | None) -> dict[str, str]:
    """The paths that are there, each with where it really is."""
    return {str(path): os.path.realpath(path) for path in paths if path is not None and path.exists()}


def _uri(uri: CommandInfo.URI, entry: CachedFile | None, descriptor: int | None) -> dict[str, object]:
    """``entry``: what the cache holds of it, open as ``descriptor``."""
    held = None if entry is None else {"descriptor": descriptor, "size": entry.size, "digest": entry.digest}
    return {
        "value": uri.value,
        "extract": uri.extract is not False,
        "executable": bool(uri.executable),
        "output_file": uri.output_file,
        "cached": held,
    }
