"""The tokens with which custom executors authenticate: JWT (RFC 7519), HMAC-SHA256, as Mesos' agent makes them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from pathlib import Path

from dcos_runtime import durable
from dcos_runtime.errors import Unstartable

KEY_BYTES = 32
_HEADER = {"alg": "HS256", "typ": "JWT"}


class ExecutorTokens:
    """Makes and reads tokens that are good for this agent only. They do not expire: an executor has one for its life,
    which may be long, and its container's id is in it."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    def kept(cls, path: Path) -> ExecutorTokens:
        """With the key in the file, which is made if there is none: executors outlive the agent. Raises ``OSError``."""
        try:
            key = path.read_bytes()
        except FileNotFoundError:
            key = secrets.token_bytes(KEY_BYTES)
            durable.write(path, key)
        if len(key) < KEY_BYTES:
            raise Unstartable(
                f"{path} cannot be used",
                why=f"it has {len(key)} bytes, and the key of executors' tokens has {KEY_BYTES}",
                hint="restore it, or remove it: executors that run then have no good token any more, and are ended",
            )
        return cls(key)

    def make(self, framework_id: str, executor_id: str, container_id: str) -> str:
        claims = {"fid": framework_id, "eid": executor_id, "cid": container_id}
        signed = f"{_part(_HEADER)}.{_part(claims)}"
        return f"{signed}.{self._signature(signed)}"

    def names(self, token: str) -> tuple[str, str, str] | None:
        """The framework, the executor and the container that the token is for; ``None``: it is none of ours."""
        signed, _, signature = token.rpartition(".")
        if not hmac.compare_digest(self._signature(signed).encode(), signature.encode(errors="replace")):
            return None
        try:
            claims = json.loads(base64.urlsafe_b64decode(signed.partition(".")[2] + "=="))
            return str(claims["fid"]), str(claims["eid"]), str(claims["cid"])
        except (ValueError, KeyError, TypeError):
            return None

    def _signature(self, signed: str) -> str:
        return _text(hmac.new(self._key, signed.encode(errors="replace"), hashlib.sha256).digest())


def _part(value: dict[str, str]) -> str:
    return _text(json.dumps(value, separators=(",", ":")).encode())


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
