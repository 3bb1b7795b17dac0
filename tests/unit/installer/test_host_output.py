"""The output of many machines that waits for its end: bounded, in order, with what was left out."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import IO

import pytest

from dcos_installer.config.model import HostSpec, SshSpec
from dcos_installer.errors import InstallerError
from dcos_installer.hosts import output
from dcos_installer.hosts.fleet import HostResult

HOST = HostSpec(name="a1", address="198.18.0.21", roles=frozenset({"agent"}), ssh=SshSpec(address="198.18.0.21"))


class Screen:
    def __init__(self) -> None:
        self.out, self.err = bytearray(), bytearray()


def test_grouped_output_keeps_the_first_bytes_and_tells_how_many_it_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "MOST_GROUPED", 10)
    screen = Screen()
    grouped = output.GroupedOutput(screen.out.extend, screen.err.extend)
    for data, stderr in ((b"one\n", False), (b"two\n", True), (b"three\n", False), (b"four\n", True)):
        grouped.said(HOST, data, stderr=stderr)
    grouped.ended(HostResult(HOST, "done", 1.0, 0))
    assert screen.out == b"== a1: code 0, 1.0 s ==\none\nth\n"
    assert screen.err == b"two\na1: 9 further bytes left out: see them as they come, without --grouped\n"


def test_cut_text_stays_text_and_other_bytes_stay_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "MOST_IN_JSON", 4)
    screen = Screen()
    shown = output.JsonOutput(screen.out.extend)
    shown.said(HOST, "abcü".encode(), stderr=False)
    shown.said(HOST, b"\xff\xff\xff\xff\xff", stderr=True)
    shown.ended(HostResult(HOST, "done", 1.0, 0))
    data = json.loads(screen.out)["data"]
    assert (data["stdout"], data["stdout_left_out"]) == ("abc", 2)
    assert (data["stderr_base64"], data["stderr_left_out"]) == ("/////w==", 1)


def test_no_space_for_the_output_is_one_host_s_error_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(size: int) -> IO[bytes]:
        return Path("/dev/full").open("wb", buffering=0)

    monkeypatch.setattr(tempfile, "SpooledTemporaryFile", full)
    grouped = output.GroupedOutput(lambda data: None, lambda data: None)
    with pytest.raises(InstallerError, match=r"(?s)output of a1 cannot be stored.*No space left.*without --grouped"):
        grouped.said(HOST, b"x", stderr=False)
