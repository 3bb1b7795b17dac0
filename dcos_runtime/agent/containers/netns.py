"""Network namespaces that are kept by a file each is bound to, as ``ip netns`` does it."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import socket
import struct
import threading
from pathlib import Path

_CLONE_NEWNET = 0x40000000
_MS_BIND = 0x1000
_DETACHED = 2 | 8  # MNT_DETACH, UMOUNT_NOFOLLOW
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
_SO_NETNS_COOKIE = 71

_LIBC = ctypes.CDLL(None, use_errno=True)


def make(path: Path) -> None:
    """Makes a network namespace with its loopback interface up, which stays until `remove`. The folder of ``path``
    is there. Raises ``OSError``."""
    failed: list[OSError] = []

    def work() -> None:  # a thread of its own goes there, and ends: no other work is ever done in that network
        try:
            _checked(_LIBC.unshare(_CLONE_NEWNET), path)
            _loopback_up()
            own = f"/proc/self/task/{threading.get_native_id()}/ns/net"
            _checked(_LIBC.mount(own.encode(), os.fsencode(path), None, _MS_BIND, None), path)
        except OSError as error:
            failed.append(error)

    os.close(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o400))
    thread = threading.Thread(target=work, name="network")
    thread.start()
    thread.join()
    if failed:
        path.unlink()
        raise failed[0]


def remove(path: Path) -> None:
    """Does nothing where there is none. The namespace goes with its last process. Raises ``OSError``."""
    while _bound(path):
        _checked(_LIBC.umount2(os.fsencode(path), _DETACHED), path)
    path.unlink(missing_ok=True)


def there(path: Path) -> bool:
    """Whether a network namespace is bound to the file."""
    return _bound(path)


def cookie() -> int | None:
    """By what the kernel knows our network; ``None``: it says it to none before version 5.14."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        try:
            return int(struct.unpack("=Q", made.getsockopt(socket.SOL_SOCKET, _SO_NETNS_COOKIE, 8))[0])
        except OSError:
            return None


def _bound(path: Path) -> bool:
    """A file of the file system that namespaces are in is of another device than its folder."""
    with contextlib.suppress(FileNotFoundError):
        return path.lstat().st_dev != path.parent.stat().st_dev
    return False


def _loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        request = struct.pack("16sH14x", b"lo", 0)
        (flags,) = struct.unpack_from("H", fcntl.ioctl(made, _SIOCGIFFLAGS, request), 16)
        fcntl.ioctl(made, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | _IFF_UP))


def _checked(result: int, path: Path) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(path))
