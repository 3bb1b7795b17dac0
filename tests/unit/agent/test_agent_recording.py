"""Recordings of the agent: storms run again to the byte, from any segment, and no secret gets in."""

from __future__ import annotations

import base64
import contextlib
import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from dcos_runtime import replay
from dcos_runtime.agent.core import events, recorded
from dcos_runtime.agent.core.core import AgentCore
from dcos_runtime.agent.core.model import Exit
from dcos_runtime.core.frozen import Now
from dcos_runtime.core.recorder import Recorder, read
from dcos_runtime.wire import codec, internal
from tests.support.cores.agent_executor import PretendedExecutor
from tests.support.cores.agent_world import FRAMEWORK, World
from tests.support.cores.segments import Segments

SECRET = "correct horse battery staple"

COMMAND = {
    "value": f"run --key={SECRET}",
    "environment": {"variables": [{"name": "PW", "value": SECRET}, {"name": "ü", "value": "x\u00fc1"}]},
}
CHECKS = {
    "health_check": {"type": "HTTP", "http": {"port": 80, "path": f"/{SECRET}"}, "consecutive_failures": 2},
    "check": {"type": "TCP", "tcp": {"port": 80}},
}


class RecordedWorld(World):
    """Each life of its agent has a recording of its own, in small segments."""

    def __init__(self, segment: int, **more: Any) -> None:
        self.segment = segment
        self.lives: list[tuple[Segments, Recorder, AgentCore]] = []
        self.frozen: list[tuple[bytes, Any]] = []
        super().__init__(**more)

    def _new_core(self) -> AgentCore:
        core = super()._new_core()
        sink = Segments()
        seed, veil = core.source.seed, recorded.Veil(b"k" * 32)
        recorder = Recorder(core, recorded.NAME, "1", seed, veil, sink, segment=self.segment, openings=0)
        self.lives.append((sink, recorder, core))
        return core

    def feed(self, event: events.Event) -> None:
        self.frozen.append((msgspec.msgpack.encode(event), event))
        now = self.now
        effects = self.core.receive(event, now)
        self.frozen += [(msgspec.msgpack.encode(effect), effect) for effect in effects]
        self.lives[-1][1].keep(now, event, effects, "")
        self.do(effects)


def execute(world: World, chance: random.Random, executors: dict[str, PretendedExecutor]) -> None:
    """One of the executors that are here subscribes, goes away, or says something."""
    executor = executors[chance.choice(sorted(world.core.executors))[1]]
    executor.heard()
    if executor.stream not in world.streams:
        executor.subscribe()
        return
    match chance.choice(["update", "update", "message", "close", "told", "shut down"]):
        case "update" if executor.has:
            state = chance.choice(["TASK_RUNNING", "TASK_RUNNING", "TASK_FINISHED", "TASK_FAILED"])
            executor.update(chance.choice(executor.has), state, data=SECRET.encode())
        case "message":
            executor.message(SECRET.encode())
        case "close":
            executor.hang_up()
        case "told" if world.connected:
            world.down(internal.ToExecutor, framework_id=FRAMEWORK, executor_id=executor.name, data=SECRET.encode())
        case "shut down" if world.connected and chance.random() < 0.3:
            world.down(internal.ShutdownExecutor, framework_id=FRAMEWORK, executor_id=executor.name)


