"""Reads a seed volume of cloud-init's NoCloud (a file system labelled CIDATA), and applies it once for each
instance-id.

A subset, which docs/images.md lists. Other settings are reported in the journal and on the console; the rest is
applied. Runs on machines; needs their python3-yaml.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

from dcos_images.machine.networks import networks

LABELS = ("CIDATA", "cidata")
FILES = ("meta-data", "user-data", "network-config", "vendor-data")
_HOSTNAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,62})(\.[A-Za-z0-9]([A-Za-z0-9-]{0,62}))*")
_KEY = re.compile(r"(sk-)?(ssh|ecdsa)-[A-Za-z0-9@.-]+ [A-Za-z0-9+/=]+( [^\n\r]*)?")
_NOT_TOLD = re.compile(r"(?:'[^']*'|\"[^\"]*\")")
"""The parts of a YAML reader's message that quote the text: an alias' or a tag's name, a character."""
_MODE = re.compile(r"(0o?)?[0-7]{3,4}")
_PASSWORDS = ("chpasswd", "password", "passwd", "plain_text_passwd", "hashed_passwd", "ssh_pwauth", "lock_passwd")
_DONE = "/var/lib/dcos-seed/instance-id"
_APPENDED = "/var/lib/dcos-seed/appended"
"""Where in which files what is appended begins, of the instance that is being done."""
_HARMLESS = {"manage_etc_hosts": ("false",), "preserve_hostname": ("false",), "disable_root": ("false",)}
"""Keys with their only accepted value, which is the state of every machine."""


@dataclass(frozen=True)
class SeedFile:
    """A file that the seed's ``write_files`` asks for."""

    path: str
    content: bytes
    mode: int = 0o644
    append: bool = False


@dataclass
class Seed:
    """The settings of a seed."""

    instance: str = ""
    hostname: str = ""
    keys: list[str] = field(default_factory=list)
    """The public keys of root."""
    files: list[SeedFile] = field(default_factory=list)
    networks: dict[str, str] | None = None
    """Files of systemd-networkd by name; None: the seed has no network configuration."""
    resolv: str = ""
    complaints: list[str] = field(default_factory=list)


