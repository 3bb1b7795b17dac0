"""The election node that a killed process has left in ZooKeeper: its successor in the same folder removes it.

ZooKeeper keeps the node of a killed process until the session is over. Its successor need not wait so long, because it
holds the lock of the folder that both work in: Linux releases that lock only when its holder has ended. So the previous
process answers and writes nothing any more.

That follows only if it is the very lock that the previous process held: the same file, on the same machine, since the
same boot.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from dcos_runtime import durable
from dcos_runtime.errors import Unstartable

log = logging.getLogger(__name__)

_LARGEST = 64 * 1024
_MACHINE = Path("/etc/machine-id")
_BOOT = Path("/proc/sys/kernel/random/boot_id")


class _Lock(msgspec.Struct, frozen=True):
    """Identifies a lock: the machine, its boot, and the file there."""

    machine: str
    boot: str
    device: int
    inode: int


class _Record(msgspec.Struct):
    path: str
    session: int
    lock: _Lock


class PreviousProcess:
    """The process that worked in ``folder`` before this one. The folder is made if it is missing. ``is_ours`` returns
    whether a node's content has our address.

    If another process still works in the folder, it has the lock. Then nothing is known, and nothing is removed.
    """

    def __init__(self, folder: Path, is_ours: Callable[[bytes], bool]) -> None:
        """Raises ``OSError``."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._file = folder / "election.json"
        self._is_ours = is_ours
        path = folder / "election.lock"
        # O_CLOEXEC: no child inherits it. A child that outlives us would keep the lock.
        self._lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)
        if not stat.S_ISREG(os.fstat(self._lock).st_mode):
            self.close()
            raise Unstartable(f"{path} cannot be used", why="it is no regular file", hint="remove it")
        self._which = _which(self._lock)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._alone = True
        except BlockingIOError:
            self._alone = False
            log.warning(
                "another process works in %s: what a former one left in ZooKeeper waits for its session", folder
            )

    def close(self) -> None:
        """Releases the lock. To be called when our own node is gone."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    # What follows blocks: it runs in a session's threads.

    def remove(self, client: Any, path: str, own_session: int) -> None:
        """Removes the node of the previous process at ``path``: that of the session in its record, if the node's
        content has our address.

        Nothing is removed if the record is of another machine, of an earlier boot of this one, or of another lock file
        (then the folder was copied, and a process may still run in the other one).
        """
        from kazoo.exceptions import NoNodeError

        record = self._read()
        if record is None or record.path != path or record.session in (0, own_session):
            return
        if record.lock != self._which:
            log.warning(
                "%s was written on another machine, before its last start, or in a folder that was copied since: what "
                "that process left in ZooKeeper waits for its session",
                self._file,
            )
            return
        try:
            children = client.get_children(path)
        except NoNodeError:
            return
        for child in children:
            node = f"{path}/{child}"
            try:
                content, found = client.get(node)
                if found.ephemeralOwner == record.session and self._is_ours(content):
                    client.delete(node)
                    log.info("removed %s: it is of the process before this one, which has ended", node)
            except NoNodeError:
                continue

    def remember(self, path: str, session: int) -> None:
        """To be called before ``session`` has a node at ``path``. A failure costs the successor some seconds."""
        if not self._alone:
            return
        try:
            durable.write(self._file, msgspec.json.encode(_Record(path, session, self._which)))
        except OSError as error:
            # The record that is there, if any, is of an earlier process.
            with contextlib.suppress(OSError):
                self._file.unlink()
            log.warning(
                "could not write %s (%s): should this process be killed, its session has to end first",
                self._file,
                error,
            )

    def _read(self) -> _Record | None:
        if not self._alone:
            return None
        try:
            return msgspec.json.decode(_content(self._file), type=_Record)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError) as error:
            log.warning("%s cannot be read (%s): what a former process left waits for its session", self._file, error)
            return None


def _content(file: Path) -> bytes:
    """The bytes of a regular file; to open or read anything else might block for ever. Raises ``OSError``."""
    with os.fdopen(os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as opened:
        if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
            raise OSError("it is no regular file")
        content = opened.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise OSError("it is too large")
    return content


def _which(lock: int) -> _Lock:
    found = os.fstat(lock)
    return _Lock(_line(_MACHINE), _line(_BOOT), found.st_dev, found.st_ino)


def _line(file: Path) -> str:
    """The text of the file; empty if it cannot be read."""
    try:
        return _content(file).decode("ascii", "replace").strip()
    except OSError:
        return ""
