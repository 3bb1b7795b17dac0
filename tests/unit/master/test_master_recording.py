"""Recordings of the master: storms run again to the byte, from any segment, in another process; no secret is told."""

from __future__ import annotations

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
from dcos_runtime.core.frozen import Now
from dcos_runtime.core.recorder import Recorder, read, veiled
from dcos_runtime.core.seeds import SeededSource
from dcos_runtime.master.core import events, offers, recorded
from dcos_runtime.master.core.core import MasterCore
from dcos_runtime.master.core.effects import Effect
from dcos_runtime.master.core.state import Settings
from dcos_runtime.wire import codec, protobuf
from dcos_runtime.wire.cluster import FrameworkInfo, MasterInfo, Offer
from dcos_runtime.wire.common import AgentID, CommandInfo, ExecutorID, TaskID
from dcos_runtime.wire.scheduler import Call
from dcos_runtime.wire.tasks import TaskInfo
from tests.support.cores.master_framework import WorldFramework
from tests.support.cores.master_world import World
from tests.support.cores.segments import Segments
from tests.support.mesos.calls import CONNECT

SECRET = "correct horse battery staple"
COMMAND = {
    "value": f"run --key={SECRET} über\n",
    "environment": {"variables": [{"name": "PW", "value": SECRET}, {"name": "ü", "value": "x\u00fc1😀"}]},
    "uris": [{"value": f"https://me:{SECRET.replace(' ', '')}@host/path?key=horse"}],
}
OPTION = {"key": "env", "value": f"PW={SECRET}"}
CONTAINER = {
    "type": "MESOS",
    "docker": {"image": "i", "parameters": [OPTION]},
    "volumes": [
        {
            "mode": "RO",
            "container_path": "y",
            "source": {
                "type": "DOCKER_VOLUME",
                "docker_volume": {"name": "n", "driver_options": {"parameter": [OPTION]}},
            },
        }
    ],
}
PAGE = f"http://me:{SECRET.replace(' ', '+')}@host/page?token=horse"
DATA = ["", "aG9yc2U=", "aG9yc2Vz", "aG9yc2UgaG9yc2UgaA=="]


class RecordedWorld(World):
    """Each master has a recording of its own, in small segments."""

    def __init__(self, segment: int, **more: Any) -> None:
        self.segment = segment
        self.lives: list[tuple[Segments, Recorder, MasterCore]] = []
        self.frozen: list[tuple[bytes, Any]] = []
        super().__init__(**more)

    def new_core(self, settings: Settings, source: SeededSource) -> MasterCore:
        core = super().new_core(settings, source)
        sink = Segments()
        recorder = Recorder(
            core, recorded.NAME, "1", source.seed, recorded.Veil(KEY), sink, segment=self.segment, openings=0
        )
        self.lives.append((sink, recorder, core))
        return core

    def receive(self, event: events.Event) -> list[Effect]:
        self.frozen.append((msgspec.msgpack.encode(event), event))
        now = self.now()
        effects = self.core.receive(event, now)
        self.frozen += [(msgspec.msgpack.encode(effect), effect) for effect in effects]
        self.lives[-1][1].keep(now, event, effects, "")
        return effects


KEY = b"k" * 32


def launch(framework: WorldFramework, chance: random.Random) -> None:
    offer_id = chance.choice(sorted(framework.offers))
    agent_id = framework.offers[offer_id]["agent_id"]
    names = [f"t{next(framework.world.numbers)}" for _ in range(chance.randint(1, 3))]
    for name in names:
        framework.launched[name] = agent_id["value"]
    del framework.offers[offer_id]
    tasks = [
        {
            "name": name,
            "task_id": {"value": name},
            "agent_id": agent_id,
            "resources": [
                {"name": "cpus", "type": "SCALAR", "scalar": {"value": chance.choice([0.1, 1.0, 3.0])}},
                {"name": "ports", "type": "RANGES", "ranges": {"range": [{"begin": 1 + at, "end": 1 + at}]}},
            ],
            "command": COMMAND,
            "data": chance.choice(DATA),
            "health_check": {"http": {"port": 1, "path": f"/{SECRET}"}},
            "discovery": {"visibility": "CLUSTER", "name": SECRET},
            "container": CONTAINER,
        }
        for at, name in enumerate(names)
    ]
    operations = [{"type": "LAUNCH", "launch": {"task_infos": tasks}}]
    framework.call("ACCEPT", offer_ids=[{"value": offer_id}], operations=operations, filters={"refuse_seconds": 2.0})


