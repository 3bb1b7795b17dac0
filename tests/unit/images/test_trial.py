"""`image test` without a machine: a program that plays QEMU boots well, badly, never, or dies."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from dcos_images import trial
from dcos_images.checking import Check
from dcos_images.errors import ImageError
from dcos_images.images import Image, Output
from dcos_images.including import load_definition
from dcos_images.trial import Trial, boot

DEFINITION = load_definition("vm")
WELL = """FAILED=
MOUNT=/ erofs ro 254:2
MOUNT=/etc overlay rw 0:24
MOUNT=/var ext4 rw 254:4
MOUNT=/opt ext4 rw 254:4
MOUNT=/root ext4 rw 254:4
MOUNT=/home ext4 rw 254:4
MOUNT=/state ext4 rw 254:4
HOSTNAME=image-test
MACHINE_ID=0ed3155b45c14296b61b813f66a6adf5
HOST_KEY=AAAA
LISTENING=tcp:[::]:22
READY=1
"""
BADLY = WELL.replace("FAILED=", "FAILED=ssh.service ")
ENDLESS = "import time; time.sleep(600)"


def image(folder: Path) -> Image:
    disk = Output(folder / "vm.qcow2", "0" * 64, 1)
    return Image("0" * 32, folder, "", DEFINITION.release("bookworm"), "amd64", {}, {"qcow2": disk})


class Guests:
    """What QEMU does under each accelerator: says this on the serial console, tells that, runs on or ends."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, kvm: bool) -> None:
        self.plays: dict[str, tuple[str, str, str]] = {}
        self.started: list[str] = []
        monkeypatch.setattr(trial, "_argv", self._argv)
        self.ssh = "SSH-2.0-OpenSSH_9.2p1"
        monkeypatch.setattr(trial, "_can_boot", lambda: None)
        monkeypatch.setattr(trial, "_ssh_answer", lambda guest, until: self.ssh)
        monkeypatch.setattr(trial, "_bootable", lambda *of: [])
        self.checks: tuple[Check, ...] = (Check("it is well", ""),)
        monkeypatch.setattr(trial, "_checked", lambda *of: self.checks)
        monkeypatch.setattr("dcos_images.trial.os.access", lambda path, mode: kvm)

    def _argv(self, boots: list[str], accelerator: str, folder: Path, network: str) -> list[str]:
        assert network == "restrict=on"  # nobody outside is reached from a disk
        self.started.append(accelerator)
        serial, told, then = self.plays[accelerator]
        for name, text in (("serial.log", serial), ("notify.log", told)):
            (folder / f"{name}.later").write_text(text)
        code = (
            f"import os; os.chdir({str(folder)!r})\n"
            "for one in ('serial.log', 'notify.log'): os.replace(f'{one}.later', one)\n"
        )
        return [sys.executable, "-c", code + then]


def test_a_machine_that_is_well_is_told_with_what_it_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guests = Guests(monkeypatch, kvm=False)
    guests.plays["tcg"] = ("booting\n", WELL, ENDLESS)
    done = boot(image(tmp_path), DEFINITION, deadline=60)
    assert (done.accelerator, done.of("MACHINE_ID")) == ("tcg", ["0ed3155b45c14296b61b813f66a6adf5"])
    assert done.checks == guests.checks


def test_a_test_that_fails_on_the_machine_fails_the_trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guests = Guests(monkeypatch, kvm=False)
    guests.plays["tcg"] = ("booting\n", WELL, ENDLESS)
    guests.checks = (*guests.checks, *(Check(f"it has {number}", "there is none") for number in range(7)))
    with pytest.raises(ImageError, match="the image 'vm' does not boot properly") as caught:
        boot(image(tmp_path), DEFINITION, deadline=60)
    assert caught.value.why.startswith("it has 0: there is none; it has 1: there is none; ")
    assert caught.value.why.endswith("; and 2 more failed tests")
    assert caught.value.evidence == "booting"


COMPLAINING = f"import sys; sys.stderr.write('KVM: entry failed\\nEAX=0\\n'); sys.stderr.flush(); {ENDLESS}"


