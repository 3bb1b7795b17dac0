"""How fast an index is served: `dcos-universe serve` beside nginx, the same tree, the same clients, in turn."""

from __future__ import annotations

import base64
import contextlib
import gzip
import json
import random
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.figures import Bench, Measured, NotHere, figure, ratio_at_least
from tests.support.universe.serving import TYPE, serving

CLIENTS = 8
SECONDS = 3.0
REQUEST = (
    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: cosmos/0.6 dcos/1.13\r\n"
    f"Accept: {TYPE}v5\r\nAccept-Encoding: gzip\r\n\r\n"
)

_CLIENT = r"""
import socket, sys, threading, time
port, clients, seconds, request = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4].encode()
def connected():
    sock = socket.create_connection(("127.0.0.1", port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock
first = connected()
first.sendall(request)
told = b""
while b"\r\n\r\n" not in told:
    told += first.recv(65536)
head, _, body = told.partition(b"\r\n\r\n")
if b" 200 " not in head.split(b"\r\n")[0] or b"ncoding: gzip" not in head:
    sys.exit(head.decode())
length = [int(l.split(b":")[1]) for l in head.lower().split(b"\r\n") if l.startswith(b"content-length:")][0]
size = len(head) + 4 + length
counts = [0] * clients
until = time.monotonic() + seconds
def one(number):
    sock, buffer = connected(), bytearray(size)
    while time.monotonic() < until:
        sock.sendall(request)
        if sock.recv_into(buffer, size, socket.MSG_WAITALL) != size or not buffer.startswith(b"HTTP/1.1 200"):
            sys.exit("a short answer")
        counts[number] += 1
threads = [threading.Thread(target=one, args=(number,)) for number in range(clients)]
begun = time.monotonic()
for thread in threads: thread.start()
for thread in threads: thread.join()
print(sum(counts) / (time.monotonic() - begun), length)
"""


def index_tree(root: Path) -> Path:
    """A repository of 1,200 revisions as large as a real one, for one release: packed some 1.7 MB."""
    source = random.Random(17)
    root.mkdir(parents=True)
    packages = []
    for number in range(1200):
        words = " ".join(source.choice(("service", "task", "memory", "port", "volume", "node")) for _ in range(900))
        template = base64.b64encode(source.randbytes(600) + words.encode()).decode()
        packages.append(
            {
                "packagingVersion": "4.0",
                "name": f"package-{number % 180}",
                "version": f"{number}.0.0",
                "releaseVersion": number,
                "description": words[:900],
                "marathon": {"v2AppMustacheTemplate": template},
            }
        )
    content = json.dumps({"packages": packages}).encode()
    for name in ("repo-up-to-1.13", "universe"):
        (root / f"{name}.json").write_bytes(content)
        (root / f"{name}.json.gz").write_bytes(gzip.compress(content, 9, mtime=0))
        (root / f"{name}.content_type").write_text(f"{TYPE}v5")
    return root


@contextlib.contextmanager
def nginx(tree: Path, run: Path) -> Iterator[int]:
    """One worker of nginx over the tree, as its manual has it for static files with twins."""
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    if not Path(program).exists():
        raise NotHere("nginx is not installed (Debian: nginx-light)")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    run.mkdir(parents=True, exist_ok=True)
    (run / "nginx.conf").write_text(
        f"""daemon off; worker_processes 1; pid {run}/pid; error_log stderr error; user root;
events {{ worker_connections 1024; }}
http {{
    access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000; default_type application/json;
    client_body_temp_path {run}/b; proxy_temp_path {run}/p; fastcgi_temp_path {run}/f;
    scgi_temp_path {run}/s; uwsgi_temp_path {run}/u;
    open_file_cache max=1000 inactive=60s;
    server {{ listen 127.0.0.1:{port} backlog=1024; root {tree}; gzip_static on; }}
}}
"""
    )
    process = subprocess.Popen([program, "-e", "stderr", "-p", str(run), "-c", str(run / "nginx.conf")])
    try:
        until = time.monotonic() + 30
        while time.monotonic() < until:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
                break
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def rate(port: int, path: str) -> tuple[float, int]:
    """Answers a second, and bytes of the body."""
    argv = [sys.executable, "-I", "-c", _CLIENT, str(port), str(CLIENTS), str(SECONDS), REQUEST.format(path=path)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise RuntimeError(done.stderr)
    answers, size = done.stdout.split()
    return float(answers), int(size)


@figure(
    "universe.serve",
    "GET /repo, gzip, of `dcos-universe serve` (one process) beside one worker of nginx over the same files",
    unit="requests/s",
    how=f"{CLIENTS} connections kept alive in a process of their own, {SECONDS:g} s each in turn",
    aim=ratio_at_least(0.8),
)
def serve(bench: Bench) -> Measured:
    tree = index_tree(bench.place("serve") / "tree")
    ours, other, size = [], [], 0
    with serving(tree) as server, nginx(tree, bench.place("nginx")) as port:
        rate(server.port, "/repo")
        for _ in bench.times(5):
            found, size = rate(server.port, "/repo")
            ours.append(found)
            found, size = rate(port, "/repo-up-to-1.13.json")
            other.append(found)
    return Measured(ours, other="nginx", other_samples=other, note=f"{size} bytes each")
