"""What the `dcos` command needs to find a cluster: a folder in ``$DCOS_DIR``, laid out as the original's."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from dcos_installer.state import atomic_write


def dcos_dir(environ: Mapping[str, str] | None = None) -> Path:
    """``$DCOS_DIR``, else ``~/.dcos``."""
    environ = os.environ if environ is None else environ
    configured = environ.get("DCOS_DIR", "")
    return Path(configured) if configured else Path(environ.get("HOME") or "~").expanduser() / ".dcos"


def wanted(name: str, url: str) -> str:
    """The content of ``dcos.toml``."""
    return f'[core]\ndcos_url = "{url}"\n\n[cluster]\nname = "{name}"\n'


def is_current(folder: Path, cluster_id: str, content: str) -> bool:
    """Whether ``dcos`` finds the cluster already, with this content, and some cluster is attached."""
    try:
        same = (folder / "clusters" / cluster_id / "dcos.toml").read_text() == content
    except OSError:
        return False
    return same and attached(folder) is not None


def attached(folder: Path) -> str | None:
    """The id of the cluster that ``dcos`` talks to when nothing else is said."""
    return next((path.parent.name for path in sorted((folder / "clusters").glob("*/attached"))), None)


def write(folder: Path, cluster_id: str, content: str) -> bool:
    """Makes the cluster known to ``dcos``. Returns whether it is the attached one: a new cluster becomes it, an old
    one stays what it was, so that a second deploy does not turn the operator's command to another cluster.
    """
    home = folder / "clusters" / cluster_id
    new = not (home / "dcos.toml").exists()
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    atomic_write(home / "dcos.toml", content)
    if new or attached(folder) is None:
        for other in (folder / "clusters").glob("*/attached"):
            other.unlink(missing_ok=True)
        atomic_write(home / "attached", "")
    return (home / "attached").exists()


def forget(folder: Path, cluster_id: str) -> None:
    """Removes the cluster from what ``dcos`` knows. Idempotent."""
    shutil.rmtree(folder / "clusters" / cluster_id, ignore_errors=True)
