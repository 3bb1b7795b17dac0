"""The publishing side of a place that a shell reaches, on this machine or through ssh: commands, and the lock."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import subprocess
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO

from dcos_universe.errors import UniverseError

LINES = 40
"""The most lines that are kept of what a script writes to stderr."""

_LONGEST = 4096
"""The most bytes of one such line; what is longer counts as several."""
_LAST_WORDS_SECONDS = 10.0
_END_SECONDS = 10.0
_BLOCK = 1 << 16

# GNU tar goes on after a file that it cannot write, and says so of each. Its warnings are "Warning: Cannot ...".
_REFUSED = re.compile(r"tar: (?:(?!Warning: ).)*: (?:Cannot |Wrote only )")
_FULL = ("No space left on device", "Disk quota exceeded")

# The reasons that programs give are in English wherever they run.
_BEGIN = 'set -eu; LC_ALL=C; export LC_ALL; cd -- "$1"; shift\n'

# `switching`, a link to INCOMING/TREE that leads nowhere, is there while what came becomes the current tree. Who finds
# it at the start knows that this switch was killed, and undoes its beginning, unless it had been done.
_LOCK = r"""
set -eu
LC_ALL=C
export LC_ALL
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
    """Runs shell scripts in the folder of a destination: on this host, or on another one through SSH."""

    def __init__(self, folder: str, prefix: Sequence[str] = (), where: str = "") -> None:
        self.folder = folder
        self._prefix = tuple(prefix)
        self.where = where or folder

    def _argv(self, script: str, arguments: Sequence[str]) -> list[str]:
        words = ["sh", "-c", script, "sh", *arguments]
        return [*self._prefix, shlex.join(words)] if self._prefix else words

    def run(self, script: str, *arguments: str, feed: Iterable[bytes] = ()) -> bytes:
        """What the script prints, given ``feed`` to read. Raises `UniverseError` with its last words when it fails."""
        with self.pipe(script, *arguments) as running:
            with contextlib.suppress(Ended):
                for part in feed:
                    running.write(part)
            return self.finish(running)

    def pipe(self, script: str, *arguments: str) -> Running:
        """The script under way, for a long stream into it."""
        return Running(self._begun(self._argv(_BEGIN + script, [self.folder, *arguments])))

    def finish(self, running: Running) -> bytes:
        """Waits for the end of what `pipe` began, and returns what it printed. Raises `UniverseError`."""
        code = running.wait()
        if code or running.words.refused:
            raise self._failed(code, running.words.reason())
        return running.printed

    def _begun(self, argv: list[str]) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        except OSError as error:
            raise UniverseError(
                f"{argv[0]} cannot be started", why=error.strerror or str(error), hint="see that it is installed"
            ) from error

    def _failed(self, code: int, said: str) -> UniverseError:
        said = said or f"exit code {code}"
        todo = "correct that"
        if any(reason in said for reason in _FULL):
            todo = "make room on the disk there"
        elif self._prefix and code == 255:
            todo = "correct that (ssh must reach the host without questions)"
        return UniverseError(
            f"publishing to {self.where} failed; readers still have what was published before",
            why=said,
            hint=f"{todo}, and publish again: it continues from here",
        )

    @contextlib.contextmanager
    def alone(self, who: str) -> Iterator[Lock]:
        """Nobody else publishes to the place. Raises `UniverseError` that says who does. The lock is the kernel's of
        the place's own machine: it ends with the process that holds it, and that with this one or the connection."""
        lock = Lock(self, self._begun(self._argv(_LOCK, [self.folder, who])))
        try:
            said = lock.line()
            if said.startswith("held "):
                raise UniverseError(
                    f"another publisher publishes to {self.where} now",
                    why=f"it is {said.removeprefix('held ').strip() or 'an unknown publisher'}",
                    hint="wait until that is done, and publish again",
                )
            if said != "ready":
                raise lock.failed(said)
            yield lock
        finally:
            lock.end()


class Ended(Exception):
    """A script takes no more input: it has ended, or it has said that it failed."""


class Words:
    """Reads a script's stderr to its end beside all else, so that the script never waits for a reader, and keeps the
    last `LINES` lines and the first that says that a file could not be written."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.refused = ""
        self._stream = stream
        self._last: deque[str] = deque(maxlen=LINES)
        self._thread = threading.Thread(target=self._take, daemon=True)
        self._thread.start()

    def _take(self) -> None:
        with self._stream:
            while line := self._stream.readline(_LONGEST):
                text = line.decode("utf-8", "replace").strip()
                if text:
                    self._last.append(text)
                if not self.refused and _REFUSED.match(text):
                    self.refused = text

    def reason(self) -> str:
        """Why the script failed, in its own words; empty when it said nothing. It has ended; other processes that
        still hold the stream are not waited for."""
        self._thread.join(_LAST_WORDS_SECONDS)
        last = list(self._last.copy())
        if not self.refused:
            return "; ".join(last[-3:])
        return f"{self.refused}; {last[-1]}" if "Wrote only " in self.refused else self.refused


class Running:
    """A script under way. Both its outputs are read while it is fed, so that neither side waits for the other."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        self._process = process
        self._stdin, self._stdout = process.stdin, process.stdout
        self._printed: list[bytes] = []
        self.words = Words(process.stderr)
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def _read(self) -> None:
        with self._stdout:
            while part := self._stdout.read(_BLOCK):
                self._printed.append(part)

    @property
    def printed(self) -> bytes:
        """All that it has printed, once `wait` has returned."""
        return b"".join(self._printed)

    def write(self, part: bytes) -> None:
        """Gives it more to read. Raises `Ended` when it takes no more, or what it takes is lost."""
        if self.words.refused:
            raise Ended
        left = memoryview(part)
        try:
            while left:
                left = left[os.write(self._stdin.fileno(), left) :]  # past its buffer: closing it never waits
        except BrokenPipeError:
            raise Ended from None

    def wait(self) -> int:
        """Ends its input, waits until it has ended, and returns its exit code."""
        self._stdin.close()
        self._reading.join()
        return self._process.wait()

    def __enter__(self) -> Running:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._stdin.close()  # what the shell has started reads the end of its input
            self._process.wait()


class Lock:
    """A lock that is held; only who holds it switches."""

    def __init__(self, shell: Shell, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        self._shell = shell
        self._process = process
        self._stdin, self._stdout = process.stdin, process.stdout
        self._words = Words(process.stderr)

    def line(self) -> str:
        return self._stdout.readline().decode("utf-8", "replace").rstrip("\n")

    def switch(self, incoming: str, tree: str) -> None:
        """Makes what has come the tree that readers get: one rename. Raises `UniverseError`."""
        with contextlib.suppress(BrokenPipeError):
            self._stdin.write(f"switch {incoming} {tree}\n".encode())
            self._stdin.flush()
        said = self.line()
        if said != "switched":
            raise self.failed(said)

    def failed(self, said: str) -> UniverseError:
        """Ends the lock, and returns the error for this answer of its script."""
        code = self.end()
        return self._shell._failed(code, self._words.reason() or (f"unexpected answer: {said[:200]}" if said else ""))

    def end(self) -> int:
        """Gives the lock back, and returns the exit code of what held it."""
        with contextlib.suppress(OSError):
            self._stdin.close()
        try:
            return self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


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
