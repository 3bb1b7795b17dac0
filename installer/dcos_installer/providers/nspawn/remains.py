"""What there is of a cluster's nspawn machines on this host, by their own records: for when nothing else tells."""

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


def trees_in_use(machines_dir: Path = MACHINES_DIR) -> list[Path]:
    """The golden trees that this host's machines were made over, of whatever cluster; they may be switched off."""
    records = (MachineFolder(path).record() for path in sorted(machines_dir.glob("*/*")) if path.is_dir())
    return sorted({Path(record.tree) for record in records if record is not None})


def home_of(cluster_id: str, machines_dir: Path = MACHINES_DIR) -> Path:
    """The folder of a cluster's machines."""
    return machines_dir / cluster_id[:8]


def remains(cluster_id: str, machines_dir: Path = MACHINES_DIR) -> NspawnRemains:
    """What is there; touches nothing. Raises `ProviderError` where only root may look."""
    home = home_of(cluster_id, machines_dir)
    try:
        folders = [MachineFolder(path) for path in sorted(home.iterdir()) if path.is_dir()]
    except FileNotFoundError:
        folders = []
    except PermissionError as error:
        raise ProviderError(
            "only root can see which machines there are on this host",
            why=f"{home}: {error.strerror}",
            hint="run the same command as root",
        ) from error
    return NspawnRemains(
        machines={folder.name: folder.record() for folder in folders},
        bridge=network.link_exists(network.bridge_name(cluster_id)),
    )
