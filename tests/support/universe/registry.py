"""A registry of images on loopback, filled by hand, as a source of mirrors in tests."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import json
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
LIST = "application/vnd.docker.distribution.manifest.list.v2+json"


@dataclass
class Registry:
    """Serves the added content, by tag and by digest."""

    address: str = ""
    manifests: dict[str, bytes] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def put(self, name: str, tag: str, *layers: bytes) -> str:
        """An image of Docker's form with these layers; the digest of its manifest."""
        packed = [self._layer(content) for content in layers]
        config = {
            "architecture": "amd64",
            "os": "linux",
            "config": {},
            "rootfs": {
                "type": "layers",
                "diff_ids": [f"sha256:{hashlib.sha256(plain).hexdigest()}" for plain, _ in packed],
            },
            "history": [{"created": "2020-01-01T00:00:00Z"} for _ in packed],
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": DOCKER,
            "config": self._blob(json.dumps(config).encode(), "application/vnd.docker.container.image.v1+json"),
            "layers": [
                self._blob(content, "application/vnd.docker.image.rootfs.diff.tar.gzip") for _, content in packed
            ],
        }
        content = json.dumps(manifest).encode()
        digest = hashlib.sha256(content).hexdigest()
        for reference in (tag, f"sha256:{digest}"):
            self.manifests[f"/v2/{name}/manifests/{reference}"] = content
        return digest

    def put_list(self, name: str, tag: str, digest: str) -> str:
        """A list of images of which only this one is wanted; returns the list's digest."""
        content = self.manifests[f"/v2/{name}/manifests/sha256:{digest}"]
        one = {"mediaType": DOCKER, "size": len(content), "digest": f"sha256:{digest}"}
        other = {"mediaType": DOCKER, "size": 7, "digest": f"sha256:{'0' * 64}"}
        manifests = [
            {**other, "platform": {"architecture": "s390x", "os": "linux"}},
            {**one, "platform": {"architecture": "amd64", "os": "linux"}},
        ]
        made = json.dumps({"schemaVersion": 2, "mediaType": LIST, "manifests": manifests}).encode()
        listed = hashlib.sha256(made).hexdigest()
        for reference in (tag, f"sha256:{listed}"):
            self.manifests[f"/v2/{name}/manifests/{reference}"] = made
        return listed

    def _layer(self, content: bytes) -> tuple[bytes, bytes]:
        made = io.BytesIO()
        with tarfile.open(fileobj=made, mode="w") as tar:
            about = tarfile.TarInfo("file")
            about.size = len(content)
            tar.addfile(about, io.BytesIO(content))
        return made.getvalue(), gzip.compress(made.getvalue(), mtime=0)

    def _blob(self, content: bytes, kind: str) -> dict[str, object]:
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        self.blobs[digest] = content
        return {"mediaType": kind, "size": len(content), "digest": digest}


@contextlib.contextmanager
def registry_running() -> Iterator[Registry]:
    made = Registry()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            made.asked.append(self.path)
            content = made.manifests.get(self.path)
            kind = json.loads(content)["mediaType"] if content else DOCKER
            if content is None and "/blobs/" in self.path:
                content, kind = made.blobs.get(self.path.rpartition("/")[2]), "application/octet-stream"
            if self.path == "/v2/":
                content, kind = b"{}", "application/json"
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made.address = f"127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield made
    server.shutdown()
    server.server_close()
