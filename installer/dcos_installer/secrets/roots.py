"""The secrets that all others depend on: CA, token key, administrator, ZooKeeper's passwords, principals.

Each is one file in the operator's ``secrets/``, created once: an existing file that cannot be used is an error, a
missing one is created.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from dcos_installer.secrets.authority import (
    Authority,
    damaged,
    key_pem,
    new_key,
    read_authority,
    read_key,
    self_signed,
)
from dcos_runtime import durable

ADMINISTRATOR = "admin"
"""The uid of the user that a deploy creates."""
ZOOKEEPER_USER = "dcos"

_TOKEN_KEY_BITS = 2048
_READABLE = "23456789abcdefghjkmnpqrstuvwxyz"
"""Letters and digits without similar ones: 31 characters, so 28 of them are 138 bits."""
_GROUPS, _GROUP = 4, 7
_PLAIN = re.compile(r"[A-Za-z0-9]{16,128}", re.ASCII)
"""Passwords that need no quoting in a URL."""
_LN, _R, _P = 14, 8, 5
"""The parameters of scrypt, equal to those in `dcos_runtime.auth.passwords` (a test compares the two)."""


@dataclass(frozen=True)
class Administrator:
    """The cluster's first user. ``shown``: whether its password was shown already."""

    uid: str
    password: str = field(repr=False)
    hash: str = field(repr=False)
    shown: bool = False


@dataclass(frozen=True)
class ZooKeeper:
    """The passwords of our daemons and of the super user."""

    password: str = field(repr=False)
    super_password: str = field(repr=False)

    @property
    def credentials(self) -> str:
        """The credentials in a ``zk://`` URL."""
        return f"{ZOOKEEPER_USER}:{self.password}"

    @property
    def super_digest(self) -> str:
        """The line of zoo.cfg that makes ``super`` the super user."""
        digest = hashlib.sha1(f"super:{self.super_password}".encode(), usedforsecurity=False).digest()
        return f"DigestAuthenticationProvider.superDigest=super:{base64.b64encode(digest).decode()}"


@dataclass(frozen=True)
class Roots:
    """The existing roots; None: must still be created."""

    ca_key: Any = field(default=None, repr=False)
    authority: Authority | None = None
    token_key: str | None = field(default=None, repr=False)
    """PEM."""
    token_public: str | None = None
    """PEM."""
    administrator: Administrator | None = None
    zookeeper: ZooKeeper | None = None
    principals: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Name to secret."""
    services: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The services' own secrets, by name."""

    @property
    def missing(self) -> tuple[str, ...]:
        """The roots that must still be created, as named in a plan; without principals."""
        parts = {
            "the CA": self.authority,
            "the token key": self.token_key,
            "the administrator": self.administrator,
            "ZooKeeper's passwords": self.zookeeper,
        }
        return tuple(name for name, part in parts.items() if part is None)


def read(folder: Path, now: datetime) -> Roots:
    """Raises `SecretsDamaged`."""
    key_text = text_of(folder / "ca.key")
    certificate = text_of(folder / "ca.crt")
    if key_text is None and certificate is not None:
        raise damaged(folder / "ca.key", "it is gone, and ca.crt is there")
    key = read_key(folder / "ca.key", key_text) if key_text is not None else None
    token_key = text_of(folder / "token-key.pem")
    return Roots(
        ca_key=key,
        authority=read_authority(folder / "ca.crt", certificate, key, now) if key and certificate is not None else None,
        token_key=token_key,
        token_public=_token_public(folder / "token-key.pem", token_key) if token_key is not None else None,
        administrator=_administrator(folder / "administrator.json"),
        zookeeper=_zookeeper(folder / "zookeeper.json"),
        principals=_named(folder / "principals.json", "principal"),
        services=_named(folder / "services.json", "secret of a service"),
    )


