"""Boots an image in QEMU, waits for its report on a virtio-serial port, and runs testinfra on it over SSH.

The image is not changed.
"""

from __future__ import annotations

import contextlib
import functools
import http.server
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dcos_images.cache import Note
from dcos_images.checking import LOG, SECRET_PATH, Access, Check, check_machine, failures, make_access
from dcos_images.definition import ImageDefinition
from dcos_images.disks import all_files, disk_uuid
from dcos_images.emulation import PROCESSOR
from dcos_images.errors import ImageError
from dcos_images.expected import Expected
from dcos_images.images import Image
from dcos_images.process import bound, clean_environment, run

BOOTED = ("qcow2", "raw", "netboot")
"""The outputs that can be booted, in order of preference."""
PORT = "io.dcos.notify"
_FIRMWARE = (
    ("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"),
    ("/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"),
)
_PROCESSORS = {"kvm": ("-cpu", "max", "-smp", "2"), "tcg": ("-cpu", PROCESSOR, "-smp", "1")}
"""Model and number by accelerator. Where QEMU emulates them, a second one costs the host more than it gives."""
_SILENT_SECONDS = 20.0
"""Seconds of silence under KVM after which the guest counts as not starting on it."""
_POLL_SECONDS = 0.25
# A network of the guest alone, which cannot be reached from outside of QEMU.
_NETWORK = "net=198.18.250.0/24,dhcpstart=198.18.250.15"
_HOST = "198.18.250.2"
_ALONE = "restrict=on"
_UKI = "boot.efi"
_HOSTNAME = "image-test"
"""The machine gets it as a credential, as from providers."""
_SERIAL_LINES = 60
_QEMU_LINES = 8
_SSH = frozenset({"tcp:0.0.0.0:22", "tcp:[::]:22"})
_SSH_SECONDS = 60.0
_FORWARDED = re.compile(r"TCP\[HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(?P<port>\d+)\s")
_ON_THE_STATE = ("/var", "/opt", "/root", "/home")
_PARTITIONS = ("esp", "root-a", "root-b", "state")


@dataclass(frozen=True)
class Trial:
    """The reports of a booted image: its lines by name (a name may occur several times), and the time that it took."""

    lines: tuple[tuple[str, str], ...]
    seconds: float
    accelerator: str
    ssh: str
    """The first line from its port 22, read from outside; empty without an answer."""
    checks: tuple[Check, ...] = ()
    """The tests that ran on it."""

    def of(self, name: str) -> list[str]:
        return [value for known, value in self.lines if known == name]


@dataclass(frozen=True)
class _Guest:
    process: subprocess.Popen[bytes]
    folder: Path

    @property
    def serial(self) -> str:
        return _read(self.folder / "serial.log")

    @property
    def notified(self) -> str:
        return _read(self.folder / "notify.log")

    @property
    def said(self) -> str:
        """What QEMU itself says, in one line: the end of it, where it is much."""
        return " / ".join(_read(self.folder / "qemu.log").split("\n")[-_QEMU_LINES:]).strip(" /")


