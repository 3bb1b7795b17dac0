"""A machine in QEMU gets another image into its other slot: it is well with it, or goes back; its power is cut.

One machine goes through all of it, in the order of this file; each test says what it needs and looks at what it did.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dcos_images import trial
from dcos_images.data import definitions_dir
from dcos_images.images import Image
from dcos_images.machine.loader import other
from dcos_images.updates import ImageUpdate, read_update
from dcos_installer.errors import InstallerError
from dcos_installer.hosts import slots
from dcos_installer.hosts.slots import SlotState
from dcos_installer.providers.image_builder import image_builder
from dcos_installer.state import open_state
from tests.support import documented
from tests.support.images.guest import HOURS, Guest
from tests.support.installer.sshd import seeing

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(
        os.geteuid() != 0 or shutil.which("qemu-system-x86_64") is None,
        reason="needs root, qemu-system-x86 and ovmf",
    ),
]

PAGE = "docs/slots.md"
MISBEHAVE = """\
#!/bin/sh
# Does to the machine what dcos.misbehave= on the kernel's command line asks for.
for word in $(cat /proc/cmdline); do
    case $word in
    dcos.misbehave=panic) echo c >/proc/sysrq-trigger ;;
    dcos.misbehave=hang) kill -SEGV 1 ;;
    dcos.misbehave=unhealthy) exit 1 ;;
    esac
done
"""
UNIT = """\
[Unit]
Description=What a test asks for
After=ssh.service
[Service]
Type=oneshot
ExecStart=/usr/lib/dcos/misbehave
[Install]
WantedBy=multi-user.target
"""
SOONER = "[Service]\nEnvironment=DCOS_HEALTH_SECONDS=30\n"
FILES = """
[units]
enable = ["misbehave.service"]
[[file]]
path = "/usr/lib/dcos/misbehave"
source = "misbehave"
mode = "0755"
[[file]]
path = "/etc/systemd/system/misbehave.service"
source = "misbehave.service"
mode = "0644"
[[file]]
path = "/etc/systemd/system/dcos-health.service.d/90-test.conf"
source = "sooner.conf"
mode = "0644"
[[file]]
path = "/etc/dcos-test"
source = "version"
mode = "0644"
"""


def define(folder: Path) -> Path:
    """The definitions, and of `vm` two more that differ in a file; each can be told to misbehave."""
    shutil.copytree(definitions_dir(), folder)
    for version in ("one", "two"):
        mine = folder / f"vm{version}"
        shutil.copytree(folder / "vm", mine)
        text = (mine / "image.toml").read_text().replace('name = "vm"', f'name = "vm{version}"')
        (mine / "image.toml").write_text(text + FILES)
        for name, content in (
            ("misbehave", MISBEHAVE),
            ("misbehave.service", UNIT),
            ("sooner.conf", SOONER),
            ("version", f"{version}\n"),
        ):
            (mine / name).write_text(content)
    return folder


@dataclass
class Bench:
    guest: Guest
    images: dict[str, Image]
    updates: dict[str, ImageUpdate]
    restarts: int = 1
    """How often the machine was ready, or will be next."""

    def look(self) -> SlotState:
        return slots.look(self.guest.fleet, self.guest.host, self.updates["vmone"])

    def write(self, name: str, *, tries: int, arguments: tuple[str, ...] = ()) -> list[str]:
        """Writes the other slot as `slots.write` does, with an order of the test's own; what /etc hides."""
        update = self.updates[name]
        order = update.order("write", arguments=arguments, tries=tries)
        found = slots._ask(self.guest.fleet, self.guest.host, order, update.stream(), slots.WRITE_SECONDS)
        return [f"{one['path']}: {one['why']}" for one in found["hidden"]]

    def restart(self) -> None:
        self.restarts += 1
        self.guest.run("systemd-run --quiet --on-active=1 systemctl reboot")

    def ready(self) -> trial.Trial:
        return self.guest.ready(self.restarts)

    def settled(self) -> SlotState:
        """Once the slot that runs was found good."""
        found: list[SlotState] = []

        def good() -> bool:
            try:
                found.append(self.look())
            except InstallerError:
                return False
            return not found[-1].on_trial

        self.guest.until("a slot that is good", good)
        return found[-1]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("slots")
    builder = image_builder(lambda text: None, define(folder / "definitions"))
    images = {name: builder.ensure(name) for name in ("vmone", "vmtwo")}
    updates = {name: read_update(image.outputs["update"].path) for name, image in images.items()}
    definition = builder.definition("vmone")
    assert definition.partitions is not None
    guest = Guest(images["vmone"], definition.partitions.least_disk_mb, folder / "guest")
    guest.start()
    try:
        yield Bench(guest, images, updates)
    finally:
        guest.cut_power()


