"""Runs skopeo: beside the agent, ended with it, with a deadline, a watch over what it writes, and errors in words.

Credentials are in a file of the form of Docker's ``config.json``, whose name is all that skopeo is told of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import shutil
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dcos_runtime.agent.containers import children
from dcos_runtime.agent.containers.base import DEFAULT_PATH
from dcos_runtime.agent.containers.children import Child
from dcos_runtime.agent.images.documents import LARGEST_DOCUMENT
from dcos_runtime.agent.images.errors import DiskFull, ImageError
from dcos_runtime.agent.images.sources import RegistrySource

log = logging.getLogger(__name__)

FULL = "no space left on device"
"""How skopeo says ENOSPC."""
NO_TLS = ("server gave HTTP response to HTTPS client", "first record does not look like a TLS handshake")
"""How skopeo says that a registry speaks plain HTTP: it depends on what that answers to a TLS handshake."""

LOOK_SECONDS = 0.25
PROGRESS_SECONDS = 10.0
LONGEST_REASON = 1000
PASSED_ON = (
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "https_proxy",
    "http_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
)
"""What of the agent's environment counts for skopeo: how it reaches registries, and whom it believes."""


def programs() -> list[str]:
    """The programs that fetching needs and that are not there."""
    path = os.environ.get("PATH", "") + ":" + DEFAULT_PATH
    return [name for name in ("skopeo", "setpriv") if shutil.which(name, path=path) is None]


@dataclass(frozen=True)
class Skopeo:
    """A fetch ends after ``stall_seconds`` without a byte, ``total_seconds`` in all, or ``max_bytes`` written.
    ``credentials``: a file in the form of Docker's ``config.json``.
    """

    stall_seconds: float
    total_seconds: float
    max_bytes: int
    credentials: Path | None = None

    async def config(self, image: str, source: object, folder: Path) -> bytes:
        """The configuration of the image for this machine. Raises `ImageError`."""
        return await self._output(["inspect", "--config", "--raw", *self._access("", source), image], folder)

    async def manifest(self, image: str, source: object, folder: Path) -> bytes:
        """What the registry has under the name: a manifest, or an index of some. Raises `ImageError`."""
        return await self._output(["inspect", "--raw", *self._access("", source), image], folder)

    async def copy(self, image: str, source: object, folder: Path, shown: str, expected: int | None) -> None:
        """Fetches it into the layout ``folder/layout``, its blobs into ``folder/blobs``. ``shown`` and ``expected``
        (bytes) are for the log. Raises `ImageError`.
        """
        options = [
            "--quiet",
            "--dest-oci-accept-uncompressed-layers",
            "--dest-shared-blob-dir",
            str(folder / "blobs"),
            *self._access("src-", source),
        ]
        argv = ["copy", *options, image, f"oci:{folder / 'layout'}:image"]
        await self._run(argv, folder, shown, expected)

    def _access(self, prefix: str, source: object) -> list[str]:
        if not isinstance(source, RegistrySource):
            return []
        options = ["--no-tags"] if not prefix else []
        if source.plain:
            options.append(f"--{prefix}tls-verify=false")
        if (credentials := source.credentials or self.credentials) is not None:
            options += [f"--{prefix}authfile", str(credentials)]
        return options

    async def _output(self, argv: list[str], folder: Path) -> bytes:
        return await self._run(argv, folder, "", None)

    async def _run(self, argv: Sequence[str], folder: Path, shown: str, expected: int | None) -> bytes:
        process = children.spawn(
            # The signal comes when the agent ends, however it does.
            *("setpriv", "--pdeathsig", "KILL", "skopeo", "--tmpdir", str(folder / "tmp"), *argv),
            stdout=children.PIPE,
            stderr=children.PIPE,
            env={
                "PATH": os.environ.get("PATH", "") + ":" + DEFAULT_PATH,
                # Otherwise it would look for credentials of the agent's own user.
                "HOME": str(folder),
                "XDG_RUNTIME_DIR": str(folder),
                **{name: os.environ[name] for name in PASSED_ON if name in os.environ},
            },
        )
        watching = asyncio.create_task(self._watch(folder, shown, expected))
        ending = asyncio.create_task(_ended(process))
        try:
            async with asyncio.timeout(self.total_seconds):
                await asyncio.wait([watching, ending], return_when=asyncio.FIRST_COMPLETED)
                if not ending.done():
                    watching.result()
                output, errors = await ending
        except TimeoutError:
            raise ImageError(f"not fetched within {self.total_seconds:.0f} s (--fetcher_timeout)") from None
        finally:
            for task in (watching, ending):
                task.cancel()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
        if process.returncode:
            why = reason(errors.decode(errors="replace"))
            raise DiskFull(why) if FULL in why else ImageError(why)
        return output

    async def _watch(self, folder: Path, shown: str, expected: int | None) -> None:
        """Returns never. Raises `ImageError` when it stalls or writes too much."""
        last, since, shown_at = -1, time.monotonic(), time.monotonic()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            size = await asyncio.to_thread(written, folder)
            if size > self.max_bytes:
                raise ImageError(f"the image takes more than {self.max_bytes} bytes (--fetcher_max_size)")
            if size != last:
                last, since = size, time.monotonic()
            elif time.monotonic() - since > self.stall_seconds:
                raise ImageError(f"no data arrived for {self.stall_seconds:.0f} s (--fetcher_stall_timeout)")
            if shown and time.monotonic() - shown_at > PROGRESS_SECONDS:
                shown_at = time.monotonic()
                log.info(
                    "image %s: %d MiB%s fetched",
                    shown,
                    size >> 20,
                    "" if expected is None else f" of {expected >> 20} MiB",
                )


async def _ended(process: Child) -> tuple[bytes, bytes]:
    assert process.stdout is not None and process.stderr is not None
    output, errors = await asyncio.gather(_bounded(process.stdout), _bounded(process.stderr))
    await process.wait()
    return output, errors


async def _bounded(stream: asyncio.StreamReader) -> bytes:
    """All of it, up to what a document may have; the rest is read and dropped."""
    found = bytearray()
    while chunk := await stream.read(1 << 16):
        if len(found) <= LARGEST_DOCUMENT:
            found += chunk
    return bytes(found)


def written(folder: Path) -> int:
    """Bytes that the files below take; sparse ones only what they hold."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(place, name)).st_blocks * 512  # noqa: PTH118
    return total


def reason(errors: str) -> str:
    """What skopeo said last, without its frame, and without what stands behind the ? of URLs: keys, at some stores. Of
    a registry without TLS also what to do.
    """
    lines = [line for line in errors.splitlines() if line.strip()] or ["skopeo said nothing"]
    found = re.search(r'level=fatal msg="((?:[^"\\]|\\.)*)"', lines[-1])
    text = found[1].replace('\\"', '"').replace("\\\\", "\\") if found else lines[-1]
    text = re.sub(r"(https?://[^\s?\"]*)\?[^\s\"]*", r"\1?…", text)
    text = re.sub(r"//[^/\s@\"]*@", "//***@", text)
    text = "".join(letter if letter.isprintable() else "?" for letter in text[:LONGEST_REASON])
    if any(words in text for words in NO_TLS):
        text += "; an agent speaks plain HTTP only to the registry that its --docker_registry=http://HOST:PORT names"
    return text
