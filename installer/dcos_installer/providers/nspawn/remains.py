"""The remains of a cluster's nspawn machines on this host, by their own records, when the operator's state is lost."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dcos_installer.providers.base import ProviderError
from dcos_installer.providers.nspawn import network
from dcos_installer.providers.nspawn.machine import MachineFolder, NspawnRecord

MACHINES_DIR = Path("/var/lib/dcos-machines")


@dataclass(frozen=True)
class NspawnRemains:
    """The machines that exist, by name; None: the creation was interrupted, or the record is damaged."""

    machines: dict[str, NspawnRecord | None]
    bridge: bool
    """Whether the cluster's bridge exists."""

    def __bool__(self) -> bool:
        return bool(self.machines) or self.bridge

    @property
    def addresses(self) -> dict[str, str]:
        """The addresses, with prefix, of machines whose record can be read."""
        return {
            name: f"{record.address}/{record.prefix_length}"
            for name, record in self.machines.items()
            if record is not None
        }


def trees_in_use(machines_dir: Path) -> list[Path]:
    """The golden trees of this host's machines, of all clusters, also of machines that are off.

    Raises `ProviderError` if only root may look, and when a machine's record cannot be read: then no tree counts as
    free.
    """
    found = set()
    for home in _folders(machines_dir):
        for folder in map(MachineFolder, _folders(home)):
            written = folder.record_file.exists()  # first: it may be written for the first time right now
            record = folder.record()
            if record is not None:
                found.add(Path(record.tree))
            elif written and folder.record_file.exists():  # without one its creation was interrupted, or it is removed
                raise ProviderError(
                    f"it is not known which tree the machine {folder.name} was made over",
                    why=f"{folder.record_file} cannot be read",
                    hint="destroy its cluster, which removes the machine",
                )
    return sorted(found)


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir())
    except FileNotFoundError:
        return []
    except PermissionError as error:
        raise ProviderError(
            "only root can list the machines of this host",
            why=f"{folder}: {error.strerror}",
            hint="run the same command as root",
        ) from error


def home_of(cluster_id: str, machines_dir: Path = MACHINES_DIR) -> Path:
    """The folder of a cluster's machines."""
    return machines_dir / cluster_id[:8]


def remains(cluster_id: str, machines_dir: Path = MACHINES_DIR) -> NspawnRemains:
    """The remains on this host. Changes nothing. Raises `ProviderError` if only root may look."""
    folders = [MachineFolder(path) for path in _folders(home_of(cluster_id, machines_dir))]
    return NspawnRemains(
        machines={folder.name: folder.record() for folder in folders},
        bridge=network.link_exists(network.bridge_name(cluster_id)),
    )
