"""A port scanner and a list of requests, in one script that needs only Python and runs on any machine."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.machines.deployed import Deployed

PATHS = (
    "/",
    "/health",
    "/version",
    "/redirect",
    "/master/redirect",
    "/state",
    "/state.json",
    "/master/state",
    "/master/state.json/",
    "/state-summary",
    "/slaves",
    "/tasks",
    "/frameworks",
    "/roles",
    "/flags",
    "/metrics/snapshot",
    "/api/v1/scheduler",
    "/api/v1",
    "/internal/agent/v1",
    "/internal/agent/v1/connect",
    "/slave(1)/state",
    "/slave%281%29/state",
    "/slave(1)/health",
    "/containers",
    "/containers/processes?container_id=c",
    "/monitor/statistics",
    "/files/browse?path=/",
    "/files/read?path=/etc/passwd",
    "/files/download?path=/etc/passwd",
    "/ping",
    "//ping/",
    "/v2/apps",
    "//v2//apps//",
    "/v2/info",
    "/v2/leader",
    "/v2/events",
    "/metrics",
    "/acs/api/v1/auth/login",
    "/acs/api/v1/auth/providers",
    "/acs/api/v1/auth/jwks",
    "/acs/api/v1/auth/logout",
    "/acs/api/v1/users",
    "/acs/api/v1/auth/login/../../users",
    "/acs/api/v1/auth/login/..%2f..%2fusers",
    "/internal/verify",
    "/metadata",
    "/dcos-metadata/dcos-version.json",
    "/dcos-metadata/ui-config.json",
    "/dcos-metadata/../mesos/state",
    "/ca/dcos-ca.crt",
    "/ca/..%2fmesos/state",
    "/mesos/state",
    "/mesos/master/state-summary",
    "/marathon/v2/apps",
    "/service/marathon/v2/apps",
    "/exhibitor/exhibitor/v1/cluster/status",
    "/pkgpanda/active.buildinfo.full.json",
    "/system/health/v1/nodes",
    "/no/such/path",
)

SCRIPT = r'''
import errno, json, select, socket, ssl, sys, time

def scan(address, ports, at_once=400, patience=1.5):
    """Open TCP ports, by connecting to each."""
    open_, waiting, poll, todo = [], {}, select.epoll(), iter(ports)
    more = True
    while more or waiting:
        while more and len(waiting) < at_once:
            port = next(todo, None)
            if port is None:
                more = False
                break
            probe = socket.socket()
            probe.setblocking(False)
            code = probe.connect_ex((address, port))
            if code == errno.EINPROGRESS:
                # Next door, a refusal is mostly there before one asks.
                code = probe.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code == 0:
                waiting[probe.fileno()] = (probe, port, time.monotonic() + patience)
                poll.register(probe.fileno(), select.EPOLLOUT | select.EPOLLERR | select.EPOLLHUP)
            else:
                probe.close()
        for number, _ in poll.poll(0.05):
            probe, port, _ = waiting.pop(number)
            poll.unregister(number)
            # A probe may meet itself: its own port is one of those that it looks at.
            if probe.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0 and probe.getsockname() != probe.getpeername():
                open_.append(port)
            probe.close()
        now = time.monotonic()
        for number in [number for number, (_, _, end) in waiting.items() if end < now]:
            probe, _, _ = waiting.pop(number)
            poll.unregister(number)
            probe.close()
    return sorted(open_)

def first_line(channel, data):
    channel.sendall(data)
    answer = b""
    while b"\n" not in answer and len(answer) < 300:
        piece = channel.recv(300)
        if not piece:
            break
        answer += piece
    return answer.split(b"\n")[0].strip().decode("latin-1")

def request(path, method):
    body = "Content-Length: 2\r\nContent-Type: application/json\r\n" if method == "POST" else ""
    return f"{method} {path} HTTP/1.1\r\nHost: scan\r\nConnection: close\r\n{body}\r\n{'{}' if body else ''}".encode()

def knock(address, port, paths):
    """What it says to a plain GET and POST of each path, and to the same over TLS without a certificate."""
    said = {"plain": {}, "tls": {}}
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    for way in said:
        for method in ("GET", "POST"):
            for path in paths:
                try:
                    with socket.create_connection((address, port), 60) as raw:  # on a busy host
                        raw.settimeout(240)
                        channel = context.wrap_socket(raw) if way == "tls" else raw
                        answer = first_line(channel, request(path, method))
                except OSError as error:
                    answer = getattr(error, "reason", None) or type(error).__name__
                said[way][f"{method} {path}"] = answer
                if not answer.startswith("HTTP/"):
                    break  # it speaks something else, in whatever path
            else:
                continue
            break
    return said

asked = json.loads(sys.argv[1])
found = {}
for address, ports in asked["ports"].items():
    chosen = range(1, 65536) if ports == "all" else ports
    found[address] = {port: knock(address, port, asked["paths"]) for port in scan(address, chosen)}
print("SCAN " + json.dumps(found))
'''

Said = dict[str, dict[str, str]]
Found = dict[str, dict[int, Said]]


def argv(ports: dict[str, Sequence[int] | str]) -> list[str]:
    """``ports``: for each address the ports to look at, or ``all``."""
    return ["-c", SCRIPT, json.dumps({"ports": ports, "paths": PATHS})]


def one_liner(ports: dict[str, Sequence[int] | str]) -> str:
    """The same as a shell command without quotes, which an app's definition would not allow."""
    encoded = base64.b64encode(json.dumps(["python3", *argv(ports)]).encode()).decode()
    start = f'import base64,json,os; os.execvp("python3", json.loads(base64.b64decode("{encoded}")))'
    return f"exec python3 -c '{start}'"


def read(output: str) -> Found:
    """The script's result, from the whole output."""
    (line,) = [line for line in output.splitlines() if line.startswith("SCAN ")]
    return {
        address: {int(port): said for port, said in ports.items()}
        for address, ports in json.loads(line.removeprefix("SCAN ")).items()
    }


@contextmanager
def outsider(cluster: Deployed, number: int = 250) -> Iterator[list[str]]:
    """A network namespace on the cluster's bridge that is no member and no operator: the command prefix for it."""
    name, cable = f"dcos-out-{number}", f"dcosout{number}"
    bridge = f"dcos-{cluster.state_folder.cluster_id[:8]}"
    network = next(iter(cluster.addresses.values())).rpartition(".")[0]

    def ip(*words: str, check: bool = True) -> None:
        subprocess.run(["ip", *words], check=check, capture_output=True)

    ip("netns", "delete", name, check=False)
    ip("netns", "add", name)
    try:
        ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", name)
        ip("link", "set", cable, "master", bridge, "up")
        ip("-n", name, "address", "add", f"{network}.{number}/24", "dev", "eth0")
        ip("-n", name, "link", "set", "eth0", "up")
        ip("-n", name, "link", "set", "lo", "up")
        yield ["ip", "netns", "exec", name]
    finally:
        ip("netns", "delete", name, check=False)
        ip("link", "delete", cable, check=False)


def from_here(ports: dict[str, Sequence[int] | str], inside: Sequence[str] = ()) -> Found:
    """From this host, or from a namespace of it."""
    python = Path(sys.executable).resolve()
    done = subprocess.run([*inside, str(python), *argv(ports)], capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stderr
    return read(done.stdout)


def answered(said: Said, way: str) -> dict[str, int]:
    """The HTTP statuses of requests; responses that are not HTTP are left out."""
    statuses: dict[str, Any] = {}
    for request, line in said[way].items():
        if line.startswith("HTTP/"):
            statuses[request] = int(line.split()[1])
    return statuses
