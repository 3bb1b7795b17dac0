"""The folder of SSH's shared connections: private, with a path that a UNIX socket, ssh and Ansible all accept.

A socket's path has at most 107 bytes, and ssh appends some while it creates one. So the sockets of a run are not in the
operator's folders, whose paths may be long, but in the runtime directory or a temporary one. If no folder is suitable,
connections are not shared: everything works, but more slowly.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shlex
import shutil
import socket
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from dcos_installer.errors import InstallerError
from dcos_installer.lifeline import sockets_lie_in
from dcos_installer.process import run

log = logging.getLogger(__name__)

_PREFIX = "dcos-ssh-"
_NAME = "%C"
"""ssh's name for a connection: 40 characters. ssh needs 17 more for the socket's temporary name."""
_LONGEST_NAME = 40 + 17
_PLAIN = re.compile(r"/[A-Za-z0-9/._+-]*")
"""Characters that need no quoting anywhere: ssh expands % and $, and Ansible's settings have their own special
characters.
"""
_SHARED_SECONDS = 60

ALIVE = ("-o", "ServerAliveInterval=10", "-o", "ServerAliveCountMax=3")
"""A connection to a machine that falls silent ends after half a minute."""


@contextlib.contextmanager
def folder(environ: Mapping[str, str] | None = None) -> Iterator[Path | None]:
    """A folder for the sockets of this run; None: there is no suitable one. Connections end with the block."""
    places = list(candidates(os.environ if environ is None else environ))
    sweep(places)
    made = _make(places)
    if made is None:
        log.warning("no folder can hold sockets (%s): connections are not shared", ", ".join(map(str, places)))
        yield None
        return
    try:
        yield made
    finally:
        close_connections(made)
        shutil.rmtree(made, ignore_errors=True)


def candidates(environ: Mapping[str, str]) -> Iterator[Path]:
    """Folders that may contain ours, the best first."""
    named = [environ.get("XDG_RUNTIME_DIR", ""), f"/run/user/{os.geteuid()}", "/run" if os.geteuid() == 0 else ""]
    for name in dict.fromkeys((*named, environ.get("TMPDIR", ""), "/tmp", "/var/tmp", "/dev/shm")):
        if name.startswith("/"):
            yield Path(name)


def options(control_dir: Path | None) -> list[str]:
    """ssh's options for shared connections."""
    if control_dir is None:
        return ["-o", "ControlMaster=no", "-o", "ControlPath=none"]
    return [
        *("-o", "ControlMaster=auto", "-o", f"ControlPersist={_SHARED_SECONDS}s"),
        *("-o", f"ControlPath={control_dir}/{_NAME}"),
    ]


def close_connections(control_dir: Path) -> None:
    """Ends every shared connection whose socket is in ``control_dir``."""
    with contextlib.suppress(FileNotFoundError):
        for path in list(control_dir.iterdir()):
            with contextlib.suppress(InstallerError):
                argv = ["ssh", "-F", "none", "-O", "exit", "-o", f"ControlPath={path}", "gone"]
                run(argv, deadline=10, what="close a connection", check=False)


def sweep(places: list[Path]) -> None:
    """Removes the folders of runs that were killed, and ends their connections."""
    for place in places:
        with contextlib.suppress(OSError):
            for found in place.glob(f"{_PREFIX}[0-9]*-*"):
                process = found.name.removeprefix(_PREFIX).partition("-")[0]
                with contextlib.suppress(OSError):
                    if found.lstat().st_uid == os.geteuid() and not Path("/proc", process).exists():
                        close_connections(found)
                        shutil.rmtree(found, ignore_errors=True)


def as_word(path: Path) -> str:
    """A path as one word of an ssh setting (``UserKnownHostsFile=…``), which is split at spaces and expanded."""
    text = str(path).replace("%", "%%")
    if _PLAIN.fullmatch(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def joined(words: list[str]) -> str:
    """ssh's arguments as one text, for Ansible, which splits it as a shell does."""
    return shlex.join(words)


def _make(places: list[Path]) -> Path | None:
    for place in places:
        with contextlib.suppress(OSError):
            if not _PLAIN.fullmatch(str(place)) or place.stat().st_uid not in (0, os.geteuid()):
                continue
            made = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=place))
            sockets_lie_in(made)
            if _holds_sockets(made):
                return made
            shutil.rmtree(made, ignore_errors=True)
    return None


def _holds_sockets(place: Path) -> bool:
    """Tried by creating one: a path may be too long, and not every file system can hold sockets."""
    probe = place / ("s" * _LONGEST_NAME)
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(probe))
        probe.unlink()
    except OSError:
        return False
    return True
