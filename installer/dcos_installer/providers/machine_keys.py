"""Data for new machines before their first boot: SSH keys, theirs and the operator's, and each other's names."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from dcos_installer.process import run
from dcos_installer.providers.base import MachineFile
from dcos_installer.state import ClusterState
from dcos_runtime import durable

_DEADLINE = 30.0
_HOST_KEY = "ssh_host_ed25519_key"


@dataclass(frozen=True)
class ClusterKeys:
    """The keys in a cluster's operator state. A machine that is created again keeps its host key."""

    state: ClusterState

    @property
    def identity_file(self) -> Path:
        return self.state.identity_file

    @property
    def known_hosts(self) -> Path:
        return self.state.known_hosts

    def ensure(self, addresses: Iterable[tuple[str, str]]) -> None:
        """Creates missing keys for these machines, given as (name, address), and writes known_hosts for exactly these.

        A machine whose address is not known yet has its key, and no line in known_hosts.
        """
        durable.private_folder(self._hosts)
        _make_key(self.identity_file, f"dcos-installer {self.state.cluster_id[:8]}")
        lines = []
        for name, address in sorted(addresses):
            folder = self._hosts / name
            folder.mkdir(mode=0o700, exist_ok=True)
            _make_key(folder / _HOST_KEY, name)
            kind, key = (folder / f"{_HOST_KEY}.pub").read_text().split()[:2]
            if address:
                lines.append(f"{address} {kind} {key}\n")
        wanted = "".join(lines)
        if not self.known_hosts.exists() or self.known_hosts.read_text() != wanted:
            durable.write(self.known_hosts, wanted)

    def files_for(self, name: str) -> tuple[MachineFile, ...]:
        """The machine's files before it boots."""
        folder = self._hosts / name
        operator = self.identity_file.with_suffix(".pub").read_bytes()
        return (
            MachineFile(f"/etc/ssh/{_HOST_KEY}", (folder / _HOST_KEY).read_bytes(), mode=0o600),
            MachineFile(f"/etc/ssh/{_HOST_KEY}.pub", (folder / f"{_HOST_KEY}.pub").read_bytes()),
            MachineFile("/root/.ssh/authorized_keys", operator, mode=0o600, folder_mode=0o700),
        )

    def forget(self, names: Collection[str] | None) -> None:
        """Removes the host keys of these machines (None: of all); known_hosts is removed with the last."""
        if names is None:
            shutil.rmtree(self._hosts, ignore_errors=True)
            self.known_hosts.unlink(missing_ok=True)
            return
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                shutil.rmtree(self._hosts / name)

    @property
    def _hosts(self) -> Path:
        return self.state.ssh_dir / "hosts"


def hosts_file(members: Mapping[str, str]) -> str:
    """``/etc/hosts`` of every machine of a cluster."""
    lines = ["127.0.0.1 localhost", "::1 localhost"]
    lines += [f"{address} {name}" for name, address in sorted(members.items())]
    return "\n".join(lines) + "\n"


def _make_key(path: Path, comment: str) -> None:
    public = path.with_suffix(".pub")
    if path.exists() and public.exists():
        return
    # Created beside its place, so that an interrupted run leaves no incomplete key.
    new = path.with_name(f".new-{path.name}")
    for stale in (new, new.with_suffix(".pub")):
        stale.unlink(missing_ok=True)
    run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", new],
        deadline=_DEADLINE,
        what="make an SSH key",
    )
    new.with_suffix(".pub").replace(public)
    new.replace(path)
