"""A NoCloud seed: what is understood is done, the rest is told."""

from __future__ import annotations

import contextlib
import stat
from pathlib import Path

import pytest

import dcos_images.machine.seed as seed_module
from dcos_images.machine.seed import Seed, SeedFile, apply_seed, read_seed

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFmD operator@lab"
META = b"instance-id: i-1\nlocal-hostname: agent7\n"
USER = f"""#cloud-config
hostname: agent8
ssh_authorized_keys:
- {KEY}
ssh_keys:
  ed25519_private: |
    -----BEGIN OPENSSH PRIVATE KEY-----
    b3Bl
    -----END OPENSSH PRIVATE KEY-----
  ed25519_public: ssh-ed25519 AAAA
write_files:
- path: /etc/dcos-secrets/one
  content: c2VjcmV0
  encoding: b64
  permissions: 0600
- {{path: /etc/motd, content: "more\\n", append: true}}
disable_root: false
""".encode()


def seed(user: bytes = b"", meta: bytes = META, **more: bytes) -> Seed:
    return read_seed({"meta-data": meta, "user-data": user, **{k.replace("_", "-"): v for k, v in more.items()}})


def test_what_is_understood_is_done_and_nothing_else_is_told(tmp_path: Path) -> None:
    network = b"version: 2\nethernets: {eth0: {dhcp4: true, nameservers: {addresses: [198.18.1.2]}}}\n"
    found = seed(USER, network_config=network)
    assert found.complaints == []
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/motd").write_text("first\n")
    (tmp_path / "etc/systemd/network").mkdir(parents=True)
    (tmp_path / "etc/systemd/network/10-seed-old.network").write_text("of another instance\n")
    apply_seed(found, tmp_path)
    assert (tmp_path / "etc/hostname").read_text() == "agent8\n"
    assert (tmp_path / "root/.ssh/authorized_keys").read_text() == f"{KEY}\n"
    assert stat.S_IMODE((tmp_path / "root/.ssh").stat().st_mode) == 0o700
    secret = tmp_path / "etc/dcos-secrets/one"
    assert (secret.read_text(), stat.S_IMODE(secret.stat().st_mode)) == ("secret", 0o600)
    assert (tmp_path / "etc/motd").read_text() == "first\nmore\n"
    host_key = tmp_path / "etc/ssh/ssh_host_ed25519_key"
    assert host_key.read_text().endswith("-----END OPENSSH PRIVATE KEY-----\n")
    assert stat.S_IMODE(host_key.stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "etc/systemd/network").iterdir()] == ["10-seed-eth0.network"]
    assert (tmp_path / "etc/resolv.conf").read_text() == "nameserver 198.18.1.2\n"


APPENDS = b"""#cloud-config
write_files:
- {path: /etc/motd, content: "one\\n", append: true}
- {path: /etc/dcos-secrets/users.seed, content: "first\\n"}
- {path: /etc/dcos-secrets/users.seed, content: "second\\n", append: true}
- {path: /etc/motd, content: "two\\n", append: true}
- {path: /etc/hosts, content: "198.18.1.2 m1\\n", append: true}
"""


