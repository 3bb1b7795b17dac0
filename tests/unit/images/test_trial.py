"""`image test` without a machine: a program that plays QEMU boots well, badly, never, or dies."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dcos_images import trial
from dcos_images.errors import ImageError
from dcos_images.images import Image, Output
from dcos_images.including import load_definition
from dcos_images.trial import Trial, boot

DEFINITION = load_definition("vm")
WELL = """FAILED=
MOUNT=/ erofs ro
MOUNT=/etc overlay rw
MOUNT=/var ext4 rw
MOUNT=/opt ext4 rw
MOUNT=/root ext4 rw
MOUNT=/home ext4 rw
MOUNT=/state ext4 rw
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
        monkeypatch.setattr(trial, "_can_boot", lambda: None)
        monkeypatch.setattr(trial, "_bootable", lambda *of: [])
        monkeypatch.setattr("dcos_images.trial.os.access", lambda path, mode: kvm)

    def _argv(self, boots: list[str], accelerator: str, folder: Path) -> list[str]:
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


@pytest.mark.parametrize("then", [ENDLESS, "raise SystemExit('kvm: no')"])
def test_a_guest_that_does_not_start_under_kvm_is_started_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, then: str
) -> None:
    monkeypatch.setattr(trial, "_SILENT_SECONDS", 0.5)
    guests = Guests(monkeypatch, kvm=True)
    guests.plays = {"kvm": ("", "", then), "tcg": ("booting\n", WELL, ENDLESS)}
    said: list[str] = []
    assert boot(image(tmp_path), DEFINITION, deadline=60, note=said.append).accelerator == "tcg"
    assert guests.started == ["kvm", "tcg"]
    assert any("trying without, which is slow" in text for text in said)


@pytest.mark.parametrize(
    ("play", "deadline", "why"),
    [
        (("Kernel panic\n", "", ENDLESS), 1.0, "has not said that it is ready in time"),
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
    with pytest.raises(ImageError, match="the image 'vm' does not boot well") as caught:
        boot(image(tmp_path), DEFINITION, deadline=deadline, keep=tmp_path / "kept")
    assert why in caught.value.why
    assert caught.value.evidence == "Kernel panic"
    assert (tmp_path / "kept/serial.log").read_text() == "Kernel panic\n"
    assert "serial.log" in caught.value.hint


def test_an_output_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="has no output 'raw' that boots") as caught:
        boot(image(tmp_path), DEFINITION, output="raw")
    assert "qcow2" in caught.value.hint


def test_a_line_may_come_several_times() -> None:
    assert (
        Trial((("MOUNT", "/ erofs ro"), ("MOUNT", "/etc overlay rw")), 1.0, "tcg").of("MOUNT")[1] == "/etc overlay rw"
    )
