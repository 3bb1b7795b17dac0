"""Keys as files: a private one in encrypted PEM that only its owner can read, a public one in PEM beside it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from securesystemslib.signer import CryptoSigner, Signer, SSlibKey

from dcos_universe.errors import UniverseError, unreadable
from dcos_universe.index import durable

PASSPHRASE = "DCOS_UNIVERSE_PASSPHRASE"
"""The environment variable that may hold a passphrase."""

SHORTEST = 12
"""The least number of characters of a new passphrase: an attacker with a copy of the file can try many."""

_LARGEST = 64 << 10

Ask = Callable[[Path], str]
"""Returns the passphrase of the key in that file."""


def make(path: Path, passphrase: str) -> SSlibKey:
    """Makes a new Ed25519 key: the private one at ``path`` with mode 0600, the public one beside it as ``<stem>.pub``.

    Raises `UniverseError`, also if one of the two exists.
    """
    if len(passphrase) < SHORTEST:
        raise UniverseError(
            "the passphrase is too short",
            why=f"it has {len(passphrase)} characters",
            hint=f"take {SHORTEST} or more: an attacker with a copy of the file can try as many as he likes",
        )
    public = public_path(path)
    for one in (path, public):
        if one.exists() or one.is_symlink():
            raise UniverseError(f"{one} is there already", why="keys are never overwritten", hint="name another file")
    if not path.parent.is_dir():
        raise UniverseError(
            f"{path} cannot be written", why=f"there is no folder {path.parent}", hint="make it, or name another"
        )
    private = Ed25519PrivateKey.generate()
    encrypted = private.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase.encode("utf-8"))
    )
    content = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    durable.write(path, encrypted, mode=0o600)
    durable.write(public, content)
    return SSlibKey.from_crypto(private.public_key())


def public_path(path: Path) -> Path:
    """The path of the public key of the private one at ``path``."""
    return path.with_suffix(".pub")


def read_public(path: Path) -> SSlibKey:
    """A public key in PEM. Raises `UniverseError`."""
    content = _read(path)
    if b"PRIVATE KEY" in content:
        raise UniverseError(
            f"{path} is a private key", why="a public one is wanted here", hint=f"name {public_path(path).name}"
        )
    try:
        return SSlibKey.from_crypto(load_pem_public_key(content))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UniverseError(f"{path} is no public key", why=str(error), hint=_HOW) from error


def read_private(path: Path, ask: Ask) -> Signer:
    """The private key, with the passphrase that ``ask`` returns. Raises `UniverseError`.

    A key that is not encrypted, or that others may read, is refused.
    """
    content = _read(path, private=True)
    if b"PRIVATE KEY" not in content:
        raise UniverseError(f"{path} is no private key", why="it holds none in PEM", hint=_HOW)
    if b"ENCRYPTED" not in content:
        raise UniverseError(
            f"{path} is refused", why="it is not encrypted", hint=f"openssl pkcs8 -topk8 -in {path} -out encrypted.pem"
        )
    passphrase = ask(path)
    try:
        return CryptoSigner(load_pem_private_key(content, passphrase.encode("utf-8")))
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UniverseError(
            f"{path} cannot be opened", why="the passphrase is another, or the file is damaged", hint=_ASKED
        ) from error


_HOW = "keys are made by dcos-universe root key FILE"
_ASKED = f"a passphrase is taken from --passphrase-file, else from {PASSPHRASE}, else it is asked for"


def read_passphrase(path: Path) -> str:
    """The first line of a file that only its owner can read (or of a pipe). Raises `UniverseError`."""
    content = _read(path, private=True)
    try:
        return content.decode("utf-8").split("\n", 1)[0].rstrip("\r")
    except UnicodeDecodeError as error:
        raise UniverseError(
            f"{path} holds no passphrase", why="it is not UTF-8", hint="write it into its first line"
        ) from error


def _read(path: Path, *, private: bool = False) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            about = os.fstat(descriptor)
            if private and stat.S_ISREG(about.st_mode) and about.st_mode & 0o077:
                raise UniverseError(
                    f"{path} is refused",
                    why=f"others may use it (mode {about.st_mode & 0o777:04o})",
                    hint=f"chmod 600 {path}",
                )
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise unreadable(path, error) from error
    if len(content) > _LARGEST:
        raise UniverseError(f"{path} is too large for a key", why=f"it has more than {_LARGEST} bytes", hint=_HOW)
    return content
