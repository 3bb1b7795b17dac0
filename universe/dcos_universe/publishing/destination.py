"""The destination of a publication as a user writes it: a directory, ``ssh://…`` or ``s3://…``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from dcos_universe.errors import UniverseError

_HINT = "write /srv/universe, ssh://user@host:22/srv/universe or s3://bucket/prefix"


@dataclass(frozen=True)
class Directory:
    """A directory on this machine."""

    path: Path


@dataclass(frozen=True)
class Ssh:
    """A directory on a host that ssh reaches by itself."""

    host: str
    path: str
    user: str | None = None
    port: int | None = None


@dataclass(frozen=True)
class Bucket:
    """``prefix`` is empty, or ends with a slash."""

    name: str
    prefix: str


def destination(text: str) -> Directory | Ssh | Bucket:
    """The destination in a text. Raises `UniverseError` for any other text."""
    scheme, separator, _ = text.partition("://")
    if not separator:
        if not text.strip() or "\0" in text or "\n" in text:
            raise UniverseError("there is nothing to publish to", why=f"{text!r} is no path", hint=_HINT)
        return Directory(Path(text).absolute())
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        why = "its host or its port cannot be read" if "@" in text else str(error)  # which may quote of a password
        raise UniverseError(f"{_shown(text)} is no place to publish to", why=why, hint=_HINT) from error
    wrong = ""
    if parts.query or parts.fragment:
        wrong = "it has a query or a fragment"
    elif parts.password is not None:
        wrong = "it must not contain a password: ssh takes keys, and S3's keys come from the environment"
    elif scheme == "ssh":
        path, user = unquote(parts.path), parts.username
        if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.:%-]*", host, re.ASCII):
            wrong = f"{host!r} is no host"
        elif user is not None and not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.@\\-]*", user, re.ASCII):
            wrong = f"{user!r} is no user"
        elif len(path) < 2 or "\0" in path or "\n" in path:
            wrong = "it names no directory"
        else:
            return Ssh(host, path, user, port)
    elif scheme == "s3":
        bucket = parts.netloc
        prefix = unquote(parts.path).strip("/")
        if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", bucket, re.ASCII):
            wrong = f"{bucket!r} is no bucket"
        elif not re.fullmatch(r"[A-Za-z0-9!_.*'()/-]*", prefix, re.ASCII) or ".." in prefix.split("/"):
            wrong = f"{prefix!r} is no prefix"
        else:
            return Bucket(bucket, f"{prefix}/" if prefix else "")
    else:
        wrong = f"{scheme} is not supported"
    raise UniverseError(f"{_shown(text)} is no place to publish to", why=wrong, hint=_HINT)


def _shown(text: str) -> str:
    """The text without user and password, which end at the last @, whatever they contain."""
    return re.sub(r"//.*@", "//***@", text, flags=re.DOTALL)