def boot(
    image: Image,
    definition: ImageDefinition,
    *,
    output: str = "",
    deadline: float = 600.0,
    keep: Path | None = None,
    tests: Sequence[Path] = (),
    note: Note = lambda text: None,
) -> Trial:
    """Boots one output of the image (the first of `BOOTED` that it has), waits until it reports that it is ready, and
    runs the shipped tests on it, and ``tests``: files or folders for pytest with testinfra.

    Raises `ImageError` with the end of the serial console when it is not ready within ``deadline`` seconds, when it
    reports problems, or when a test fails (or all take longer than ``deadline``); then console, screen and the output
    of the tests are in ``keep``.
    """
    output = chosen(definition, output)
    _can_boot()
    with tempfile.TemporaryDirectory(prefix="dcos-image-test-") as scratch:
        folder = Path(scratch)
        access = make_access(folder)
        with _served(image, output) as port:
            boots = [*_bootable(image, definition, output, folder), *access.devices]
            network = _served_network(port, _UKI) if port else _ALONE
            accelerators = ["kvm", "tcg"] if os.access("/dev/kvm", os.R_OK | os.W_OK) else ["tcg"]
            started = time.monotonic()
            for accelerator in accelerators:
                note(f"booting {image.outputs[output].path.name} in QEMU ({accelerator})")
                with _running(boots, accelerator, folder, network) as guest:
                    silent = _SILENT_SECONDS if accelerator == "kvm" else deadline
                    problem = _wait(guest, started + deadline, silent)
                    if accelerator == "kvm" and not guest.serial:
                        note(f"the guest does not start under KVM here ({problem}): trying without, which is slow")
                        continue
                    seconds = time.monotonic() - started
                    answer = "" if problem else _ssh_answer(guest, time.monotonic() + _SSH_SECONDS)
                    trial = Trial(_lines(guest.notified), seconds, accelerator, answer)
                    found = [problem] if problem else problems(trial, output)
                    if not found:
                        note(f"it is ready after {seconds:.0f} s: running the tests on it")
                        expected = _expected(image, definition, output, access)
                        trial = replace(trial, checks=_checked(guest, trial, expected, access, tests, deadline, keep))
                        found = failures(trial.checks)
                    if found:
                        raise _failed(definition.name, "; ".join(found), guest, keep)
                    return trial
    raise AssertionError("the last accelerator has no limit of silence")


def _expected(image: Image, definition: ImageDefinition, output: str, access: Access) -> Expected:
    return Expected(
        output,
        _HOSTNAME,
        SECRET_PATH,
        access.secret,
        replace(definition, files=all_files(definition)),
        image.packages,
        {} if output == "netboot" else {name: str(disk_uuid(name)) for name in _PARTITIONS},
    )


def _checked(
    guest: _Guest,
    trial: Trial,
    expected: Expected,
    access: Access,
    tests: Sequence[Path],
    deadline: float,
    keep: Path | None,
) -> tuple[Check, ...]:
    """The tests that ran on the guest, which trusts nobody but the trial, and is trusted by the host key it told."""
    port = _ssh_port(guest)
    config = access.configured(port, trial.of("HOST_KEY")[-1])
    try:
        return check_machine(access, config, expected.written(guest.folder / "expected.json"), tests, deadline=deadline)
    except ImageError as error:
        raise _failed(expected.definition.name, f"{error.what}: {error.why}", guest, keep, error.evidence) from error


def problems(trial: Trial, output: str) -> list[str]:
    """The problems of a booted machine."""
    found = []
    if failed := "".join(trial.of("FAILED")).split():
        found.append(f"units have failed: {', '.join(failed)}")
    mounts = {folder: (kind, device) for folder, kind, device in map(_mount, trial.of("MOUNT"))}
    state = ("ext4 rw",) if output != "netboot" else ("ext4 rw", "tmpfs rw")
    for folder, wanted in (
        ("/", ("erofs ro",)),
        ("/etc", ("overlay rw",)),
        *((folder, state) for folder in ("/state", *_ON_THE_STATE)),
    ):
        kind, _ = mounts.get(folder, ("nothing", ""))
        if kind not in wanted:
            found.append(f"{folder} is mounted as {kind!r}, not as {' or '.join(wanted)!r}")
    for folder in _ON_THE_STATE:
        if mounts.get(folder) != mounts.get("/state"):
            found.append(f"{folder} does not lie on the state")
    if trial.of("HOSTNAME") != [_HOSTNAME]:
        found.append(f"it calls itself {''.join(trial.of('HOSTNAME'))!r}, and its credentials say {_HOSTNAME!r}")
    if not any(len(one) == 32 for one in trial.of("MACHINE_ID")):
        found.append("it has no machine id")
    if not any(trial.of("HOST_KEY")):
        found.append("it has no SSH host key")
    listening = "".join(trial.of("LISTENING")).split()
    if not _SSH.intersection(listening):
        found.append("SSH does not listen")
    if not trial.ssh.startswith("SSH-2.0-"):
        found.append(f"SSH does not answer: {trial.ssh or 'nothing'!r}")
    for one in listening:
        if one not in _SSH and not one.endswith((":68", ":546")):
            found.append(f"something listens on {one}, and only SSH may")
    return found


