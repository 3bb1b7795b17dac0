"""Ends the installer's child processes when the installer is gone, also after a SIGKILL.

A watcher, a small shell in a session of its own, holds the other end of a pipe. When the pipe closes, it ends every
process with this installer's mark in its environment: Ansible and its workers, ssh, pip, builders, and what those
started in turn, in any session. Processes that must outlive the installer (machines' supervisors) get an environment
without the mark. ssh's shared connections overwrite their environment, with the mark, by their title: so the watcher
knows the folder of their sockets, which their title names, and removes the folder, too.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import subprocess
from collections.abc import MutableMapping
from pathlib import Path

VARIABLE = "DCOS_INSTALLER_PROCESS"
"""The mark, inherited by all child processes."""

# SIGTERM first, so that they clean up; after two seconds SIGKILL, until no process is found.
_WATCH = """\
folders=
while read -r folder; do folders="$folders $folder"; done
signal=TERM
for round in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    found=$(grep -lszxF "$1" /proc/[0-9]*/environ)
    for folder in $folders; do found="$found $(grep -lsz "^ssh: $folder/" /proc/[0-9]*/cmdline)"; done
    found=$(echo $found)
    [ -n "$found" ] || break
    if [ "$round" -gt 10 ]; then signal=KILL; fi
    for path in $found; do
        pid=${path#/proc/}
        if [ "$round" = 1 ] || [ "$signal" = KILL ]; then kill -s "$signal" "${pid%/*}" 2>/dev/null; fi
    done
    sleep 0.2
done
for folder in $folders; do rm -rf "$folder"; done
"""

log = logging.getLogger(__name__)

_held: list[int] = []


def hold(environ: MutableMapping[str, str] | None = None) -> None:
    """Starts the watcher of this process. Call it once, before any child process is started."""
    environ = os.environ if environ is None else environ
    mark = f"{os.getpid()}-{secrets.token_hex(8)}"
    theirs, ours = os.pipe()  # neither end is inherited: the pipe closes when this process ends
    try:
        subprocess.Popen(
            ["/bin/sh", "-c", _WATCH, "dcos-installer-lifeline", f"{VARIABLE}={mark}"],
            stdin=theirs,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={"PATH": "/usr/local/bin:/usr/bin:/bin"},
            cwd="/",
            start_new_session=True,
        )
    except OSError:
        log.warning("nothing watches this process: if it is killed, its child processes keep running", exc_info=True)
        os.close(ours)
    else:
        environ[VARIABLE] = mark
        _held.append(ours)
    os.close(theirs)


def sockets_lie_in(folder: Path) -> None:
    """Tells the watcher the folder of ssh's shared connections. The path has neither spaces nor special characters."""
    for watcher in _held:
        with contextlib.suppress(OSError):  # the watcher has ended
            os.write(watcher, os.fsencode(folder) + b"\n")


def marked(environ: dict[str, str]) -> dict[str, str]:
    """A new environment with the mark."""
    return {**environ, VARIABLE: os.environ[VARIABLE]} if VARIABLE in os.environ else environ


def unmarked() -> dict[str, str]:
    """This process's environment without the mark, for a program that takes its place."""
    return {name: value for name, value in os.environ.items() if name != VARIABLE}
