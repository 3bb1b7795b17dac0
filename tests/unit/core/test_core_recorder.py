"""The ring of a recording keeps to its bounds, survives what a disk does, and tells no secrets."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcos_runtime import recording, replay
from dcos_runtime.core.frozen import Frozen, Log, Now, Persist, Tick
from dcos_runtime.core.recorder import FORMAT, Hiders, Opening, Recorder, UnreadableRecording, cut_off, read
from dcos_runtime.core.seeds import SeededSource
from dcos_runtime.master.core.core import MasterCore
from dcos_runtime.master.core.state import Settings
from dcos_runtime.recording import RecordingFiles
from dcos_runtime.replay import CORES
from dcos_runtime.wire.cluster import MasterInfo
from tests.support.cores.segments import sealed


class Said(Frozen, frozen=True):
    text: str


class Bare:
    """Nothing is secret."""

    def __init__(self, said: Callable[[Any], Any] | None = None) -> None:
        self.events: Hiders = {Said: said} if said is not None else {}
        self.effects: Hiders = {}

    def snapshot(self, snapshot: bytes) -> bytes:
        return snapshot


class Counting:
    def __init__(self) -> None:
        self.count = 0

    def snapshot(self) -> bytes:
        return str(self.count).encode()


class Segments:
    def __init__(self) -> None:
        self.files: dict[int, bytearray] = {}
        self.now = 0
        self.said: list[str] = []

    def open(self, number: int) -> None:
        self.files[number] = bytearray()
        self.now = number

    def write(self, data: bytes) -> None:
        self.files[self.now] += data

    def remove(self, number: int) -> None:
        del self.files[number]

    def end(self, why: str) -> None:
        self.said.append(why)

    @property
    def ended(self) -> bool:
        return bool(self.said)


@given(st.lists(st.integers(0, 300), max_size=80), st.integers(1, 5), st.integers(100, 1000))
def test_the_ring_keeps_the_newest_events_within_its_bounds(sizes: list[int], segments: int, segment: int) -> None:
    core, sink = Counting(), Segments()
    recorder = Recorder(core, "test", "1", b"seed", Bare(), sink, segment=segment, segments=segments)
    for number, size in enumerate(sizes):
        core.count += 1
        recorder.keep(Now(float(number), 0.0), Said("x" * size), [Log(1, str(number))], "")
    recorder.flush()
    assert 1 <= len(sink.files) <= segments
    assert sorted(sink.files) == list(range(min(sink.files), max(sink.files) + 1))
    expected = None
    for _, data in sorted(sink.files.items()):
        assert len(data) <= segment + 400  # an event ends in the segment it began in
        opening, entries = read(bytes(data))
        count = int(opening.snapshot)
        assert expected in (None, count)  # each segment opens with the core as the one before left it
        assert [entry.mono for entry in entries] == [float(count + at) for at in range(len(entries))]
        expected = count + len(entries)
    assert expected == len(sizes)


def test_a_segment_that_was_cut_short_is_read_up_to_there() -> None:
    sink = Segments()
    recorder = Recorder(Counting(), "test", "1", b"seed", Bare(), sink)
    for number in range(10):
        recorder.keep(Now(float(number), 0.0), Said("text"), [], "")
    recorder.flush()
    whole = bytes(sink.files[1])
    lengths = {len(read(whole[:cut])[1]) for cut in range(len(whole) - 200, len(whole) + 1)}
    assert max(lengths) == 10 and lengths == set(range(min(lengths), 11))
    for data in (b"", b"\0\0\0\5hello", b"x" * 100, whole[4:]):
        with pytest.raises(UnreadableRecording):
            read(data)


def recorded(seconds: float = 1.0) -> bytes:
    """``seconds`` between two events: less than one, and several are in one batch."""
    sink = Segments()
    recorder = Recorder(Counting(), "master", "1", b"seed", Bare(), sink)
    for number in range(6):
        recorder.keep(Now(number * seconds, 0.0), Said("text" * number), [Log(1, "é")], "")
    recorder.flush()
    return bytes(sink.files[1])


def test_events_are_the_same_in_one_batch_and_in_many() -> None:
    many, one = recorded(), recorded(0.1)
    assert len(one) < len(many)
    assert [bytes(entry.event) for entry in read(many)[1]] == [bytes(entry.event) for entry in read(one)[1]]
    opening, first, second, end = _frames(one)
    assert end == len(one) and [len(read(one[:at])[1]) for at in (opening, first, second)] == [0, 1, 6]
    for cut in range(first, second):
        assert len(read(one[:cut])[1]) == 1 and cut_off(one[:cut]) == cut - first


def _frames(whole: bytes) -> list[int]:
    """Where the values of a segment end, and where it does itself."""
    ends = [0]
    while ends[-1] < len(whole):
        ends.append(ends[-1] + 12 + int.from_bytes(whole[ends[-1] : ends[-1] + 4], "big"))
    return [*ends[1:], len(whole)]


def test_only_what_may_hold_secrets_is_given_to_the_veil() -> None:
    veil, sink = Bare(said=lambda event: Said("?" * len(event.text))), Segments()
    veil.effects = {Log: lambda effect: Log(effect.level, "?")}
    recorder = Recorder(Counting(), "test", "1", b"", veil, sink)
    effects = [Persist(1, ()), Log(1, "told"), Persist(2, ())]
    recorder.keep(Now(1.0, 0.0), Said("told"), effects, "")
    recorder.keep(Now(2.0, 0.0), Tick(), [Persist(3, ())], "ValueError")
    first, second = read(bytes(sink.files[1]))[1]
    hidden = [Persist(1, ()), Log(1, "?"), Persist(2, ())]
    assert (bytes(first.event), bytes(first.effects)) == tuple(map(msgspec.msgpack.encode, (Said("????"), hidden)))
    assert (bytes(second.event), second.error) == (msgspec.msgpack.encode(Tick()), "ValueError")
    assert effects[1] == Log(1, "told")


@pytest.mark.parametrize("seconds", [1.0, 0.1])
def test_a_byte_that_is_damaged_anywhere_is_noticed(seconds: float) -> None:
    whole = recorded(seconds)
    for at in range(len(whole)):
        for other in {whole[at] ^ 1, whole[at] ^ 0x80, 0x7F} - {whole[at]}:
            with pytest.raises(UnreadableRecording):
                read(whole[:at] + bytes([other]) + whole[at + 1 :])


def test_what_a_power_failure_left_as_zeros_is_left_out_and_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file system knows of the length of the file, and not of all that was written there."""
    whole = recorded()
    _, entries = read(whole)
    first = len(sealed(*[b""])) + int.from_bytes(whole[:4], "big")  # where the opening ends
    for kept in range(first, len(whole) + 1):
        for zeros in (0, 1, 11, 12, 13, 4096):
            data = whole[:kept] + bytes(zeros)
            found = read(data)[1]
            assert found == entries[: len(found)]
            assert kept < len(whole) or len(found) == len(entries)
            assert cut_off(data) == len(data) - _frames(whole)[len(found)]
    for data in (bytes(10), bytes(5000), whole[: first - 5] + bytes(5000)):
        with pytest.raises(UnreadableRecording):
            read(data)
    with pytest.raises(UnreadableRecording, match="damaged"):
        read(whole[:-30] + bytes(10) + whole[-20:])
    path = tmp_path / "x.recording"
    path.write_bytes(sealed(opening_of_a_master()) + bytes(100))
    assert replay.main([str(path)]) == 0
    output = capsys.readouterr().out
    assert "the last 100 bytes hold no whole event" in output and "0 events" in output


