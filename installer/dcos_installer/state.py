"""The operator's state: one directory a cluster, readable only by its owner, every file replaced atomically."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dcos_installer.errors import StateError
from dcos_installer.surroundings import can_be_made, home, plain
from dcos_runtime import durable


def state_home(environ: Mapping[str, str] | None = None) -> Path:
    """``$XDG_STATE_HOME/dcos``; a relative value is ignored, as the XDG specification asks."""
    environ = os.environ if environ is None else environ
    configured = environ.get("XDG_STATE_HOME", "")
    if configured.startswith("/"):
        return can_be_made(plain(Path(configured) / "dcos", "from XDG_STATE_HOME"), "from XDG_STATE_HOME")
    return can_be_made(plain(home(environ, "XDG_STATE_HOME") / ".local" / "state" / "dcos", "from HOME"), "from HOME")


@dataclass(frozen=True)
class ClusterState:
    """``$XDG_STATE_HOME/dcos/<cluster-id>/``: the state of one cluster on this operator's machine."""

    root: Path

    @property
    def cluster_id(self) -> str:
        return self.root.name

    @property
    def spec(self) -> Path:
        """The ClusterSpec of the last deploy."""
        return self.root / "spec.json"

    @property
    def facts(self) -> Path:
        """The facts of each host, with their digests, as last read."""
        return self.root / "facts.json"

    @property
    def machines(self) -> Path:
        """What was ordered from the provider, and what each machine became: see `machine_records`."""
        return self.root / "machines.json"

    @property
    def plan(self) -> Path:
        return self.root / "plan.json"

    @property
    def journal(self) -> Path:
        return self.root / "journal.jsonl"

    @property
    def lock(self) -> Path:
        return self.root / "lock"

    @property
    def secrets(self) -> Path:
        """The CA, keys, passwords and certificates: see `dcos_installer.secrets`. They cannot be created again."""
        return self.root / "secrets"

    @property
    def ssh_dir(self) -> Path:
        """The cluster's SSH key, its machines' host keys and the strict ``known_hosts``."""
        return self.root / "ssh"

    @property
    def identity_file(self) -> Path:
        return self.ssh_dir / "id_ed25519"

    @property
    def known_hosts(self) -> Path:
        return self.ssh_dir / "known_hosts"

    @property
    def logs(self) -> Path:
        return self.root / "logs"


def open_state(inventory: Path, home: Path | None = None) -> ClusterState:
    """The state of the inventory's cluster. Its directory and its id (a version-4 UUID) are created at first use."""
    home = state_home() if home is None else home
    index = _index(inventory, home)
    _make_private(home)
    _make_private(index.parent)
    known = _read_index(index)
    if known is None:
        known = str(uuid.uuid4())
        record = {"cluster_id": known, "inventory": str(inventory.resolve())}
        durable.write(index, json.dumps(record) + "\n")
    state = ClusterState(home / known)
    for folder in (state.root, state.ssh_dir, state.logs):
        _make_private(folder)
    return state


def protect_keys(state: ClusterState) -> None:
    """Makes private keys whose mode was changed readable by their owner only, because SSH refuses them otherwise."""
    for key in (state.identity_file, *state.ssh_dir.glob("hosts/*/ssh_host_ed25519_key")):
        with contextlib.suppress(FileNotFoundError):
            found = key.stat()
            if found.st_uid == os.geteuid() and found.st_mode & 0o777 != 0o600:
                key.chmod(0o600)


def find_state(inventory: Path, home: Path | None = None) -> ClusterState | None:
    """Like `open_state`, but None if this operator has no state for the inventory. Creates nothing."""
    home = state_home() if home is None else home
    known = _read_index(_index(inventory, home))
    return None if known is None or not (home / known).is_dir() else ClusterState(home / known)


def is_known(inventory: Path, home: Path | None = None) -> bool:
    """Whether the inventory has a cluster id, even if the state itself is lost."""
    return known_id(inventory, home) is not None


def known_id(inventory: Path, home: Path | None = None) -> str | None:
    """The id of the inventory's cluster; None when it has none yet. Creates nothing."""
    return _read_index(_index(inventory, state_home() if home is None else home))


def forget_state(inventory: Path, home: Path | None = None) -> None:
    """Unlinks the inventory from its cluster id: the next `open_state` starts a new cluster. Idempotent."""
    home = state_home() if home is None else home
    with contextlib.suppress(FileNotFoundError):
        _index(inventory, home).unlink()


def _index(inventory: Path, home: Path) -> Path:
    return home / "by-inventory" / (hashlib.sha256(os.fsencode(inventory.resolve())).hexdigest()[:32] + ".json")


def _read_index(index: Path) -> str | None:
    try:
        return str(uuid.UUID(json.loads(index.read_text())["cluster_id"], version=4))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StateError(
            f"{index} cannot be read",
            why=f"it should name the inventory's cluster: {error}",
            hint="restore it, or remove it to start a new cluster from this inventory",
        ) from error


def _make_private(folder: Path) -> None:
    try:
        durable.private_folder(folder)
        if folder.stat().st_uid == os.geteuid():
            folder.chmod(0o700)
    except OSError as error:
        raise StateError(
            f"the state directory {folder} cannot be used",
            why=str(error),
            hint="set XDG_STATE_HOME to a folder that you can write",
        ) from error
