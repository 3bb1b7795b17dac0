"""Unpacks layers by `dcos_runtime.agent.images.process`, a process each, which ends with the agent."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from dcos_runtime.agent.containers import children
from dcos_runtime.agent.containers.base import DEFAULT_PATH
from dcos_runtime.agent.images import process as unpack_process
from dcos_runtime.agent.images.documents import LARGEST_DOCUMENT
from dcos_runtime.agent.images.errors import DiskFull, ImageError


class UnpackedLayer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of the process; ``kept``: an ACI's manifest."""

    diff_id: str = ""
    size: int = 0
    left_out: int = 0
    kept: str | None = None
    failed: str | None = None
    full: bool = False


@dataclass(frozen=True)
class Unpacker:
    """``store``: the folder that everything lies in; paths below are relative to it. ``turns``: how many at once."""

    store: Path
    total_seconds: float
    max_bytes: int
    turns: asyncio.Semaphore

    async def layer(self, blob: str, digest: str, length: int, target: str, below: Sequence[str]) -> UnpackedLayer:
        """Unpacks the blob of a layer. ``below``: the layers under it, topmost first. Raises `ImageError`."""
        return await self._run({"blob": blob, "digest": digest, "length": length, "target": target, "below": below})

    async def aci(self, archive: Path, target: str) -> UnpackedLayer:
        """Unpacks the root file system of an appc image. Raises `ImageError`."""
        order = {"blob": str(archive), "target": target, "below": (), "root": "rootfs", "keep": "manifest"}
        return await self._run(order)

    async def _run(self, order: Mapping[str, object]) -> UnpackedLayer:
        usual: dict[str, object] = {"digest": None, "length": None, "root": "", "keep": ""}
        fixed = {"store": str(self.store), "limit": self.max_bytes, "largest_kept": LARGEST_DOCUMENT}
        async with self.turns:
            answer = await self._answer(msgspec.json.encode({**usual, **fixed, **order}))
        try:
            done = msgspec.json.decode(answer, type=UnpackedLayer)
        except msgspec.DecodeError:
            raise ImageError("a layer was not unpacked: its process ended") from None
        if done.full:
            raise DiskFull(done.failed or "the disk is full")
        if done.failed is not None:
            raise ImageError(done.failed)
        return done

    async def _answer(self, order: bytes) -> bytes:
        process = children.spawn(
            *(sys.executable, "-I", "-S", unpack_process.__file__),
            stdin=children.PIPE,
            stdout=children.PIPE,
            stderr=children.DEVNULL,
            env={"PATH": os.environ.get("PATH", "") + ":" + DEFAULT_PATH, "MALLOC_ARENA_MAX": "1"},
        )
        assert process.stdin is not None and process.stdout is not None
        try:
            async with asyncio.timeout(self.total_seconds):
                with contextlib.suppress(ConnectionError):  # the answer tells more than this error
                    await process.stdin.write(order + b"\n")
                return await process.stdout.read()
        except TimeoutError:
            raise ImageError(f"not unpacked within {self.total_seconds:.0f} s (--fetcher_timeout)") from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
            process.stdin.close()
