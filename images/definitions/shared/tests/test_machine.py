"""What every booted image is: mounts, accounts, ports, keys, credentials. `dcos-installer image test` runs it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from dcos_images.expected import Expected

ON_THE_STATE = ("/var", "/opt", "/root", "/home")
SSH = {"tcp:0.0.0.0:22", "tcp:[::]:22"}
DHCP = (":68", ":546")


def mount(host: Any, folder: str) -> tuple[str, str, str]:
    """Of the file system with this folder: its type, ro or rw, and the number of its device."""
    line = host.check_output("findmnt --noheadings --first-only --output FSTYPE,OPTIONS,MAJ:MIN --target %s", folder)
    kind, options, device = line.split()
    return kind, options.split(",")[0], device


def test_its_boot_has_ended_and_no_unit_has_failed(host: Any, record_property: Callable[[str, object], None]) -> None:
    state = host.run("systemctl is-system-running --wait").stdout.strip()
    failed = host.check_output("systemctl list-units --failed --plain --no-legend --no-pager").split("\n")
    assert state == "running", f"it is {state!r}; failed units: {', '.join(line.split()[0] for line in failed if line)}"
    ended = int(host.check_output("systemctl show --property=FinishTimestampMonotonic --value"))
    assert ended > 0, "systemd has no time of the end of its boot"
    record_property("boot seconds", round(ended / 1e6, 1))


def test_its_root_is_read_only_and_etc_is_an_overlay(host: Any) -> None:
    root, etc = mount(host, "/")[:2], mount(host, "/etc")[:2]
    assert root == ("erofs", "ro"), f"/ is mounted as {root}"
    assert etc == ("overlay", "rw"), f"/etc is mounted as {etc}"
    done = host.run("touch /usr/dcos-image-test")
    assert done.rc != 0 and "Read-only" in done.stderr, "/usr can be written to"


def test_its_state_holds_what_is_written(host: Any, expected: Expected) -> None:
    kind, access, device = mount(host, "/state")
    wanted = ("ext4",) if expected.output != "netboot" else ("ext4", "tmpfs")
    assert kind in wanted and access == "rw", f"/state is mounted as {kind} {access}"
    wrong = [folder for folder in ON_THE_STATE if mount(host, folder)[2] != device]
    assert not wrong, f"{', '.join(wrong)} does not lie on the state"


def test_its_disk_has_both_slots_and_runs_from_the_first(host: Any, expected: Expected) -> None:
    if not expected.partitions:
        return  # its root was fetched from a network, and it needs no disk
    shown = host.check_output("lsblk --raw --noheadings --output PARTUUID,NAME").split("\n")
    there = {uuid: name for uuid, _, name in (line.partition(" ") for line in shown)}
    missing = [name for name, uuid in expected.partitions.items() if uuid not in there]
    assert not missing, f"there is no partition {', '.join(missing)}"
    root = host.check_output("findmnt --noheadings --output SOURCE /").strip()
    first = there[expected.partitions["root-a"]]
    assert root == f"/dev/{first}", f"its root is {root}, and the first slot is {first}"


def test_its_kernel_got_the_arguments_of_the_definition(host: Any, expected: Expected) -> None:
    got = host.check_output("cat /proc/cmdline").split()
    missing = [one for one in expected.definition.arguments if one not in got]
    assert not missing, f"its kernel has not got {' '.join(missing)}"


def test_nobody_has_a_password(host: Any) -> None:
    accounts = [line.split(":")[:2] for line in host.check_output("cat /etc/shadow").split("\n")]
    wrong = [name for name, password in accounts if not password.startswith(("!", "*"))]
    assert accounts and not wrong, f"{', '.join(wrong)} can log in with a password, or without"
    settings = set(host.check_output("sshd -T").lower().split("\n"))
    for wanted in ("passwordauthentication no", "kbdinteractiveauthentication no", "permitemptypasswords no"):
        assert wanted in settings, f"sshd does not have the setting {wanted!r}"
    assert settings & {"permitrootlogin without-password", "permitrootlogin prohibit-password"}, (
        "root gets in otherwise"
    )


def test_only_ssh_listens(host: Any) -> None:
    lines = host.check_output("ss --no-header --listening --numeric --tcp --udp").split("\n")
    listening = {":".join((line.split()[0], line.split()[4])) for line in lines if line}
    assert listening & SSH, "SSH does not listen"
    others = sorted(one for one in listening - SSH if not one.endswith(DHCP))
    assert not others, f"{', '.join(others)} is open"


def test_its_machine_id_and_host_key_are_its_own(host: Any) -> None:
    machine_id = host.check_output("cat /etc/machine-id")
    assert re.fullmatch("[0-9a-f]{32}", machine_id), f"its machine id is {machine_id!r}"
    for path in ("machine-id", "ssh/ssh_host_ed25519_key"):
        # Made by this machine: in the upper layer, and not that of the image.
        assert host.file(f"/state/etc/upper/{path}").is_file, f"/etc/{path} is that of the image"
    keys = host.check_output("ls /etc/ssh").split()
    private = [name for name in keys if name.startswith("ssh_host_") and not name.endswith(".pub")]
    assert private == ["ssh_host_ed25519_key"], f"its host keys are {', '.join(private)}"
    assert host.file("/etc/ssh/ssh_host_ed25519_key").mode == 0o600, "others can read its host key"


def test_its_credentials_are_applied(host: Any, expected: Expected) -> None:
    name = host.check_output("hostname")
    assert name == expected.hostname, f"it calls itself {name!r}"
    for path, content in (("/root/.ssh/authorized_keys", ""), (expected.secret_path, expected.secret)):
        file = host.file(path)
        assert (file.user, file.mode) == ("root", 0o600), f"{path} is not for root alone"
        assert not content or file.content_string == content, f"{path} has another content than its credential"


def test_it_has_an_address_and_what_it_is_reached_with_runs(host: Any) -> None:
    for unit in ("ssh.service", "systemd-networkd.service", "systemd-journald.service"):
        assert host.service(unit).is_running, f"{unit} does not run"
    assert host.check_output("ip -o address show scope global"), "no network has an address"
