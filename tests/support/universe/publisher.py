"""A small publisher with keys of all kinds: packages, built and signed trees, and an attacker's changes of them."""

from __future__ import annotations

import base64
import json
import os
import shutil
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from securesystemslib.signer import CryptoSigner, Key, Signer

from dcos_universe.building.builder import build
from dcos_universe.index.client import Client
from dcos_universe.trust import signing
from dcos_universe.trust.ceremony import BITS, COMPACT, PACKAGES, ROOT, SNAPSHOT, TARGETS, TIMESTAMP, Ceremony, RoleKeys

HOLDERS = ("alice", "bob", "carol")
ONLINE = (PACKAGES, SNAPSHOT, TIMESTAMP)
TEMPLATE = '{"id": "{{service.name}}", "cmd": "sleep 1000", "cpus": 0.1, "mem": 32, "instances": 1}'
CONFIG = {
    "type": "object",
    "properties": {
        "service": {"type": "object", "properties": {"name": {"type": "string", "default": "web", "description": "n"}}}
    },
}


def write_package(
    source: Path,
    name: str,
    number: int = 0,
    *,
    resource: Mapping[str, Any] | None = None,
    command: Mapping[str, Any] | None = None,
) -> Path:
    """A package; returns its revision folder."""
    folder = source / "packages" / name[0].upper() / name / str(number)
    folder.mkdir(parents=True)
    about = {
        "packagingVersion": "3.0",
        "name": name,
        "version": f"1.{number}.0",
        "minDcosReleaseVersion": "1.9",
        "maintainer": "somebody@example.com",
        "description": f"The package {name}",
        "tags": ["example"],
        "licenses": [{"name": "Apache-2.0", "url": "http://198.18.0.9/LICENSE"}],
        "lastUpdated": 1557751702,
    }
    (folder / "package.json").write_text(json.dumps(about))
    (folder / "config.json").write_text(json.dumps(CONFIG))
    (folder / "marathon.json.mustache").write_text(TEMPLATE)
    if resource is not None:
        (folder / "resource.json").write_text(json.dumps(resource))
    if command is not None:
        (folder / "command.json").write_text(json.dumps(command))
    return folder


class Publisher:
    """``holders`` have the root (two of three sign), ``online`` publishes."""

    def __init__(self, folder: Path, *, now: datetime | None = None) -> None:
        self.folder = folder
        self.source, self.out = folder / "source", folder / "out"
        self.now = now or datetime.now(UTC)
        self.signers: dict[str, Signer] = {name: CryptoSigner.generate_ed25519() for name in (*HOLDERS, "online")}
        self.ceremony = Ceremony(folder / "trust")
        write_package(self.source, "alpha")
        write_package(self.source, "beta")

    def keys(self, *names: str) -> dict[str, Key]:
        return {self.signers[name].public_key.keyid: self.signers[name].public_key for name in names}

    def begin(
        self,
        *,
        validity: timedelta = timedelta(days=365),
        now: datetime | None = None,
        packages: int = 1,
        bits: int = BITS,
    ) -> None:
        root, online = self.keys(*HOLDERS), self.keys("online")
        if packages == 2:
            self.signers["second"] = CryptoSigner.generate_ed25519()
        keys = {ROOT: root, TARGETS: root, **dict.fromkeys(ONLINE, online)}
        if packages == 2:
            keys[PACKAGES] = self.keys("online", "second")
        thresholds = {ROOT: 2, TARGETS: 2, PACKAGES: packages, SNAPSHOT: 1, TIMESTAMP: 1}
        self.ceremony.begin(RoleKeys(keys, thresholds), now=now or self.now, validity=validity, bits=bits)
        assert not self.ceremony.sign([self.signers["alice"], self.signers["bob"]])

    @property
    def root(self) -> bytes:
        """The first root, which clients get."""
        return self.ceremony.roots()[0].to_bytes(COMPACT)

    def build(self) -> None:
        build(self.source, self.out, with_site=False)

    def sign(
        self, *, now: datetime | None = None, by: tuple[str, ...] = ("online",), again: bool = False
    ) -> signing.Signed:
        signers = [self.signers[name] for name in by]
        return signing.sign(self.out, self.ceremony, signers, now=now or self.now, again=again)

    def sign_other(self, tree: Path) -> Path:
        """Signs a tree that was made elsewhere, after all that were signed before it; returns it."""
        signing.sign(tree, self.ceremony, [self.signers["online"]], now=self.now)
        return tree

    def rotate(self) -> None:
        """Makes the next root, with the same keys."""
        self.ceremony.rotate(add=(), drop=(), thresholds={}, now=self.now, validity=timedelta(days=300))
        assert not self.ceremony.sign([self.signers["alice"], self.signers["bob"]])

    def publish(self, *, now: datetime | None = None) -> Path:
        """Builds and signs; returns a copy of the tree, for an attacker to show later."""
        self.build()
        self.sign(now=now)
        return self.copy(f"published-{len(list(self.folder.glob('published-*')))}")

    def copy(self, name: str) -> Path:
        shutil.copytree(self.out, self.folder / name)
        return self.folder / name

    def client(self, where: Path | str, state: str = "state", **more: Any) -> Client:
        return Client(where, root=self.root, state=self.folder / state, **more)


def names(index: Mapping[str, Any]) -> list[tuple[str, int]]:
    return [(entry["name"], entry["releaseVersion"]) for entry in index["packages"]]


def replace(path: Path, content: bytes) -> None:
    """Writes like an attacker: other names of the file's inode keep the old content."""
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def change_unseen(path: Path) -> None:
    """Other bytes of the same size in the same file, with the former time of its last change."""
    about = path.stat()
    content = path.read_bytes()
    with path.open("r+b") as file:
        file.write(bytes([content[0] ^ 1]))
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
    now = path.stat()
    assert (now.st_size, now.st_mtime_ns, now.st_ino) == (about.st_size, about.st_mtime_ns, about.st_ino)


def await_clock() -> None:
    """Waits until the file system's clock has advanced."""
    time.sleep(0.1)


def template_of(entry: Mapping[str, Any]) -> str:
    return base64.b64decode(entry["marathon"]["v2AppMustacheTemplate"]).decode()
