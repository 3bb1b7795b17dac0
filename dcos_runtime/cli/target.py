"""Which cluster a command is for, and who said so: a flag, DCOS_URL, or the attached cluster in DCOS_DIR."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dcos_runtime.cli.errors import USAGE, CliError

MASTER_PORT = 5050


@dataclass(frozen=True)
class Target:
    """The master's base URL without a slash at its end, and where it was read, as a phrase: ``from --master``."""

    url: str
    origin: str


def find_target(flag: str | None, environment: Mapping[str, str]) -> Target:
    """The flag wins over DCOS_URL, which wins over the attached cluster. Raises `CliError` when there is none."""
    if flag is not None:
        return Target(base_url(flag, "--master"), "from --master")
    if environment.get("DCOS_URL"):
        return Target(base_url(environment["DCOS_URL"], "DCOS_URL"), "from the environment variable DCOS_URL")
    return _attached_cluster(Path(environment.get("DCOS_DIR") or Path.home() / ".dcos"))


def base_url(address: str, said_by: str) -> str:
    """``host``, ``host:port`` or an http(s) URL as a base URL. Raises `CliError` (usage) for anything else."""
    if address.startswith("zk://"):
        raise CliError(
            f"{said_by} is {address}, but dcos speaks to a master over HTTP, not to ZooKeeper",
            hints=[f"give the address of any master, such as http://198.18.0.11:{MASTER_PORT}"],
            exit_code=USAGE,
        )
    match = re.fullmatch(
        r"(?:(https?)://)?(\[[0-9a-fA-F:.]+\]|[^\s/:@?#\[\]]+)(?::(\d{1,5}))?(/[^\s?#]*)?", address.strip()
    )
    if match is None or (match[3] and not 0 < int(match[3]) < 65536):
        raise CliError(
            f"{said_by} is {address!r}, which is not an address",
            hints=[f"write HOST, HOST:PORT or http://HOST:PORT (port {MASTER_PORT} is meant when none is given)"],
            exit_code=USAGE,
        )
    scheme, host, port, path = match.groups()
    # A full URL's missing port is the scheme's own, as everywhere; a bare host is a master's.
    port = port or ("" if scheme else str(MASTER_PORT))
    return f"{scheme or 'http'}://{host}{':' if port else ''}{port}{(path or '').rstrip('/')}"


def _attached_cluster(home: Path) -> Target:
    """The cluster in ``home/clusters`` whose folder holds a file ``attached``, as the original keeps them."""
    folder = home / "clusters"
    try:
        clusters = sorted(entry for entry in folder.iterdir() if (entry / "dcos.toml").is_file())
    except (FileNotFoundError, NotADirectoryError):
        clusters = []
    except OSError as error:
        raise CliError(f"cannot read {folder}: {error.strerror}", hints=[_HOW_TO_NAME_ONE]) from error
    attached = [cluster for cluster in clusters if (cluster / "attached").exists()]
    if not attached:
        raise _none_attached(folder, clusters)
    if len(attached) > 1:
        raise CliError(
            "more than one cluster is attached",
            details=[f"{_name(cluster)} ({cluster})" for cluster in attached],
            hints=["remove the file 'attached' from all of these folders but one", _HOW_TO_NAME_ONE],
        )
    settings = _settings(attached[0])
    url = _text(settings, "core", "dcos_url")
    if url is None:
        raise CliError(
            f"{attached[0] / 'dcos.toml'} does not say where the cluster is: core.dcos_url is missing",
            hints=["deploy again to have it written", _HOW_TO_NAME_ONE],
        )
    where = attached[0] / "dcos.toml"
    name = _text(settings, "cluster", "name") or attached[0].name
    return Target(base_url(url, f"core.dcos_url in {where}"), f"from the attached cluster {name}, {where}")


_HOW_TO_NAME_ONE = "name the master with --master=HOST:PORT or the environment variable DCOS_URL"


def _none_attached(folder: Path, clusters: list[Path]) -> CliError:
    if not clusters:
        return CliError(
            f"no cluster is known here ({folder} has none)",
            hints=["deploy one with `dcos-installer deploy INVENTORY`", _HOW_TO_NAME_ONE],
        )
    return CliError(
        "no cluster is attached",
        details=[f"known: {_name(cluster)} ({cluster})" for cluster in clusters],
        hints=[f"attach one: touch {clusters[0] / 'attached'}", _HOW_TO_NAME_ONE],
    )


def _name(cluster: Path) -> str:
    try:
        return _text(_settings(cluster), "cluster", "name") or cluster.name
    except CliError:
        return cluster.name


def _settings(cluster: Path) -> dict[str, Any]:
    import tomllib

    path = cluster / "dcos.toml"
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CliError(f"cannot read {path}: {error.strerror}", hints=[_HOW_TO_NAME_ONE]) from error
    except ValueError as error:
        raise CliError(f"{path} is not TOML: {error}", hints=[_HOW_TO_NAME_ONE]) from error


def _text(settings: Mapping[str, Any], section: str, key: str) -> str | None:
    table = settings.get(section)
    value = table.get(key) if isinstance(table, dict) else None
    return value if isinstance(value, str) and value else None


def environment() -> Mapping[str, str]:
    """The process's own."""
    return os.environ