def test_whatever_a_file_holds_replay_says_so_and_looks_at_those_after_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of our own form, with the right sums, and with anything in it."""

    def opening(core: str, snapshot: bytes) -> bytes:
        return msgspec.msgpack.encode(Opening(FORMAT, core, "1", 1, b"seed", snapshot))

    entry = msgspec.msgpack.encode([(1.0, 1.0, {"type": "Nothing"}, [], "")])
    bodies = [b"", b"\xff", b"\xa4\xff\xff\xff\xff", sealed(b""), sealed(b"\xa2\xff\xfe"), sealed(b"\x91" * 5000)]
    bodies += [sealed(opening("nobody", b""))]
    for core in CORES:
        for snapshot in (
            b"",
            b"\xff\xfe",
            b"{}",
            b"[]",
            b"null",
            b"\x80",
            b"\x91" * 5000,
            b'{"a":' * 5000,
            b"\xa1\xff",
        ):
            bodies.append(sealed(opening(core, snapshot), entry))
    files = []
    for number, body in enumerate(bodies):
        files.append(tmp_path / f"{number}.recording")
        files[-1].write_bytes(body)
    assert replay.main([str(path) for path in files]) == 2
    said = capsys.readouterr()
    assert [line.partition(": ")[0] for line in said.err.splitlines() if line.startswith(str(tmp_path))] == [
        str(path) for path in files
    ]
    assert "Traceback" not in said.err


def test_a_segment_of_another_format_is_refused_by_name() -> None:
    entry = msgspec.msgpack.encode((1.0, 1.0, Tick(), [], ""))
    former = sealed(msgspec.msgpack.encode(Opening(2, "master", "1", 1, b"seed", b"")), entry, entry)
    with pytest.raises(UnreadableRecording, match="the recording is of format 2, and this version reads 3"):
        read(former)


def test_what_is_no_segment_is_told_at_once_however_much_of_it_there_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither waited for nor read whole."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    with (tmp_path / "zeros").open("wb") as zeros, (tmp_path / "other").open("wb") as other:
        zeros.truncate(1 << 40)
        other.write(b"of another program")
        other.truncate(1 << 40)
    names = ["pipe", "folder", "zeros", "other", "missing"]
    assert replay.main(["/dev/zero", *(str(tmp_path / name) for name in names)]) == 2
    errors = [line.partition(": ")[2].partition(";")[0] for line in capsys.readouterr().err.splitlines()]
    nothing = "this is no recording: it has no beginning"
    foreign = "this is no recording, or one of an older version: the length at byte 0 is not what was written"
    irregular = "this is not a regular file"
    assert errors == [irregular, irregular, "Is a directory", nothing, foreign, "No such file or directory"]


@pytest.mark.parametrize("program", ["replay", "sim"])
def test_programs_that_cannot_print_say_why_and_end(program: str, tmp_path: Path) -> None:
    path = tmp_path / "x.recording"
    path.write_bytes(sealed(opening_of_a_master()))
    command = [sys.executable, "-m", f"dcos_runtime.{program}", str(path) if program == "replay" else "--seconds=1"]
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert (ended.returncode, ended.stderr) == (
        2,
        "the output cannot be written: No space left on device; look at where it goes, and at the disk\n",
    )
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (-signal.SIGPIPE, "")


def opening_of_a_master() -> bytes:
    master = MasterCore(Settings(MasterInfo(id="m", ip=1, port=1)), SeededSource(b"seed"))
    return msgspec.msgpack.encode(Opening(FORMAT, "master", "1", 1, b"seed", master.snapshot()))


def test_a_recording_that_ended_is_not_encoded_for() -> None:
    class Full(Segments):
        def write(self, data: bytes) -> None:
            self.end("no space")

    seen: list[Said] = []
    sink = Full()
    recorder = Recorder(Counting(), "test", "1", b"", Bare(said=seen.append), sink)
    for number in range(10):
        recorder.keep(Now(float(number), 0.0), Said("text"), [], "")
    assert sink.said == ["no space"] and not seen


def test_files_are_the_owners_only_and_an_unwritable_folder_ends_only_the_recording(tmp_path: Path) -> None:
    folder = tmp_path / "recordings"
    files = RecordingFiles(folder, "agent")
    recorder = Recorder(Counting(), "agent", "1", b"", Bare(), files, segment=200, segments=3)
    for number in range(40):
        recorder.keep(Now(float(number), 0.0), Said("text" * 10), [], "")
    recorder.flush()
    found = sorted(folder.iterdir())
    assert len(found) == 3 and all(oct(path.stat().st_mode)[-3:] == "600" for path in found)
    assert oct(folder.stat().st_mode)[-3:] == "700"
    for path in found:
        path.unlink()
    folder.rmdir()
    for number in range(40):
        recorder.keep(Now(float(number), 0.0), Said("text" * 10), [], "")


def test_a_folder_into_which_others_may_write_is_refused_and_no_link_is_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(target)
    with pytest.raises(OSError, match="it is a link"):
        RecordingFiles(tmp_path / "link", "agent")
    for mode in (0o777, 0o1777, 0o720):
        target.chmod(mode)
        with pytest.raises(OSError, match="others may write into it"):
            RecordingFiles(target, "agent")
    target.chmod(0o700)
    if os.geteuid() == 0:
        os.chown(target, 65534, -1)
        with pytest.raises(OSError, match="belongs to the user 65534"):
            RecordingFiles(target, "agent")
        os.chown(target, 0, -1)
    assert recording.recorder(None, Counting(), "agent", b"", lambda key: Bare()) is None
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    for number in range(1, 4):
        (target / f"agent-{os.getpid()}-{number:06d}.recording").symlink_to(victim)
    files = RecordingFiles(target, "agent")
    files.open(1)
    files.write(b"recorded")
    assert victim.read_bytes() == b"mine" and not files.ended
    (target / f"agent-{os.getpid()}-{1:06d}.recording").unlink()
    target.rename(tmp_path / "moved")  # what has its name now gets nothing
    target.mkdir()
    files.open(2)
    assert not list(target.iterdir())
    files.close()


def test_those_who_record_into_one_folder_leave_each_others_segments_alone(tmp_path: Path) -> None:
    """As processes with different ids, and as two containers whose processes have the same."""
    rings = [RecordingFiles(tmp_path, "agent")]
    for number in range(1, 6):
        rings[0].open(number)
    for _ in range(3):
        rings.append(RecordingFiles(tmp_path, "agent"))
        for number in range(1, 4):
            rings[-1].open(number)
            rings[-1].write(b"mine")
    assert len(list(tmp_path.iterdir())) == 5 + 3 * 3
    for ring in rings:
        ring.remove(1)
    assert len(list(tmp_path.iterdir())) == 4 + 3 * 2
    for ring in rings:
        ring.close()  # as when a process ends: the newest two of all of these stay
    RecordingFiles(tmp_path, "agent")
    assert len(list(tmp_path.iterdir())) == 2


def test_what_a_killed_process_had_not_named_yet_is_removed_and_what_others_make_stays(tmp_path: Path) -> None:
    orphan, others = tmp_path / "agent-1-000001.recording.new", tmp_path / "agent-2-000001.recording.new"
    for path in (orphan, others, tmp_path / "master-1-000001.recording.new", tmp_path / "agent.new"):
        path.touch()
    descriptor = os.open(others, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    RecordingFiles(tmp_path, "agent")
    assert {path.name for path in tmp_path.iterdir()} == {
        "agent-2-000001.recording.new",
        "master-1-000001.recording.new",
        "agent.new",
    }
    os.close(descriptor)


def test_a_segment_that_is_removed_before_it_is_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, lock = RecordingFiles(tmp_path, "agent"), fcntl.flock
    starts = [lambda: RecordingFiles(tmp_path, "agent")] * 2

    def late(descriptor: int, how: int) -> None:
        if starts:
            starts.pop()()
        lock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", late)
    files.open(1)
    files.write(b"mine")
    assert not files.ended
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"mine"]
    files.close()


def test_of_former_recordings_the_newest_stay(tmp_path: Path) -> None:
    for number in range(6):
        (tmp_path / f"agent-1-{number:06d}.recording").touch()
    (tmp_path / "another").touch()
    RecordingFiles(tmp_path, "agent")
    assert len(list(tmp_path.glob("agent-*"))) == 2 and (tmp_path / "another").exists()


def test_what_cannot_be_recorded_ends_the_recording_and_hurts_nobody() -> None:
    def odd(event: Said) -> Said:
        if event.text == "odd":
            raise RecursionError("too deep")
        return event

    sink = Segments()
    recorder = Recorder(Counting(), "test", "1", b"", Bare(said=odd), sink)
    for text in ("plain", "plain", "odd", "plain", "odd"):
        recorder.keep(Now(1.0, 0.0), Said(text), [], "")
    recorder.flush()
    assert len(sink.said) == 1 and "too deep" in sink.said[0]
    assert len(read(bytes(sink.files[1]))[1]) == 2


def test_an_event_of_which_a_part_was_encoded_leaves_nothing_behind() -> None:
    class Holds(Frozen, frozen=True):
        text: str
        thing: Any

    sink = Segments()
    recorder = Recorder(Counting(), "test", "1", b"", Bare(), sink)
    for number in range(5):
        recorder.keep(Now(1.0, 0.0), Said(f"{number}"), [], "")
    recorder.keep(Now(1.0, 0.0), Holds("x" * 100_000, object()), [], "")
    recorder.flush()
    assert len(sink.said) == 1 and "object" in sink.said[0]
    assert [bytes(entry.event) for entry in read(bytes(sink.files[1]))[1]] == [
        msgspec.msgpack.encode(Said(f"{number}")) for number in range(5)
    ]
