"""The one gate for subprocesses of image builds: argv lists, a log line that can be pasted, output kept in a file."""

from __future__ import annotations

import logging
import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from dcos_images.errors import ImageError

log = logging.getLogger(__name__)

_EVIDENCE_LINES = 25
_ANSWER_DEADLINE = 60.0
# Builds must not depend on who runs them: of the caller's environment only this reaches a command. The proxy and the
# certificate variables are how a site reaches its package sources; they hold no word of what is built.
# The last one is by what the installer's watcher knows a build of an installer that was killed.
_PASSED = (
    *("http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    "DCOS_INSTALLER_PROCESS",
)


def clean_environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment that every command of a build gets."""
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


def run(
    argv: Sequence[str | Path],
    *,
    what: str,
    log_file: Path,
    deadline: float,
    env: Mapping[str, str] | None = None,
    folder: Path | None = None,
    stdin: bytes = b"",
) -> str:
    """Runs ``argv`` to its end and returns what it printed on stdout; stderr is appended to ``log_file``.

    ``what`` names the step in errors ("install the packages"); ``env`` comes on top of `clean_environment`. It runs in
    ``folder``, and reads ``stdin``.
    Raises `ImageError` with the log's last lines when the command cannot start, fails, or takes longer than
    ``deadline`` seconds; then its whole session is killed.
    """
    arguments = [str(argument) for argument in argv]
    shown = shlex.join(arguments)
    log.debug("$ %s", shown)
    with log_file.open("ab") as stderr:
        stderr.write(f"$ {shown}\n".encode())
        stderr.flush()
        try:
            process = subprocess.Popen(
                arguments,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                cwd=folder,
                env={**clean_environment(), **(env or {})},
                start_new_session=True,
                umask=0o022,
            )
        except OSError as error:
            raise ImageError(
                f"could not {what}",
                why=f"{arguments[0]}: {error.strerror}",
                hint="install the Debian package that holds this command",
            ) from error
        try:
            stdout, _ = process.communicate(stdin, timeout=deadline)
        except BaseException as error:
            # Also on Ctrl-C: the command is in a session of its own, so nobody else ends it.
            os.killpg(process.pid, 9)
            process.wait()
            if isinstance(error, subprocess.TimeoutExpired):
                raise ImageError(
                    f"could not {what} within {deadline:.0f} s", why=shown, evidence=tail(log_file)
                ) from error
            raise
    if process.returncode != 0:
        raise ImageError(f"could not {what}", why=f"exit code {process.returncode}: {shown}", evidence=tail(log_file))
    return stdout.decode(errors="replace")


def ask(argv: Sequence[str]) -> str:
    """What a command that changes nothing prints on stdout. Raises `ImageError` when it fails or does not answer."""
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


def tail(path: Path, lines: int = _EVIDENCE_LINES) -> str:
    """The last lines of a log."""
    return "\n".join(path.read_text(errors="replace").rstrip().splitlines()[-lines:])
