"""Recordings of the init: storms run again to the byte, from any segment and in any process, and no secret gets in."""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from dcos_runtime import replay
from dcos_runtime.core.frozen import Frozen, Now
from dcos_runtime.core.recorder import Recorder, read
from dcos_runtime.core.seeds import SeededSource
from dcos_runtime.marathon.core import events, recorded
from dcos_runtime.marathon.core.changes import Conflict, Locked, NotFound
from dcos_runtime.marathon.core.core import InitCore
from dcos_runtime.marathon.core.fields import Invalid
from dcos_runtime.marathon.core.state import Settings
from dcos_runtime.wire.tasks import TaskState
from tests.support.cores.marathon_cluster import Cluster
from tests.support.cores.segments import Segments

SECRET = "correct horse battery staple"
KEY = b"k" * 32


class Life:
    def __init__(self, core: InitCore, segment: int, frozen: list[tuple[bytes, Frozen]]) -> None:
        self.core, self.sink, self.frozen = core, Segments(), frozen
        veil = recorded.Veil(KEY)
        self.recorder = Recorder(core, recorded.NAME, "1", core.state.source.seed, veil, self.sink, segment=segment)

    def keep(self, now: Now, event: Frozen, effects: list[Frozen], error: str) -> None:
        self.frozen += [(msgspec.msgpack.encode(it), it) for it in (event, *effects)]
        self.recorder.keep(now, event, effects, error)


class Recorded(Cluster):
    """Each life of the init has a recording of its own, in small segments."""

    def __init__(self, segment: int, **more: Any) -> None:
        self.segment = segment
        self.lives: list[Life] = []
        self.frozen: list[tuple[bytes, Frozen]] = []
        super().__init__(record=self.life, **more)

    def life(self, core: InitCore) -> Any:
        self.lives.append(Life(core, self.segment, self.frozen))
        return self.lives[-1]


def definition(chance: random.Random, app_id: str) -> dict[str, Any]:
    return {
        "id": app_id,
        "cmd": f"run --key='{SECRET}' {chance.randint(0, 3)}",
        "env": {"PW": SECRET, "PORT0": "1", "ü": f'{SECRET}\u00fc\n"\U0001f600'},
        "fetch": [{"uri": f"http://user:{SECRET.replace(' ', '+')}@host/x.tgz?token={SECRET.replace(' ', '+')}"}],
        "labels": {"cmd": "told"},
        "cpus": 0.5,
        "mem": 32,
        "instances": chance.randint(0, 4),
        "constraints": chance.choice([[], [["hostname", "UNIQUE"]], [["hostname", "GROUP_BY"]]]),
        "healthChecks": chance.choice(
            [
                [],
                [{"protocol": "TCP", "intervalSeconds": 5}],
                [{"protocol": "COMMAND", "command": {"value": f"curl -u u:{SECRET}"}}],
                [{"protocol": "HTTP", "path": f"/{SECRET.replace(' ', '+')}", "intervalSeconds": 5}],
            ]
        ),
        "unreachableStrategy": chance.choice(["disabled", {"inactiveAfterSeconds": 5, "expungeAfterSeconds": 30}]),
        "container": chance.choice(CONTAINERS),
        "networks": chance.choice([None, [{"mode": "container/bridge"}]]),
        "check": chance.choice(
            [
                None,
                {"exec": {"command": {"argv": ["curl", SECRET]}}},
                {"exec": {"command": {"shell": f"curl -u u:{SECRET}"}}},
                {"http": {"path": f"/{SECRET.replace(' ', '+')}"}},
            ]
        ),
        "role": "dev" if app_id.startswith("/dev/") and chance.random() < 0.5 else None,
    }


CONTAINERS: tuple[Any, ...] = (
    None,
    {"type": "MESOS", "docker": {"image": "r.example/i:1", "credential": {"principal": SECRET, "secret": SECRET}}},
    {"type": "DOCKER", "docker": {"image": "i", "parameters": [{"key": "env", "value": f"PW={SECRET}"}]}},
)
APPS = ("/web", "/dev/a", "/dev/team/b")
REFUSED = {
    "id": "/refused",
    "cmd": "x",
    "password": SECRET,
    "secrets": {"a": {"source": SECRET}},
    "container": {"type": "DOCKER", "docker": {"image": "i", "parameters": [{"key": "env", "value": f"PW={SECRET}"}]}},
}
BODIES = (
    b"{nonsense",
    b"[1]",
    b'{"env": {"A": 7}, "unknown": 1, "cpu": 2, "colour": 3}',
    b'{"cmd": 1, "id": "/x"}',
    json.dumps(REFUSED).encode(),
)