def test_wherever_a_seed_is_cut_off_nothing_is_appended_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are written by one call each: killed before it or after it, the next boot does it all again."""

    class Killed(BaseException):
        pass

    plain, wanted = seed_module._write, seed(APPENDS)
    for cut in range(14):
        for after in (False, True):
            root = tmp_path / f"{cut}-{after}"
            (root / "etc").mkdir(parents=True)
            (root / "etc/motd").write_text("zero\n")
            left = cut

            def write(root: Path, file: SeedFile, folder_mode: int = 0o755, after: bool = after) -> None:
                nonlocal left
                left -= 1
                if left < 0 and not after:
                    raise Killed
                plain(root, file, folder_mode)
                if left < 0:
                    raise Killed

            monkeypatch.setattr(seed_module, "_write", write)
            with contextlib.suppress(Killed):
                apply_seed(wanted, root)
            monkeypatch.setattr(seed_module, "_write", plain)
            with (root / "etc/motd").open("a") as somebody:
                somebody.write("somebody else's\n")
            for _ in range(2):
                apply_seed(wanted, root)
            motd = (root / "etc/motd").read_text()
            assert sorted(motd.splitlines()) == sorted(["zero", "one", "two", "somebody else's"]), (cut, after)
            assert (root / "etc/hosts").read_text() == "198.18.1.2 m1\n"
            assert (root / "etc/dcos-secrets/users.seed").read_text() == "first\nsecond\n"
    # Another instance is another machine: it is appended again.
    apply_seed(seed(APPENDS, meta=b"instance-id: i-2\n"), root)
    assert (root / "etc/hosts").read_text() == "198.18.1.2 m1\n" * 2


def test_keys_of_meta_data_come_to_those_that_are_there(tmp_path: Path) -> None:
    found = seed(meta=META + f"public-keys: {{one: '{KEY}'}}\n".encode())
    (tmp_path / "root/.ssh").mkdir(parents=True)
    (tmp_path / "root/.ssh/authorized_keys").write_text("ssh-rsa AAAA before\n")
    for _ in range(2):
        apply_seed(found, tmp_path)
    assert (tmp_path / "root/.ssh/authorized_keys").read_text() == f"ssh-rsa AAAA before\n{KEY}\n"


@pytest.mark.parametrize(
    ("user", "complaint"),
    [
        ("runcmd: [reboot]", "user-data: runcmd is not understood"),
        ("packages: [vim]", "user-data: packages is not understood"),
        ("password: secret", "password is refused: no account has a password"),
        ("ssh_pwauth: true", "ssh_pwauth is refused"),
        ("chpasswd: {expire: false}", "chpasswd is refused"),
        ("disable_root: true", "disable_root is not understood"),
        ("hostname: 'a b'", "'a b' is no host name"),
        ("ssh_authorized_keys: [nonsense]", "line 1 is no public key"),
        ("users: [default]", "'default' is left out: the image has root alone"),
        ("users: [{name: root, shell: /bin/zsh}]", "root: shell is not understood"),
        ("users: [{name: root, hashed_passwd: x}]", "root: hashed_passwd is refused"),
        ("ssh_keys: {rsa_private: x}", "rsa_private is left out"),
        ("write_files: [{path: relative, content: x}]", "'relative' is no absolute path"),
        ("write_files: [{path: /etc/../x, content: x}]", "no absolute path"),
        ("write_files: [{path: /x, content: x, encoding: gz}]", "the encoding 'gz' is not understood"),
        ("write_files: [{path: /x, content: '!', encoding: b64}]", "it is left out"),
        ("write_files: [{path: /x, content: x, owner: 'www:www'}]", "its owner is root"),
        ("write_files: [{path: /x, content: x, permissions: rw}]", "are no permissions"),
        ("write_files: [{path: /x, content: x, source: {}}]", "source is not understood"),
        ("[1]", "user-data: it is no table"),
        ("a: [", "user-data: it is no YAML"),
    ],
)
def test_what_is_not_understood_is_told(user: str, complaint: str) -> None:
    found = seed(f"#cloud-config\n{user}\n".encode())
    assert len(found.complaints) == 1, found.complaints
    assert complaint in found.complaints[0]


def test_other_kinds_of_user_data_are_told() -> None:
    assert "only #cloud-config is understood, not '#!/bin/sh'" in seed(b"#!/bin/sh\nreboot\n").complaints[0]


def test_without_an_instance_the_seed_itself_stands_for_one() -> None:
    first, second = seed(meta=b"{}"), seed(b"#cloud-config\nhostname: x\n", meta=b"{}")
    assert first.instance != second.instance and first.instance.startswith("sha256-")
    assert "no instance-id" in first.complaints[0]
    assert "meta-data: the file is missing" in read_seed({}).complaints


def test_vendor_data_is_told_unless_it_is_empty() -> None:
    assert seed(vendor_data=b"#cloud-config\nruncmd: [x]\n").complaints == ["vendor-data: it is not read"]
    assert seed(vendor_data=b"").complaints == []


def test_hardware_addresses_and_modes_are_no_numbers() -> None:
    """YAML 1.1 takes 52:54:00:12:34:56 for a number in base 60, and 0644 for one in base 8."""
    network = b"version: 2\nethernets: {eth0: {match: {macaddress: 52:54:00:12:34:56}, dhcp4: yes, mtu: 1400}}\n"
    found = seed(network_config=network)
    assert found.complaints == []
    assert found.networks is not None
    assert "PermanentMACAddress=52:54:00:12:34:56" in found.networks["10-seed-eth0.network"]


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ("write_files: [{content: hunter2, permissions: '0600'}]", "a file without one is no absolute path"),
        ("write_files: [hunter2]", "a file without one is no absolute path"),
        ("write_files: {path: [hunter2}", "it is no YAML, and left out: "),
        ("token: *hunter2", "it is no YAML, and left out: found undefined alias …"),
        ('token: "hunter2', "in line 2, column "),
        ("token: !hunter2 x", "it is no YAML, and left out: could not determine a constructor for the tag …"),
        ("users: [[hunter2]]", "'one that is no user' is left out"),
        ("ssh_authorized_keys: |\n  -----BEGIN OPENSSH PRIVATE KEY-----\n  hunter2\n", "line 2 is no public key"),
        ("password: hunter2", "password is refused"),
    ],
)
def test_no_secret_of_a_seed_is_in_a_complaint_which_consoles_keep(user: str, expected: str) -> None:
    complaints = "\n".join(seed(f"#cloud-config\n{user}".encode()).complaints)
    assert expected in complaints and "hunter2" not in complaints


def test_a_seed_that_is_no_text_says_where() -> None:
    assert any("byte 15 is no UTF-8" in one for one in seed(b"#cloud-config\n\xff").complaints)
