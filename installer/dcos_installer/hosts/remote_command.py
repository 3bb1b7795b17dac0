"""A command for a machine: as root, in a process group of its own, which ends with the connection.

sshd does not end a command without a terminal when its connection is lost. So a watcher beside it waits for the end of
sshd's process of this connection, and then ends the whole group: on Ctrl-C, at a deadline, and when the operator's
machine fails.
"""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

Become = Literal["root", "sudo", "password"]
"""Logged in as root; sudo without a password; sudo that may require one."""

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

_RUN = f"""\
sshd=$1 nonce=$2
shift 2
printf '%s started\\n' "$nonce" >&2
exec 3<&0 </dev/null
setsid "$@" <&3 3<&- &
command=$!
setsid /bin/sh -c {shlex.quote(_WATCH)} dcos-exec "$sshd" "$command" {GRACE_SECONDS * 10} 3<&- >/dev/null 2>&1 &
watcher=$!
exec 3<&-
wait "$command"
code=$?
kill -KILL "-$watcher" 2>/dev/null || kill -KILL "$watcher" 2>/dev/null
exit "$code"
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
    """One word is a line for the machine's shell; several words are a command with its arguments."""
    return ("/bin/sh", "-c", command[0]) if len(command) == 1 else tuple(command)
