"""Mounts the root of a container: an overlay of an image's layers, with a layer of its own that is written to."""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from dcos_runtime.agent.removal import remove

_LIBC = ctypes.CDLL(None, use_errno=True)
_CLONE_FS = 0x200
_MS_NOSUID, _MS_NODEV = 2, 4
_UMOUNT_NOFOLLOW = 8
_TRIAL = "overlay-trial-"
_PAGE = os.sysconf("SC_PAGE_SIZE")


def mount(layers: Sequence[Path], private: Path, target: Path, *, privileged: bool = False) -> None:
    """Mounts ``layers`` (topmost first, all in one folder) at ``target``. ``private``, a folder of the container's own,
    gets what is written. ``privileged``: setuid bits and device files count in it. Raises ``OSError``.
    """
    for path in (private / "upper", private / "work", target):
        path.mkdir(parents=True, exist_ok=True)
    state = layers[0].stat()
    os.chown(private / "upper", state.st_uid, state.st_gid)
    (private / "upper").chmod(state.st_mode & 0o7777)
    for path in (private, target):
        if set(str(path)) & set(",:\\"):
            raise OSError(
                errno.EINVAL, "an overlay cannot be mounted at a path with a comma, colon or backslash", str(path)
            )
    lower = ":".join(layer.name for layer in layers)
    options = f"lowerdir={lower},upperdir={private / 'upper'},workdir={private / 'work'},index=off,metacopy=off"
    if len(os.fsencode(options)) >= _PAGE:
        raise OSError(errno.E2BIG, f"{len(layers)} layers cannot be named in one mount", str(target))
    # setuid means nothing in a container, which gets no new privileges; no device comes out of an image.
    _in_folder(layers[0].parent, target, 0 if privileged else _MS_NOSUID | _MS_NODEV, options)


def _in_folder(folder: Path, target: Path, flags: int, options: str) -> None:
    """mount(2) with ``folder`` as the working directory, of one thread alone: so the layers' names are short."""
    failed: list[OSError] = []

    def work() -> None:
        try:
            _checked(_LIBC.unshare(_CLONE_FS), folder)
            os.chdir(folder)
            mounted = _LIBC.mount(
                b"overlay", os.fsencode(target), b"overlay", ctypes.c_ulong(flags), os.fsencode(options)
            )
            _checked(mounted, target)
        except OSError as error:
            failed.append(error)

    thread = threading.Thread(target=work, name="overlay")
    thread.start()
    thread.join()
    if failed:
        raise failed[0]


def unmount(target: Path) -> None:
    """Does nothing where nothing is mounted. Raises ``OSError``, such as EBUSY."""
    while os.path.ismount(target):
        _checked(_LIBC.umount2(os.fsencode(target), _UMOUNT_NOFOLLOW), target)


def shortcoming(folder: Path) -> str | None:
    """Why overlays of layers in ``folder``, written to there, cannot be mounted; ``None``: they can."""
    try:
        for left in folder.glob(f"{_TRIAL}*"):  # by an agent that was killed
            unmount(left / "root")
            remove(left)
        with tempfile.TemporaryDirectory(prefix=_TRIAL, dir=folder) as name:
            place = Path(name)
            for layer in ("one", "two"):
                (place / "layers" / layer).mkdir(parents=True)
            (place / "layers" / "one" / "gone").touch()
            os.mknod(place / "layers" / "two" / "gone", stat.S_IFCHR, os.makedev(0, 0))
            os.setxattr(place / "layers" / "two", "trusted.overlay.opaque", b"y")
            root = place / "root"
            mount([place / "layers" / "two", place / "layers" / "one"], place / "own", root)
            try:
                (root / "there").touch()
                if (root / "gone").exists():
                    return "whiteouts do not count there"
            finally:
                unmount(root)
    except OSError as error:
        return f"overlays cannot be mounted there ({error.strerror or error})"
    return None


def _checked(result: int, path: Path) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(path))