def storm(seed: int, steps: int, segment: int) -> Recorded:
    """Whatever may happen, in an order that the seed decides: as the stateful test does, without its shrinking."""
    chance = random.Random(seed)
    settings = Settings(launch_timeout=60.0, kill_retry_timeout=5.0, write_bytes=2000, min_revive_offers_interval=1.0)
    cluster = Recorded(segment, settings=settings)
    cluster.connect()
    for _ in range(steps):
        app = chance.choice(APPS)
        force = chance.random() < 0.5
        with contextlib.suppress(Conflict, Locked, NotFound, Invalid, KeyError):
            step(cluster, chance, app, force)
    for life in cluster.lives:
        life.recorder.flush()
    return cluster


def step(cluster: Recorded, chance: random.Random, app: str, force: bool) -> None:
    what = chance.choice(["create", "scale", "upgrade", "work", "work", "work", "work", "time", "time", "probes", *ODD])
    if cluster.core is None:
        cluster.start()
        cluster.connect()
        return
    data = definition(chance, app)
    match what:
        case "create":
            cluster.change(lambda changes: changes.create(data, force))
        case "scale":
            cluster.change(
                lambda changes: changes.update(
                    app, {"instances": chance.randint(0, 4)}, partial=True, may_create=False, force=force
                )
            )
        case "upgrade":
            cluster.change(lambda changes: changes.update_many([data], partial=True, may_create=True, force=force))
        case "remove":
            cluster.change(lambda changes: changes.delete(app, force))
        case "cancel":
            deployment = next(iter(cluster.core.state.deployments), "none")
            cluster.change(lambda changes: changes.cancel(deployment, force))
        case "kill":
            instances = [one for _, one in cluster.core.state.all_instances()][:2]
            cluster.change(lambda changes: changes.kill(instances, force))
        case "odd":
            body = chance.choice(BODIES)
            cluster.ask(lambda number: events.CreateApp(number, body, force))
        case "work":
            cluster.offer()
            while cluster.deliver():
                cluster.commit()
            for task_id in list(cluster.tasks):
                cluster.run_task(task_id)
        case "probes":
            for probe in cluster.probes:
                ok = chance.choice([True, True, False, None])
                cluster.receive(events.Probed(probe.task_id, probe.index, ok, "x"))
            cluster.probes.clear()
        case "fails" if cluster.tasks:
            task_id = chance.choice(list(cluster.tasks))
            if cluster.agents[cluster.tasks[task_id].agent].reachable:
                cluster.end(task_id, TaskState.TASK_FAILED)
        case "agent":
            agent = chance.choice(list(cluster.agents))
            cluster.lose_agent(agent) if cluster.agents[agent].reachable else cluster.return_agent(agent)
        case "line":
            cluster.disconnect() if cluster.connected else cluster.connect()
        case "removed":
            cluster.error("Framework has been removed")
            cluster.tasks.clear()
        case "time":
            cluster.advance(chance.choice([0.5, 1.0, 5.0, 40.0]))
        case "crash":
            cluster.crash(parts=chance.choice([0, 1, 2, None]))
            return
    if chance.random() < 0.7:
        cluster.commit()


ODD = ["remove", "cancel", "kill", "odd", "fails", "agent", "line", "removed", "crash"]


@pytest.mark.parametrize("seed", range(8))
def test_a_recorded_storm_runs_again_to_the_byte_from_any_segment(seed: int) -> None:
    cluster = storm(seed, 120, segment=random.Random(seed).choice([1, 60_000, 1 << 30]))
    veil = recorded.Veil(KEY)
    count = 0
    for life in cluster.lives:
        ends = []
        for data in life.sink.files:
            _, events_seen, differences, end = replay.replay(bytes(data))
            assert differences == [], differences[0]
            count += events_seen
            ends.append(end)
        openings = [read(bytes(data))[0].snapshot for data in life.sink.files]
        assert ends[:-1] == openings[1:] and ends[-1] == veil.snapshot(life.core.snapshot())
    assert count > 100


def test_another_process_makes_the_same_of_it(tmp_path: Path) -> None:
    """Nothing hangs on the order of sets, which is another one there."""
    cluster = storm(99, 250, 1 << 30)
    files = []
    for number, life in enumerate(cluster.lives):
        files.append(tmp_path / f"{number}.recording")
        files[-1].write_bytes(life.sink.files[0])
    for seed in ("1", "2"):
        command = [sys.executable, "-m", "dcos_runtime.replay", *map(str, files)]
        found = subprocess.run(
            command, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=False
        )
        assert found.returncode == 0, found.stdout + found.stderr


