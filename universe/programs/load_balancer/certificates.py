"""Certificates with their keys: one text of PEM blocks, made into a file each as HAProxy reads them."""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Sequence
from pathlib import Path

_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]{1,40})-----\s(.*?)-----END \1-----", re.DOTALL)
_KEY, _CERTIFICATE = "PRIVATE KEY", "CERTIFICATE"


class Unfit(Exception):
    """What was given is no certificate with its key. The text says why, and holds nothing of a key."""


def pairs(text: str) -> list[str]:
    """Certificate, chain and key of each pair in the text: keys stand behind what they belong to, or all before it.
    Raises `Unfit`.
    """
    groups: list[tuple[list[str], list[str]]] = []
    first = ""
    for found in _BLOCK.finditer(text):
        label, block = found[1], found[0]
        kind = _KEY if label.endswith(_KEY) else label
        if kind not in (_KEY, _CERTIFICATE):
            continue
        if label.startswith("ENCRYPTED") or "ENCRYPTED" in found[2]:
            raise Unfit("a key is encrypted, and nobody is there to be asked for its passphrase: give it in the clear")
        first = first or kind
        # With keys in front each begins a pair, else each ends one.
        if not groups or (kind == _KEY if first == _KEY else bool(groups[-1][1])):
            groups.append(([], []))
        groups[-1][kind == _KEY].append(block)
    if not groups:
        raise Unfit("there is no certificate in it: it has to be PEM, certificate, chain and key in one file")
    for number, (certificates, keys) in enumerate(groups, 1):
        if not certificates or len(keys) != 1:
            told = f"{len(certificates)} certificates and {len(keys)} keys"
            raise Unfit(f"pair {number} has {told}: each certificate (with its chain) has to have its key beside it")
    return ["\n".join([*certificates, *keys]) + "\n" for certificates, keys in groups]


def write(folder: Path, text: str) -> Sequence[str]:
    """The paths of the files, readable by this user alone. Raises `Unfit`."""
    paths = []
    for number, pair in enumerate(pairs(text), 1):
        path = folder / f"certificate-{number}.pem"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(pair)
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(path, password=lambda: "")
        except (ssl.SSLError, ValueError) as error:
            raise Unfit(f"pair {number} cannot be used: {error}") from error
        paths.append(str(path))
    return paths
