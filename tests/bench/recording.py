"""What recording costs a daemon's loop: the recorder with a daemon's veil and files, by processor time."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

from dcos_runtime.core.frozen import Frozen, Now, Reply, Tick
from dcos_runtime.core.recorder import Recorder
from dcos_runtime.core.seeds import SeededSource
from dcos_runtime.master.core import events, recorded
from dcos_runtime.master.core.core import MasterCore
from dcos_runtime.master.core.effects import Send
from dcos_runtime.master.core.state import Settings
from dcos_runtime.recording import RecordingFiles
from dcos_runtime.wire import codec
from dcos_runtime.wire.cluster import MasterInfo
from dcos_runtime.wire.scheduler import Event
from tests.bench.core import LAUNCHED, Master, launched
from tests.bench.figures import Bench, Measured, at_most, figure
from tests.bench.wire import OFFER, STATUS

HOW = "of a master's core, 1,000 a second, into files; by processor time"
EVENTS = 10_000


def _recorder(bench: Bench, core: MasterCore) -> tuple[Recorder, RecordingFiles]:
    files = RecordingFiles(bench.place("recording"), recorded.NAME)
    veil = recorded.Veil(os.urandom(32))
    return Recorder(core, recorded.NAME, "1", b"1", veil, files, segment=recorded.SEGMENT, segments=2), files


def _kept(bench: Bench, event: Frozen, effects: Sequence[Frozen]) -> Measured:
    """Microseconds for each event, in rounds of `EVENTS`."""
    recorder, files = _recorder(bench, MasterCore(Settings(MasterInfo(id="m", ip=1, port=1)), SeededSource(b"1")))
    moments = [Now(number / 1000, 1e9 + number / 1000) for number in range(EVENTS)]
    samples = []
    for _ in bench.times(11):
        began = time.process_time()
        for now in moments:
            recorder.keep(now, event, effects, "")
        samples.append((time.process_time() - began) / EVENTS * 1e6)
    recorder.flush()
    assert not files.ended
    files.close()
    return Measured(samples)


@figure("recording.event", "an event without effects is recorded", unit="µs", how=HOW, aim=at_most(0.5))
def event(bench: Bench) -> Measured:
    return _kept(bench, Tick(), [])


@figure("recording.pong", "an agent's answer to a ping is recorded, with the reply", unit="µs", how=HOW)
def pong(bench: Bench) -> Measured:
    body = b'{"agent_id":"%b","epoch":3,"messages":[{"type":"PONG","seq":1234}]}' % OFFER["agent_id"]["value"].encode()
    return _kept(bench, events.AgentMessages(1, body), [Reply(1, 200, b'{"seq":1234}', "application/json")])


@figure("recording.update", "a status update is recorded, with the event for the framework", unit="µs", how=HOW)
def update(bench: Bench) -> Measured:
    status = {"type": "UPDATE", "seq": 1234, "framework_id": "f", "status": STATUS, "latest_state": "TASK_RUNNING"}
    body = codec.encode({"agent_id": OFFER["agent_id"]["value"], "epoch": 3, "messages": [status]})
    sent = codec.decode(codec.encode({"type": "UPDATE", "update": {"status": STATUS}}), Event)
    reply = Reply(1, 200, b'{"seq":1234}', "application/json")
    return _kept(bench, events.AgentMessages(1, body), [Send(1, sent), reply])


@figure(
    "recording.launch",
    f"launches by ACCEPT of {LAUNCHED} tasks with --record, beside those without",
    unit="tasks/s",
    how="core.launch with the recorder, into files, in turn with one without; by processor time",
)
def launch(bench: Bench) -> Measured:
    masters = Master(), Master()
    for master in masters:
        master.framework("*")
    recorder, files = _recorder(bench, masters[0].core)
    masters[0].recorder = recorder
    kept, plain = zip(*([launched(master, number) for master in masters] for number in bench.times(7)), strict=True)
    recorder.flush()
    assert not files.ended
    files.close()
    return Measured(kept, "without --record", plain)
