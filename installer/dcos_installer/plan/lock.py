"""One operator at a time: a flock on this machine, and a record on the cluster's first master for all others."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from dcos_installer.errors import InstallerError, LockHeld, StateError

if TYPE_CHECKING:
    from dcos_installer.remote import Remote

RECORD_PATH = "/var/lib/dcos-installer/lock"
"""On the first master. Not part of a generation: it concerns operators, not the host."""

# The record is created completely or not at all: link() fails when the name exists, even if several try at once.
_TAKE = """\
umask 077
mkdir -p "${1%/*}"
new="$1.$2"
trap 'rm -f "$new"' EXIT
printf '%s\\n' "$3" > "$new"
if ln "$new" "$1" 2>/dev/null; then echo taken; else echo held; cat "$1"; fi
"""
# A rename over the stale record, only if it is still the one that was found stale.
_TAKE_OVER = """\
umask 077
exec 9>"$1.guard"
flock 9
new="$1.$2"
trap 'rm -f "$new"' EXIT
printf '%s\\n' "$3" > "$new"
if grep -qF "\\"run\\":\\"$4\\"" "$1" 2>/dev/null; then mv -f "$new" "$1"; echo taken; else echo held; cat "$1"; fi
"""
_RELEASE = """\
exec 9>"$1.guard"
flock 9
if grep -qF "\\"run\\":\\"$2\\"" "$1" 2>/dev/null; then rm -f "$1"; echo released; fi
"""
_CLEAR = """\
if grep -qF "\\"run\\":\\"$2\\"" "$1" 2>/dev/null; then rm -rf "${1%/*}"; fi
"""
_SHOW = 'cat "$1" 2>/dev/null || true\n'
_REMOVE = 'if [ -e "$1" ]; then echo there; cat "$1"; rm -f "$1"; fi\n'


class LockHolder(msgspec.Struct, frozen=True):
    """Who works on a cluster: a user on a host, in a process, since a time."""

    run: str
    """Identifies the run; unique."""
    holder: str
    """The user's name."""
    host: str
    host_id: str
    """The operator's machine: its machine-id and name (clones have the same machine-id)."""
    pid: int
    time: float
    """Seconds since the epoch."""
    cluster: str
    command: str
    flock: str = ""
    """The file on the holder's host that is locked while the holder lives."""

    def described(self) -> str:
        since = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(self.time))
        return f"{self.holder} on {self.host} (process {self.pid}, dcos-installer {self.command}) since {since}"


class Removed(msgspec.Struct, frozen=True):
    """A removed record; without a holder when it could not be read."""

    holder: LockHolder | None

    def described(self) -> str:
        return f"the lock of {self.holder.described()}" if self.holder else "a lock whose record could not be read"


def this_holder(run: str, cluster: str, command: str, flock: Path, now: float) -> LockHolder:
    """This process as a holder."""
    import getpass
    import socket

    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return LockHolder(run, user, socket.gethostname(), _machine_id(), os.getpid(), now, cluster, command, str(flock))


@contextlib.contextmanager
def hold_here(path: Path, holder: LockHolder) -> Iterator[None]:
    """Holds the flock on this machine. The kernel releases it when the process ends, however it ends.

    Raises `LockHeld` with its holder, `StateError` when the file cannot be opened.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StateError(
            f"the lock {path} cannot be opened",
            why=error.strerror or str(error),
            hint="it must be your file, or missing: look at it, move it away and run again",
        ) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _held(_decode(os.pread(descriptor, 4096, 0)), path.parent.name) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, msgspec.json.encode(holder), 0)
        yield
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def take(remote: Remote, holder: LockHolder, path: str = RECORD_PATH) -> LockHolder | None:
    """Puts the record on the first master. Returns the dead holder whose record was taken over, if there was one.

    Raises `LockHeld` when another operator works on the cluster, from another host or on this one.
    """
    record = msgspec.json.encode(holder).decode()
    answer = remote.script(_TAKE, [path, holder.run, record], what="take the cluster's lock").stdout
    if answer.startswith("taken"):
        return None
    other = _decode(answer.removeprefix("held\n").encode())
    if other is not None and other.run == holder.run:
        return None  # it is this run's own
    if other is None or not is_dead(other, holder):
        raise _held(other, holder.cluster)
    answer = remote.script(
        _TAKE_OVER, [path, holder.run, record, other.run], what="take over the lock of a run that died"
    ).stdout
    if not answer.startswith("taken"):
        raise _held(_decode(answer.removeprefix("held\n").encode()), holder.cluster)
    return other


def release(remote: Remote, holder: LockHolder, path: str = RECORD_PATH) -> None:
    """Removes the record, if it is still this holder's own."""
    remote.script(_RELEASE, [path, holder.run], what="release the cluster's lock")


def clear(remote: Remote, holder: LockHolder, path: str = RECORD_PATH) -> None:
    """Like `release`, and removes all files of the lock from the host: for the end of a cluster."""
    remote.script(_CLEAR, [path, holder.run], what="remove the cluster's lock")


def shown(remote: Remote, path: str = RECORD_PATH) -> LockHolder | None:
    """The holder in the record; None: nobody works on the cluster."""
    return _decode(remote.script(_SHOW, [path], what="read the cluster's lock").stdout.encode())


def refuse_held(remote: Remote, mine: LockHolder, path: str = RECORD_PATH) -> None:
    """Raises `LockHeld` when there is a record of somebody who may be at work."""
    answer = remote.script(_SHOW, [path], what="read the cluster's lock").stdout.encode()
    other = _decode(answer)
    if answer.strip() and (other is None or not is_dead(other, mine)):
        raise _held(other, mine.cluster)


def remove(remote: Remote, path: str = RECORD_PATH) -> Removed | None:
    """Removes the record of any holder, and returns it; None: there was none."""
    answer = remote.script(_REMOVE, [path], what="remove the cluster's lock").stdout
    return Removed(_decode(answer.removeprefix("there\n").encode())) if answer else None


def is_dead(other: LockHolder, mine: LockHolder, is_free: Callable[[Path], bool] | None = None) -> bool:
    """Whether a record's holder has certainly ended: it ran on this host, and its flock is free. Otherwise this is not
    known.
    """
    if other.host_id != mine.host_id or not other.host_id or not other.flock:
        return False
    if other.flock == mine.flock:
        return True  # this process holds that flock, so the other one does not
    return (is_free or _flock_is_free)(Path(other.flock))


def _flock_is_free(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return True  # its state directory is gone, so no process can hold a lock in it
    except OSError:
        return False  # another user's: this process cannot know
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def _held(other: LockHolder | None, cluster: str) -> InstallerError:
    who = other.described() if other else "an unknown operator, whose record cannot be read"
    return LockHeld(
        f"the cluster is being worked on by {who}",
        why="two operators at once would undo each other's work",
        hint="wait until they are done; if that process has certainly ended: dcos-installer unlock INVENTORY",
        evidence=f"cluster {cluster}",
    )


def _decode(data: bytes) -> LockHolder | None:
    try:
        return msgspec.json.decode(data, type=LockHolder) if data.strip() else None
    except msgspec.DecodeError:
        return None


def _machine_id() -> str:
    import socket

    try:
        return f"{Path('/etc/machine-id').read_text().strip()}@{socket.gethostname()}"
    except OSError:
        return ""  # without an id the host cannot be recognized: its records are not taken over
