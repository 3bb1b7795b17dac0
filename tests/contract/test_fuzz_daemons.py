"""Hostile requests to every daemon: answered with 2xx, 3xx or 4xx, never a traceback, and the daemon lives.

Some in every run, always the same; many in ``make soak``, others on each (the seed is printed; ``DCOS_FUZZ_SEED`` and
``DCOS_FUZZ_COUNT`` replay and lengthen it).
"""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.support.daemons.authority import Authority
from tests.support.daemons.byhand import Daemon, free_port
from tests.support.daemons.fuzz import Fuzzer, Good, ask
from tests.support.daemons.gateway import Gateway
from tests.support.mesos.calls import CALLS, CONNECT, INFO
from tests.support.mesos.rawclient import Agent, Master, Scheduler, task

JSON = ("Content-Type: application/json",)
FORM = ("Content-Type: application/x-www-form-urlencoded",)


class Target(NamedTuple):
    address: tuple[str, int] | str
    goods: list[Good]
    log: Path
    lives: Callable[[], bool]


def _reads(*paths: str) -> list[Good]:
    return [Good("GET", path) for path in paths]


@contextlib.contextmanager
def master(folder: Path) -> Iterator[list[Target]]:
    """With a framework and an agent, which the requests name."""
    one = Master(folder / "master", "--allocation_interval=100ms", "--agent_ping_timeout=1hrs").start().leads()
    agent, scheduler = Agent(one.port), Scheduler(one.port, failover_timeout=3600.0)
    (offer,) = scheduler.offers()
    scheduler.accept([offer], [task("t1", offer)])
    stream = (*JSON, f"Mesos-Stream-Id: {scheduler.stream_id}")
    named = {"framework_id": {"value": scheduler.id}}
    calls = [Good("POST", "/api/v1/scheduler", {**call, **named}, stream) for call in CALLS]
    subscribe = {"type": "SUBSCRIBE", "subscribe": {"framework_info": {**INFO, "id": None, "failover_timeout": 0.0}}}
    calls.append(Good("POST", "/api/v1/scheduler", subscribe, JSON))
    calls.append(Good("POST", "/teardown", b"frameworkId=nobody", FORM))
    wanted = {"resources": {"cpus": 1, "ports": 2}, "attributes": {"rack": ["a", "b"]}, "role": "r", "closest": 3}
    calls.append(Good("POST", "/api/v1/explain", {**wanted, "constraints": [["rack", "IS", "a"]]}, JSON))
    calls += _reads("/api/v1/explain?role=r", f"/api/v1/explain?framework={scheduler.id}&role=*")
    calls += _reads(*("/state", "/slaves", "/tasks?limit=1", "/frameworks?framework_id=x", "/state-summary", "/roles"))
    calls += _reads(*("/redirect", "/version", "/metrics/snapshot?timeout=1secs", "/flags", "/system/stats.json"))
    status = {"task_id": {"value": "t1"}, "state": "TASK_RUNNING", "uuid": "AAAAAAAAQACAAAAAAAAAAA=="}
    update = {
        "type": "UPDATE",
        "seq": 1,
        "framework_id": scheduler.id,
        "status": status,
        "latest_state": "TASK_RUNNING",
    }
    gone = {"type": "TASK_GONE", "seq": 1, "framework_id": scheduler.id, "task_id": "t1"}
    posts = [
        Good(
            "POST",
            "/internal/agent/v1/messages",
            {"agent_id": agent.id, "epoch": agent.epoch, "messages": [message]},
            JSON,
        )
        for message in ({"type": "PONG", "seq": 1}, update, gone)
    ]
    posts.append(Good("POST", "/internal/agent/v1/connect", CONNECT, JSON))
    try:
        yield [
            Target(
                ("127.0.0.1", one.port), calls, one.log, lambda: one.process is not None and one.process.poll() is None
            ),
            Target(
                ("127.0.0.1", agent.port),
                posts,
                one.log,
                lambda: one.process is not None and one.process.poll() is None,
            ),
        ]
    finally:
        scheduler.close()
        agent.close()
        one.stop()


def _of(daemon: Daemon, goods: list[Good]) -> Target:
    port = int(daemon.url.rpartition(":")[2])
    return Target(
        ("127.0.0.1", port), goods, daemon.log, lambda: daemon.process is not None and daemon.process.poll() is None
    )


@contextlib.contextmanager
def agent(folder: Path) -> Iterator[list[Target]]:
    work = folder / "agent"
    work.mkdir()
    argv = ["dcos-agent", f"--master=127.0.0.1:{free_port()}", f"--work_dir={work}", f"--port={free_port()}"]
    one = Daemon("agent", [*argv, "--launcher=posix", "--resources=cpus:1;mem:64"], folder / "agent.log").start()
    goods = _reads("/state", "/containers", "/monitor/statistics", "/metrics/snapshot", "/flags", "/version?jsonp=f")
    goods += _reads("/files/browse?path=/", "/files/read?path=/x&offset=0&length=10", "/files/download?path=/x")
    goods += _reads("/containers/processes?container_id=x&threads=true&interval=10ms", "/metrics")
    goods += _reads("/containers/samples?container_id=x")
    try:
        yield [_of(one, goods)]
    finally:
        one.stop()


