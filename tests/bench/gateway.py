"""What the gateway costs: requests through it beside the same requests to the daemon behind it."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
import time
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from tests.bench.cluster import Lab, warm
from tests.bench.figures import Bench, Measured, at_most, figure, ratio_at_least
from tests.support.machines.deployed import Deployed

CONNECTIONS = 16
SECONDS = 4.0
PATH = "/metrics/snapshot"

_MEMORY = r"""
import os, re
total, parts = 0, []
for unit in sorted(os.listdir('/sys/fs/cgroup/systemd/system.slice')):
    if not re.fullmatch(r'dcos-[a-z]+\.service', unit):
        continue
    pids = open(f'/sys/fs/cgroup/systemd/system.slice/{unit}/cgroup.procs').read().split()
    kilobytes = 0
    for pid in pids:
        text = open(f'/proc/{pid}/smaps_rollup').read()
        kilobytes += int(re.search(r'^Pss:\s+(\d+)', text, re.M)[1])
    total += kilobytes
    parts.append(f'{unit.removeprefix("dcos-").removesuffix(".service")} {kilobytes * 1024 / 1e6:.0f}')
print(f'{total * 1024 / 1e6:.1f} ' + ', '.join(parts))
"""


class _Loop(asyncio.Protocol):
    """One connection that asks the same thing again as soon as it is answered."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._rest = b""
        self.answers = 0
        self.wrong = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are transports without saying so
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._rest += data
        head, end, body = self._rest.partition(b"\r\n\r\n")
        if not end:
            return
        if not head.startswith(b"HTTP/1.1 200"):
            self.wrong = head.split(b"\r\n")[0].decode()
            self._transport.close()
            return
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        whole = len(body) >= int(lengths[0].partition(b":")[2]) if lengths else body.endswith(b"\r\n0\r\n\r\n")
        if whole:
            self.answers += 1
            self._rest = b""
            self._transport.write(self._request)


async def _rate(host: str, port: int, tls: ssl.SSLContext | None, path: str, headers: Mapping[str, str]) -> float:
    lines = "".join(f"{name}: {value}\r\n" for name, value in {"Host": host, **headers}.items())
    request = f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode()
    loop = asyncio.get_running_loop()
    made = [await loop.create_connection(lambda: _Loop(request), host, port, ssl=tls) for _ in range(CONNECTIONS)]
    await asyncio.sleep(1.0)
    before = sum(protocol.answers for _, protocol in made)
    started = time.perf_counter()
    await asyncio.sleep(SECONDS)
    seconds = time.perf_counter() - started
    count = sum(protocol.answers for _, protocol in made) - before
    for transport, _ in made:
        transport.close()
    wrong = [protocol.wrong for _, protocol in made if protocol.wrong]
    if wrong or not count:
        raise RuntimeError(f"{host}:{port}{path}: {wrong[0] if wrong else 'no answer'}")
    return count / seconds


def requests_per_second(
    host: str, port: int, tls: ssl.SSLContext | None, path: str, headers: Mapping[str, str]
) -> float:
    import uvloop

    return uvloop.run(_rate(host, port, tls, path, headers))


def deployed(lab: Lab) -> Deployed:
    return Deployed(lab.inventory, Path(lab.environment["XDG_STATE_HOME"]).parent)


@figure(
    "gateway.throughput",
    f"GET {PATH} of the master through the gateway with a token, beside HTTP Basic on port 5050",
    unit="requests/s",
    how=f"{CONNECTIONS} connections kept alive, {SECONDS:g} s each in turn, from the operator's side of the bridge",
    aim=ratio_at_least(0.4),
)
def throughput(bench: Bench) -> Measured:
    cluster = deployed(bench.shared(warm))
    secrets = cluster.state_folder.root / "secrets"
    folder = next((cluster.home / "client" / "clusters").glob("*/attached")).parent
    token = tomllib.loads((folder / "dcos.toml").read_text())["core"]["dcos_acs_token"]
    administrator = json.loads((secrets / "administrator.json").read_text())
    basic = base64.b64encode(f"{administrator['uid']}:{administrator['password']}".encode()).decode()
    tls = ssl.create_default_context(cafile=str(secrets / "ca.crt"))
    master = cluster.address(cluster.masters[0])
    through, direct = [], []
    for _ in bench.times(5):
        through.append(requests_per_second(master, 443, tls, f"/mesos{PATH}", {"Authorization": f"token={token}"}))
        direct.append(requests_per_second(master, 5050, None, PATH, {"Authorization": f"Basic {basic}"}))
    return Measured(through, other="direct", other_samples=direct)


@figure(
    "memory.master-machine",
    "all that a master's machine runs for us: ZooKeeper, master, init, dcos-auth, nginx",
    unit="MB",
    how="Pss of every process of the units dcos-*, on the machine, after 50 apps were made and a minute of reads",
    aim=at_most(420),
)
def machine_memory(bench: Bench) -> Measured:
    cluster = deployed(bench.shared(warm))
    name = cluster.masters[0]
    for number in range(50):
        made = cluster.dcos(
            *("marathon", "app", "add"),
            stdin=json.dumps({"id": f"/bench/{number}", "cmd": "sleep 1000", "cpus": 0.01, "mem": 32, "instances": 0}),
        )
        if made.returncode:
            raise RuntimeError(made.stderr)
    for _ in range(20):
        for words in (("ps",), ("node", "list"), ("marathon", "app", "list")):
            cluster.dcos(*words)
    output = cluster.ssh(name, f"python3 - <<'END'\n{_MEMORY}\nEND")
    for number in range(50):
        cluster.dcos("marathon", "app", "remove", f"/bench/{number}", "--force")
    total, _, parts = output.partition(" ")
    return Measured([float(total)], note=parts)