def _mount(line: str) -> tuple[str, str, str]:
    """The parts of a line about a mount: the folder, type with rw or ro, and the device's number."""
    folder, kind, access, device = (*line.split(" "), "", "", "", "")[:4]
    return folder, f"{kind} {access}".strip() or "nothing", device


def chosen(definition: ImageDefinition, output: str) -> str:
    """The output to boot: ``output``, or the first that boots. Raises `ImageError` when the image has none."""
    there = [one for one in BOOTED if one in definition.outputs]
    if not there:
        raise ImageError(
            f"the image {definition.name!r} cannot be booted by itself",
            why=f"what comes out of it is {', '.join(definition.outputs)}",
            hint="the installer boots machines from it: dcos-installer deploy",
        )
    if output and output not in there:
        raise ImageError(
            f"the image {definition.name!r} cannot be booted from {output!r}",
            why="it has no such output that boots",
            hint=f"choose of: {', '.join(there)}",
        )
    return output or there[0]


def _can_boot() -> None:
    missing = [tool for tool in ("qemu-system-x86_64", "qemu-img") if shutil.which(tool) is None]
    missing += ["UEFI firmware (OVMF)"] if _firmware() is None else []
    if missing:
        raise ImageError(
            "images cannot be booted here",
            why=f"missing: {', '.join(missing)}",
            hint="install the Debian packages qemu-system-x86, qemu-utils and ovmf",
        )


def _firmware() -> tuple[str, str] | None:
    return next((pair for pair in _FIRMWARE if all(Path(one).is_file() for one in pair)), None)


def _bootable(image: Image, definition: ImageDefinition, output: str, folder: Path) -> list[str]:
    """QEMU's arguments for the output, which the firmware starts: of a netboot folder the UKI, else a disk of the least
    size that a machine may have.
    """
    path = image.outputs[output].path
    firmware = _firmware()
    assert firmware is not None
    shutil.copyfile(firmware[1], folder / "vars.fd")
    boots = [
        *("-drive", f"if=pflash,format=raw,readonly=on,file={firmware[0]}"),
        *("-drive", f"if=pflash,format=raw,file={folder}/vars.fd"),
    ]
    if output == "netboot":
        return [*boots, "-kernel", str(path / _UKI), "-m", "3072"]
    assert definition.partitions is not None
    disk = folder / "disk.qcow2"
    size = f"{definition.partitions.least_disk_mb}M"
    run(
        ["qemu-img", "create", "-q", "-f", "qcow2", "-b", path.resolve(), "-F", output, disk, size],
        what="make a disk over the image",
        log_file=folder / "qemu-img.log",
        deadline=60.0,
    )
    return [*boots, "-drive", f"if=virtio,format=qcow2,file={disk},cache=unsafe", "-m", "1024"]


def _served_network(port: int, file: str) -> str:
    """A network that reaches that port of this host, and whose DHCP names a file there."""
    return f"bootfile=http://{_HOST}:{port}/{file}"


