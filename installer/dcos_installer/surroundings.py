"""Prepares the process before anything else: streams, locale, umask, home."""

from __future__ import annotations

import locale
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from dcos_installer.errors import StateError

_NO_USER_HOME = "~"


def settle() -> None:
    """Prepares this process. May start the interpreter again, once, with UTF-8."""
    _open_closed_streams()
    _speak_utf8()
    # What is private gets its mode where it is made. For the rest neither 077 nor 000 may decide: folders of machines
    # and images are for all to read, and nothing of ours is for others to write.
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
    """``folder``, when nothing but folders leads to it. Raises `StateError`; ``source`` is who named it."""
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
    """``folder``, when ssh and Ansible can be told of files in it. Raises `StateError`; ``source`` is who named it."""
    text = str(folder)
    found = next((mark for mark in ("$", "{{", "{%", "{#") if mark in text), "")
    if not found and text.isprintable():
        return folder
    why = f"ssh and Ansible put something else in the place of {found!r}" if found else "it holds what cannot be shown"
    raise StateError(
        f"the folder {text!r} cannot be used ({source})",
        why=why,
        hint="choose a folder without it; spaces, quotes and letters of any language are fine",
    )


def _open_closed_streams() -> None:
    """A closed standard stream would be the next file that is opened; what is written goes nowhere instead."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            os.set_inheritable(number, True)
    # Python gives none for a stream that is closed when it starts.
    if sys.stdin is None:
        sys.stdin = os.fdopen(0, closefd=False)
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", closefd=False)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", closefd=False)


def _speak_utf8() -> None:
    """Paths, files and output are UTF-8 whatever the locale says: names of folders are bytes to the system."""
    names = (sys.getfilesystemencoding(), locale.getpreferredencoding(False))
    if all(name.lower().replace("-", "") == "utf8" for name in names) or os.environ.get("PYTHONUTF8") == "1":
        return
    os.environ["PYTHONUTF8"] = "1"
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
