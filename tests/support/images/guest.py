"""A virtual machine in QEMU's own emulation, with SSH, restarts and power cuts."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from dcos_images import trial
from dcos_images.emulation import PROCESSOR
from dcos_images.images import Image
from dcos_images.process import clean_environment
from dcos_installer.config.model import HostSpec, SshSpec
from dcos_installer.hosts.fleet import Fleet
from dcos_installer.machines import SshTarget
from dcos_installer.providers.base import MachineFile
from dcos_installer.providers.libvirt.credentials import secret
from tests.support.daemons.byhand import free_port

HOURS = 2 * 3600.0


class Guest:
    """A disk over an image, and the machine that runs from it. It gets its keys by fw_cfg."""

    def __init__(self, image: Image, disk_mb: int, folder: Path, devices: Sequence[str] = ()) -> None:
        folder.mkdir(parents=True)
        self.folder, self._devices = folder, list(devices)
        self._process: subprocess.Popen[bytes] | None = None
        firmware = trial._firmware()
        assert firmware is not None
        self._firmware = firmware[0]
        shutil.copyfile(firmware[1], folder / "vars.fd")
        backing = str(image.outputs["qcow2"].path.resolve())
        create = ["qemu-img", "create", "-q", "-f", "qcow2", "-b", backing, "-F", "qcow2", f"{folder}/disk.qcow2"]
        subprocess.run([*create, f"{disk_mb}M"], check=True)
        for name in ("operator", "host"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", folder / name], check=True)
        self.port = free_port()
        key = (folder / "host.pub").read_text()
        (folder / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {key}")
        self.host = HostSpec(
            name="guest",
            address="127.0.0.1",
            roles=frozenset({"agent"}),
            ssh=SshSpec(address="127.0.0.1", port=self.port),
        )
        target = SshTarget("127.0.0.1", self.port, "root", folder / "operator", folder / "known_hosts")
        self.fleet = Fleet(lambda host: target, connect_seconds=30.0, patience=HOURS / 60)

    @property
    def public_key(self) -> str:
        return (self.folder / "operator.pub").read_text().strip()

    @property
    def serial(self) -> str:
        return (self.folder / "serial.log").read_text(errors="replace").replace("\r", "")

    @property
    def trials(self) -> list[trial.Trial]:
        """Its reports, one for each time that it was ready."""
        text = (self.folder / "notify.log").read_text(errors="replace")
        return [trial.Trial(trial._lines(one), 0.0, "tcg", "") for one in text.split("READY=1\n")[:-1]]

    def start(self, *, known: bool = True) -> None:
        """``known``: its keys come with its credentials."""
        for name in ("serial.log", "notify.log"):
            (self.folder / name).write_bytes(b"")
        files = [
            MachineFile("/etc/ssh/ssh_host_ed25519_key", (self.folder / "host").read_bytes(), 0o600),
            MachineFile("/etc/ssh/ssh_host_ed25519_key.pub", (self.folder / "host.pub").read_bytes()),
            MachineFile("/root/.ssh/authorized_keys", f"{self.public_key}\n".encode(), 0o600, 0o700),
        ]
        (self.folder / "credentials").write_bytes(secret(files))
        found = ["-fw_cfg", f"name=opt/io.systemd.credentials/tmpfiles.extra,file={self.folder}/credentials"]
        argv = [
            *("setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64", "-nodefaults", "-machine", "q35"),
            *("-accel", "tcg,thread=multi", "-cpu", PROCESSOR, "-smp", "2", "-m", "1024", "-display", "none"),
            *("-drive", f"if=pflash,format=raw,readonly=on,file={self._firmware}"),
            *("-drive", f"if=pflash,format=raw,file={self.folder}/vars.fd"),
            # Not cache=unsafe: data that the machine has synced must survive QEMU.
            *("-drive", f"if=virtio,format=qcow2,file={self.folder}/disk.qcow2,cache=writeback"),
            *("-serial", f"file:{self.folder}/serial.log", "-device", "virtio-rng-pci"),
            *("-netdev", f"user,id=net,{trial._NETWORK},restrict=on,hostfwd=tcp:127.0.0.1:{self.port}-:22"),
            *("-device", "virtio-net-pci,netdev=net,mac=52:54:00:12:34:56"),
            *("-chardev", f"file,id=notify,path={self.folder}/notify.log", "-device", "virtio-serial-pci"),
            *("-device", f"virtserialport,chardev=notify,name={trial.PORT}"),
            *("-smbios", f"type=11,value=io.systemd.credential:system.hostname={trial._HOSTNAME}"),
            *(found if known else []),
            *self._devices,
        ]
        self._process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=(self.folder / "qemu.log").open("ab"),
            stderr=subprocess.STDOUT,
            env=clean_environment(),
            start_new_session=True,
        )

    def cut_power(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def until(self, what: str, seen: Callable[[], bool], seconds: float = HOURS) -> None:
        """Waits for it; the console is in the error."""
        end = time.monotonic() + seconds
        while not seen():
            assert self._process is not None
            if self._process.poll() is not None:
                raise AssertionError(f"QEMU has ended: {(self.folder / 'qemu.log').read_text()}")
            assert time.monotonic() < end, f"{what}: not in time\n{self.serial[-5000:]}"
            time.sleep(0.5)

    def ready(self, times: int = 1) -> trial.Trial:
        """Waits until it has reported so often since its start that it is ready; returns the last report."""
        self.until(f"ready {times} times", lambda: len(self.trials) >= times)
        with socket.create_connection(("127.0.0.1", self.port), timeout=HOURS) as link:
            return replace(self.trials[times - 1], ssh=link.makefile("rb").readline().decode(errors="replace"))

    def run(self, line: str) -> str:
        """The output of a shell command there."""
        said = bytearray()
        with self.fleet.connected(self.host) as connection:
            words = ("/bin/sh", "-c", line)
            code = self.fleet.run(self.host, connection, words, stdout=said.extend, stderr=said.extend, seconds=60.0)
        assert code == 0, f"{line}: {bytes(said).decode()}"
        return bytes(said).decode()
