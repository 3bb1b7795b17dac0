"""What was deployed last, kept beside the operator's state, and what of it cannot be changed by a deploy."""

from __future__ import annotations

from collections.abc import Iterator

from dcos_installer.config.model import ClusterSpec
from dcos_installer.errors import StateError
from dcos_installer.state import ClusterState, atomic_write


def remember_spec(state: ClusterState, spec: ClusterSpec) -> None:
    """Keeps what is deployed: `destroy` goes by it, whatever becomes of the inventory."""
    content = spec.model_dump_json(indent=1) + "\n"
    if not state.spec.exists() or state.spec.read_text() != content:
        atomic_write(state.spec, content)


def last_spec(state: ClusterState) -> ClusterSpec | None:
    """What was deployed last; None when nothing was."""
    try:
        return ClusterSpec.model_validate_json(state.spec.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise StateError(
            f"{state.spec} cannot be read", why=str(error), hint="it was written by another version, or damaged"
        ) from error


def impossible_changes(old: ClusterSpec | None, new: ClusterSpec) -> Iterator[str]:
    """What stands between the cluster that exists and the one that is described now. Pure."""
    if old is None:
        return
    if old.provider != new.provider:
        yield f"its provider is {old.provider}, not {new.provider}"
    if old.name != new.name:
        yield f"its name is {old.name}, not {new.name}"
    if old.provider == new.provider == "nspawn" and old.settings.network != new.settings.network:
        yield f"its network is {old.settings.network}, not {new.settings.network}"
    names = {host.name: host for host in new.hosts}
    for host in old.hosts:
        now = names.get(host.name)
        if now is None:
            yield f"{host.name} belongs to it, and is not in the inventory any more"
            continue
        if now.roles != host.roles:
            yield f"{host.name} has the role {_role(host.roles)}, not {_role(now.roles)}"
        if now.address != host.address:
            yield f"{host.name} has the address {host.address}, not {now.address}"
    known = {host.name for host in old.hosts}
    added = [host.name for host in new.masters if host.name not in known]
    if added:
        yield f"{', '.join(added)} would be another master, and masters cannot be added yet"


def _role(roles: frozenset[str]) -> str:
    return " and ".join(sorted(roles)).replace("_", " ")