def test_a_machine_leaves_from_its_first_slot(bench: Bench) -> None:
    found = bench.ready()
    assert trial.problems(found, "qcow2") == []
    state = bench.look()
    assert (state.running, state.image, state.on_trial) == ("a", bench.updates["vmone"].sha256, False)
    assert "/dev/watchdog" in bench.guest.run("ls /dev/watchdog*")
    assert "1min" in bench.guest.run("systemctl show --property=RuntimeWatchdogUSec")
    assert bench.guest.run("findmnt --noheadings --output FSTYPE,OPTIONS /var/lib/dpkg").split(",")[0].split() == [
        "erofs",
        "ro",
    ]


def test_another_image_is_written_tried_and_found_good(bench: Bench) -> None:
    bench.guest.run("echo mine >/etc/dcos-test; echo mine >/etc/only-here; rm -r /var/lib/haproxy")
    machine_id = bench.guest.run("cat /etc/machine-id")
    slot, hidden = slots.write(bench.guest.fleet, bench.guest.host, bench.updates["vmtwo"])
    assert slot == "b"
    assert [(one.path, one.why) for one in hidden] == [("dcos-test", "changed here, and in the new image")]
    assert [one.name for one in bench.look().entries] == ["a.conf", "b+3.conf"]
    bench.restart()
    assert trial.problems(bench.ready(), "qcow2") == []
    state = bench.settled()
    assert (state.running, state.image) == ("b", bench.updates["vmtwo"].sha256)
    assert [one.name for one in state.entries] == ["a.conf", "b.conf"]
    assert bench.guest.run("systemctl list-units --failed --plain --no-legend") == ""  # though the ESP was looked at
    assert bench.guest.run("cat /etc/machine-id") == machine_id
    assert bench.guest.run("cat /state/image").strip() == bench.updates["vmtwo"].sha256
    assert bench.guest.run("ls -d /var/lib/haproxy").strip() == "/var/lib/haproxy"  # what another image brings is there


@pytest.mark.parametrize(
    ("arguments", "tries"),
    [
        (("root=PARTUUID=00000000-0000-0000-0000-000000000000",), 3),
        (("dcos.misbehave=panic",), 1),
        (("dcos.misbehave=hang",), 1),
        (("dcos.misbehave=unhealthy",), 1),
    ],
    ids=["no-root", "panic", "hang", "unhealthy"],
)
def test_a_slot_that_is_not_well_is_left_for_the_old_one(bench: Bench, arguments: tuple[str, ...], tries: int) -> None:
    before = bench.look()
    bench.write("vmone", tries=tries, arguments=arguments)
    bench.restart()
    if arguments == ("dcos.misbehave=unhealthy",):
        bench.restarts += 1  # it comes up, and says so, before it is found not to be well
    found = bench.ready()
    assert trial.problems(found, "qcow2") == []
    state = bench.settled()
    assert (state.running, state.image, state.on_trial) == (before.running, before.image, False)
    assert state.boot != before.boot
    (tried,) = [one for one in state.entries if one.slot != before.running]
    assert (tried.left, tried.done) == (0, tries)


@pytest.mark.parametrize("share", [0.4, 1.0], ids=["slot", "esp"])
def test_the_power_is_cut_while_the_other_slot_is_written(bench: Bench, share: float) -> None:
    before = bench.look()
    update, sent = bench.updates["vmone"], 0

    def passed(size: int) -> None:
        nonlocal sent
        sent += size
        if sent >= share * update.size:
            bench.guest.cut_power()

    with pytest.raises(InstallerError):
        slots.write(bench.guest.fleet, bench.guest.host, update, passed)
    bench.guest.start()
    bench.restarts = 1
    assert trial.problems(bench.ready(), "qcow2") == []
    state = bench.settled()
    assert (state.running, state.image) == (before.running, before.image)
    assert [one.slot for one in state.entries] == [before.running]


