"""Recordings of the package manager: run again to the byte, from any segment and in any process, without secrets."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from dcos_runtime import replay
from dcos_runtime.core.frozen import Now, Persist, Persisted, PersistFailed, Tick
from dcos_runtime.core.recorder import Recorder, read
from dcos_runtime.cosmos.core import errors, recorded
from dcos_runtime.cosmos.core.core import CosmosCore
from dcos_runtime.cosmos.core.effects import Carry
from dcos_runtime.cosmos.core.events import (
    AddRepository,
    BeginUninstalls,
    DeleteRepository,
    Event,
    Recovered,
    StepDone,
    StepFailed,
)
from dcos_runtime.cosmos.core.uninstalls import Step, Uninstall, decode, encode
from tests.support.cores.segments import Segments, altered

SECRET = "correct-horse-battery-staple"
KEY = b"k" * 32
NAMES = ("a", "b", "c")
URIS = tuple(
    uri
    for number in range(3)
    for uri in (
        f"http://plain{number}.test/repo",
        f"https://user:{SECRET}@known{number}.test/repo",
        f"https://asked{number}.test/repo?token={SECRET}{number}",
        f"https://asked{number}.test/repo?{number}#{SECRET}",
    )
)
APPS = ("/one", "/deep/two", "/three", "/four")
WHYS = ("", "no master leads", f'the init said "{SECRET}"\n', f"{SECRET}; it goes on by itself", " waits at mark: ")
REFUSALS = (
    errors.several_frameworks("hello", "1", SECRET, ["f1", "f2"]),
    errors.uninstall_not_started("/one", f'env.PW: "{SECRET}" is too long'),
    errors.marathon_refused(f"{SECRET} cannot be", [{"path": "/env", "errors": [SECRET]}]),
    errors.app_not_found("/one"),
)


class Life:
    """A core under whatever may happen to it, in an order that the seed decides, and its recording."""

    def __init__(self, seed: int, segment: int) -> None:
        self.chance = random.Random(seed)
        self.core = CosmosCore()
        self.sink = Segments()
        self.recorder = Recorder(
            self.core, recorded.NAME, "1", b"", recorded.Veil(KEY), self.sink, segment=segment, openings=0
        )
        self.mono = 0.0
        self.writes: list[int] = []
        self.carried: dict[str, bytes] = {}
        self.raw = b""
        """All that happened, as it was."""

    def feed(self, event: Any) -> None:
        now = Now(self.mono, 1e9 + self.mono)
        before = msgspec.msgpack.encode(event)
        effects = self.core.receive(event, now)
        after = msgspec.msgpack.encode(effects)
        self.recorder.keep(now, event, effects, "")
        assert (msgspec.msgpack.encode(event), msgspec.msgpack.encode(effects)) == (before, after)
        self.raw += before + after
        for effect in effects:
            if isinstance(effect, Persist):
                self.writes.append(effect.id)
            elif isinstance(effect, Carry):
                self.carried[effect.app] = effect.uninstall

    def live(self, steps: int) -> None:
        first = Uninstall("/one", "hello", commons=True, step=Step.WAIT, by="somebody")
        known = (("lists/repositories", json.dumps([("a", URIS[1])]).encode()), ("uninstalls/one", encode(first)))
        self.feed(Recovered(known if self.chance.random() < 0.8 else (), (("first", URIS[2]),)))
        for number in range(steps):
            self.mono += self.chance.choice([0.0, 0.1, 1.0, 12.0])
            self.feed(self.event(number))
        self.recorder.flush()

    def event(self, number: int) -> Event:
        chance = self.chance
        if self.writes and chance.random() < 0.5:
            done = self.writes.pop(0)
            return Persisted(done) if chance.random() < 0.97 else PersistFailed(done, "gone")
        match chance.randrange(8):
            case 0 | 1:
                name, uri = chance.choice(NAMES), chance.choice(URIS)
                return AddRepository(number, name, uri, chance.choice([None, None, 0, 1, 9]))
            case 2:
                return DeleteRepository(
                    number, chance.choice([None, *NAMES]), chance.choice([None, None, *URIS, f"{URIS[3]}{SECRET * 9}"])
                )
            case 3:
                apps = chance.sample(APPS, chance.choice([1, 1, 3]))
                commons = chance.random() < 0.5
                step = Step.MARK if commons else Step.DELETE
                begun = [Uninstall(app, "hello: x", version="1", commons=commons, step=step) for app in apps]
                return BeginUninstalls(number, tuple(map(encode, begun)))
            case 4 | 5 if self.carried:
                app = chance.choice(list(self.carried))
                return StepDone(app, encode(msgspec.structs.replace(decode(self.carried[app]), deployment="d")))
            case 6 if self.carried:
                app, error = chance.choice(list(self.carried)), chance.choice(REFUSALS)
                if chance.random() < 0.8:
                    return StepFailed(app, chance.choice(WHYS))
                return StepFailed(app, error.message, json.dumps(error.body()).encode(), 400)
            case _:
                return Tick()


@pytest.mark.parametrize("seed", range(25))
def test_every_segment_runs_again_to_the_byte(seed: int) -> None:
    life = Life(seed, segment=chance_of_size(seed))
    life.live(400)
    assert SECRET.encode() in life.raw, "nothing was secret"
    count = 0
    for number, data in enumerate(life.sink.files):
        assert SECRET.encode() not in data
        opening, found, differences, end = replay.replay(bytes(data))
        assert differences == []
        count += found
        if number + 1 < len(life.sink.files):
            following, _ = read(bytes(life.sink.files[number + 1]))
            assert following.snapshot == end, "the next segment begins elsewhere than this one ends"
        assert opening.number == number + 1
    assert count == 401


def chance_of_size(seed: int) -> int:
    return random.Random(seed).choice([300, 2000, 1 << 20])


def test_a_restored_core_goes_on_as_the_one_it_was_made_of() -> None:
    for seed in range(10):
        life = Life(seed, segment=1 << 20)
        life.live(120)
        other = CosmosCore.restored(life.core.snapshot())
        assert other.snapshot() == life.core.snapshot()
        for number in range(60):
            life.mono += 1.0
            event, now = life.event(1000 + number), Now(life.mono, life.mono)
            assert other.receive(event, now) == life.core.receive(event, now)
            assert other.next_deadline() == life.core.next_deadline()


def test_another_process_says_what_is_another(tmp_path: Path) -> None:
    life = Life(7, segment=1 << 20)
    life.live(100)
    whole = bytes(life.sink.files[0])
    good, bad = tmp_path / "good.recording", tmp_path / "bad.recording"
    good.write_bytes(whole)
    bad.write_bytes(altered(whole, b"RepositoryAlreadyPresent", b"RepositoryAlreadyAbsentt"))
    run = [sys.executable, "-m", "dcos_runtime.replay"]
    done = subprocess.run([*run, str(good)], capture_output=True, text=True)
    assert (done.returncode, "101 events of the cosmos" in done.stdout) == (0, True), done.stdout + done.stderr
    done = subprocess.run([*run, str(bad)], capture_output=True, text=True)
    assert done.returncode == 1 and "effect 1 was" in done.stdout