@contextlib.contextmanager
def _served(image: Image, output: str) -> Iterator[int]:
    """For a boot from the network: serves its folder over HTTP, on this host's loopback. 0: nothing is served."""
    if output != "netboot":
        yield 0
        return

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(image.outputs[output].path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()


def _argv(boots: list[str], accelerator: str, folder: Path, network: str) -> list[str]:
    """QEMU with a network of its own, and the port for the machine's reports."""
    how = "tcg,thread=multi" if accelerator == "tcg" else accelerator
    return [
        *bound("qemu-system-x86_64", "-nodefaults", "-machine", "q35", "-accel", how),
        *(*_PROCESSORS[accelerator], "-no-reboot", "-display", "none", "-device", "VGA", *boots),
        *("-serial", f"file:{folder}/serial.log"),
        *(
            "-netdev",
            f"user,id=net,{_NETWORK},{network},hostfwd=tcp:127.0.0.1:0-:22",
            "-device",
            "virtio-net-pci,netdev=net",
        ),
        *("-chardev", f"file,id=notify,path={folder}/notify.log", "-device", "virtio-serial-pci"),
        *("-device", f"virtserialport,chardev=notify,name={PORT}", "-device", "virtio-rng-pci"),
        *("-smbios", f"type=11,value=io.systemd.credential:system.hostname={_HOSTNAME}"),
        *("-qmp", f"unix:{folder}/qmp,server=on,wait=off"),
    ]


@contextlib.contextmanager
def _running(boots: list[str], accelerator: str, folder: Path, network: str = _ALONE) -> Iterator[_Guest]:
    for name in ("serial.log", "notify.log"):
        (folder / name).write_bytes(b"")
    with (folder / "qemu.log").open("wb") as said:
        process = subprocess.Popen(
            _argv(boots, accelerator, folder, network),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            env=clean_environment(),
            start_new_session=True,
        )
    try:
        yield _Guest(process, folder)
    finally:
        process.kill()
        process.wait()


def _wait(guest: _Guest, until: float, silent: float) -> str:
    """What went wrong, with QEMU's own words where it has any; empty: it is ready."""
    started = time.monotonic()
    while "READY=1\n" not in guest.notified:
        if guest.process.poll() is not None:
            return f"QEMU has ended with {guest.process.returncode}: {guest.said or 'the machine rebooted or went off'}"
        words = f"; QEMU says: {guest.said}" if guest.said else ""
        if time.monotonic() - started > silent and not guest.serial:
            return f"it says nothing at all{words}"
        if time.monotonic() > until:
            return f"it has not said that it is ready in time{words}"
        time.sleep(_POLL_SECONDS)
    return ""


def _failed(name: str, problem: str, guest: _Guest, keep: Path | None, evidence: str = "") -> ImageError:
    """``evidence``: instead of the end of the serial console."""
    kept = ""
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(OSError, ValueError):  # a machine that has ended has no picture
            _screenshot(guest.folder / "qmp", guest.folder / "screen.png")
        for file in ("serial.log", "notify.log", "qemu.log", LOG, "screen.png"):
            if (guest.folder / file).is_file():
                shutil.copyfile(guest.folder / file, keep / file)
        kept = f"serial.log, notify.log, qemu.log, {LOG} and screen.png are in {keep}"
    return ImageError(
        f"the image {name!r} does not boot properly",
        why=problem,
        hint=kept or "look at its serial console",
        evidence=evidence or "\n".join(guest.serial.replace("\r", "").splitlines()[-_SERIAL_LINES:]),
    )


def _screenshot(control: Path, target: Path) -> None:
    _monitor(control, "screendump", filename=str(target), format="png")


def _ssh_answer(guest: _Guest, until: float) -> str:
    """The first line of the guest's port 22, through the port of this host's loopback that QEMU chose for it."""
    while time.monotonic() < until and guest.process.poll() is None:
        with contextlib.suppress(OSError, ValueError):
            if port := _ssh_port(guest):
                with socket.create_connection(("127.0.0.1", port), timeout=_SSH_SECONDS) as link:
                    if line := link.makefile("rb").readline(256):
                        return line.decode(errors="replace").strip()
        time.sleep(_POLL_SECONDS)
    return ""


def _ssh_port(guest: _Guest) -> int:
    """The port of this host's loopback that QEMU forwards to the guest's port 22; 0: none yet. Raises as `_monitor`."""
    network = str(_monitor(guest.folder / "qmp", "human-monitor-command", **{"command-line": "info usernet"}))
    forwarded = _FORWARDED.search(network)
    return int(forwarded["port"]) if forwarded is not None else 0


def _monitor(control: Path, command: str, **arguments: str) -> object:
    """QEMU's answer to a command. Raises `OSError`, and `ValueError` when it refuses."""
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(10.0)
        link.connect(str(control))
        stream = link.makefile("rwb")
        stream.readline()
        answer: dict[str, object] = {}
        for asked in ({"execute": "qmp_capabilities"}, {"execute": command, "arguments": arguments}):
            stream.write(json.dumps(asked).encode() + b"\n")
            stream.flush()
            while "return" not in (answer := json.loads(stream.readline())):
                if "error" in answer:
                    raise ValueError(answer["error"])
        return answer["return"]


def _lines(text: str) -> tuple[tuple[str, str], ...]:
    pairs = (line.split("=", 1) for line in text.replace("\r", "").splitlines() if "=" in line)
    return tuple((name, value.strip()) for name, value in pairs)


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except FileNotFoundError:
        return ""
