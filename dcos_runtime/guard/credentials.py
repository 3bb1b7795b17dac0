"""Credentials files, in Mesos' form: ``{"credentials": [{"principal": "…", "secret": "…"}]}``."""

from __future__ import annotations

import hmac
import secrets
from pathlib import Path

import msgspec

from dcos_runtime.errors import Explained


class CredentialsUnusable(Explained):
    """The file cannot be used. The text names it and says why, and quotes nothing of it."""

    usual_hint = "correct the file, or give another one"


class _Credential(msgspec.Struct):
    principal: str
    secret: str


class _File(msgspec.Struct):
    credentials: list[_Credential] = []


class Credentials:
    """Principals and their secrets."""

    def __init__(self, known: dict[str, str]) -> None:
        self._known = dict(known)
        self._nobody = secrets.token_hex(32)

    def __contains__(self, principal: str) -> bool:
        return principal in self._known

    def match(self, principal: str, secret: str) -> bool:
        """Whether that is the principal's secret. Takes equally long for an unknown principal."""
        wanted = self._known.get(principal, self._nobody)
        return hmac.compare_digest(secret.encode("utf-8", "surrogatepass"), wanted.encode("utf-8", "surrogatepass"))


def read(path: Path) -> Credentials:
    """Raises `CredentialsUnusable`."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CredentialsUnusable(f"{path} cannot be read: {error.strerror}") from error
    try:
        entries = msgspec.json.decode(data, type=_File).credentials
    except (msgspec.MsgspecError, UnicodeDecodeError):
        # Not chained: a parser's complaint may quote the file.
        raise CredentialsUnusable(
            f'{path} is not of the form {{"credentials": [{{"principal": "…", "secret": "…"}}]}}'
        ) from None
    for entry in entries:
        if not entry.principal or ":" in entry.principal or not entry.secret:
            raise CredentialsUnusable(f"{path}: a principal is empty, has no secret, or holds a colon")
    return Credentials({entry.principal: entry.secret for entry in entries})