def storm(seed: int, steps: int, segment: int) -> RecordedWorld:
    """Whatever may happen, in an order that the seed decides: as the stateful test does, without its shrinking."""
    chance = random.Random(seed)
    world = RecordedWorld(segment, seed=seed)
    world.connect()
    tasks: list[str] = []
    executors = {name: PretendedExecutor(world, name) for name in "ef"}
    for _ in range(steps):
        running = sorted(name for name, container in world.containers.items() if container.state == "running")
        busy = sorted(name for name, container in world.containers.items() if container.ops)
        match chance.choice(
            ["run", "run", "assign", "write", "write", "work", "work", "work", "say", "end", "kill", "ack", "ack", *ODD]
        ):
            case "run" if world.connected:
                tasks.append(f"t{len(tasks)}")
                extra: dict[str, Any] = {"executor": {}} if chance.random() < 0.1 else {}
                world.run(tasks[-1], command=COMMAND, **CHECKS, **extra)
            case "assign" if world.connected:
                tasks.append(f"t{len(tasks)}")
                name, starts = chance.choice("ef"), chance.random() < 0.8
                world.run_in(name, tasks[-1], starts, command=COMMAND, data=base64.b64encode(SECRET.encode()).decode())
            case "say" if world.core.executors:
                execute(world, chance, executors)
            case "write" if world.persists:
                world.persist(chance.randint(1, 4))
            case "full" if world.persists:
                world.persist_fails()
            case "work" if busy:
                world.work(chance.choice(busy), chance.random() < 0.2)
            case "end" if running:
                ends = (Exit(code=0), Exit(code=3), Exit(signal=9, oom=True))
                world.exit(chance.choice(running), chance.choice(ends))
            case "checked" if world.checks:
                world.answer_check(*chance.choice(list(world.checks)), chance.choice([None, 0, 1, 200, 404]))
            case "lost" if running:
                world.supervisor_dies(chance.choice(running))
            case "kill" if world.connected and tasks:
                world.kill(chance.choice(tasks), chance.choice([None, 0, 3, 60]))
            case "ack" if world.connected and world.in_flight:
                world.acknowledge(chance.choice(sorted(world.in_flight)))
            case "line":
                world.disconnect() if world.connected else world.connect()
            case "disk" if world.containers:
                world.feed(events.DiskExceeded(chance.choice(sorted(world.containers)), 2, 1))
            case "time":
                world.advance(chance.choice([0.5, 5, 15, 100, 700]))
            case "crash":
                world.crash(chance.random() < 0.3, chance.randint(0, 3))
            case "framework" if world.connected:
                world.shutdown_framework()
            case "off":
                world.feed(events.PowerOff(45.0))
            case "nonsense" if world.connection is not None:
                world.feed(events.Received(world.connection, b"{nonsense"))
    for _, recorder, _ in world.lives:
        recorder.flush()
    return world


ODD = ["checked", "off", "full", "lost", "line", "disk", "time", "time", "crash", "framework", "nonsense"]


@pytest.mark.parametrize("seed", range(12))
def test_a_recorded_storm_runs_again_to_the_byte_from_any_segment(seed: int) -> None:
    world = storm(seed, 150, segment=random.Random(seed).choice([1, 30_000, 1 << 30]))
    veil = recorded.Veil(b"k" * 32)
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
    assert count > 40


def test_nothing_is_edited_in_place() -> None:
    for seed in range(4):
        for before, it in storm(seed, 200, 1 << 30).frozen:
            assert msgspec.msgpack.encode(it) == before, it