class _Loader(yaml.SafeLoader):
    """Keeps numbers as text: 0644 is not 420, and a hardware address is not a number in base 60."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in resolvers if tag.rpartition(":")[2] in ("bool", "null", "merge")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_seed(files: Mapping[str, bytes]) -> Seed:
    """The settings in the files of a seed volume, given by name. Pure."""
    seed = Seed()
    _meta_data(seed, files.get("meta-data"))
    _user_data(seed, files.get("user-data", b""))
    if files.get("vendor-data", b"").strip() not in (b"", b"#cloud-config", b"#cloud-config\n{}"):
        seed.complaints.append("vendor-data: it is not read")
    if files.get("network-config", b"").strip():
        config = _yaml(seed, "network-config", files["network-config"])
        if config is not None:
            found = networks(config)
            seed.complaints += found.complaints
            seed.networks = found.files
            lines = [f"nameserver {one}" for one in found.servers[:3]]  # a resolver asks three
            lines += [f"search {' '.join(found.search)}"] if found.search else []
            seed.resolv = "".join(f"{line}\n" for line in lines)
    if not seed.instance:
        seed.complaints.append("meta-data: it has no instance-id; the seed's own bytes stand for it")
        seed.instance = "sha256-" + sha256(b"\0".join(files.get(name, b"") for name in FILES)).hexdigest()
    return seed


def _yaml(seed: Seed, name: str, content: bytes) -> Any:
    try:
        return yaml.load(content.decode(), Loader=_Loader)  # a SafeLoader
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        seed.complaints.append(f"{name}: it is no YAML, and left out: {_problem(error)}")
        return None


def _problem(error: UnicodeDecodeError | yaml.YAMLError) -> str:
    """The problem, and its place. The text itself is not shown: it may be a secret, and consoles are stored."""
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start + 1} is no UTF-8"
    mark = getattr(error, "problem_mark", None)
    where = f" in line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
    return f"{_NOT_TOLD.sub('…', getattr(error, 'problem', None) or 'it cannot be read')}{where}"


def _meta_data(seed: Seed, content: bytes | None) -> None:
    if content is None:
        seed.complaints.append("meta-data: the file is missing")
        return
    values = _yaml(seed, "meta-data", content)
    if not isinstance(values, Mapping):
        if values is not None:
            seed.complaints.append("meta-data: it is no table, and left out")
        return
    for key, value in values.items():
        if key == "instance-id":
            seed.instance = str(value)
        elif key in ("local-hostname", "hostname"):
            _hostname(seed, f"meta-data: {key}", value)
        elif key == "public-keys":
            _keys(seed, f"meta-data: {key}", value)
        elif key != "dsmode":
            seed.complaints.append(f"meta-data: {key} is not understood, and left out")


def _user_data(seed: Seed, content: bytes) -> None:
    if not content.strip():
        return
    first = content.split(b"\n", 1)[0].strip().decode(errors="replace")
    if first != "#cloud-config":
        seed.complaints.append(f"user-data: only #cloud-config is understood, not {first[:40]!r}; it is left out")
        return
    values = _yaml(seed, "user-data", content)
    if values is None:
        return
    if not isinstance(values, Mapping):
        seed.complaints.append("user-data: it is no table, and left out")
        return
    for key, value in values.items():
        where = f"user-data: {key}"
        if key == "hostname" or (key == "fqdn" and "hostname" not in values):
            _hostname(seed, where, value)
        elif key == "fqdn":
            continue
        elif key == "ssh_authorized_keys":
            _keys(seed, where, value)
        elif key == "users":
            _users(seed, where, value)
        elif key == "ssh_keys":
            _host_keys(seed, where, value)
        elif key == "write_files":
            for one in value if isinstance(value, list) else [value]:
                _file(seed, where, one)
        elif key in _PASSWORDS:
            seed.complaints.append(f"{where} is refused: no account has a password, and none is accepted")
        elif _plain(value) not in _HARMLESS.get(key, ()):
            seed.complaints.append(f"{where} is not understood, and left out")


def _plain(value: Any) -> str:
    return str(value).lower()


def _hostname(seed: Seed, where: str, value: Any) -> None:
    text = str(value)
    if len(text) <= 253 and _HOSTNAME.fullmatch(text):
        seed.hostname = text
    else:
        seed.complaints.append(f"{where}: {text[:80]!r} is no host name, and left out")


def _keys(seed: Seed, where: str, value: Any) -> None:
    if isinstance(value, Mapping):
        value = [key for group in value.values() for key in (group if isinstance(group, list) else [group])]
    lines = [line for one in (value if isinstance(value, list) else [value]) for line in str(one).splitlines()]
    for number, line in enumerate((line.strip() for line in lines), start=1):
        if not _KEY.fullmatch(line):  # it may be a private one: it is not shown
            seed.complaints.append(f"{where}: line {number} is no public key, and left out")
        elif line not in seed.keys:
            seed.keys.append(line)


def _users(seed: Seed, where: str, value: Any) -> None:
    for one in value if isinstance(value, list) else [value]:
        name = one.get("name") if isinstance(one, Mapping) else one
        if not isinstance(one, Mapping | str):
            name = "one that is no user"
        if name != "root" or not isinstance(one, Mapping):
            seed.complaints.append(f"{where}: {name!r} is left out: the image has root alone, who comes in by key")
            continue
        for key, setting in one.items():
            if key == "ssh_authorized_keys":
                _keys(seed, f"{where}: root", setting)
            elif key in _PASSWORDS and not (key == "lock_passwd" and _plain(setting) == "true"):
                seed.complaints.append(f"{where}: root: {key} is refused: no account has a password")
            elif key not in ("name", "lock_passwd"):
                seed.complaints.append(f"{where}: root: {key} is not understood, and left out")


def _host_keys(seed: Seed, where: str, value: Any) -> None:
    if not isinstance(value, Mapping):
        seed.complaints.append(f"{where}: it is no table, and left out")
        return
    names = {"ed25519_private": ("/etc/ssh/ssh_host_ed25519_key", 0o600)}
    names["ed25519_public"] = ("/etc/ssh/ssh_host_ed25519_key.pub", 0o644)
    for key, content in value.items():
        if key not in names:
            seed.complaints.append(f"{where}: {key} is left out: the machine has an ed25519 key alone")
            continue
        path, mode = names[key]
        seed.files.append(SeedFile(path, str(content).rstrip("\n").encode() + b"\n", mode))


def _file(seed: Seed, where: str, table: Any) -> None:
    path = str(table.get("path", "")) if isinstance(table, Mapping) else ""
    if not path.startswith("/") or path != os.path.normpath(path):
        shown = repr(path) if path else "a file without one"  # its other fields may be a secret
        seed.complaints.append(f"{where}: {shown} is no absolute path, and left out")
        return
    encoding = str(table.get("encoding", "text/plain"))
    content = str(table.get("content") or "").encode()
    mode = str(table.get("permissions", "0644"))
    problems = [f"{key} is not understood" for key in table if key not in _FILE_KEYS]
    if str(table.get("owner", "root:root")) not in ("root", "root:root"):
        problems.append("its owner is root")
    if _plain(table.get("defer", False)) != "false":
        problems.append("it is written at once")
    try:
        if encoding in ("b64", "base64"):
            content = base64.b64decode("".join(content.decode().split()), validate=True)
        elif encoding != "text/plain":
            raise ValueError(f"the encoding {encoding!r} is not understood")
        if not _MODE.fullmatch(mode):
            raise ValueError(f"{mode!r} are no permissions")
    except (ValueError, binascii.Error) as error:
        seed.complaints.append(f"{where}: {path}: {error}; it is left out")
        return
    seed.complaints += [f"{where}: {path}: {problem}" for problem in problems]
    append = _plain(table.get("append", False)) == "true"
    seed.files.append(SeedFile(path, content, int(mode.replace("o", ""), 8), append))


_FILE_KEYS = ("path", "content", "encoding", "permissions", "owner", "append", "defer")


# --- on a machine ---


def apply_seed(seed: Seed, root: Path) -> None:
    """Does what is asked for, below ``root``. Each file is whole or not there. Done again for the same instance, also
    when it was cut off, it changes nothing that was done. Raises `OSError`.
    """
    if seed.hostname:
        _write(root, SeedFile("/etc/hostname", f"{seed.hostname}\n".encode()))
    if seed.networks is not None:
        folder = root / "etc/systemd/network"
        for stale in folder.glob("10-seed-*"):
            stale.unlink()
        for name, text in seed.networks.items():
            _write(root, SeedFile(f"/etc/systemd/network/{name}", text.encode()))
    if seed.resolv:
        _write(root, SeedFile("/etc/resolv.conf", seed.resolv.encode()))
    if seed.keys:
        path = root / "root/.ssh/authorized_keys"
        known = path.read_text().splitlines() if path.is_file() else []
        keys = [*known, *(key for key in seed.keys if key not in known)]
        _write(root, SeedFile("/root/.ssh/authorized_keys", "".join(f"{key}\n" for key in keys).encode(), 0o600), 0o700)
    ends = _Ends(root, seed.instance)
    for file in _whole(seed.files):
        if file.append:
            ends.append(file)
        else:
            _write(root, file)


def _whole(files: Iterable[SeedFile]) -> list[SeedFile]:
    """Each path once, with all that comes to it, in the order in which the paths are first told."""
    found: dict[str, SeedFile] = {}
    for file in files:
        before = found.get(file.path)
        if file.append and before is not None:
            file = replace(file, content=before.content + file.content, append=before.append)
        found[file.path] = file
    return list(found.values())


class _Ends:
    """What is appended to files, once for each instance. Where it begins is noted before it is written: so after a kill
    it is known whether it is there, whatever others have appended since.
    """

    def __init__(self, root: Path, instance: str) -> None:
        self._root, self._instance = root, instance
        self._begins: dict[str, int] = {}
        try:
            record = json.loads((root / _APPENDED.lstrip("/")).read_text())
            if record["instance"] == instance:
                self._begins = dict(record["begins"])
        except (OSError, ValueError, LookupError, TypeError):
            pass  # nothing was started: the record is complete or missing

    def append(self, file: SeedFile) -> None:
        path = self._root / file.path.lstrip("/")
        there = path.read_bytes() if path.is_file() else b""
        begin = self._begins.get(file.path)
        if begin is not None and there[begin : begin + len(file.content)] == file.content:
            return
        self._begins[file.path] = len(there)
        record = {"instance": self._instance, "begins": self._begins}
        _write(self._root, SeedFile(_APPENDED, json.dumps(record).encode()))
        _write(self._root, replace(file, content=there + file.content))


def _write(root: Path, file: SeedFile, folder_mode: int = 0o755) -> None:
    path = root / file.path.lstrip("/")
    path.parent.mkdir(mode=folder_mode, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as new:
            new.write(file.content)
            new.flush()
            os.fsync(new.fileno())
        Path(name).chmod(file.mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink()
        raise


def _read_volume(device: Path) -> dict[str, bytes]:
    """The files of the volume, which is not mounted afterwards."""
    with tempfile.TemporaryDirectory(prefix="dcos-seed-", dir="/run") as folder:
        subprocess.run(["mount", "-o", "ro,nosuid,nodev,noexec", device, folder], check=True)
        try:
            return {name: Path(folder, name).read_bytes() for name in FILES if Path(folder, name).is_file()}
        finally:
            subprocess.run(["umount", folder], check=True)


def main() -> int:
    """Complaints go to stderr, which the unit writes to the journal and the console."""
    device = next((path for label in LABELS if (path := Path("/dev/disk/by-label", label)).exists()), None)
    if device is None:
        return 0
    done = Path(_DONE)
    try:
        seed = read_seed(_read_volume(device))
        if done.is_file() and done.read_text() == f"{seed.instance}\n":
            return 0
        for complaint in seed.complaints:
            sys.stderr.write(f"dcos: seed: {complaint}\n")
        apply_seed(seed, Path("/"))
        if seed.hostname:
            socket.sethostname(seed.hostname)
        _write(Path("/"), SeedFile(str(done), f"{seed.instance}\n".encode()))
    except (OSError, subprocess.CalledProcessError) as error:
        sys.stderr.write(f"dcos: seed: {device} could not be used: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
