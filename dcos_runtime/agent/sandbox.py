"""Sandboxes: where they are, who owns them, and which user a task runs as."""

from __future__ import annotations

import contextlib
import errno
import glob
import grp
import os
import pwd
import stat
from collections.abc import Iterator
from pathlib import Path

from dcos_runtime.agent.container_user import ContainerUser
from dcos_runtime.agent.core import container_ids, volume_refusal

CONTAINERS, TASKS = volume_refusal.OF_CHILDREN
"""In the sandbox of a container: folders of the sandboxes of those within it, and of links to them by their tasks."""

STANDALONE = "standalone"

RUNS = "*/frameworks/*/executors/*/runs/*"
"""Where sandboxes are under their root, and the links to the newest."""

_ABOVE = RUNS.count("/") + 1
"""Folders from that of the runs up to the root, which the task's user has to pass through."""

_TRIES = 100
"""How often a folder is made again whose folders above were removed meanwhile."""


class NoSuchUser(Exception):
    """The task's user does not exist here, or this agent may not run tasks as that user."""


class Sandboxes:
    """``work_dir/slaves/<agent>/frameworks/<framework>/executors/<task>/runs/<container>/``, as Mesos does. Of a
    container of no framework `STANDALONE` stands in its place, and its own id in that of the task.
    """

    def __init__(self, work_dir: Path) -> None:
        self.root = work_dir / "slaves"

    def path(self, agent_id: str, framework_id: str, executor_id: str, container_id: str) -> Path:
        return self.runs(agent_id, framework_id, executor_id) / container_id

    def runs(self, agent_id: str, framework_id: str, executor_id: str) -> Path:
        framework_id = framework_id or STANDALONE
        for name in (agent_id, framework_id, executor_id):
            if not name or name in (".", "..") or "/" in name or "\0" in name:
                raise ValueError(f"{name!r} cannot be part of a path")
        return self.root / agent_id / "frameworks" / framework_id / "executors" / executor_id / "runs"

    def place(self, agent_id: str, framework_id: str, executor_id: str, container_id: str) -> Path:
        """Also of a container within others: its sandbox is below theirs."""
        root, *within = container_ids.parts(container_id)
        path = self.path(agent_id, framework_id, executor_id, root)
        for own in within:
            path = path / CONTAINERS / own
        return path

    def make_within(self, path: Path, user: ContainerUser, task_id: str) -> None:
        """The sandbox of a container within another, and the link to it by its task's id, if it has one. What is above
        it is the agent's own. Raises ``OSError``.
        """
        parent = path.parent.parent
        for name in (CONTAINERS, TASKS) if task_id else (CONTAINERS,):
            (parent / name).mkdir(mode=0o755, exist_ok=True)
        path.mkdir(mode=0o750)
        _fill(path, user)
        if task_id:
            link = parent / TASKS / task_id
            link.unlink(missing_ok=True)
            link.symlink_to(path)

    def make(self, path: Path, user: ContainerUser, mode: int = 0o750, latest: bool = True) -> None:
        """The sandbox with empty ``stdout`` and ``stderr``, owned by ``user``. With ``latest`` the link of that name
        leads to it.

        Raises ``OSError``.
        """
        for attempt in range(_TRIES):
            try:
                _make_folder(path, os.geteuid() == 0)
                break
            except (FileNotFoundError, FileExistsError):  # old sandboxes are removed, and empty folders above them
                if attempt == _TRIES - 1:
                    raise
        _fill(path, user, mode)
        if not latest:
            return
        aside = path.parent / f".latest.{path.name}"
        with contextlib.suppress(FileNotFoundError):
            aside.unlink()
        aside.symlink_to(path)
        aside.rename(path.parent / "latest")


def _fill(path: Path, user: ContainerUser, mode: int = 0o750) -> None:
    root = os.geteuid() == 0
    for name in ("stdout", "stderr"):
        descriptor = os.open(path / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        try:
            if root:
                os.fchown(descriptor, user.uid, user.gid)
        finally:
            os.close(descriptor)
    if root:
        os.chown(path, user.uid, user.gid)
    path.chmod(mode)


def _make_folder(path: Path, root: bool) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    for folder in path.parents[:_ABOVE] if root else ():  # also those that were made under a umask of 077
        if stat.S_IMODE(folder.stat().st_mode) != 0o755:
            folder.chmod(0o755)
    path.mkdir(mode=0o750)


def runs_below(root: Path) -> Iterator[Path]:
    """All sandboxes under their root, and the links to the newest (`RUNS`). Folders may vanish meanwhile."""
    for name in glob.iglob(RUNS, root_dir=root, include_hidden=True):  # noqa: PTH207  # `Path.glob` fails then
        yield root / name


def open_output(sandbox: Path, name: str) -> int:
    """``stdout`` or ``stderr`` of a sandbox, to append to. Never blocks and follows no link: plain processes of the
    same user may have put anything in its place. Raises ``OSError``.
    """
    path = sandbox / name
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode) or state.st_nlink != 1:
            raise OSError(errno.EPERM, "something else was put in place of the output", str(path))
        os.set_blocking(descriptor, True)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def resolve_user(name: str | None, fallback: str | None, switch: bool) -> ContainerUser:
    """Whom a task runs as: the one its command names, else its framework's, else the agent's own.

    Only a root agent can run tasks as others: any other agent refuses a command's user, and ignores the framework's.
    Raises `NoSuchUser`.
    """
    own = own_user()
    if os.geteuid() != 0:
        if name is not None and name != own.name and switch:
            raise NoSuchUser(
                f"this agent runs as {own.name} and cannot run tasks as '{name}'; it would have to be root"
            )
        return own
    wanted = (fallback if name is None else name) if switch else None
    return own if wanted is None else _user(wanted)  # an empty name is an unknown user, as in Mesos


def _user(name: str) -> ContainerUser:
    try:
        entry = pwd.getpwnam(name)
    except (KeyError, ValueError):
        raise NoSuchUser(f"No such user '{name}'") from None
    return _from_entry(entry)


def own_user() -> ContainerUser:
    """The agent's own."""
    try:
        return _from_entry(pwd.getpwuid(os.geteuid()))
    except KeyError:
        groups = tuple(os.getgroups())
        return ContainerUser(str(os.geteuid()), os.geteuid(), os.getegid(), groups, "/")


def _from_entry(entry: pwd.struct_passwd) -> ContainerUser:
    groups = {group.gr_gid for group in grp.getgrall() if entry.pw_name in group.gr_mem} | {entry.pw_gid}
    return ContainerUser(entry.pw_name, entry.pw_uid, entry.pw_gid, tuple(sorted(groups)), entry.pw_dir)
