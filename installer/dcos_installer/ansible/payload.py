"""The code that a machine's Python gets: the host's side as bytecode where the versions match, as source otherwise. The
command on the machine is fixed and short (`COMMAND`); code and request come on its standard input, so that a machine
needs nothing of ours beforehand and keeps nothing. Compiling the source takes longer than the rest of a check, so
machines whose Python has our magic number get bytecode.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import marshal
import shlex
import zlib
from collections.abc import Mapping
from pathlib import Path
from types import CodeType
from typing import Any

from dcos_installer.errors import InstallerError

MARK = b"DCOS-ANSWER "
"""`host.main.MARK`."""

_NO_PYTHON = "DCOS-NO-PYTHON"
_OLD_PYTHON = "DCOS-OLD-PYTHON"

_MODULES = ("errors", "quick", "machine", "systemd", "facts", "observe", "work", "apply", "packages", "main")
"""The modules of ``host/`` that are sent; `host.start` comes before them."""

_HOME = Path(__file__).parent / "host"
_START = (_HOME / "start.py").read_text()

COMMAND = (
    "p=$(command -v /usr/bin/python3 || command -v python3) || "
    f"{{ cat >/dev/null; echo {_NO_PYTHON} >&2; exit 127; }}; "
    f'exec "$p" -I -S -c {shlex.quote(_START)}'
)
"""What is run on the machine, by its shell."""


class HostAnswerMissing(InstallerError):
    """A machine was reached and gave no answer: it has no suitable Python, or the host's side failed there."""


def request(values: Mapping[str, Any]) -> bytes:
    """The whole standard input for `COMMAND`: code, then ``values`` as the request. A package stream may follow it."""
    return enveloped(code(), json.dumps(values, ensure_ascii=False).encode())


def enveloped(code: bytes, request: bytes) -> bytes:
    """``code`` (of the function of that name) and a request (JSON) as `COMMAND` reads them."""
    sizes, _, parts = code.partition(b"\n")
    return b"%s %d\n%s%s" % (sizes, len(request), parts, request)


@functools.cache
def code() -> bytes:
    """The host's side for every Python: a line of sizes, our magic number, bytecode, compressed source."""
    texts = {name: (_HOME / f"{name}.py").read_text() for name in _MODULES}
    compiled = marshal.dumps({name: _compiled(name, text) for name, text in texts.items()})
    parts = (importlib.util.MAGIC_NUMBER, compiled, zlib.compress(json.dumps(texts).encode(), 9))
    return b" ".join(b"%d" % len(part) for part in parts) + b"\n" + b"".join(parts)


def _compiled(name: str, text: str) -> CodeType:
    return compile(text, f"dcos_host/{name}.py", "exec", dont_inherit=True, optimize=2)


def answer(host: str, code: int, stdout: bytes, stderr: bytes) -> dict[str, Any]:
    """What the machine answered. Raises `HostAnswerMissing` when it did not."""
    for line in reversed(stdout.splitlines()):
        if line.startswith(MARK):
            answered = json.loads(line[len(MARK) :])
            if isinstance(answered, dict):
                return answered
    shown = stderr.decode(errors="replace").strip()
    if _NO_PYTHON in shown:
        raise HostAnswerMissing(
            f"{host} has no python3 ≥ 3.9",
            why="there is no python3 on it at all",
            hint=f"install the package python3 on {host}, then run again",
        )
    if _OLD_PYTHON in shown:
        version = shown.split(_OLD_PYTHON, 1)[1].split()[0]
        raise HostAnswerMissing(
            f"{host} has no python3 ≥ 3.9",
            why=f"its python3 is {version}",
            hint=f"install a newer python3 on {host}, then run again",
        )
    raise HostAnswerMissing(
        f"{host} did not answer",
        why=f"the command there ended with code {code}",
        hint="look at what it said, below",
        evidence=shown or stdout.decode(errors="replace").strip(),
    )