STEPS = [
    *(["launch"] * 4 + ["read"] * 4 + ["write"] * 3 + ["time"] * 3 + ["say", "ack"] * 2),
    *("decline", "kill", "connect", "break", "forget", "subscribe", "gone", "call", "reconcile", "resumed"),
    *("nonsense", "idle", "restart", "stranger", "budget", "data"),
]


def storm(seed: int, steps: int, segment: int) -> RecordedWorld:
    """Whatever may happen, in an order that the seed decides: as the stateful test does, without its shrinking."""
    chance = random.Random(seed)
    world = RecordedWorld(segment, agents=3, frameworks=2)
    world.run_until_idle()
    for _ in range(steps):
        agent, framework = chance.choice(world.agents), chance.choice(world.frameworks)
        match chance.choice(STEPS):
            case "launch" if framework.offers:
                launch(framework, chance)
            case "read":
                for _ in range(chance.randint(1, 6)):
                    agent.read()
            case "write":
                world.write()
            case "time":
                world.pass_time(chance.choice([0.1, 1.0, 9.0, 45.0, 130.0]))
            case "say" if agent.tasks:
                state = chance.choice(["TASK_FINISHED", "TASK_FAILED", "TASK_RUNNING"])
                agent.say(agent.tasks[chance.choice(sorted(agent.tasks))], state)
            case "ack":
                framework.acknowledge()
            case "decline" if framework.offers:
                framework.decline(chance.choice(sorted(framework.offers)), chance.choice([0.0, 1.0, 30.0]))
            case "kill" if framework.launched:
                framework.kill(chance.choice(sorted(framework.launched)))
            case "connect":
                agent.connect()
            case "break":
                agent.break_off()
            case "forget":
                agent.break_off()
                agent.id = None
                agent.tasks.clear()
            case "subscribe":
                framework.subscribe()
            case "gone":
                framework.disconnect()
            case "call":
                framework.call(chance.choice(["REVIVE", "SUPPRESS"]))
            case "reconcile":
                framework.call("RECONCILE", tasks=[])
            case "resumed":
                world.feed(events.Resumed())
            case "nonsense":
                world.connect(chance.choice([b"{nonsense", b'{"version": 1}', b'{"data": "aG9yc2U='[:-1]]), 10**6)
                world.post(b'{"agent_id": "x", "data": "horse"')
            case "idle":
                world.run_until_idle()
            case "restart":
                world.restart()
            case "stranger":
                info = {"user": "u", "name": "s", "roles": ["a/b", "c", "w"], "capabilities": [{"type": "MULTI_ROLE"}]}
                info["webui_url"] = PAGE
                call = codec.decode(json.dumps({"framework_info": info}).encode(), Call.Subscribe)
                stream = next(world.numbers)
                world.subscribe(call, stream, accepted=chance.choice([codec.CONTENT_TYPE, protobuf.CONTENT_TYPE]))
                world.pass_time(0.5)
                if chance.random() < 0.7:
                    world.feed(events.SubscriberGone(stream))
            case "budget":
                world.feed(events.BudgetedTick(budget=1))
            case "data" if framework.stream is not None:
                body = {"agent_id": {"value": "a"}, "executor_id": {"value": "e"}, "data": "aG9yc2U="}
                framework.call("MESSAGE", **body)
        world.check()
    for _, recorder, _ in world.lives:
        recorder.flush()
    return world


@pytest.mark.parametrize("seed", range(8))
def test_a_recorded_storm_runs_again_to_the_byte_from_any_segment(seed: int) -> None:
    world = storm(seed, 150, segment=random.Random(seed).choice([1, 60_000, 1 << 30]))
    veil = recorded.Veil(KEY)
    count = 0
    for sink, _, core in world.lives:
        ends = []
        for data in sink.files:
            _, events_seen, differences, end = replay.replay(bytes(data))
            assert differences == []
            count += events_seen
            ends.append(end)
        openings = [read(bytes(data))[0].snapshot for data in sink.files]
        assert ends[:-1] == openings[1:] and ends[-1] == veil.snapshot(core.snapshot())
    assert count > 100


def test_another_process_makes_the_same_of_it(tmp_path: Path) -> None:
    """Whose sets have another order."""
    paths = []
    for seed in (20, 21):
        for number, (sink, _, _) in enumerate(storm(seed, 250, 200_000).lives):
            for part, data in enumerate(sink.files):
                paths.append(tmp_path / f"{seed}-{number}-{part}.recording")
                paths[-1].write_bytes(data)
    assert len(paths) > 10
    for hashes in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-m", "dcos_runtime.replay", *map(str, paths)],
            env={**os.environ, "PYTHONHASHSEED": hashes},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.count("the effects are the same") == len(paths)


