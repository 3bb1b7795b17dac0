"""Images made by tests themselves, and a real registry on loopback (Debian's docker-registry) that serves them."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gzip
import hashlib
import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tarfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dcos_runtime.agent.containers import overlay
from dcos_runtime.agent.images import reference, sources
from dcos_runtime.agent.images.puller import Puller
from dcos_runtime.agent.images.skopeo import Skopeo
from dcos_runtime.agent.images.sources import Registry
from dcos_runtime.agent.images.store import ImageStore, Wanted
from dcos_runtime.agent.images.unpacker import Unpacker
from tests.support.daemons.byhand import free_port, wait_for

PROGRAMS = ("sh", "cat", "id", "ls", "env", "sleep", "touch", "stat")
USER, PASSWORD = "puller", "tr0ub4dor-and-3"
HTPASSWD = "puller:$2y$05$SFPLZ1vn20ODSlcsJIpKsO31Z8gF3e/7ziHptRsPmY7l0l9hgTC/C"
"""The line of htpasswd(1) for them."""


def unusable(folder: Path) -> str | None:
    """Why images cannot be tested here, or ``None``."""
    missing = [name for name in ("skopeo", "docker-registry", "openssl") if not shutil.which(name)]
    if missing:
        return f"{', '.join(missing)} not installed"
    return "images want root" if os.geteuid() != 0 else overlay.shortcoming(folder)


LIMIT = 64 << 20
"""Bytes that an image of the store may have."""


# --- the store ---


SECONDS = 240.0
"""What fetching and unpacking may take, on a busy host."""


def opened(
    place: Path,
    *,
    limit: int = LIMIT,
    seconds: float = SECONDS,
    credentials: Path | None = None,
    used: Collection[str] = (),
) -> ImageStore:
    fetching = Skopeo(stall_seconds=seconds, total_seconds=SECONDS, max_bytes=limit, credentials=credentials)
    unpacker = Unpacker(place, SECONDS, limit, asyncio.Semaphore(2))
    return ImageStore.begin(place, Puller(fetching), unpacker, lambda: used)


def wanted(where: str, name: str, *, again: bool = False) -> Wanted:
    parsed = reference.parse(name)
    return Wanted(name, sources.source_of(parsed, Registry.read(where)), again)


# --- layers and images ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Entry:
    """A member of a layer; ``kind`` is one of tarfile's types."""

    name: str
    content: bytes = b""
    kind: bytes = tarfile.REGTYPE
    mode: int = 0o644
    target: str = ""
    uid: int = 0
    gid: int = 0
    pax: Mapping[str, str] = field(default_factory=dict)
    device: tuple[int, int] = (0, 0)
    mtime: float = 1_000_000_000


def folder(name: str, mode: int = 0o755, **more: Any) -> Entry:
    return Entry(name, kind=tarfile.DIRTYPE, mode=mode, **more)


def link(name: str, target: str) -> Entry:
    return Entry(name, kind=tarfile.SYMTYPE, target=target, mode=0o777)


def hard(name: str, target: str) -> Entry:
    return Entry(name, kind=tarfile.LNKTYPE, target=target)


def tar(*entries: Entry) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for entry in entries:
            member = tarfile.TarInfo(entry.name)
            member.type, member.mode, member.linkname = entry.kind, entry.mode, entry.target
            member.uid, member.gid, member.mtime = entry.uid, entry.gid, entry.mtime
            member.size = len(entry.content)
            member.pax_headers = dict(entry.pax)
            member.devmajor, member.devminor = entry.device
            archive.addfile(member, io.BytesIO(entry.content))
    return packed.getvalue()


def programs(names: Sequence[str] = PROGRAMS) -> bytes:
    """A layer with programs of this machine, and the libraries that they need."""
    files: dict[str, Path] = {}
    for name in names:
        found = shutil.which(name)
        assert found is not None
        files[f"bin/{name}"] = Path(found).resolve()
        libraries = subprocess.run(["ldd", found], capture_output=True, text=True, check=True).stdout
        for path in re.findall(r"(/[^\s:]+)", libraries):
            files[path.lstrip("/")] = Path(path).resolve()
    entries = [folder("tmp", 0o1777)]
    entries += [Entry(name, path.read_bytes(), mode=0o755) for name, path in sorted(files.items())]
    passwd = b"root:x:0:0::/root:/bin/sh\napp:x:4711:4712::/home/app:/bin/sh\n"
    entries += [Entry("etc/passwd", passwd), Entry("etc/group", b"root:x:0:\napp:x:4712:\nextra:x:4713:app\n")]
    return tar(*entries)


def digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def make_layout(place: Path, layers: Sequence[bytes], config: Mapping[str, Any], tag: str = "t") -> Path:
    """An OCI layout with one image; layers are tars, and are compressed by gzip."""
    blobs = place / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def blob(content: bytes, kind: str) -> dict[str, Any]:
        (blobs / digest(content).removeprefix("sha256:")).write_bytes(content)
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": digest(content), "size": len(content)}

    found = [blob(gzip.compress(layer, 1, mtime=0), "layer.v1.tar+gzip") for layer in layers]
    whole = {
        "architecture": "amd64" if os.uname().machine == "x86_64" else "arm64",
        "os": "linux",
        "config": dict(config),
        "rootfs": {"type": "layers", "diff_ids": [digest(layer) for layer in layers]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": blob(json.dumps(whole).encode(), "config.v1+json"),
        "layers": found,
    }
    at = blob(json.dumps(manifest).encode(), "manifest.v1+json")
    at["annotations"] = {"org.opencontainers.image.ref.name": tag}
    (place / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [at]}))
    (place / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    return place


def skopeo(*argv: str | Path, **environment: str) -> None:
    ran = subprocess.run(
        ["skopeo", "--insecure-policy", *map(str, argv)],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )
    assert ran.returncode == 0, ran.stderr


# --- the registry -----------------------------------------------------------------------------------------------------


@dataclass
class RegistryLab:
    """A docker-registry. With ``secret`` it wants `USER` and `PASSWORD`; with ``tls`` it speaks HTTPS."""

    place: Path
    port: int
    secret: bool
    tls: bool
    process: subprocess.Popen[bytes] | None = None

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.host}"

    @property
    def ca(self) -> Path:
        return self.place / "registry.crt"

    @property
    def credentials(self) -> Path:
        """A file in the form of Docker's config.json."""
        path = self.place / "config.json"
        token = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        path.write_text(json.dumps({"auths": {self.host: {"auth": token}}}))
        path.chmod(0o600)
        return path

    def begin(self) -> None:
        http = [f"  addr: {self.host}"]
        lines = ["version: 0.1", "log: {level: error, accesslog: {disabled: false}}"]
        lines.append(f"storage: {{filesystem: {{rootdirectory: {self.place / 'data'}}}, delete: {{enabled: true}}}}")
        if self.tls:
            if not self.ca.exists():
                make_certificate(self.ca, self.place / "registry.key")
            http.append(f"  tls: {{certificate: {self.ca}, key: {self.place / 'registry.key'}}}")
        if self.secret:
            (self.place / "htpasswd").write_text(f"{HTPASSWD}\n")
            lines.append(f"auth: {{htpasswd: {{realm: images, path: {self.place / 'htpasswd'}}}}}")
        (self.place / "config.yml").write_text("\n".join([*lines, "http:", *http]) + "\n")
        with (self.place / "registry.log").open("ab") as log:
            argv = ["docker-registry", "serve", str(self.place / "config.yml")]
            self.process = subprocess.Popen(argv, stdout=log, stderr=log)
        wait_for(self._answers, what="the registry's port")

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def end(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None

    def push(self, layout: Path, name: str, tag: str = "t") -> None:
        options = ["--dest-tls-verify=false"] + ([f"--dest-creds={USER}:{PASSWORD}"] if self.secret else [])
        skopeo("copy", *options, f"oci:{layout}:{tag}", f"docker://{self.host}/{name}")

    def requests(self, part: str) -> int:
        """How many requests it has had whose line in its log holds this."""
        return (self.place / "registry.log").read_text().count(part)


def make_certificate(certificate: Path, key: Path) -> None:
    argv = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    argv += ["-keyout", str(key), "-out", str(certificate), "-subj", "/CN=registry.test"]
    argv += ["-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(argv, check=True, capture_output=True)


@contextlib.contextmanager
def registry(place: Path, *, secret: bool = False, tls: bool = False) -> Iterator[RegistryLab]:
    place.mkdir(parents=True, exist_ok=True)
    lab = RegistryLab(place, free_port(), secret, tls)
    lab.begin()
    try:
        yield lab
    finally:
        lab.end()
