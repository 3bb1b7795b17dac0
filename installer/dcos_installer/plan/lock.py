"""One operator at a time: a flock on this machine, and a record on the cluster's first master for everybody else."""

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
"""On the first master. Outside of what a generation holds: it is about operators, not about the host."""

# The record comes into being whole or not at all: link() fails when the name is taken, whoever else tries meanwhile.
_TAKE = """\
umask 077
mkdir -p "${1%/*}"
new="$1.$2"
trap 'rm -f "$new"' EXIT
printf '%s\\n' "$3" > "$new"
if ln "$new" "$1" 2>/dev/null; then echo taken; else echo held; cat "$1"; fi
"""
# A rename over the stale record, and only if it is still the one that was judged stale.
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
    """Who works on a cluster: a person on a host, in a process, since a time."""

    run: str
    """Names the run; unique."""
    holder: str
    """The user's name."""
    host: str
    host_id: str
    """The operator's machine: its machine-id and name (clones share the former)."""
    pid: int
    time: float
    """Seconds since the epoch."""
    cluster: str
    command: str
    flock: str = ""
    """The file on the holder's host that is locked as long as the holder lives."""

    def described(self) -> str:
        since = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(self.time))
        return f"{self.holder} on {self.host} (process {self.pid}, dcos-installer {self.command}) since {since}"


class Removed(msgspec.Struct, frozen=True):
    """A record that was removed; without a holder when nobody could read whose it was."""

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
    """Holds the flock on this machine. The kernel lets go of it when the process ends, however it ends.

    Raises `LockHeld` with who holds it, `StateError` when the file cannot be opened.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StateError(
            f"the lock {path} cannot be opened",
            why=error.strerror or str(error),
            hint="it has to be a file of yours, or not there: look at it, move it away and run again",
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

    Raises `LockHeld` when somebody works on the cluster from another host, or is alive on this one.
    """
    record = msgspec.json.encode(holder).decode()
    told = remote.script(_TAKE, [path, holder.run, record], what="take the cluster's lock").stdout
    if told.startswith("taken"):
        return None
    other = _decode(told.removeprefix("held\n").encode())
    if other is not None and other.run == holder.run:
        return None  # it is this run's own
    if other is None or not is_dead(other, holder):
        raise _held(other, holder.cluster)
    told = remote.script(
        _TAKE_OVER, [path, holder.run, record, other.run], what="take over the lock of a run that died"
    ).stdout
    if not told.startswith("taken"):
        raise _held(_decode(told.removeprefix("held\n").encode()), holder.cluster)
    return other


def release(remote: Remote, holder: LockHolder, path: str = RECORD_PATH) -> None:
    """Removes the record, when it is still this holder's own."""
    remote.script(_RELEASE, [path, holder.run], what="release the cluster's lock")


def clear(remote: Remote, holder: LockHolder, path: str = RECORD_PATH) -> None:
    """As `release`, and nothing of the lock stays behind on the host: for the end of a cluster."""
    remote.script(_CLEAR, [path, holder.run], what="remove the cluster's lock")


def shown(remote: Remote, path: str = RECORD_PATH) -> LockHolder | None:
    """Who the record names; None: nobody works on the cluster."""
    return _decode(remote.script(_SHOW, [path], what="read the cluster's lock").stdout.encode())


def refuse_held(remote: Remote, mine: LockHolder, path: str = RECORD_PATH) -> None:
    """Raises `LockHeld` when there is a record of somebody who may be at work."""
    told = remote.script(_SHOW, [path], what="read the cluster's lock").stdout.encode()
    other = _decode(told)
    if told.strip() and (other is None or not is_dead(other, mine)):
        raise _held(other, mine.cluster)


def remove(remote: Remote, path: str = RECORD_PATH) -> Removed | None:
    """Removes the record, whoever holds it, and returns whose it was; None: there was none."""
    told = remote.script(_REMOVE, [path], what="remove the cluster's lock").stdout
    return Removed(_decode(told.removeprefix("there\n").encode())) if told else None


def is_dead(other: LockHolder, mine: LockHolder, is_free: Callable[[Path], bool] | None = None) -> bool:
    """Whether a record's holder is certainly gone: it ran on this very host, and its flock is free. Else: not known."""
    if other.host_id != mine.host_id or not other.host_id or not other.flock:
        return False
    if other.flock == mine.flock:
        return True  # this process holds that flock, so the other one does not
    return (is_free or _flock_is_free)(Path(other.flock))


def _flock_is_free(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return True  # its state directory is gone, so nothing can hold a lock in it
    except OSError:
        return False  # of another user: this process cannot know
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def _held(other: LockHolder | None, cluster: str) -> InstallerError:
    who = other.described() if other else "somebody whose record cannot be read"
    return LockHeld(
        f"the cluster is being worked on by {who}",
        why="two operators at once would undo each other's work",
        hint="wait until they are done; if that process is surely dead: dcos-installer unlock INVENTORY",
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