def test_nothing_is_edited_in_place() -> None:
    for seed in range(30, 33):
        for before, it in storm(seed, 200, 1 << 30).frozen:
            assert msgspec.msgpack.encode(it) == before, it


def test_no_secret_of_a_task_gets_into_a_recording() -> None:
    world = storm(40, 300, 20_000)
    names = 0
    for sink, _, _ in world.lives:
        for data in sink.files:
            for secret in (SECRET.encode(), b"correct+horse", b"horse", b"aG9yc2U", "über".encode(), b"\\u00fcber"):
                assert secret not in data
            names += data.count(b'"PW"') + data.count(b"PW")
    assert names
    assert any(SECRET.encode() in bytes(before) for before, _ in world.frozen)


def test_a_calls_other_parts_hide_no_secret_of_its_tasks() -> None:
    task = TaskInfo(
        name="t", task_id=TaskID(value="t"), agent_id=AgentID(value="a"), command=CommandInfo(value=f"run {SECRET}")
    )
    launch = Offer.Operation(type=Offer.Operation.Type.LAUNCH, launch=Offer.Operation.Launch(task_infos=[task]))
    info = FrameworkInfo(user="u", name="n")
    call = Call(
        type=Call.Type.ACCEPT,
        accept=Call.Accept(operations=[launch]),
        message=Call.Message(agent_id=AgentID(value="a"), executor_id=ExecutorID(value="e"), data=SECRET.encode()),
        update_framework=Call.UpdateFramework(framework_info=info),
        subscribe=Call.Subscribe(framework_info=info),
    )
    veil = recorded.Veil(KEY)
    parts = (call, msgspec.structs.replace(call, accept=None), msgspec.structs.replace(call, message=None))
    for event in (it for one in parts for it in (events.Called(1, one, "s"), events.Subscribe(1, 1, "s", one))):
        (hidden,) = veiled([event], veil.events)
        whole = msgspec.msgpack.encode(hidden)
        assert b"horse" not in whole and b"Y29ycmVjdCBob3JzZ" not in whole


def test_the_command_says_where_effects_differ(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "one.recording"
    path.write_bytes(storm(5, 60, 1 << 30).lives[0][0].files[0])
    assert replay.main([str(path)]) == 0 and "of the master" in capsys.readouterr().out
    monkeypatch.setattr(offers, "DEFAULT_REFUSE_SECONDS", 7.0)
    monkeypatch.setattr("dcos_runtime.master.core.silence.send_ping", lambda state, agent: None)
    assert replay.main([str(path)]) == 1
    output = capsys.readouterr().out
    assert "event" in output and "effect" in output and " now " in output


def test_what_the_core_raised_is_raised_again_and_what_it_wanted_is_done() -> None:
    """A registry that cannot be read: a recording of the failure replays as the failure."""
    source = SeededSource(b"1")
    core = MasterCore(Settings(MasterInfo(id="m", ip=1, port=5050)), source)
    sink = Segments()
    recorder = Recorder(core, recorded.NAME, "1", source.seed, recorded.Veil(KEY), sink)
    now = Now(1.0, 2.0)
    event = events.Recovered((("agents/a", b"nonsense"),), 1)
    with pytest.raises(codec.DecodeError) as raised:
        core.receive(event, now)
    recorder.keep(now, event, core.take_effects(), raised.type.__name__)
    recorder.flush()
    _, count, differences, _ = replay.replay(bytes(sink.files[0]))
    assert count == 1 and differences == []


@pytest.mark.parametrize("size", [0, codec.MAX_LENIENT, codec.MAX_LENIENT + 1, codec.MAX_LENIENT + 2])
def test_a_message_is_as_lengthy_in_the_recording_as_it_was(size: int) -> None:
    """It is written without spaces there, and what is longer may not have values of other types than its fields."""
    world = RecordedWorld(1 << 30, agents=0, frameworks=0)
    body = json.dumps({**CONNECT, "version": "1"}).encode().ljust(size)
    reply = world.connect(body, 7)
    assert reply.status == (200 if size <= codec.MAX_LENIENT else 400)
    ((sink, recorder, _),) = world.lives
    recorder.flush()
    _, count, differences, _ = replay.replay(bytes(sink.files[0]))
    assert count and differences == []
