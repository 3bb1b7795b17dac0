"""The folders of the tests' clusters, and their inventories."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def tests_home(name: str) -> Path:
    """A folder that outlives the run, so that the next one can remove the remains of a killed one."""
    return Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "dcos" / "tests" / name


def local_inventory(home: Path, network: int, name: str) -> Path:
    """``inventories/local.ini`` unchanged, except its name and network (an operator's own may run beside it), the size
    of disks, and that images are looked for in a folder: no machine reaches a registry.
    """
    text = (ROOT / "inventories" / "local.ini").read_text()
    assert "198.18.0." in text
    text = text.replace("198.18.0.", f"198.18.{network}.").replace(
        "dcos_cluster_name=local", f"dcos_cluster_name={name}"
    )
    if "dcos_network" not in text:
        text += f"dcos_network=198.18.{network}.0/24\n"
    text += "dcos_disk=2048\n"  # each cluster that takes its share of the room leaves half as much to those beside it
    text += "dcos_docker_registry=/srv/images\n"
    home.mkdir(parents=True, exist_ok=True)
    path = home / "inventory.ini"
    path.write_text(text)
    return path