def make(folder: Path, cluster: str, principals: Iterable[str], services: Iterable[str], now: datetime) -> Roots:
    """Creates missing roots, and removes principals and services' secrets that are no longer wanted.

    Raises `SecretsDamaged`.
    """
    had = read(folder, now)
    if had.authority is None:
        key = had.ca_key or new_key()
        if had.ca_key is None:
            write(folder / "ca.key", key_pem(key))
        write(folder / "ca.crt", self_signed(key, cluster, now).pem)
    if had.token_key is None:
        write(folder / "token-key.pem", _new_token_key())
    if had.administrator is None:
        password = readable_password()
        write_administrator(folder, Administrator(ADMINISTRATOR, password, hashed(password)))
    if had.zookeeper is None:
        write(folder / "zookeeper.json", _json({"password": random_secret(), "super_password": random_secret()}))
    for file, names, known in (
        ("principals.json", principals, had.principals),
        ("services.json", services, had.services),
    ):
        wanted = {name: known.get(name) or random_secret() for name in sorted(names)}
        if wanted != known:
            write(folder / file, _json(wanted))
    return read(folder, now)


def write_administrator(folder: Path, who: Administrator) -> None:
    values = {"uid": who.uid, "password": who.password, "hash": who.hash, "told": who.shown}
    write(folder / "administrator.json", _json(values))


def write(path: Path, text: str, *, lasting: bool = True) -> None:
    """Writes a secret in one step, readable by its owner only."""
    durable.private_folder(path.parent)
    durable.write(path, text, 0o600, lasting=lasting)


def text_of(path: Path) -> str | None:
    """The file's content; None if it does not exist. Raises `SecretsDamaged` when it cannot be read."""
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise damaged(path, "it is no text") from None
    except OSError as error:
        raise damaged(path, f"it cannot be read: {error.strerror}") from None


def readable_password() -> str:
    """138 bits that a person can read out: four groups of seven characters."""
    groups = ("".join(secrets.choice(_READABLE) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)


def random_secret() -> str:
    """192 bits as letters and digits, which need no quoting in a URL."""
    return secrets.token_hex(24)


def hashed(password: str) -> str:
    """The stored form of a password, as in `dcos_runtime.auth.passwords`. That is not imported: the installer knows
    only the form.
    """
    salt = os.urandom(16)
    costs = {"n": 1 << _LN, "r": _R, "p": _P, "maxmem": 64 << 20, "dklen": 32}
    derived = hashlib.scrypt(password.encode(), salt=salt, **costs)
    parts = (base64.b64encode(part).decode().rstrip("=") for part in (salt, derived))
    return f"$scrypt$ln={_LN},r={_R},p={_P}${'$'.join(parts)}"


def _new_token_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=_TOKEN_KEY_BITS)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _token_public(path: Path, text: str) -> str:
    try:
        key = load_pem_private_key(text.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise damaged(path, "it is no private key in PEM") from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise damaged(path, "it is no RSA key")
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _administrator(path: Path) -> Administrator | None:
    found = _object(path)
    if found is None:
        return None
    uid, password, kept = found.get("uid"), found.get("password"), found.get("hash")
    if not (isinstance(uid, str) and isinstance(password, str) and isinstance(kept, str) and uid and password and kept):
        raise damaged(path, "it names no uid, password and hash")
    return Administrator(uid, password, kept, found.get("told") is True)


def _zookeeper(path: Path) -> ZooKeeper | None:
    found = _object(path)
    if found is None:
        return None
    password, super_password = found.get("password"), found.get("super_password")
    if not (isinstance(password, str) and isinstance(super_password, str) and password and super_password):
        raise damaged(path, "it holds no password and super_password")
    if not (_PLAIN.fullmatch(password) and _PLAIN.fullmatch(super_password)):
        raise damaged(path, "a password in it has other characters than letters and digits, or less than 16 of them")
    return ZooKeeper(password, super_password)


def _named(path: Path, what: str) -> dict[str, str]:
    """Name to secret."""
    found = _object(path)
    if found is None:
        return {}
    if not all(isinstance(secret, str) and secret for secret in found.values()):
        raise damaged(path, f"a {what} in it is empty")
    return found


def _object(path: Path) -> dict[str, Any] | None:
    text = text_of(path)
    if text is None:
        return None
    try:
        found = json.loads(text)
    except ValueError:
        raise damaged(path, "it is no JSON") from None
    if not isinstance(found, dict):
        raise damaged(path, "it is no JSON object")
    return found


def _json(values: Mapping[str, Any]) -> str:
    return json.dumps(values, indent=1, sort_keys=True) + "\n"
