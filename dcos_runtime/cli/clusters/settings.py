"""Settings of a known cluster by their names, ``section.key``, as `dcos config` and plugins of packages have them."""

from __future__ import annotations

from typing import Any

from dcos_runtime.cli.clusters.access import access
from dcos_runtime.cli.clusters.known import Clusters, KnownCluster
from dcos_runtime.cli.clusters.target import Target, environment
from dcos_runtime.cli.errors import USAGE, CliError

TOKEN = "core.dcos_acs_token"
HIDDEN = frozenset({TOKEN})
_TRUTHS = frozenset({"core.pagination", "core.reporting", "core.prompt_login"})


def settings(target: Target) -> dict[str, str]:
    """Every setting that applies to the selected cluster: the environment wins over stored ones."""
    variables = environment()
    cluster = _cluster(target)
    found = {}
    for section, values in (cluster.settings if cluster else {}).items():
        for key, value in values.items() if isinstance(values, dict) else ():
            if not isinstance(value, (dict, list)):
                found[f"{section}.{key}"] = str(value).lower() if isinstance(value, bool) else str(value)
    found["core.dcos_url"] = target.url
    if target.is_gateway and (token := access(target, variables).token):
        found[TOKEN] = token
    if verify := variables.get("DCOS_SSL_VERIFY"):
        found["core.ssl_verify"] = verify
    elif cluster is not None and cluster.ssl_verify not in ("true", "false"):
        # Stored relative to the cluster's folder; plugins need the full path.
        found["core.ssl_verify"] = str(cluster.folder / cluster.ssl_verify)
    return found


def change(clusters: Clusters, target: Target, name: str, value: str | None) -> None:
    """Sets or removes a setting of a known cluster. Raises `CliError`."""
    cluster = _cluster(target)
    if cluster is None:
        raise CliError(f"{target.url} is of no known cluster: there is no place for its settings")
    section, dot, key = name.partition(".")
    if not section or not dot or not key:
        raise CliError(f"{name!r} is not a setting: write SECTION.KEY, such as core.timeout", exit_code=USAGE)
    changes: dict[str, Any] = {key: None if value is None else _value(name, value)}
    if name == "core.dcos_url":
        # The token belongs to the former address.
        changes["dcos_acs_token"] = None
    clusters.save(cluster.id, {section: changes})


def _value(name: str, value: str) -> object:
    if name in _TRUTHS:
        if value.lower() not in ("true", "false"):
            raise CliError(f"{name} is true or false, not {value!r}", exit_code=USAGE)
        return value.lower() == "true"
    if name == "core.timeout":
        if not (value.isascii() and value.isdecimal()) or int(value) < 1:
            raise CliError(f"{name} is a number of seconds, not {value!r}", exit_code=USAGE)
        return int(value)
    return value


def _cluster(target: Target) -> KnownCluster | None:
    """A plugin that calls back names the cluster by both DCOS_URL and DCOS_CLUSTER."""
    if target.cluster is not None:
        return target.cluster
    variables = environment()
    if wanted := variables.get("DCOS_CLUSTER"):
        from dcos_runtime.cli.clusters.known import dcos_dir

        found = Clusters(dcos_dir(variables)).find(wanted)
        return found if found.problem is None and found.url == target.url else None
    return None