@pytest.mark.parametrize(
    ("then", "words"),
    [
        (ENDLESS, "it says nothing at all"),
        (COMPLAINING, "it says nothing at all; QEMU says: KVM: entry failed / EAX=0"),
        ("raise SystemExit('kvm: no')", "QEMU has ended with 1: kvm: no"),
    ],
)
def test_a_guest_that_does_not_start_under_kvm_is_started_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, then: str, words: str
) -> None:
    monkeypatch.setattr(trial, "_SILENT_SECONDS", 5.0)  # in which it says its words, on a busy host, too
    guests = Guests(monkeypatch, kvm=True)
    guests.plays = {"kvm": ("", "", then), "tcg": ("booting\n", WELL, ENDLESS)}
    said: list[str] = []
    assert boot(image(tmp_path), DEFINITION, deadline=60, note=said.append).accelerator == "tcg"
    assert guests.started == ["kvm", "tcg"]
    assert f"the guest does not start under KVM here ({words}): trying without, which is slow" in said


@pytest.mark.parametrize(
    ("play", "deadline", "why"),
    [
        (("Kernel panic\n", "", ENDLESS), 5.0, "has not said that it is ready in time"),
        (("Kernel panic\n", "", COMPLAINING), 5.0, "ready in time; QEMU says: KVM: entry failed / EAX=0"),
        (("Kernel panic\n", "", "raise SystemExit('no memory')"), 60.0, "QEMU has ended with 1: no memory"),
        (("Kernel panic\n", "", ""), 60.0, "the machine rebooted or went off"),
        (("Kernel panic\n", BADLY, ENDLESS), 60.0, "units have failed: ssh.service"),
    ],
)
def test_what_goes_wrong_is_told_with_the_console_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, play: tuple[str, str, str], deadline: float, why: str
) -> None:
    guests = Guests(monkeypatch, kvm=False)
    guests.plays["tcg"] = play
    with pytest.raises(ImageError, match="the image 'vm' does not boot properly") as caught:
        boot(image(tmp_path), DEFINITION, deadline=deadline, keep=tmp_path / "kept")
    assert why in caught.value.why
    assert caught.value.evidence == "Kernel panic"
    assert (tmp_path / "kept/serial.log").read_text() == "Kernel panic\n"
    assert "serial.log" in caught.value.hint


def test_an_output_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="cannot be booted from 'raw'") as caught:
        boot(image(tmp_path), DEFINITION, output="raw")
    assert "qcow2" in caught.value.hint


def test_a_line_may_come_several_times() -> None:
    assert (
        Trial((("MOUNT", "/ erofs ro"), ("MOUNT", "/etc overlay rw")), 1.0, "tcg", "").of("MOUNT")[1]
        == "/etc overlay rw"
    )


def test_ssh_has_to_answer_whatever_the_machine_says_of_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guests = Guests(monkeypatch, kvm=False)
    guests.plays["tcg"] = ("booting\n", WELL, ENDLESS)
    guests.ssh = ""
    with pytest.raises(ImageError, match="does not boot properly") as caught:
        boot(image(tmp_path), DEFINITION, deadline=60)
    assert "SSH does not answer: 'nothing'" in caught.value.why


def test_ssh_is_asked_through_the_port_that_qemu_chose(tmp_path: Path) -> None:
    """QEMU's monitor and what it forwards to, in one program: the first who connects is sent away."""
    play = (
        "import json, socket, sys\n"
        "ssh = socket.create_server(('127.0.0.1', 0))\n"
        "qmp = socket.socket(socket.AF_UNIX); qmp.bind(sys.argv[1]); qmp.listen()\n"
        "for turn in range(2):\n"
        "    link, _ = qmp.accept(); stream = link.makefile('rwb')\n"
        "    stream.write(b'{\"QMP\": {}}\\n'); stream.flush()\n"
        "    asked = [json.loads(stream.readline())['execute']]\n"
        '    stream.write(b\'{"return": {}}\\n{"event": "x"}\\n\'); stream.flush()\n'
        "    asked.append(json.loads(stream.readline())['arguments']['command-line'])\n"
        "    assert asked == ['qmp_capabilities', 'info usernet'], asked\n"
        "    table = 'Hub -1\\r\\n  TCP[HOST_FORWARD]  8  127.0.0.1 %d  198.18.250.15  22  0  0\\r\\n'\n"
        "    stream.write(json.dumps({'return': table % ssh.getsockname()[1]}).encode() + b'\\n'); stream.flush()\n"
        "    guest, _ = ssh.accept()\n"
        "    if turn: guest.sendall(b'SSH-2.0-test\\r\\n')\n"
        "    guest.close(); link.close()\n"
    )
    with subprocess.Popen([sys.executable, "-c", play, str(tmp_path / "qmp")]) as process:
        guest = trial._Guest(process, tmp_path)
        assert trial._ssh_answer(guest, time.monotonic() + 240) == "SSH-2.0-test"
        assert process.wait(240) == 0
        assert trial._ssh_answer(guest, time.monotonic() + 240) == ""  # QEMU is gone
