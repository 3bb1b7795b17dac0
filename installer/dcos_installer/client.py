"""What the `dcos` command needs to find a cluster: a folder in ``$DCOS_DIR``, laid out as DC/OS'."""

from __future__ import annotations

import base64
import json
import os
import shutil
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dcos_installer.surroundings import home
from dcos_runtime import durable

SETTINGS_FILE = "dcos.toml"
CA_FILE = "dcos_ca.crt"


def dcos_dir(environ: Mapping[str, str] | None = None) -> Path:
    """``$DCOS_DIR``, else ``~/.dcos``."""
    environ = os.environ if environ is None else environ
    configured = environ.get("DCOS_DIR", "")
    return Path(configured) if configured else home(environ, "DCOS_DIR") / ".dcos"


@dataclass(frozen=True)
class Wanted:
    """The settings of a cluster for ``dcos``: its name, its gateways (in the order of tries), its CA."""

    cluster_id: str
    name: str
    gateways: tuple[str, ...]
    ca: str

    def settings(self, folder: Path, token: str) -> str:
        """The content of ``dcos.toml``. ``token`` may be empty: nobody is logged in."""
        core = {"dcos_url": self.gateways[0], "ssl_verify": str(_home(folder, self.cluster_id) / CA_FILE)}
        if token:
            core["dcos_acs_token"] = token
        masters = ", ".join(_quoted(url) for url in self.gateways)
        return "".join(
            (
                "[core]\n",
                *(f"{key} = {_quoted(value)}\n" for key, value in sorted(core.items())),
                f"\n[cluster]\nname = {_quoted(self.name)}\nmasters = [{masters}]\n",
            )
        )


def token_of(folder: Path, wanted: Wanted) -> str | None:
    """The token that ``dcos`` has, empty when it has none; None when its settings of the cluster are missing or
    outdated. Other settings of the user do not count.
    """
    home = _home(folder, wanted.cluster_id)
    try:
        known = tomllib.loads((home / SETTINGS_FILE).read_text())
        ca = (home / CA_FILE).read_text()
    except (OSError, ValueError):
        return None
    core, cluster = known.get("core", {}), known.get("cluster", {})
    current = (
        ca == wanted.ca
        and core.get("dcos_url") in wanted.gateways
        and core.get("ssl_verify") == str(home / CA_FILE)
        and cluster.get("name") == wanted.name
        and cluster.get("masters") == list(wanted.gateways)
    )
    return str(core.get("dcos_acs_token") or "") if current and attached(folder) is not None else None


def is_expired(token: str, now: float) -> bool:
    """Whether the token has expired. An unreadable token is left to the gateway."""
    try:
        part = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        return float(claims["exp"]) <= now
    except (ValueError, IndexError, KeyError, TypeError):
        return False


def attached(folder: Path) -> str | None:
    """The id of the cluster that ``dcos`` uses by default."""
    return next((path.parent.name for path in sorted((folder / "clusters").glob("*/attached"))), None)


def write(folder: Path, wanted: Wanted, token: str) -> bool:
    """Writes the settings for ``dcos``. Returns whether the cluster is the attached one. A new cluster is attached; a
    known one is not, so that a second deploy does not switch the operator's command to another cluster.
    """
    home = _home(folder, wanted.cluster_id)
    new = not (home / SETTINGS_FILE).exists()
    durable.private_folder(home)
    durable.write(home / CA_FILE, wanted.ca)
    durable.write(home / SETTINGS_FILE, wanted.settings(folder, token))
    if new or attached(folder) is None:
        for other in (folder / "clusters").glob("*/attached"):
            other.unlink(missing_ok=True)
        durable.write(home / "attached", "")
    return (home / "attached").exists()


def forget(folder: Path, cluster_id: str) -> None:
    """Removes the cluster from ``dcos``' settings. Idempotent."""
    shutil.rmtree(folder / "clusters" / cluster_id, ignore_errors=True)


def _home(folder: Path, cluster_id: str) -> Path:
    return folder.absolute() / "clusters" / cluster_id


def _quoted(text: str) -> str:
    """As a TOML basic string: JSON's escapes are TOML's."""
    return json.dumps(text)
