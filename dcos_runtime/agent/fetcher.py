"""Fetching: a short-lived process per task, so that no download, archive or slow server holds up the agent."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from dcos_runtime.agent.container_user import ContainerUser
from dcos_runtime.agent.containers.base import DEFAULT_PATH
from dcos_runtime.agent.fetching import process as fetch_process
from dcos_runtime.agent.sandbox import open_output
from dcos_runtime.wire.common import CommandInfo

log = logging.getLogger(__name__)


class FetchFailed(Exception):
    """The URIs could not all be fetched. The text is Mesos', followed by the reason."""


@dataclass(frozen=True)
class Fetcher:
    """A fetch ends after ``stall_seconds`` without a byte, ``total_seconds`` in all, or ``max_bytes`` written. Tasks
    may fetch files below ``roots``, but none below ``never``; ``home``: the base of relative paths. ``public_only``:
    for tasks that are confined, a local file must be readable by everybody when they run as root. ``turns``: how many
    processes there may be at once.
    """

    stall_seconds: float
    total_seconds: float
    max_bytes: int
    roots: tuple[Path, ...]
    never: tuple[Path, ...]
    home: Path | None
    public_only: bool
    turns: asyncio.Semaphore

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
        limit, rule = self.max_bytes, "--fetcher_max_size sets how much is allowed"
        if disk is not None and disk < limit:
            limit, rule = disk, "that is the task's disk; ask for more of it"
        root = os.geteuid() == 0
        order = {
            "sandbox": str(sandbox),
            "uris": [_order(uri) for uri in uris],
            "user": {"uid": user.uid, "gid": user.gid, "groups": list(user.groups)} if root else None,
            "stall_seconds": self.stall_seconds,
            "max_bytes": limit,
            "max_rule": rule,
            "roots": _real(self.home, *self.roots),
            "never": sorted(set(_real(*self.never).values())),
            "home": None if self.home is None else str(self.home),
            "public_only": self.public_only and user.uid == 0,
        }
        async with self.turns:
            process, output = await self._run(container_id, json.dumps(order).encode() + b"\n", sandbox)
        if process.returncode:
            code = process.returncode
            ended = f"exited with status {code}" if code > 0 else f"terminated with signal {signal.strsignal(-code)}"
            why = output.decode(errors="replace").strip()
            raise self._failed(container_id, f"{ended} ({why})" if why else ended)

    async def _run(self, container_id: str, order: bytes, sandbox: Path) -> tuple[asyncio.subprocess.Process, bytes]:
        """Runs a process to its end, and returns its output. It ends with this process, which holds its stdin open."""
        with os.fdopen(open_output(sandbox, "stderr"), "ab") as errors:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", fetch_process.__file__),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                env={
                    "PATH": DEFAULT_PATH,
                    "MALLOC_ARENA_MAX": "1",
                },  # each thread takes address space, which is limited
                start_new_session=True,
            )
        assert process.stdin is not None and process.stdout is not None
        try:
            async with asyncio.timeout(self.total_seconds):
                process.stdin.write(order)
                with contextlib.suppress(ConnectionError):  # the exit status tells more than this error
                    await process.stdin.drain()
                output = await process.stdout.read()
                await process.wait()
        except (TimeoutError, asyncio.CancelledError) as error:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
            if isinstance(error, TimeoutError):
                raise self._failed(container_id, f"not done within {self.total_seconds:.0f} s") from None
            raise
        finally:
            process.stdin.close()
        return process, output

    def _failed(self, container_id: str, why: str) -> FetchFailed:
        return FetchFailed(f"Failed to fetch all URIs for container '{container_id}': {why}")


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


def _order(uri: CommandInfo.URI) -> dict[str, object]:
    return {
        "value": uri.value,
        "extract": uri.extract is not False,
        "executable": bool(uri.executable),
        "output_file": uri.output_file,
    }
