"""The only place where subprocesses are started: argv lists, captured output, a deadline, a log line to paste."""

from __future__ import annotations

import contextlib
import logging
import os
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO

from dcos_installer.errors import DeadlinePassed, ProcessFailed
from dcos_installer.lifeline import marked

log = logging.getLogger(__name__)

_EVIDENCE_LINES = 20
_GRACE_SECONDS = 5.0

_running: set[subprocess.Popen[bytes]] = set()


@dataclass(frozen=True)
class CommandResult:
    """A command that ended. ``stdout`` and ``stderr`` are text; undecodable bytes are replaced."""

    argv: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str
    seconds: float


def run(
    argv: Sequence[str | Path],
    *,
    deadline: float,
    what: str = "",
    stdin: str | bytes = b"",
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    secrets: Sequence[str] = (),
    check: bool = True,
    on_line: Callable[[str], None] | None = None,
) -> CommandResult:
    """Runs ``argv`` to its end, at most ``deadline`` seconds, and returns its output.

    ``what`` names the step in errors ("make the bridge"); ``env`` is the whole environment, the installer's own when
    None; ``on_line`` gets each line of stdout and stderr as it comes. Strings in ``secrets`` are masked wherever the
    command is logged or shown; a secret that a command needs goes through ``stdin``, never through ``argv``.

    Raises `ProcessFailed` when it cannot start or (with ``check``) ends with another code than zero, and
    `DeadlinePassed` with its last lines when it does not end in time. Then, and on Ctrl-C, the whole process group of
    the command is ended.
    """
    arguments = [str(argument) for argument in argv]
    shown = pasteable(arguments, cwd=cwd, secrets=secrets)
    step = what or f"run {Path(arguments[0]).name}"
    log.debug("$ %s", shown)
    started = time.monotonic()
    process: subprocess.Popen[bytes] | None = None
    try:
        with _interrupts_held_back():
            process = _start(arguments, env, cwd, step, shown)
            _running.add(process)
            collected = _Collected(process, stdin.encode() if isinstance(stdin, str) else stdin, on_line)
        in_time = collected.wait(deadline)
    finally:
        # On Ctrl-C and at the deadline: the command has a session of its own, so no signal of the terminal ends it.
        if process is not None:
            if process.poll() is None:
                _end(process)
            _running.discard(process)
    collected.close()
    seconds = time.monotonic() - started
    stdout, stderr = _masked(collected.stdout, secrets), _masked(collected.stderr, secrets)
    if not in_time:
        log.debug("  no end within %.0f s", deadline)
        raise DeadlinePassed(
            f"could not {step} within {deadline:.0f} s",
            why=f"the command did not end: {shown}",
            hint="look at the last lines below; then run the same dcos-installer command again",
            evidence=tail(stderr or stdout),
        )
    log.debug("  -> %d in %.2f s", process.returncode, seconds)
    if check and process.returncode != 0:
        for line in tail(stderr or stdout).splitlines():
            log.debug("  %s", line)
        raise ProcessFailed(
            f"could not {step}",
            hint="correct what its output says, then run again",
            returncode=process.returncode,
            why=f"{_ending(process.returncode)}: {shown}",
            evidence=tail(stderr or stdout),
        )
    return CommandResult(tuple(arguments), process.returncode, collected.stdout, collected.stderr, seconds)


def _start(
    argv: Sequence[str], env: Mapping[str, str] | None, cwd: Path | None, step: str, shown: str
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=None if env is None else marked(dict(env)),
            cwd=cwd,
            start_new_session=True,
        )
    except OSError as error:
        raise ProcessFailed(
            f"could not {step}",
            returncode=None,
            why=f"{argv[0]}: {error.strerror}",
            hint=f"try it by hand: {shown}",
        ) from error


@contextlib.contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Delays Ctrl-C and similar signals until the block is done, so that a process being started is not lost."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread gets signals
        return
    held: list[tuple[int, FrameType | None]] = []
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    caught = {number: handler for number, handler in handlers.items() if callable(handler)}
    for number in caught:
        signal.signal(number, lambda number, frame: held.append((number, frame)))
    try:
        yield
    finally:
        for number, handler in caught.items():
            signal.signal(number, handler)
    if held:
        first, frame = held[0]
        caught[signal.Signals(first)](first, frame)


def end_all() -> None:
    """Ends every command that other threads wait for: only the main thread gets Ctrl-C."""
    for process in list(_running):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)


def pasteable(argv: Sequence[str], *, cwd: Path | None = None, secrets: Sequence[str] = ()) -> str:
    """The command as a line for a shell, secrets masked."""
    line = shlex.join(argv)
    return _masked(f"cd {shlex.quote(str(cwd))} && {line}" if cwd else line, secrets)


def tail(text: str, lines: int = _EVIDENCE_LINES) -> str:
    """The last ``lines`` lines of ``text``."""
    return "\n".join(text.rstrip().splitlines()[-lines:])


class _Collected:
    """Writes a process's input and collects its output, each pipe in a thread of its own."""

    def __init__(self, process: subprocess.Popen[bytes], stdin: bytes, on_line: Callable[[str], None] | None) -> None:
        self._process = process
        self._on_line = on_line
        self._parts: tuple[list[str], list[str]] = ([], [])
        assert process.stdin and process.stdout and process.stderr
        self._threads = [
            threading.Thread(target=self._feed, args=(process.stdin, stdin), daemon=True),
            threading.Thread(target=self._read, args=(process.stdout, self._parts[0]), daemon=True),
            threading.Thread(target=self._read, args=(process.stderr, self._parts[1]), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def stdout(self) -> str:
        return "".join(self._parts[0])

    @property
    def stderr(self) -> str:
        return "".join(self._parts[1])

    def wait(self, deadline: float) -> bool:
        try:
            self._process.wait(deadline)
        except subprocess.TimeoutExpired:
            return False
        return True

    def close(self) -> None:
        # A daemon that the command started may hold the pipes open: then the output so far is enough.
        for thread in self._threads:
            thread.join(_GRACE_SECONDS)

    def _feed(self, pipe: IO[bytes], data: bytes) -> None:
        try:
            pipe.write(data)
            pipe.close()
        except (BrokenPipeError, ValueError):
            pass  # the command did not read its input

    def _read(self, pipe: IO[bytes], parts: list[str]) -> None:
        for raw in pipe:
            line = raw.decode(errors="replace")
            parts.append(line)
            if self._on_line:
                self._on_line(line.rstrip("\n"))
        pipe.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    # SIGTERM, then SIGKILL: the second signal also reaches children that outlived their parent.
    for ask in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, ask)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_SECONDS)


def _ending(returncode: int) -> str:
    if returncode < 0:
        return f"the command was killed by {signal.Signals(-returncode).name}"
    return f"the command ended with code {returncode}"


def _masked(text: str, secrets: Sequence[str]) -> str:
    for secret in secrets:
        if secret:
            text = text.replace(secret, "[secret]")
    return text
