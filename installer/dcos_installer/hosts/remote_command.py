"""A command for a machine: as root, in a process group of its own, which ends with the connection.

sshd does not end a command without a terminal when its connection is lost. So a watcher beside it waits for the end of
sshd's process of this connection, and then ends the whole group: on Ctrl-C, at a deadline, and when the operator's
machine fails.
"""

from __future__ import annotations

import os
import secrets
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from dcos_installer.errors import InstallerError

Become = Literal["root", "sudo", "password"]
"""Logged in as root; sudo without a password; sudo that may require one."""

_MOST_BYTES = (128 << 10) - 1
"""Linux's bound for one argument of a program (MAX_ARG_STRLEN): sshd gives the line to the user's shell as one."""

GRACE_SECONDS = 5
"""Seconds that a command gets after SIGTERM before SIGKILL."""

_BECOME = """\
nonce=$1 become=$2 script=$3
shift 3
case $become in
root) exec /bin/sh -c "$script" dcos-exec "$PPID" "$nonce" "$@" ;;
sudo) exec sudo -n -- /bin/sh -c "$script" dcos-exec "$PPID" "$nonce" "$@" ;;
password) exec sudo -S -p "$nonce password" -- /bin/sh -c "$script" dcos-exec "$PPID" "$nonce" "$@" ;;
esac
"""

_WATCH = """\
tail -s 0.2 --pid="$1" -f /dev/null
kill -TERM "-$2" || exit 0
for tenth in $(seq "$3"); do
    sleep 0.1
    kill -0 "-$2" || exit 0
done
kill -KILL "-$2"
"""

_START = """\
printf '%s\\n' "$$" >&5
exec "$@" 5>&- 2>&6 6>&-
"""

_RUN = f"""\
sshd=$1 nonce=$2
shift 2
printf '%s started\\n' "$nonce" >&2
exec 4>&1 6>&2 2>/dev/null
{{
    setsid /bin/sh -c {shlex.quote(_START)} dcos-exec "$@" 5>&1 >&4 4>&-
    echo "$?"
}} | {{
    exec 4>&- 6>&-
    read -r command
    setsid /bin/sh -c {shlex.quote(_WATCH)} dcos-exec "$sshd" "$command" {GRACE_SECONDS * 10} >/dev/null &
    watcher=$!
    read -r code
    kill -KILL "-$watcher" || kill -KILL "$watcher"
    exit "${{code:-$command}}"
}}
"""
"""Runs the command in the foreground: one in the background of such a shell would ignore SIGINT and SIGQUIT, and dash
cannot undo that. Through the pipe it names its process group, and then its code. What the shell says of signals is
dropped.
"""


@dataclass(frozen=True)
class RemoteCommand:
    """A command, and how it becomes root."""

    words: tuple[str, ...]
    become: Become
    nonce: str = field(default_factory=lambda: f"dcos-{secrets.token_hex(16)}")
    """A random text, so that the command's output cannot be mistaken for messages of this module."""

    @property
    def line(self) -> str:
        """The line that sshd runs; it holds no secret."""
        return "exec " + shlex.join(["/bin/sh", "-c", _BECOME, "dcos-exec", self.nonce, self.become, _RUN, *self.words])

    @property
    def started(self) -> bytes:
        """The text on stderr when the command starts: everything before it is from sudo."""
        return f"{self.nonce} started\n".encode()

    @property
    def prompt(self) -> bytes:
        """sudo's prompt for the password."""
        return f"{self.nonce} password".encode()


def as_words(command: Sequence[str]) -> tuple[str, ...]:
    """One word is a line for the machine's shell; several words are a command with its arguments. Raises
    `InstallerError` when they are too long to be sent.
    """
    words = ("/bin/sh", "-c", command[0]) if len(command) == 1 else tuple(command)
    size = len(os.fsencode(RemoteCommand(words, "password").line))
    if size > _MOST_BYTES:
        raise InstallerError(
            "the command is too long",
            why=f"with its quotes and our own part it has {size} bytes; a machine's sshd can start {_MOST_BYTES}",
            hint="copy it as a script with dcos-installer copy, or give it its data with --stdin",
        )
    return words
