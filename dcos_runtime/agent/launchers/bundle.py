"""What a container executes, as the OCI runtime is told; isolators add what holds it apart. Pure."""

from __future__ import annotations

import os
import posixpath

from dcos_runtime.agent.containers.sessions import ExecCommand, TerminalSize
from dcos_runtime.agent.containers.spec import SANDBOX, ContainerSpec, FirstProcess, ImageRoot, Namespace
from dcos_runtime.agent.isolators.base import Document

CARRIED = "_"
"""Prefix of every variable that the starter gets, so that the programs before it do not interpret the variable."""

STARTER = f"""import errno, os, signal, sys
for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT):
    signal.signal(number, signal.SIG_DFL)
with open('/proc/self/environ', 'rb') as file:
    entries = file.read().split(bytes(1))
given = dict(entry[1:].split(b'=', 1) for entry in entries if entry.startswith(b'{CARRIED}'))
program, *arguments = [os.fsencode(text) for text in sys.argv[1:]]
try:
    try:
        os.execvpe(program, arguments, given)
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise
    folders = [b''] if b'/' in program else [folder + b'/' for folder in given.get(b'PATH', b'').split(b':')]
    script = next(folder + program for folder in folders if os.access(folder + program, os.X_OK))
    os.execve(b'/bin/sh', [b'/bin/sh', script, *arguments[1:]], given)
except OSError as error:
    print('cannot run', sys.argv[1] + ':', error.strerror, file=sys.stderr)
    sys.exit(127)
"""
"""The starter executes the task's program, as execvp(3) does, in cases that tini cannot handle: if argument 0 is not
the program's name, or if the runtime or tini would interpret or fill in a variable. A shell would alter them, too.
"""

PYTHON = "/usr/bin/python3"

LONGEST = 32 * os.sysconf("SC_PAGE_SIZE")
"""Bytes of one string that execve(2) takes, with its NUL."""


NEEDED = (Namespace.PID, Namespace.MOUNT, Namespace.CGROUP)
"""Namespaces that each container has for itself, or shares with the container that it is within: tini reaps orphans in
the first, and sees no processes of other containers.
"""


def unsupported(spec: ContainerSpec) -> str | None:
    """What of this is not done here, or ``None``."""
    here = {*spec.namespaces, *(one.kind for one in spec.shared)}
    if missing := [kind.value for kind in NEEDED if kind not in here]:
        return f"a container has a {missing[0]} namespace of its own"
    return None


def configuration(spec: ContainerSpec, cgroup: str, tini: str) -> Document:
    """The document ``config.json`` of the bundle (OCI runtime specification 1.0), without what isolators write in it.

    ``cgroup``: the container's, below each mount of control groups. ``tini``: the program that is every container's
    first; it reaps orphans and ends as its child does, and neither reads nor changes what that is given.
    """
    process = spec.process
    return {
        "ociVersion": "1.0.2",
        "process": {
            **_terminal(process.terminal),
            "user": {
                "uid": process.user.uid,
                "gid": process.user.gid,
                "additionalGids": list(process.user.groups),
                "umask": 0o022,
            },
            "args": [tini, *_reaping(spec), "--", *_command(spec)],
            "env": _environment(spec),
            "cwd": process.cwd or SANDBOX,
        },
        "mounts": [],
        "linux": {"cgroupsPath": cgroup, "resources": {}},
    }


def joining(document: Document, command: ExecCommand) -> Document:
    """The process of ``command`` (``process.json``) in the container of that ``document``, as its first one, with
    what the command says itself in its place. No tini is its parent.
    """
    first: Document = document["process"]
    begin = first["args"].index("--") + 1
    started = first["args"][begin : begin + 5] if first["args"][begin : begin + 4] == [PYTHON, "-I", "-S", "-c"] else []
    by_starter = len(started) == 5 and started[4] == STARTER
    mark = CARRIED if by_starter else ""
    added = {f"{mark}{name}": value for name, value in command.environment.items()}
    kept = [entry for entry in first["env"] if entry.partition("=")[0] not in added]
    joined = {
        **first,
        "args": [*started, command.argv[0], *command.argv] if by_starter else list(command.argv),
        "env": [*kept, *(f"{name}={value}" for name, value in added.items())],
    }
    joined.pop("consoleSize", None)
    return {**joined, **_terminal(command.window)}


def _terminal(window: TerminalSize | None) -> Document:
    if window is None:
        return {"terminal": False}
    return {"terminal": True, "consoleSize": {"height": window.rows, "width": window.columns}}


def _reaping(spec: ContainerSpec) -> tuple[str, ...]:
    """tini is not the first process of a pid namespace that the container shares: it has to ask for its orphans."""
    return ("-s",) if any(one.kind is Namespace.PID for one in spec.shared) else ()


def _needs_starter(process: FirstProcess) -> bool:
    """Whether the runtime or tini would change the command: runc fills in an empty HOME, tini interprets some
    variables.
    """
    return (
        process.program is not None
        or process.environment.get("HOME") == ""
        or any(name.startswith("TINI_") for name in process.environment)
    )


def _command(spec: ContainerSpec) -> list[str]:
    process = spec.process
    if isinstance(spec.root, ImageRoot):
        return _command_of_image(process)
    if not _needs_starter(process):
        return list(process.argv)
    return [PYTHON, "-I", "-S", "-c", STARTER, process.program or process.argv[0], *process.argv]


def _command_of_image(process: FirstProcess) -> list[str]:
    """An image may hold nothing but its program, so no starter of ours runs in it. Raises ``ValueError`` for what only
    the starter could do.
    """
    program = process.program or process.argv[0]
    if posixpath.basename(program) != posixpath.basename(process.argv[0]):
        raise ValueError(
            f"in an image, argument 0 ({process.argv[0][:200]!r}) has to be the name of the program"
            f" ({program[:200]!r}); without an image any will do"
        )
    if taken := sorted(name for name in process.environment if name.startswith("TINI_")):
        raise ValueError(f"the environment variable {taken[0]} would change the container's first process; rename it")
    return [program, *process.argv[1:]]


def _environment(spec: ContainerSpec) -> list[str]:
    process = spec.process
    if isinstance(spec.root, ImageRoot) or not _needs_starter(process):
        return [f"{name}={value}" for name, value in process.environment.items()]
    entries = {name: f"{CARRIED}{name}={value}" for name, value in process.environment.items()}
    for name, entry in entries.items():
        if (size := len(os.fsencode(entry)) + 1) > LONGEST:
            raise ValueError(
                f"the environment variable {name} takes {size} bytes with the mark it is carried by, and the kernel"
                f" executes nothing with a string of more than {LONGEST}; put it into a file and have that fetched"
            )
    return list(entries.values())