def test_nothing_is_edited_in_place() -> None:
    for seed in range(3):
        for before, it in storm(seed, 120, 1 << 30).frozen:
            assert msgspec.msgpack.encode(it) == before, it


def test_no_secret_of_an_app_gets_into_a_recording() -> None:
    cluster = storm(3, 200, 30_000)
    assert any(b"horse" in value for value in cluster.store.values())
    assert any(SECRET in str(info) for info in cluster.launched)
    names = 0
    for life in cluster.lives:
        for data in life.sink.files:
            assert b"horse" not in data
            names += data.count(b"PW")
    assert names


ODD_PLACES: tuple[Any, ...] = (
    {"healthChecks": [{"protocol": "COMMAND", "command": {"value": f"curl -u u:{SECRET}", "of": [SECRET]}}]},
    {"healthChecks": [{"protocol": "TCP", "command": SECRET}]},
    {"check": {"exec": {"command": {"shell": SECRET, "argv": [SECRET, 5], "of": SECRET}, "x": SECRET}}},
    {"check": {"http": {"path": f"/{SECRET}", "scheme": 5, "x": [SECRET]}, "tcp": SECRET}},
    {"check": SECRET},
    {"healthChecks": [{"protocol": "HTTP", "path": "/", "headers": {"Authorization": SECRET}, "token": [SECRET]}]},
    {"healthChecks": {"path": SECRET}},
    {"healthChecks": [SECRET], "fetch": {"uri": SECRET}},
    {"fetch": [f"http://u:{SECRET}@h/x", {"url": SECRET}, {"uri": "http://h/x", "password": SECRET}]},
    {"portDefinitions": [{"port": 0, "password": SECRET, "labels": {"a": {"b": SECRET}}}, SECRET]},
    {"networks": [{"mode": "host", "token": SECRET}]},
    {"upgradeStrategy": {"password": SECRET}, "unreachableStrategy": SECRET},
    {"container": SECRET, "versionInfo": {"lastScalingAt": SECRET}},
    {"container": [SECRET], "constraints": SECRET},
    {"constraints": [SECRET, ["hostname", "LIKE", {"value": SECRET}]]},
    {"cpus": SECRET, "ports": [SECRET], "user": {"name": SECRET}, "labels": [SECRET], "dependencies": SECRET},
    SECRET,
    [SECRET, {"id": "/x", "colour": SECRET}],
)
MALFORMED = (b"NaN", b"1e999", b'"\\ud800"', b'"\xff"', b"01", b"1" + b"0" * 5000)


@pytest.mark.parametrize(
    "body",
    [
        *(json.dumps({"id": "/a", "cmd": "x", **odd} if isinstance(odd, dict) else odd).encode() for odd in ODD_PLACES),
        *(b'{"id": "/a", "instances": 0, "cmd": "x", "mem": %s}' % value for value in MALFORMED),
        *(b'{"id": "/a", "instances": 0, "cmd": %s}' % value for value in MALFORMED),
        b"\xef\xbb\xbf" + json.dumps({"id": "/a", "cmd": SECRET}).encode(),
        json.dumps({"id": "/a", "cmd": SECRET}).encode("utf-16"),
    ],
)
def test_no_secret_stays_that_stands_where_none_is_expected(body: bytes) -> None:
    cluster = Recorded(1 << 30)
    cluster.connect()
    for make in (events.CreateApp, events.UpdateApps):
        with contextlib.suppress(Conflict, Locked, NotFound, Invalid, KeyError):
            cluster.ask(lambda number, make=make: make(number, body, True))
        cluster.commit()
    (life,) = cluster.lives
    life.recorder.flush()
    (data,) = life.sink.files
    assert b"horse" not in data and "horse".encode("utf-16-le") not in data
    _, _, differences, _ = replay.replay(bytes(data))
    assert differences == []


def test_what_the_core_raised_is_raised_again() -> None:
    core = InitCore(Settings(), SeededSource(b"s"))
    sink = Segments()
    recorder = Recorder(core, recorded.NAME, "1", b"s", recorded.Veil(KEY), sink)
    now = Now(1.0, 2.0)
    event = events.Recovered((("instances/x", b'{"format": 9}'),))
    with pytest.raises(ValueError, match="format 9") as raised:
        core.receive(event, now)
    recorder.keep(now, event, core.take_effects(), raised.type.__name__)
    recorder.flush()
    _, count, differences, _ = replay.replay(bytes(sink.files[0]))
    assert count == 1 and differences == []