def test_no_secret_of_a_task_gets_into_a_recording() -> None:
    world = storm(3, 200, 20_000)
    assert any(SECRET.encode() in value for value in world.disk.values()) or len(world.lives) > 1
    names = 0
    for sink, _, _ in world.lives:
        for data in sink.files:
            assert SECRET.encode() not in data and b"horse" not in data
            for text in re.findall(rb"[A-Za-z0-9+/]{16,}={0,2}", data):
                for cut in range(4):
                    with contextlib.suppress(ValueError):
                        assert b"horse" not in base64.b64decode(text[cut : cut + (len(text) - cut) // 4 * 4])
            names += data.count(b'"PW"')
    assert names


def recording(path: Path) -> Path:
    world = storm(5, 60, 1 << 30)
    path.write_bytes(world.lives[0][0].files[0])
    return path


HIDDEN = '"command":{"value":"horse","environment":{"variables":[{"name":"PW","value":"horse"}]}}'

TASKS = {
    "a value of another type": '{"task_id":{"value":"bad"},"command":{"value":5,"arguments":["horse"]}}',
    "a secret of another type": '{"task_id":{"value":"bad"},"command":{"environment":{"variables":'
    '[{"name":"PW","value":471147114711}]}}}',
    "text that is not base64": '{"task_id":{"value":"bad"},"data":"horse!","command":{"value":"horse","environment":'
    '{"variables":[{"name":"PW","secret":{"type":"VALUE","value":{"data":"hor!"}}}]}}}',
    "two of one name": '{"task_id":{"value":"bad"},"command":{"value":["horse"]},' + HIDDEN + "}",
    "no id": "{" + HIDDEN + "}",
    "an id of another type": '{"task_id":"horse",' + HIDDEN + "}",
    "no object": '["horse"]',
    "a digit": "7",
    "a number out of range, where nobody looks": '{"task_id":{"value":"bad"},' + HIDDEN + ',"x":[1e999,-1e9999]}',
    "a whole number out of range": '{"task_id":{"value":"bad"},' + HIDDEN + ',"x":1' + "0" * 400 + "}",
    "depth": '{"task_id":{"value":"bad"},' + HIDDEN + ',"x":' + "[" * 600 + '{"data":"horse"}' + "]" * 600 + "}",
    "terms that can be read": '{"task_id":{"value":"bad"},"kill_policy":{"grace_period":{"nanoseconds":5}},'
    '"max_completion_time":{"nanoseconds":1000000000},"command":["horse"]}',
    "spaces": '{ "task_id" : {"value":"bad"} , "x" : 1.50, "command": {"value" : "h\u006frse"}}',
}

SECRETS = (b"horse", b"471147114711", b"hor!", b"qse")

MESSAGES = {
    "cut off": lambda text: text[:-9],
    "nonsense behind it": lambda text: text + "horse",
    "a byte that is no text": lambda text: text.encode().replace(b"horse", b"horse\xff"),
    "an escape that is none": lambda text: text.replace("horse", "hor\\qse"),
    "half of a surrogate pair": lambda text: text.replace("horse", "horse\\ud800"),
    "a field of another type": lambda text: text.replace('"seq":', '"seq":{"x":1},"was":'),
    "a number as text": lambda text: re.sub('"seq":([0-9]+)', r'"seq":"\1"', text),
    "long, and not of its type": lambda text: re.sub('"seq":([0-9]+)', r'"seq":"\1"', text) + " " * (4 << 20),
    "two types": lambda text: text.replace('"type":"RUN_TASK"', '"type":"PING","x":"RUN_TASK"'),
    "a type that nobody knows": lambda text: text.replace("RUN_TASK", "RUN_TASKS"),
}


def sent(world: RecordedWorld, task: str, change: Callable[[str], str | bytes] = str) -> None:
    framework = json.loads(codec.encode(world.framework))
    head = {"type": "RUN_TASK", "agent_id": "agent-1", "epoch": world.epoch, "seq": world.down_seq + 1}
    world.down_seq += 1
    text = json.dumps({**head, "framework": framework, "task": 0}, separators=(",", ":"))
    data = change(text.replace('"task":0', f'"task":{task}'))
    assert world.connection is not None
    world.feed(events.Received(world.connection, data if isinstance(data, bytes) else data.encode()))


@pytest.mark.parametrize("segment", [1, 1 << 30])
@pytest.mark.parametrize(
    ("task", "change"),
    [
        *(pytest.param(task, str, id=name) for name, task in TASKS.items()),
        *(pytest.param("{" + HIDDEN + ',"task_id":{"value":"bad"}}', f, id=name) for name, f in MESSAGES.items()),
    ],
)
def test_what_an_agent_cannot_read_is_hidden_and_replayed_as_what_it_was(
    task: str, change: Callable[[str], str | bytes], segment: int
) -> None:
    """Also what follows: its status is told again after a crash, and a new connection tells what it asked for."""
    world = RecordedWorld(segment)
    world.connect()
    world.run("good", command=COMMAND)
    sent(world, task, change)
    for turn in range(3):
        world.run_until_idle()
        world.advance(700)
        world.crash() if turn else world.disconnect()
        world.connect()
        world.run_until_idle()
    for sink, recorder, _ in world.lives:
        recorder.flush()
        for data in sink.files:
            assert replay.replay(bytes(data))[2] == []
            assert [secret for secret in SECRETS if secret in data] == []


def test_the_command_says_where_effects_differ(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = recording(tmp_path / "one.recording")
    assert replay.main([str(path)]) == 0 and "the effects are the same" in capsys.readouterr().out
    monkeypatch.setattr(AgentCore, "_persist_agent", lambda self: None)
    assert replay.main([str(path)]) == 1
    told = capsys.readouterr().out
    assert "event" in told and "effect" in told and " now " in told
    (tmp_path / "two.recording").write_bytes(b"nonsense")
    assert replay.main([str(tmp_path / "two.recording"), str(tmp_path / "none")]) == 2
    assert "no recording" in capsys.readouterr().err


def test_what_the_core_raised_is_raised_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A recording of a failure replays as the failure."""
    core = World().core
    sink = Segments()
    recorder = Recorder(core, recorded.NAME, "1", core.source.seed, recorded.Veil(b"k"), sink)
    now = Now(1.0, 2.0)
    event = events.Recovered(runs=(json.dumps({"version": 9}).encode(),))
    with pytest.raises(ValueError, match="version 9") as raised:
        core.receive(event, now)
    recorder.keep(now, event, core.take_effects(), raised.type.__name__)
    recorder.flush()
    _, count, differences, _ = replay.replay(bytes(sink.files[0]))
    assert count == 1 and differences == []
