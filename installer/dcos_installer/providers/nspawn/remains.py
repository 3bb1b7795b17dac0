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
    """The machines that exist, by name; one whose making was cut short, or whose record is torn, has none."""

    machines: dict[str, NspawnRecord | None]
    bridge: bool
    """Whether the cluster's bridge is there."""

    def __bool__(self) -> bool:
        return bool(self.machines) or self.bridge

    @property
    def addresses(self) -> dict[str, str]:
        """Of machines whose record can be read: the address and its prefix."""
        return {
            name: f"{record.address}/{record.prefix_length}"
            for name, record in self.machines.items()
            if record is not None
        }


def trees_in_use(machines_dir: Path) -> list[Path]:
    """The golden trees that this host's machines were made over, of whatever cluster; they may be switched off.

    Raises `ProviderError` where only root may look, and when a machine's record cannot be read: no tree is taken for
    free because nobody can tell.
    """
    found = set()
    for home in _folders(machines_dir):
        for folder in map(MachineFolder, _folders(home)):
            record = folder.record()
            if record is not None:
                found.add(Path(record.tree))
            elif folder.record_file.exists():  # without one its making was cut short: it is made anew
                raise ProviderError(
                    f"nobody can tell what the machine {folder.name} was made over",
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
            "only root can see which machines there are on this host",
            why=f"{folder}: {error.strerror}",
            hint="run the same command as root",
        ) from error


def home_of(cluster_id: str, machines_dir: Path = MACHINES_DIR) -> Path:
    """The folder of a cluster's machines."""
    return machines_dir / cluster_id[:8]


def remains(cluster_id: str, machines_dir: Path = MACHINES_DIR) -> NspawnRemains:
    """What is there; touches nothing. Raises `ProviderError` where only root may look."""
    folders = [MachineFolder(path) for path in _folders(home_of(cluster_id, machines_dir))]
    return NspawnRemains(
        machines={folder.name: folder.record() for folder in folders},
        bridge=network.link_exists(network.bridge_name(cluster_id)),
    )
