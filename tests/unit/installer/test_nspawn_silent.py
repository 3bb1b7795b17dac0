"""A machine that runs and does not answer: the error says what is known of it now, and nothing older."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dcos_installer.providers.answering import SshProblem, ssh_problem
from dcos_installer.providers.base import ProviderError
from dcos_installer.providers.nspawn import control as nspawn_control
from dcos_installer.providers.nspawn.control import MachineControl
from dcos_installer.providers.nspawn.machine import MachineFolder, ProcessMark, Status
from tests.support.installer.nspawn_parts import RECORD

HERE = "127.0.0.1"


@pytest.fixture
def folder(tmp_path: Path) -> MachineFolder:
    """Of a machine that runs: this very process stands for its supervisor."""
    folder = MachineFolder(tmp_path / "h1")
    folder.path.mkdir()
    folder.write_record(replace(RECORD, address=HERE))
    folder.write_status(Status(phase="running"))
    mark = ProcessMark.of(os.getpid())
    assert mark is not None
    folder.pid_file.write_text(mark.dump())
    return folder


def awaited(folder: MachineFolder) -> ProviderError:
    control = MachineControl(folder, RECORD.cluster_id, boot_seconds=0.2, cancelled=threading.Event())
    record = folder.record()
    assert record is not None
    with pytest.raises(ProviderError) as caught:
        control.await_ssh(record)
    return caught.value


def test_a_machine_that_runs_and_is_not_reached_is_told_with_what_was_seen_and_what_to_do(
    folder: MachineFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_off = SshProblem("nothing answers", "its network is cut, or the whole machine is stuck")

    def asked(address: str) -> SshProblem:
        with folder.console.open("a") as console:
            console.write("said while it was waited for\n")
        return cut_off

    folder.console.write_text("said long ago\n")
    monkeypatch.setattr(nspawn_control, "ssh_problem", asked)
    found = awaited(folder)
    assert found.what == "h1: it runs, but SSH did not answer within 0 s at 127.0.0.1:22: nothing answers"
    assert found.why == cut_off.why
    for part in ("dcos-installer power-off INVENTORY h1", "start INVENTORY h1", str(folder.console)):
        assert part in found.hint
    assert "said while it was waited for" in found.evidence and "said long ago" not in found.evidence


def test_a_machine_that_does_not_come_up_is_not_said_to_have_a_broken_network(folder: MachineFolder) -> None:
    folder.write_status(Status(phase="starting"))
    found = awaited(folder)
    assert found.what == "h1: SSH did not answer within 0 s"
    assert found.why == "it is not up yet"


def test_a_console_log_that_was_begun_anew_is_read_from_its_beginning(folder: MachineFolder) -> None:
    folder.console.write_text("old and long, longer than what comes next\n")
    before = folder.moment()
    folder.console.rename(folder.console.with_name("console.log.1"))
    folder.console.write_text("new\n")
    assert folder.console_since(before) == "new"
    assert folder.console_since(folder.moment()) == ""
    folder.console.unlink()
    assert folder.console_since(before) == ""


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server((HERE, 0)) as server:
        yield server


def test_a_refused_connection_means_that_no_sshd_runs() -> None:
    with socket.socket() as held:  # it does not listen, and nobody else gets its port
        held.bind((HERE, 0))
        found = ssh_problem(HERE, held.getsockname()[1])
    assert found == SshProblem("the connection is refused", "its sshd does not run")


def test_a_connection_that_is_taken_in_silence_means_that_sshd_is_stuck(listening: socket.socket) -> None:
    found = ssh_problem(HERE, listening.getsockname()[1], seconds=0.1)
    assert "the connection is taken" in found.seen and "stuck" in found.why


def test_no_answer_at_all_means_that_the_network_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    for error, seen in (
        (TimeoutError("timed out"), "nothing answers"),
        (OSError(113, "No route to host"), "nothing answers (no route to host)"),
    ):

        def fail(*_: object, error: OSError = error, **__: object) -> None:
            raise error

        monkeypatch.setattr(socket, "create_connection", fail)
        assert ssh_problem(HERE) == SshProblem(seen, "its network is cut, or the whole machine is stuck")


def test_an_sshd_that_greets_is_no_problem(listening: socket.socket) -> None:
    def greet() -> None:
        connection, _ = listening.accept()
        with connection:
            connection.sendall(b"SSH-2.0-x\r\n")

    thread = threading.Thread(target=greet, daemon=True)
    thread.start()
    assert ssh_problem(HERE, listening.getsockname()[1], seconds=60) == SshProblem()
    thread.join()
