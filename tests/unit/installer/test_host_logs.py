"""Journals of many hosts: what is asked, how a line is read, and that all are merged by time."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dcos_installer.errors import InstallerError
from dcos_installer.hosts.journal import Lines, LogEntry, MergedLogs, as_json, as_line, command, parsed, units_of
from dcos_installer.services import installed
from tests.support.installer.folder_hosts import a_spec

UNITS = {"dcos-master.service": "master", "dcos-agent.service": "agent"}
_DEADLINE = 240


def line(moment: float, message: object = "m", unit: str = "dcos-master.service", **more: str) -> bytes:
    told = {"__REALTIME_TIMESTAMP": str(int(moment * 1e6)), "MESSAGE": message, "_SYSTEMD_UNIT": unit, **more}
    return json.dumps(told).encode() + b"\n"


def test_the_units_are_those_of_the_host_and_are_named_by_service_or_unit() -> None:
    services, spec = installed(), a_spec()
    master, agent = spec.host("m1"), spec.host("a1")
    assert units_of(services, master, [])["dcos-master.service"] == "master"
    assert "dcos-master.service" not in units_of(services, agent, [])
    for name in ("agent", "dcos-agent", "dcos-agent.service"):
        assert units_of(services, agent, [name]) == {"dcos-agent.service": "agent"}
        assert units_of(services, master, [name]) == {}
    with pytest.raises(InstallerError, match="there is no service ssh") as told:
        units_of(services, master, ["ssh"])
    assert "zookeeper" in told.value.hint and "journalctl -u UNIT" in told.value.hint


def test_journalctl_is_asked_for_what_is_wanted() -> None:
    asked = command(["dcos-a.service", "dcos-b.service"], follow=True, since="10 min ago", lines=5)
    assert asked[0] == "journalctl" and asked[-1] == "--follow"
    assert {"--unit=dcos-a.service", "--unit=dcos-b.service", "--since=10 min ago", "--lines=5"} <= set(asked)
    assert "--lines=all" in command(["u"], follow=False, since=None, lines=None)


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ("plain", b"plain"),
        ([255, 0, 104], b"\xff\0h"),
        (["one", "two"], b"one\ntwo"),
        (None, b""),
        ("ü", "ü".encode()),
    ],
)
def test_messages_of_every_form_are_read(told: object, message: bytes) -> None:
    entry = parsed("m1", UNITS, line(1.5, told, PRIORITY="3", _PID="77"))
    assert entry == LogEntry(1.5, "m1", "master", message, 3, 77)
    again: dict[str, Any] = json.loads(as_json(entry))
    assert again["host"] == "m1" and again["data"]["service"] == "master" and again["time"] == 1.5
    assert ("message" in again["data"]) is (message != b"\xff\0h")


def test_what_systemd_says_of_a_unit_is_the_unit_s() -> None:
    entry = parsed("m1", UNITS, line(1, "Started", "init.scope", UNIT="dcos-agent.service"))
    assert entry is not None and entry.service == "agent"
    assert [parsed("m1", UNITS, wrong) for wrong in (b"", b"-- Boot --", b"[]", b"{}", b'{"MESSAGE": 1}')] == [None] * 5


def test_a_line_cannot_drive_a_terminal_and_each_of_its_lines_has_its_host() -> None:
    shown = as_line(LogEntry(0.25, "m1", "master", b"a\x1b[2J\tb\xff\nc\r"), 4)
    first, second = shown.splitlines()
    assert first.endswith("m1   master: a\\x1b[2J\tb\\xff") and second.endswith("m1   master: c\\r")
    assert "\x1b" not in shown and first[:4] in ("1970", "1969")


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), st.lists(st.integers(0, 50), max_size=30), min_size=1))
def test_journals_that_end_are_merged_exactly_by_time(times: dict[str, list[int]]) -> None:
    shown: list[LogEntry] = []
    merged = MergedLogs(list(times), shown.append, follow=False)

    def host(name: str) -> None:
        lines = Lines(name, UNITS, merged.put)
        data = b"".join(line(moment, f"{name}{number}") for number, moment in enumerate(sorted(times[name])))
        for start in range(0, len(data), 97):
            lines.take(data[start : start + 97])
        merged.end(name)

    threads = [threading.Thread(target=host, args=(name,)) for name in times]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(_DEADLINE)
    merged.finish()
    assert [entry.time for entry in shown] == sorted(float(one) for all_ in times.values() for one in all_)
    for name, mine in times.items():
        assert [entry.message for entry in shown if entry.host == name] == [
            b"%s%d" % (name.encode(), n) for n in range(len(mine))
        ]


def test_a_host_far_ahead_of_another_waits_for_it() -> None:
    shown: list[LogEntry] = []
    merged = MergedLogs(["a", "b"], shown.append, follow=False)
    taken = []

    def ahead() -> None:
        for number in range(5000):
            merged.put(LogEntry(float(number), "a", "", b""))
            taken.append(number)
        merged.end("a")

    thread = threading.Thread(target=ahead)
    thread.start()
    until = time.monotonic() + _DEADLINE
    while len(taken) < 1000 and time.monotonic() < until:
        time.sleep(0.01)
    assert shown == []
    merged.put(LogEntry(2500.5, "b", "", b"between"))
    merged.end("b")
    thread.join(_DEADLINE)
    merged.finish()
    assert len(shown) == 5001 and shown[2501].message == b"between"


def test_what_is_followed_is_shown_in_order_though_hosts_are_late() -> None:
    shown: list[LogEntry] = []
    merged = MergedLogs(["a", "b", "silent"], shown.append, follow=True)
    merged.put(LogEntry(2.0, "a", "", b""))
    merged.put(LogEntry(3.0, "a", "", b""))
    merged.put(LogEntry(1.0, "b", "", b""))
    merged.end("silent")
    until = time.monotonic() + _DEADLINE
    while len(shown) < 3 and time.monotonic() < until:
        time.sleep(0.01)
    assert [entry.time for entry in shown] == [1.0, 2.0, 3.0]
    merged.put(LogEntry(4.0, "b", "", b""))
    merged.end("a")
    merged.end("b")
    merged.finish()
    assert [entry.time for entry in shown] == [1.0, 2.0, 3.0, 4.0]


def test_a_reader_that_goes_away_is_reported_to_the_writer() -> None:
    def gone(entry: LogEntry) -> None:
        raise BrokenPipeError

    merged = MergedLogs(["a"], gone, follow=False)
    with pytest.raises(BrokenPipeError):
        for number in range(100_000):
            merged.put(LogEntry(float(number), "a", "", b""))
    with pytest.raises(BrokenPipeError):
        merged.finish()
