"""A small built tree, and our server over it, as a process of its own."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import zstandard

RELEASES = ("1.8", "1.9", "1.10", "1.11", "1.12", "1.13", "2.0")
TYPE = "application/vnd.dcos.universe.repo+json;charset=utf-8;version="


def version_of(release: str) -> str:
    return "v3" if release in ("1.8", "1.9") else "v4" if release in ("1.10", "1.11") else "v5"


def small_tree(root: Path, mark: str, more: Mapping[str, bytes] | None = None, *, padding: int = 0) -> Path:
    """A tree in the layout of `build`, whose files all contain ``mark``; repository files with so many bytes more."""

    def write(name: str, content: bytes) -> None:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        if name.endswith((".json", ".html")):
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(content, mtime=0))
            path.with_name(path.name + ".zst").write_bytes(zstandard.compress(content))

    def repository(release: str) -> bytes:
        entry = {"packagingVersion": "3.0", "name": "web", "version": mark, "releaseVersion": 0, "release": release}
        if padding:
            entry["padding"] = (mark * padding)[:padding]
        return json.dumps({"packages": [entry]}).encode()

    for release in RELEASES:
        write(f"repo-up-to-{release}.json", repository(release))
        (root / f"repo-up-to-{release}.content_type").write_text(TYPE + version_of(release))
        write(f"{release}/package/web.json", repository(release))
    write("universe.json", repository("all"))
    (root / "universe.content_type").write_text(f"{TYPE}v5")
    write("repo-empty-v3.json", b'{"packages": []}')
    (root / "repo-empty-v3.content_type").write_text(f"{TYPE}v3")
    write("index.html", f"<title>{mark}</title>".encode())
    for name, content in (more or {}).items():
        write(name, content)
    return root


@dataclass
class Server:
    process: subprocess.Popen[str]
    ports: list[int]

    @property
    def port(self) -> int:
        return self.ports[0]

    def end(self, number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(240)


@contextlib.contextmanager
def serving(tree: Path, *options: str, listen: str = "127.0.0.1:0", addresses: int = 1) -> Iterator[Server]:
    """`dcos-universe serve`, until the end of the block."""
    argv = [sys.executable, "-c", "from dcos_universe.cli import main; main()", "serve", str(tree), *options]
    process = subprocess.Popen(
        [*argv, "--listen", listen],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    server = Server(process, [])
    try:
        assert process.stdout is not None
        for _ in range(addresses):
            line = process.stdout.readline()
            found = re.search(r":(\d+)/repo$", line.strip())
            assert found, f"the server did not say where it listens: {line!r}"
            server.ports.append(int(found[1]))
        yield server
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(240)
        if process.stdout is not None:
            process.stdout.close()
