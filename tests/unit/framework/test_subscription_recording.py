"""Recordings of a framework's connection: run again to the byte however the stream is cut, and no secret gets in."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator

import msgspec
import pytest

from dcos_runtime import replay
from dcos_runtime.core.frozen import Now, Tick
from dcos_runtime.core.recorder import Recorder, read
from dcos_runtime.core.seeds import SeededSource
from dcos_runtime.framework.core import effects, events, recorded
from dcos_runtime.framework.core.core import Settings, SubscriptionCore
from dcos_runtime.wire import calls, codec, recordio
from dcos_runtime.wire.tasks import TaskInfo
from tests.support.cores.segments import Segments

SECRET = "correct horse battery staple"
KEY = b"k" * 32
OPAQUE = base64.b64encode(SECRET.encode()).decode()
STATUS = {
    "task_id": {"value": "t"},
    "state": "TASK_FAILED",
    "message": "ended",
    "data": OPAQUE,
    "uuid": "AAAAAAAAAAAAAAAAAAAAAA==",
}
TASK = {
    "name": "t",
    "task_id": {"value": "t"},
    "agent_id": {"value": "a"},
    "command": {
        "value": f"run --key='{SECRET}'",
        "environment": {"variables": [{"name": "PW", "value": f'{SECRET}\u00fc\n"\U0001f600'}]},
        "uris": [{"value": f"http://user:{SECRET.replace(' ', '+')}@host/x?token={SECRET.replace(' ', '+')}"}],
    },
    "data": OPAQUE,
}
RECORDS = [
    json.dumps({"type": "HEARTBEAT"}).encode(),
    json.dumps({"type": "UPDATE", "update": {"status": STATUS}}).encode(),
    json.dumps({"type": "UPDATE", "update": {"status": {**STATUS, "message": "\u00fc\U0001f600"}}}, indent=2).encode(),
    json.dumps({"type": "OF TOMORROW", "secret": SECRET}).encode(),
    json.dumps({"type": "UPDATE", "update": {"status": {**STATUS, "state": 7, "data": SECRET}}}).encode(),
    SECRET.encode(),
    b"",
]
SUBSCRIBED = json.dumps({"type": "SUBSCRIBED", "subscribed": {"framework_id": {"value": "fw"}}}).encode()
BROKEN = [SECRET.encode()[:15] + b"\n", SECRET.encode(), b"99999999999\n" + SECRET.encode()]


class Life:
    """A core under whatever may happen to it, in an order that the seed decides, and its recording."""

    def __init__(self, seed: int, segment: int) -> None:
        self.chance = random.Random(seed)
        self.core = SubscriptionCore(Settings(), SeededSource(b"%d" % seed))
        self.sink = Segments()
        self.recorder = Recorder(
            self.core, recorded.NAME, "1", b"%d" % seed, recorded.Veil(KEY), self.sink, segment=segment, openings=0
        )
        self.mono = 0.0
        self.done: list[effects.Effect] = []
        self.line = bytearray()
        """What the master has sent on the stream, and did not arrive yet."""

    def feed(self, event: events.Event) -> None:
        now = Now(self.mono, 1e9 + self.mono)
        before = msgspec.msgpack.encode(event)
        found = self.core.receive(event, now)
        self.recorder.keep(now, event, found, "")
        assert msgspec.msgpack.encode(event) == before
        self.done += found
        for effect in found:
            if isinstance(effect, effects.Listen):
                self.line = bytearray(recordio.encode(SUBSCRIBED))

    def live(self, steps: int) -> None:
        for event in self._events(steps):
            self.mono += self.chance.choice([0.0, 0.0, 0.1, 1.0, 12.0])
            self.feed(event)
        self.recorder.flush()

    def _events(self, steps: int) -> Iterator[events.Event]:
        chance, at = self.chance, self.core.at
        info = codec.decode(json.dumps(TASK).encode(), TaskInfo)
        for number in range(steps):
            attempt = at.attempt - (chance.random() < 0.05)
            self.line += recordio.encode(chance.choice(RECORDS)) if chance.random() < 0.5 else b""
            self.line += chance.choice(BROKEN) if chance.random() < 0.02 else b""
            piece = chance.choice([1, 7, 60, 400, len(self.line)])
            match chance.randrange(12):
                case 0:
                    yield events.LeaderSeen(chance.choice(["http://m1:5050"] * 9 + ["http://m2:5050"]))
                case 1 | 2:
                    yield events.Answered(attempt, chance.choice([200, 200, 200, 307, 503]), "s", "//m2:5050/x")
                case 3 | 4 | 5 | 6:
                    data = bytes(self.line[:piece])
                    del self.line[:piece]
                    yield events.Received(attempt, data)
                case 7:
                    yield events.SendAsked(chance.choice([calls.launch(["o"], [info], 1.0), calls.kill(f"t{number}")]))
                case 8:
                    yield events.CallAnswered(attempt, chance.choice([202, 202, 202, 400, 403]), "why")
                case 9:
                    yield events.DisconnectHandled()
                case 10 if chance.random() < 0.2:
                    yield (
                        events.Failed(attempt, "gone") if chance.random() < 0.5 else events.CallFailed(attempt, "lost")
                    )
                case _:
                    yield Tick()


@pytest.mark.parametrize("seed", range(12))
def test_a_recorded_connection_runs_again_to_the_byte_from_any_segment(seed: int) -> None:
    life = Life(seed, random.Random(seed).choice([1, 5_000, 1 << 30]))
    life.live(500)
    ends, count = [], 0
    for data in life.sink.files:
        _, events_seen, differences, end = replay.replay(bytes(data))
        assert differences == [], differences[0]
        ends.append(end)
        count += events_seen
    openings = [read(bytes(data))[0].snapshot for data in life.sink.files]
    assert ends[:-1] == openings[1:]
    assert count == 500


def test_no_secret_gets_into_a_recording_of_a_connection() -> None:
    found, complaints, reasons = 0, 0, 0
    for seed in range(12):
        life = Life(seed, 20_000)
        life.live(500)
        for effect in life.done:
            found += isinstance(effect, effects.Deliver) and SECRET in str(effect)
            complaints += SECRET in getattr(effect, "text", "")
            reasons += SECRET[:15] in getattr(effect, "reason", "")
        for data in life.sink.files:
            for part in (SECRET, SECRET[:15], SECRET.replace(" ", "+"), OPAQUE, "horse"):
                assert part.encode() not in data
    assert found and complaints and reasons, "there was something to hide"
