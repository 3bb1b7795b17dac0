"""`dcos task attach`: what is typed goes to the task, but for the keys that detach from it."""

from __future__ import annotations

import base64
import json
import os
from typing import Any

import pytest

from dcos_runtime.cli.errors import CliError
from dcos_runtime.cli.kernel import remote_command
from dcos_runtime.cli.kernel.remote_command import RemoteTask
from dcos_runtime.wire import recordio


class Feed:
    """Takes what is sent to an agent."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def send(self, record: bytes) -> None:
        for one in recordio.Decoder(1 << 20).feed(record):
            self.sent.append(json.loads(one)["attach_container_input"]["process_io"])

    def typed(self) -> bytes:
        return b"".join(base64.b64decode(one["data"]["data"]) for one in self.sent if one["type"] == "DATA")


def attached(monkeypatch: pytest.MonkeyPatch, stdin: int) -> RemoteTask:
    monkeypatch.setattr(remote_command, "_STDIN", stdin)
    return RemoteTask(None, None, None, "outer.inner", interactive=True)  # type: ignore[arg-type]  # nobody is called


@pytest.mark.parametrize(
    ("typed", "passed"),
    [
        ([b"ls\n", b"\x10\x11"], b"ls\n"),
        ([b"\x10", b"x", b"\x10", b"\x11never"], b"\x10x"),
        ([b"\x10\x10\x11"], b""),
    ],
)
def test_the_keys_that_detach_are_not_passed_on_and_others_are(
    monkeypatch: pytest.MonkeyPatch, typed: list[bytes], passed: bytes
) -> None:
    read, write = os.pipe()
    task, feed, pieces = attached(monkeypatch, read), Feed(), iter(typed)
    whole = os.read
    monkeypatch.setattr(os, "read", lambda fd, size: next(pieces) if fd == read else whole(fd, size))
    os.write(write, b"ready")  # it is always readable
    idle, _ = os.pipe()
    task._feed(feed, idle)  # type: ignore[arg-type]  # a double has what is used of it
    assert feed.typed() == passed
    assert next(pieces, None) is None


def test_the_size_of_our_terminal_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_command, "_size", lambda: (3, 4))
    task, feed = attached(monkeypatch, 0), Feed()
    for _ in range(2):
        task._send_size(feed)  # type: ignore[arg-type]  # a double has what is used of it
    (one,) = feed.sent
    assert one["control"]["tty_info"] == {"window_size": {"rows": 3, "columns": 4}}


def test_input_that_is_no_terminal_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    read, _ = os.pipe()
    with pytest.raises(CliError) as refused:
        attached(monkeypatch, read).run()
    assert "--no-stdin" in str(refused.value.hints)
