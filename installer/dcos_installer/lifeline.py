"""Ends the installer's child processes when the installer is gone, also after a SIGKILL.

A watcher, a small shell in a session of its own, holds the other end of a pipe. When the pipe closes it ends every
process that carries this installer's mark in its environment: Ansible and its workers, ssh, pip, builders, and what
those started in turn, in whatever session. What is meant to outlive the installer (machines' supervisors) gets an
environment without the mark. ssh's shared connections write their title over their environment, mark and all: the
watcher is told the folder of their sockets, which their title names, and removes the folder, too.
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
"""The mark, inherited by all that is started."""

# Asked first, so that they tidy up; what is left after two seconds is forced, and looked for until nothing is found.
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
    """Begins to watch over this process. To be called once, before anything is started."""
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
        log.warning("nothing watches over this process: a kill will leave what it started", exc_info=True)
        os.close(ours)
    else:
        environ[VARIABLE] = mark
        _held.append(ours)
    os.close(theirs)


def sockets_lie_in(folder: Path) -> None:
    """Tells the watcher where ssh's shared connections meet. The path has neither spaces nor special characters."""
    for watcher in _held:
        with contextlib.suppress(OSError):  # the watcher is gone
            os.write(watcher, os.fsencode(folder) + b"\n")


def marked(environ: dict[str, str]) -> dict[str, str]:
    """An environment made from scratch, with the mark."""
    return {**environ, VARIABLE: os.environ[VARIABLE]} if VARIABLE in os.environ else environ


def unmarked() -> dict[str, str]:
    """This process's environment for a program that takes its place."""
    return {name: value for name, value in os.environ.items() if name != VARIABLE}