def test_the_commands_of_the_page_work(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After all that, as the operator does it: the machine is a cluster's only master, and its image is named."""
    guest, before = bench.guest, bench.look()
    update = bench.updates["vmone" if before.image == bench.updates["vmtwo"].sha256 else "vmtwo"]
    inventory = tmp_path / "inventory.ini"
    inventory.write_text(
        f"[masters]\nguest ansible_host=127.0.0.1 ansible_port={guest.port} dcos_address=198.18.250.15\n"
        "[agents]\nnobody ansible_host=127.0.0.1 ansible_port=1 dcos_address=198.18.250.16\n"  # who is not asked
        "[all:vars]\ndcos_provider=static\ndcos_operator_networks=198.18.250.2\n"
        f"ansible_ssh_private_key_file={guest.folder}/operator\n"
    )
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    open_state(inventory)
    dot_ssh = tmp_path / "dot-ssh"
    dot_ssh.mkdir(mode=0o700)
    shutil.copy(guest.folder / "known_hosts", dot_ssh)
    Path("/root/.ssh").mkdir(mode=0o700, exist_ok=True)
    lines = [
        line
        for fence in documented.all_fences()
        if fence.document == PAGE and fence.language == "sh"
        for line in fence.script.splitlines()
    ]
    assert len(lines) >= 3
    script = "\n".join(lines).replace(" masters", "").replace("inventories/libvirt.ini", f"{inventory} masters")
    script = script.replace("--image vm", f"--image {update.folder}")
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    argv = seeing({"/root/.ssh": dot_ssh}, ["/bin/sh", "-exu", "-c", script])
    done = subprocess.run(argv, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=HOURS)
    assert done.returncode == 0, done.stdout + done.stderr + guest.serial[-3000:]
    assert f"slot {other(before.running)} holds the image {update.name}" in done.stdout
    assert f"runs this image already, from its slot {other(before.running)}" in done.stdout
    assert f"guest: {update.sha256}" in done.stdout
    bench.restarts += 1
    assert trial.problems(bench.ready(), "qcow2") == []
    state = bench.look()
    assert (state.running, state.image, state.on_trial) == (other(before.running), update.sha256, False)


def test_a_seed_volume_is_done_and_what_is_not_understood_is_on_the_console(bench: Bench, tmp_path: Path) -> None:
    bench.guest.cut_power()
    volume = tmp_path / "seed.img"
    volume.write_bytes(bytes(4 << 20))
    subprocess.run(["mkfs.vfat", "-n", "CIDATA", volume], check=True, capture_output=True)
    seed = Guest(
        bench.images["vmone"], 8000, tmp_path / "guest", ("-drive", f"if=virtio,format=raw,file={volume},readonly=on")
    )
    files = {
        "meta-data": "instance-id: i-1\nlocal-hostname: seeded\n",
        "user-data": "#cloud-config\nruncmd: [reboot]\nssh_authorized_keys: ['" + seed.public_key + "']\nssh_keys:\n"
        "  ed25519_public: '"
        + (seed.folder / "host.pub").read_text().strip()
        + "'\n  ed25519_private: |\n"
        + "".join(f"    {line}\n" for line in (seed.folder / "host").read_text().splitlines()),
        "network-config": "version: 2\nethernets:\n  any:\n    match: {macaddress: '52:54:00:12:34:56'}\n"
        "    addresses: [198.18.250.15/24]\n    gateway4: 198.18.250.2\n    nameservers: {addresses: [198.18.250.3]}\n"
        "vlans:\n  vlan7: {id: 7, link: any, addresses: [198.18.251.1/24]}\nbridges: {br0: {}}\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
        subprocess.run(["mcopy", "-i", volume, tmp_path / name, f"::{name}"], check=True)
    seed.start(known=False)
    try:
        found = seed.ready()
        assert found.of("HOSTNAME") == ["seeded"] and found.of("FAILED") == [""]
        assert "dcos: seed: network-config: version 2: bridges is not understood, and left out" in seed.serial
        assert "dcos: seed: user-data: runcmd is not understood, and left out" in seed.serial
        shown = seed.run("ip -o -4 address; cat /etc/resolv.conf; journalctl -u dcos-seed --output=cat")
        assert "198.18.250.15/24" in shown and "198.18.251.1/24" in shown and "vlan7" in shown
        assert "nameserver 198.18.250.3" in shown and "runcmd is not understood" in shown
        assert seed.run("cat /etc/machine-id").strip() != bench.guest.trials[-1].of("MACHINE_ID")[0]
    finally:
        seed.cut_power()
