"""A network of a test's own, in which it runs agents, and a host outside of it on a wire."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dcos_runtime.agent.containers import netns

MACHINE = "198.19.249.1"
"""The machine's address on the wire."""

OUTSIDE = "198.19.249.2"

BRIDGE = "198.19.250.0/26"
PLUGINS = Path("/usr/lib/cni")

GET = """
import socket, sys
kind = socket.SOCK_DGRAM if sys.argv[3] == "udp" else socket.SOCK_STREAM
with socket.socket(socket.AF_INET, kind) as made:
    made.settimeout(float(sys.argv[4]))
    made.connect((sys.argv[1], int(sys.argv[2])))
    made.sendall(b"who\\n")
    print(made.recv(1000).decode(), end="")
"""

ANSWER = """
import socket, sys, threading
def answer(kind, port):
    made = socket.socket(socket.AF_INET, kind)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("0.0.0.0", port))
    if kind == socket.SOCK_STREAM:
        made.listen()
    print("listens", port, flush=True)
    while True:
        if kind == socket.SOCK_STREAM:
            taken, peer = made.accept()
            taken.sendall(f"{sys.argv[1]} {peer[0]}".encode())
            taken.close()
        else:
            _, peer = made.recvfrom(1000)
            made.sendto(f"{sys.argv[1]} {peer[0]}".encode(), peer)
for word in sys.argv[2:]:
    kind, port = word.split(":")
    kinds = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}
    threading.Thread(target=answer, args=(kinds[kind], int(port))).start()
"""
"""Answers on ports, each as ``tcp:80``, with a name and the address that it was asked from."""


def networks_work() -> str | None:
    """Why networks of containers cannot be tested here, or ``None``."""
    if os.geteuid() != 0:
        return "networks want root"
    missing = [name for name in ("ip", "nft", "nsenter") if not shutil.which(name)]
    missing += [f"{PLUGINS / name}" for name in ("bridge", "host-local") if not (PLUGINS / name).exists()]
    return f"{', '.join(missing)} not installed" if missing else None


@dataclass(frozen=True)
class NetworkLab:
    """``outside``: the file of the other host's network namespace."""

    outside: Path

    def ask(self, host: str, port: int, protocol: str = "tcp", *, outside: bool = False, seconds: float = 5.0) -> str:
        """What answers there, and the address that it sees; empty: nothing does."""
        argv = ["/usr/bin/python3", "-I", "-S", "-c", GET, host, str(port), protocol, str(seconds)]
        before = ["nsenter", f"--net={self.outside}"] if outside else []
        done = subprocess.run([*before, *argv], capture_output=True, text=True, check=False)
        return done.stdout

    def left(self) -> dict[str, Any]:
        """What networks of containers take on this machine: interfaces, elements of rules."""
        links = json.loads(run("ip", "-j", "link"))
        tables = json.loads(run("nft", "-j", "list", "ruleset"))["nftables"]
        maps = [one["map"] for one in tables if "map" in one]
        return {
            "pairs": sorted(one["ifname"] for one in links if one["ifname"].startswith("veth")),
            "mapped": sum(len(one.get("elem", ())) for one in maps),
        }


def run(*argv: str) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def namespaces(work_dir: Path) -> list[str]:
    """The network namespaces that an agent keeps."""
    folder = work_dir / "run" / "networks" / "netns"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def leases(work_dir: Path, network: str = "mesos-bridge") -> list[str]:
    """The addresses that containers of an agent's bridge have."""
    folder = work_dir / "run" / "networks" / "leases" / network
    names = [path.name for path in folder.iterdir()] if folder.exists() else []
    return sorted(name for name in names if name[0].isdigit())


@contextlib.contextmanager
def network_of_its_own(folder: Path) -> Iterator[NetworkLab]:
    """The calling thread, and all that it starts, is in a network of its own meanwhile. It goes with them."""
    libc = ctypes.CDLL(None, use_errno=True)
    inside, outside = folder / "inside.netns", folder / "outside.netns"
    back = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        netns.make(inside)
        netns.make(outside)
        _enter(libc, inside)
        _wire(outside)
        yield NetworkLab(outside)
    finally:
        assert libc.setns(back, 0) == 0
        os.close(back)
        for path in (inside, outside):
            netns.remove(path)


def _enter(libc: ctypes.CDLL, path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        assert libc.setns(descriptor, 0) == 0, os.strerror(ctypes.get_errno())
    finally:
        os.close(descriptor)


def _wire(outside: Path) -> None:
    commands: Sequence[Sequence[str]] = (
        ("ip", "link", "add", "wire0", "type", "veth", "peer", "name", "wire1"),
        ("ip", "address", "add", f"{MACHINE}/24", "dev", "wire0"),
        ("ip", "link", "set", "wire0", "up"),
    )
    for command in commands:
        run(*command)
    run("ip", "link", "set", "wire1", "netns", str(outside))
    for command in (
        ("ip", "address", "add", f"{OUTSIDE}/24", "dev", "wire1"),
        ("ip", "link", "set", "wire1", "up"),
    ):
        run("nsenter", f"--net={outside}", *command)
