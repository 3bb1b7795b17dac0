"""The publishing side of a place that a shell reaches, on this machine or through ssh: commands, and the lock."""

from __future__ import annotations

import contextlib
import shlex
import subprocess
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO

from dcos_universe.errors import UniverseError

LINES = 40

# `switching`, a link to INCOMING/TREE that leads nowhere, is there while what came becomes the current tree. Who finds
# it at the start knows that this switch was killed, and undoes its beginning, unless it had been done.
_LOCK = r"""
set -eu
mkdir -p -- "$1"
cd -- "$1"
mkdir -p trees incoming records
exec 9>>lock
if ! flock -n 9; then
    printf 'held '
    head -c 300 lock | tr -d '\n'
    printf '\n'
    exit 0
fi
# A shell's own printf does not say why it cannot write.
printf '%s\n' "$2" | cat >lock
# Of a run that was killed.
rm -f records/*.new current.new
if [ -L switching ]; then
    begun=$(readlink switching)
    tree=${begun#*/}
    if [ "$(readlink current || :)" != "trees/$tree" ]; then
        # Nobody has ever read it: it is no tree to go back to.
        if [ -d "trees/$tree" ]; then
            mkdir -p incoming
            rm -rf -- "incoming/${begun%%/*}"
            mv -T -- "trees/$tree" "incoming/${begun%%/*}"
        fi
        rm -f -- "records/$tree.json"
    fi
    rm -f switching
fi
printf 'ready\n'
while IFS=' ' read -r verb incoming tree; do
    [ "$verb" = switch ] || exit 1
    ln -s "$incoming/$tree" switching
    sync -f "incoming/$incoming"
    mv -T -- "incoming/$incoming" "trees/$tree"
    rm -f current.new
    ln -s "trees/$tree" current.new
    sync -f trees
    mv -T -- current.new current
    sync -f .
    rm -f switching
    printf 'switched\n'
done
: >lock
"""


class Shell:
    """Runs scripts of ``sh`` in the folder of a place: here, or on a host through ssh."""

    def __init__(self, folder: str, prefix: Sequence[str] = (), where: str = "") -> None:
        self.folder = folder
        self._prefix = tuple(prefix)
        self.where = where or folder

    def _argv(self, script: str, arguments: Sequence[str]) -> list[str]:
        words = ["sh", "-c", script, "sh", *arguments]
        return [*self._prefix, shlex.join(words)] if self._prefix else words

    def run(self, script: str, *arguments: str, feed: Iterable[bytes] = ()) -> bytes:
        """What the script prints, given ``feed`` to read. Raises `UniverseError` with its last words when it fails."""
        argv = self._argv('set -eu; cd -- "$1"; shift\n' + script, [self.folder, *arguments])
        process = self._begun(argv)
        stdin, process.stdin = process.stdin, None
        assert stdin is not None
        # Beside reading what it says: a script that answers before it has heard all would wait for ever otherwise.
        feeding = threading.Thread(target=_feed, args=(stdin, feed), daemon=True)
        feeding.start()
        out, err = process.communicate()
        feeding.join()
        if process.returncode:
            raise self._failed(process.returncode, err)
        return out

    def pipe(self, script: str, *arguments: str) -> subprocess.Popen[bytes]:
        """The script under way, for a long stream into it."""
        return self._begun(self._argv('set -eu; cd -- "$1"; shift\n' + script, [self.folder, *arguments]))

    def finish(self, process: subprocess.Popen[bytes]) -> None:
        """Waits for the end of what `pipe` began. Raises `UniverseError`."""
        _, err = process.communicate()
        if process.returncode:
            raise self._failed(process.returncode, err)

    def _begun(self, argv: list[str]) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        except OSError as error:
            raise UniverseError(
                f"{argv[0]} cannot be started", why=error.strerror or str(error), hint="see that it is installed"
            ) from error

    def _failed(self, code: int, err: bytes) -> UniverseError:
        last = [line for line in err.decode("utf-8", "replace").splitlines() if line.strip()][-LINES:]
        said = "; ".join(last[-3:]) or f"exit code {code}"
        through = bool(self._prefix)
        return UniverseError(
            f"publishing to {self.where} failed; readers still have what was published before",
            why=said,
            hint="correct that (ssh must reach the host without questions), and publish again: it continues from here"
            if through and code == 255
            else "correct that, and publish again: it continues from here",
        )

    @contextlib.contextmanager
    def alone(self, who: str) -> Iterator[Lock]:
        """Nobody else publishes to the place. Raises `UniverseError` that says who does. The lock is the kernel's of
        the place's own machine: it ends with the process that holds it, and that with this one or the connection."""
        process = self._begun(self._argv(_LOCK, [self.folder, who]))
        assert process.stdin is not None and process.stdout is not None
        lock = Lock(self, process)
        try:
            said = lock.line()
            if said.startswith("held "):
                raise UniverseError(
                    f"another publisher publishes to {self.where} now",
                    why=f"it is {said.removeprefix('held ').strip() or 'an unknown publisher'}",
                    hint="wait until that is done, and publish again",
                )
            if said != "ready":
                raise self._failed(process.wait(), lock.errors())
            yield lock
        finally:
            with contextlib.suppress(OSError):
                process.stdin.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _feed(stdin: IO[bytes], parts: Iterable[bytes]) -> None:
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        for part in parts:
            stdin.write(part)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        stdin.close()


class Lock:
    """A lock that is held; only who holds it switches."""

    def __init__(self, shell: Shell, process: subprocess.Popen[bytes]) -> None:
        self._shell = shell
        self._process = process

    def line(self) -> str:
        out: IO[bytes] | None = self._process.stdout
        assert out is not None
        return out.readline().decode("utf-8", "replace").rstrip("\n")

    def errors(self) -> bytes:
        err = self._process.stderr
        return err.read() if err is not None else b""

    def switch(self, incoming: str, tree: str) -> None:
        """Makes what has come the tree that readers get: one rename. Raises `UniverseError`."""
        stdin = self._process.stdin
        assert stdin is not None
        with contextlib.suppress(BrokenPipeError):
            stdin.write(f"switch {incoming} {tree}\n".encode())
            stdin.flush()
        if self.line() != "switched":
            raise self._shell._failed(self._process.wait(), self.errors())


def ssh(user: str | None, host: str, port: int | None, config: Path | None) -> list[str]:
    """The command in front of what is run on the host."""
    words = ["ssh", "-T", "-x", "-a"]
    if config is not None:
        words += ["-F", str(config)]
    words += ["-o", "BatchMode=yes", "-o", "ConnectTimeout=20"]
    words += ["-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=4"]
    if port is not None:
        words += ["-p", str(port)]
    if user is not None:
        words += ["-l", user]
    return [*words, "--", host]
