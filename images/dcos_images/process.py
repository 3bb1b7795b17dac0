"""The only place where image builds start subprocesses: argv lists, a log line to paste, output kept in a file."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import re
import shlex
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from dcos_images.errors import CommandFailedError, ImageError, full, is_full

log = logging.getLogger(__name__)

_EVIDENCE_LINES = 25
_ANSWER_DEADLINE = 60.0
_Word = TypeVar("_Word", str, str | Path)
_LAST_WORDS_SECONDS = 10.0
_CORRECT = "correct what its last lines report, then run the same command again"
_CREDENTIALS = re.compile(r"//[^/\s'\"]*@")
# Builds must not depend on the user's environment: commands get only these variables. The proxy and the certificate
# variables are the site's settings for its package sources, and do not affect the content. By the last one the
# installer's watcher recognizes a build of a killed installer.
_PASSED = (
    *("http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    "DCOS_INSTALLER_PROCESS",
)


def clean_environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of every command of a build."""
    environ = os.environ if environ is None else environ
    passed = {name: environ[name] for name in _PASSED if name in environ}
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return {
        "PATH": path,
        "HOME": "/nonexistent",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "DEBIAN_FRONTEND": "noninteractive",
        **passed,
    }


def bound(*argv: _Word) -> list[_Word]:
    """The command, changed so that it ends with the process that starts it, however that ends."""
    command: list[_Word] = ["setpriv", "--pdeathsig", "KILL"]
    command.extend(argv)
    return command


def shown(text: str) -> str:
    """Foreign output, without the credentials that its addresses may contain."""
    return _CREDENTIALS.sub("//", text)


def run(
    argv: Sequence[str | Path],
    *,
    what: str,
    log_file: Path,
    deadline: float,
    env: Mapping[str, str] | None = None,
    folder: Path | None = None,
    stdin: bytes = b"",
    pass_fds: Sequence[int] = (),
) -> str:
    """Runs ``argv`` to its end and returns its stdout; stderr is appended to ``log_file``.

    ``what`` names the step in errors ("install the packages"); ``env`` comes on top of `clean_environment`. It runs in
    ``folder``, reads ``stdin``, and has the open files ``pass_fds`` of this process under the same numbers.
    Raises `ImageError` with the last lines that it printed itself when the command cannot start, fails
    (`CommandFailedError`; `full` when it says that its disk is), or takes longer than ``deadline`` seconds; then its
    whole session is killed.
    """
    arguments = [str(argument) for argument in argv]
    command = shown(shlex.join(arguments))
    log.debug("$ %s", command)
    try:
        process = subprocess.Popen(
            arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env={**clean_environment(), **(env or {})},
            start_new_session=True,
            umask=0o022,
            pass_fds=pass_fds,
        )
    except OSError as error:
        raise ImageError(
            f"could not {what}",
            why=f"{arguments[0]}: {error.strerror}",
            hint="install the Debian package that holds this command",
        ) from error
    assert isinstance(process.stderr, io.BufferedReader)
    words = _Words(process.stderr, log_file, f"$ {command}\n")
    process.stderr = None  # read by `words` alone
    try:
        stdout, _ = process.communicate(stdin, timeout=deadline)
    except BaseException as error:
        # Also on Ctrl-C: the command has a session of its own, so no signal of the terminal ends it.
        with contextlib.suppress(ProcessLookupError):  # it has just ended
            os.killpg(process.pid, 9)
        process.wait()
        said = words.all()
        if isinstance(error, subprocess.TimeoutExpired):
            if is_full(said + (error.stdout or b"").decode(errors="replace")):
                raise full(log_file.parent) from error  # some commands wait for space
            raise ImageError(
                f"could not {what} within {deadline:.0f} s",
                why=f"this did not end: {command}",
                hint=_CORRECT,
                evidence=_last_lines(said),
            ) from error
        raise
    said = words.all()
    if process.returncode != 0:
        if is_full(said):
            raise full(log_file.parent)
        failed = CommandFailedError(
            f"could not {what}",
            why=f"exit code {process.returncode}: {command}",
            hint=_CORRECT,
            evidence=_last_lines(said),
        )
        failed.said = said
        raise failed
    return stdout.decode(errors="replace")


class _Words:
    """Reads a command's stderr, and writes it to the log as it comes, as long as there is space for it."""

    def __init__(self, stream: io.BufferedReader, log_file: Path, title: str) -> None:
        self._stream = stream
        self._log_file = log_file
        self._said = bytearray()
        self._title = title.encode()
        self._thread = threading.Thread(target=self._take, daemon=True)
        self._thread.start()

    def _take(self) -> None:
        with self._stream:
            self._write(self._title)
            begun = b""  # of a line: an address is shown only when it is complete
            while part := self._stream.read1(1 << 16):
                self._said += part
                lines, end, begun = (begun + part).rpartition(b"\n")
                self._write(lines + end)
            self._write(begun)

    def _write(self, part: bytes) -> None:
        try:
            with self._log_file.open("ab") as log_file:
                log_file.write(shown(part.decode(errors="surrogateescape")).encode(errors="surrogateescape"))
        except OSError as error:  # a full disk: the command's own message about it must not be lost
            log.debug("%s: %s", self._log_file, error)

    def all(self) -> str:
        """Its whole output. The command has ended; other processes that still hold the stream are not waited for."""
        self._thread.join(_LAST_WORDS_SECONDS)
        return shown(bytes(self._said).decode(errors="replace"))


def ask(argv: Sequence[str]) -> str:
    """The stdout of a command that changes nothing. Raises `ImageError` when it fails or does not answer."""
    try:
        finished = subprocess.run(
            argv, check=True, capture_output=True, text=True, env=clean_environment(), timeout=_ANSWER_DEADLINE
        )
    except (OSError, subprocess.SubprocessError) as error:
        evidence = getattr(error, "stderr", None) or ""
        raise ImageError(
            f"{argv[0]} does not answer",
            why=str(error),
            hint="images are built on Debian, with its dpkg and apt",
            evidence=evidence if isinstance(evidence, str) else evidence.decode(errors="replace"),
        ) from error
    return finished.stdout


def _last_lines(said: str) -> str:
    return "\n".join(said.rstrip().splitlines()[-_EVIDENCE_LINES:])
