"""What a process that was killed has left in ZooKeeper: its successor in the same folder takes that away.

ZooKeeper keeps the node of a process that was killed until its session is over. Whoever holds the lock of the folder
that the process worked in knows more: the kernel gave that lock back when it ended, so it answers and writes nothing
any more, and nobody need wait for its session.
"""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

log = logging.getLogger(__name__)


class _Record(msgspec.Struct):
    path: str
    session: int


class Former:
    """The process before this one in ``folder``, which is made. ``is_ours``: whether a node's content has our address.

    Another process that works in the same folder keeps the lock: then nothing is known, and nothing is taken away.
    """

    def __init__(self, folder: Path, is_ours: Callable[[bytes], bool]) -> None:
        """Raises ``OSError``."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._file = folder / "election.json"
        self._is_ours = is_ours
        # Like all files that Python opens, no child inherits it: a child that outlives us would keep the lock.
        self._lock = os.open(folder / "election.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._alone = True
        except BlockingIOError:
            self._alone = False
            log.warning(
                "another process works in %s: what a former one left in ZooKeeper waits for its session", folder
            )

    def close(self) -> None:
        """Gives the lock back. To be called when our own node is gone."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    # What follows blocks: it runs in a session's threads.

    def remove(self, client: Any, path: str, own_session: int) -> None:
        """Removes the former's node at ``path``: the one of the session it wrote down, if it tells our address, too.

        So a copy of the folder on another machine, whose original may well live, removes nothing.
        """
        from kazoo.exceptions import NoNodeError

        record = self._read()
        if record is None or record.path != path or record.session in (0, own_session):
            return
        try:
            children = client.get_children(path)
        except NoNodeError:
            return
        for child in children:
            node = f"{path}/{child}"
            try:
                content, stat = client.get(node)
                if stat.ephemeralOwner == record.session and self._is_ours(content):
                    client.delete(node)
                    log.info("removed %s: it is of the process before this one, which has ended", node)
            except NoNodeError:
                continue

    def remember(self, path: str, session: int) -> None:
        """To be called before ``session`` has a node at ``path``. A failure costs the successor some seconds."""
        if not self._alone:
            return
        new = self._file.with_suffix(".new")
        try:
            with new.open("wb") as file:
                file.write(msgspec.json.encode(_Record(path, session)))
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._file)
        except OSError as error:
            log.warning(
                "could not write %s (%s): should this process be killed, its session has to end first", new, error
            )

    def _read(self) -> _Record | None:
        if not self._alone:
            return None
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=_Record)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError) as error:
            log.warning("%s cannot be read (%s): what a former process left waits for its session", self._file, error)
            return None
