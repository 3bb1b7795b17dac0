"""The host keys of a machine in known_hosts files, read by OpenSSH: hashed names, wildcards, @revoked.

paramiko's own reader ignores @revoked and does not know wildcards: it would accept a revoked key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dcos_installer.process import run

_SSH_PORT = 22


@dataclass(frozen=True)
class KnownKeys:
    """The known keys of one machine. Keys are (type, base64)."""

    name: str
    """The name in known_hosts: the address, with a port other than 22 as ``[address]:port``."""
    good: tuple[tuple[str, str], ...] = ()
    revoked: frozenset[str] = frozenset()
    """Keys, as base64, that must never be accepted again."""
    authorities: bool = False
    """There is a line for a certificate authority, which is not supported here."""


def known_keys(address: str, port: int, files: Sequence[Path]) -> KnownKeys:
    """The keys in ``files`` of the machine at ``address``."""
    name = address if port == _SSH_PORT else f"[{address}]:{port}"
    lines = [line for file in files for line in _lines(name, file)]
    if port != _SSH_PORT and not any(line[0][:1] != "@" for line in lines):
        # As in ssh: a key of the machine without a port is valid at any of its ports.
        lines += [line for file in files for line in _lines(address, file)]
    good, revoked, authorities = [], set(), False
    for line in lines:
        match line:
            case ["@revoked", _, _, key, *_]:
                revoked.add(key)
            case ["@cert-authority", *_]:
                authorities = True
            case [names, kind, key, *_] if names[:1] != "@":
                good.append((kind, key))
    return KnownKeys(name, tuple(dict.fromkeys(good)), frozenset(revoked), authorities)


def _lines(name: str, file: Path) -> list[list[str]]:
    if not file.is_file():
        return []
    said = run(
        ["ssh-keygen", "-F", name, "-f", file], deadline=30, what="look up a host key in known_hosts", check=False
    )
    return [line.split() for line in said.stdout.splitlines() if line.strip() and line[0] != "#"]
