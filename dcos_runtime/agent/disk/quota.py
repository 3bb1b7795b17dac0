"""Project quotas of a file system (XFS, ext4): folders are marked, the kernel counts and refuses, usage is a call.

By ioctl(2) and quotactl_fd(2) (Linux 5.14), without a library. Whether quotas work is found by a trial (`prove`): a
file system may store projects and not count them, or count them and enforce no limit.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import platform
import shutil
import stat
import struct
import threading
from pathlib import Path

MACHINES = ("x86_64", "aarch64", "riscv64")
"""Machines for which the numbers below are right."""

GET_ATTRIBUTES, SET_ATTRIBUTES = 0x801C581F, 0x401C5820
"""FS_IOC_FSGETXATTR and FS_IOC_FSSETXATTR."""

SET_FLAGS, SET_FLAGS_32 = 0x40086602, 0x40046602
"""FS_IOC_SETFLAGS, and what it is for programs of 32 bits: they take the mark of inheritance off a folder."""

FREE_PREALLOCATED = 0x8080583A
"""XFS_IOC_FREE_EOFBLOCKS."""

_ATTRIBUTES = struct.Struct("=5I8x")  # xflags, extsize, nextents, projid, cowextsize
_INHERIT = 0x200
_QUOTA = struct.Struct("=8QI4x")  # hard and soft blocks, bytes used, hard, soft and used inodes, two times, what is set
_BLOCK_LIMITS = 1
_UNIT = 1024
_EOFBLOCKS = struct.Struct("=6IQ96x")  # version, flags, uid, gid, projid, -, smallest file
_WAITING, _BY_PROJECT = 1, 8

_QUOTACTL_FD = 443
_PROJECTS = 2
_GET, _SET = 0x800007, 0x800008

_CAPABILITIES = struct.Struct("=6I")
_CAPABILITIES_VERSION = 0x20080522
_SYS_RESOURCE = 24

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long

TRIAL = ".quota-trial"
TRIAL_LIMIT = 1 << 20
_CHUNK = 64 << 10


class QuotaUnusable(Exception):
    """Project quotas cannot be used on this file system. The text says why."""


class ProjectQuota:
    """The project quotas of the file system that ``folder`` is on. Methods raise ``OSError``."""

    def __init__(self, folder: Path) -> None:
        self._folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._device = os.fstat(self._folder).st_dev
        self._preallocates = True

    def close(self) -> None:
        os.close(self._folder)

    def mark(self, folder: Path, project: int) -> None:
        """Puts a folder and what is in it into a project; what is made there later is born in it.

        Nothing else may write there meanwhile: files that are moved could be missed.
        """
        for _, _, files, descriptor in os.fwalk(folder, onerror=_raise, follow_symlinks=False):
            if os.fstat(descriptor).st_dev != self._device:
                raise OSError(errno.EXDEV, "is on another file system", str(folder))
            _set_project(descriptor, project, inherit=True)
            for name in files:
                if stat.S_ISREG(os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_mode):
                    file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=descriptor)
                    try:
                        _set_project(file, project, inherit=False)
                    finally:
                        os.close(file)

    def project_of(self, folder: Path) -> int:
        """The project that new files in a folder inherit; 0: none."""
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            xflags, _, _, project, _ = _attributes(descriptor)
            return project if xflags & _INHERIT and os.fstat(descriptor).st_dev == self._device else 0
        finally:
            os.close(descriptor)

    def set_limit(self, project: int, limit: int | None) -> None:
        """Sets the most bytes that a project may take; ``None``: no limit."""
        self._call(_SET, project, packed_limit(limit), "set the limit of")

    def usage(self, project: int) -> int:
        """Bytes that a project takes, including those that are reserved and not yet written."""
        buffer = bytearray(_QUOTA.size)
        try:
            self._call(_GET, project, buffer, "read the usage of")
        except OSError as error:
            if error.errno == errno.ENOENT:  # XFS knows only those that were used
                return 0
            raise
        return int(_QUOTA.unpack(buffer)[2])

    def free_preallocated(self, project: int) -> None:
        """Makes XFS free the space that it has preallocated after the ends of growing files."""
        if self._preallocates:
            try:
                fcntl.ioctl(
                    self._folder,
                    FREE_PREALLOCATED,
                    _EOFBLOCKS.pack(1, _WAITING | _BY_PROJECT, 0, 0, project, 0, 0),
                )
            except OSError:
                self._preallocates = False  # another file system, which does not preallocate

    def _call(self, command: int, project: int, data: bytearray, what: str) -> None:
        buffer = (ctypes.c_char * len(data)).from_buffer(data)
        result = _libc.syscall(
            ctypes.c_long(_QUOTACTL_FD),
            ctypes.c_uint(self._folder),
            ctypes.c_uint(command << 8 | _PROJECTS),
            ctypes.c_uint(project),
            ctypes.byref(buffer),
        )
        if result < 0:
            number = ctypes.get_errno()
            raise OSError(number, f"cannot {what} project {project}: {_why(number)}")


def packed_limit(limit: int | None) -> bytearray:
    """``struct if_dqblk`` that sets a hard limit of at least ``limit`` bytes; 0 in it is no limit."""
    hard = 0 if limit is None else max(1, -(-limit // _UNIT))
    return bytearray(_QUOTA.pack(hard, 0, 0, 0, 0, 0, 0, 0, _BLOCK_LIMITS))


def _why(number: int) -> str:
    reasons = {
        errno.ESRCH: "its file system counts no projects; mount it with prjquota",
        errno.ENOSYS: "the kernel has no such quotas, or is older than 5.14",
        errno.EPERM: "this is not allowed here, as in most containers",
    }
    return f"{os.strerror(number)}" + (f" ({reasons[number]})" if number in reasons else "")


def _attributes(descriptor: int) -> tuple[int, int, int, int, int]:
    xflags, extsize, extents, project, cow = _ATTRIBUTES.unpack(
        fcntl.ioctl(descriptor, GET_ATTRIBUTES, bytes(_ATTRIBUTES.size))
    )
    return xflags, extsize, extents, project, cow


def _set_project(descriptor: int, project: int, *, inherit: bool) -> None:
    xflags, extsize, extents, _, cow = _attributes(descriptor)
    changed = _ATTRIBUTES.pack(xflags | (_INHERIT if inherit else 0), extsize, extents, project, cow)
    fcntl.ioctl(descriptor, SET_ATTRIBUTES, changed)


def _raise(error: OSError) -> None:
    raise error


# --- does it work here ------------------------------------------------------------------------------------------------


def prove(folder: Path, quota: ProjectQuota, project: int) -> None:
    """Tries to write beyond a limit in ``folder``, with an unused ``project``, and cleans up. Raises
    `QuotaUnusable`.
    """
    if platform.machine() not in MACHINES:
        raise QuotaUnusable(f"the calls for it are not known for machines of the kind {platform.machine()}")
    trial = folder / TRIAL
    shutil.rmtree(trial, ignore_errors=True)  # of an agent that died here
    try:
        trial.mkdir(mode=0o700)
        try:
            quota.mark(trial, project)
        except OSError as error:
            raise QuotaUnusable(
                f"the file system of {folder} does not know projects: {error.strerror or error}"
            ) from None
        quota.set_limit(project, TRIAL_LIMIT)
        written, stopped = _written(trial / "file", 2 * TRIAL_LIMIT)
        used = quota.usage(project)
        if stopped not in (errno.EDQUOT, errno.ENOSPC):
            why = "was not refused" if stopped is None else f"failed otherwise: {os.strerror(stopped)}"
            raise QuotaUnusable(f"a write past the limit {why}; is the file system of {folder} mounted with prjquota?")
        if not 0 < written <= used <= TRIAL_LIMIT:
            raise QuotaUnusable(f"of a limit of {TRIAL_LIMIT} bytes {written} were written and {used} counted")
    except OSError as error:
        raise QuotaUnusable(error.strerror or str(error)) from None
    finally:
        shutil.rmtree(trial, ignore_errors=True)
        with contextlib.suppress(OSError):
            quota.set_limit(project, None)


def _written(path: Path, most: int) -> tuple[int, int | None]:
    """Writes up to ``most`` bytes as a task would. Returns how many were written, and the error that ended it."""
    written, stopped = 0, None

    def write() -> None:
        nonlocal written, stopped
        try:
            _give_up_resource_privilege()
            with path.open("wb", buffering=0) as file:
                while written < most:
                    written += file.write(b"x" * _CHUNK)
        except OSError as error:
            stopped = error.errno

    # Privileges belong to a thread: this thread ends without them.
    thread = threading.Thread(target=write, name="quota trial")
    thread.start()
    thread.join()
    return written, stopped


def _give_up_resource_privilege() -> None:
    """Drops CAP_SYS_RESOURCE for this thread: ext4 does not limit its holders. Raises ``OSError``."""
    header = ctypes.create_string_buffer(struct.pack("=Ii", _CAPABILITIES_VERSION, 0), 8)
    data = ctypes.create_string_buffer(_CAPABILITIES.size)
    for call in (_libc.capget, _libc.capset):
        if call(header, data) < 0:
            number = ctypes.get_errno()
            raise OSError(number, f"cannot give up a privilege: {os.strerror(number)}")
        effective, *others = _CAPABILITIES.unpack(data.raw)
        data.raw = _CAPABILITIES.pack(effective & ~(1 << _SYS_RESOURCE), *others)