APP = {
    **{"id": "/a/b", "cmd": "sleep 1", "cpus": 0.1, "mem": 32, "instances": 0, "env": {"A": "b"}, "labels": {"k": "v"}},
    **{"constraints": [["hostname", "UNIQUE"]], "portDefinitions": [{"port": 0, "name": "x"}], "backoffSeconds": 1},
    **{
        "fetch": [{"uri": "file:///x"}],
        "acceptedResourceRoles": ["*"],
        "upgradeStrategy": {"maximumOverCapacity": 1.0},
    },
    "healthChecks": [{"protocol": "HTTP", "path": "/", "portIndex": 0, "gracePeriodSeconds": 3}],
}


@contextlib.contextmanager
def init(folder: Path) -> Iterator[list[Target]]:
    argv = ["dcos-marathon", f"--master=127.0.0.1:{free_port()}", f"--work_dir={folder / 'init'}", "--http_port=0"]
    one = Daemon("init", argv, folder / "init.log").start()
    goods = [
        *(Good("POST", "/v2/apps", APP, JSON), Good("PUT", "/v2/apps//a/b?force=true", APP, JSON)),
        *(Good("PATCH", "/v2/apps//a/b?force=true", {"instances": 0}, JSON), Good("PUT", "/v2/apps", [APP], JSON)),
        *(Good("POST", "/v2/tasks/delete", {"ids": ["a_b.x"]}, JSON), Good("DELETE", "/v2/apps//a/b?force=true")),
        *(Good("DELETE", "/v2/deployments/x?force=true"), Good("DELETE", "/v2/queue//a/b/delay")),
        *(Good("POST", "/v2/apps//a/b/restart", None, JSON), Good("DELETE", "/v2/tasks/x?scale=true")),
        *_reads("/v2/apps?embed=apps.tasks&label=a==b&cmd=x", "/v2/apps//a/b/versions", "/v2/tasks?status=running"),
        *_reads("/v2/deployments", "/v2/queue", "/v2/info", "/v2/leader", "/ping", "/metrics", "/v2/apps//a/b/tasks"),
        *_reads("/v2/groups", "/v2/pods", "/v2/groups//versions"),
    ]
    try:
        yield [_of(one, goods)]
    finally:
        one.stop()


@contextlib.contextmanager
def auth(folder: Path) -> Iterator[list[Target]]:
    """Its two UNIX sockets: what nginx passes on to it, and nginx' questions."""
    gateway = Gateway(folder / "gateway", Authority(folder / "ca"), master_port=free_port(), init_port=free_port())
    gateway.start_auth()
    root = "/gateway/acs/api/v1"
    goods = [
        Good("POST", f"{root}/auth/login", {"uid": "nobody", "password": "x"}, JSON),
        Good("PUT", f"{root}/users/ann", {"password": "long enough", "description": "d"}, JSON),
        Good("PATCH", f"{root}/users/ann", {"description": "d"}, JSON),
        Good("POST", "/internal/verify", {"token": "a.b.c", "address": "198.18.0.1"}, JSON),
        *_reads(f"{root}/users", f"{root}/auth/providers", f"{root}/auth/jwks", "/gateway/metadata", "/gateway/"),
        *_reads(f"{root}/auth/logout", "/gateway/dcos-metadata/dcos-version.json", "/gateway/ca/dcos-ca.crt"),
    ]
    question = ("X-Dcos-Uri: /mesos/state", "X-Dcos-Route: mesos", "X-Dcos-Method: GET", "Authorization: token=a.b.c")
    other = ("X-Dcos-Uri: /service/x/%2e", "X-Dcos-Route: service", "Cookie: dcos-acs-auth-cookie=a")
    process: Any = gateway._auth
    log = folder / "gateway" / "auth.log"
    try:
        yield [
            Target(str(gateway.socket), goods, log, lambda: process.poll() is None),
            Target(
                f"{gateway.socket}.nginx",
                [Good("GET", "/", None, question), Good("GET", "/", None, other)],
                log,
                lambda: process.poll() is None,
            ),
        ]
    finally:
        gateway.stop()


DAEMONS = {"master": master, "agent": agent, "init": init, "auth": auth}


def attack(target: Target, seed: int, count: int) -> None:
    fuzzer = Fuzzer(target.goods, seed)
    answered = 0
    for number in range(count):
        data = fuzzer.request()
        status = ask(target.address, data)
        answered += status is not None
        assert status is None or 200 <= status < 500, f"seed {seed}, request {number}: {status} to {data[:3000]!r}"
        assert target.lives(), f"seed {seed}, request {number} ended it: {data[:3000]!r}\n{_end(target.log)}"
    assert "Traceback" not in target.log.read_text(errors="replace"), f"seed {seed}:\n{_traceback(target.log)}"
    assert answered > count // 4, "most of them are requests"


def _end(log: Path) -> str:
    return log.read_text(errors="replace")[-3000:]


def _traceback(log: Path) -> str:
    text = log.read_text(errors="replace")
    place = text.index("Traceback")
    return text[max(0, place - 500) : place + 4000]


@pytest.mark.parametrize("name", DAEMONS)
def test_no_request_is_answered_with_an_error_of_the_daemons_own(name: str, tmp_path: Path) -> None:
    with DAEMONS[name](tmp_path) as targets:
        for target in targets:
            attack(target, 8, 250)


@pytest.mark.soak
@pytest.mark.parametrize("name", DAEMONS)
def test_nor_is_any_of_very_many(name: str, tmp_path: Path) -> None:
    seed = int(os.environ.get("DCOS_FUZZ_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"DCOS_FUZZ_SEED={seed}")
    with DAEMONS[name](tmp_path) as targets:
        for target in targets:
            attack(target, seed, int(os.environ.get("DCOS_FUZZ_COUNT") or 10_000))
