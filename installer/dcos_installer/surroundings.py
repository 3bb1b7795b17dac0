"""Prepares the process before anything else: streams, locale, umask, home."""

from __future__ import annotations

import locale
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from dcos_installer.errors import StateError

_NO_USER_HOME = "~"


def prepare() -> None:
    """Prepares this process. May start the interpreter again, once, with UTF-8."""
    _open_closed_streams()
    _speak_utf8()
    # Private files get their mode when they are created. All others must not depend on the umask (077 or 000): folders
    # of machines and images are readable for all, and none of our files is writable for others.
    os.umask(0o022)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def home(environ: Mapping[str, str], instead: str) -> Path:
    """The user's home folder. Raises `StateError` when there is none; ``instead`` is the variable to set then."""
    configured = environ.get("HOME", "")
    if configured.startswith("/"):
        return Path(configured)
    try:
        return Path(_NO_USER_HOME).expanduser()
    except RuntimeError:
        raise StateError(
            "this user has no home folder",
            why=f"HOME is not set, and user {os.getuid()} is not in the password database",
            hint=f"set HOME, or {instead} to a folder of yours",
        ) from None


def can_be_made(folder: Path, source: str) -> Path:
    """``folder``, if its path contains only folders. Raises `StateError`; ``source`` is the variable or option with the
    path.
    """
    for part in (folder, *folder.parents):
        if os.path.lexists(part):
            if not part.is_dir():
                raise StateError(
                    f"the folder {folder} cannot be used ({source})",
                    why=f"{part} is not a folder",
                    hint=f"set {source.removeprefix('from ')} to a folder of yours",
                )
            break
    return folder


def plain(folder: Path, source: str) -> Path:
    """``folder``, if ssh and Ansible can use files in it. Raises `StateError`; ``source`` is the variable or option
    with the path.
    """
    text = str(folder)
    found = next((mark for mark in ("$", "{{", "{%", "{#") if mark in text), "")
    if not found and text.isprintable():
        return folder
    why = f"ssh and Ansible replace {found!r} by something else" if found else "it holds what cannot be shown"
    raise StateError(
        f"the folder {text!r} cannot be used ({source})",
        why=why,
        hint="choose a folder without it; spaces, quotes and letters of any language are fine",
    )


def _open_closed_streams() -> None:
    """Opens closed standard streams to /dev/null: otherwise the next file that is opened would take their place."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            os.set_inheritable(number, True)
    # Python has no object for a stream that is closed at its start.
    if sys.stdin is None:
        sys.stdin = os.fdopen(0, closefd=False)
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", closefd=False)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", closefd=False)


def _speak_utf8() -> None:
    """Uses UTF-8 for paths, files and output whatever the locale is: names of folders are bytes to the system."""
    names = (sys.getfilesystemencoding(), locale.getpreferredencoding(False))
    if all(name.lower().replace("-", "") == "utf8" for name in names) or os.environ.get("PYTHONUTF8") == "1":
        return
    os.environ["PYTHONUTF8"] = "1"
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
