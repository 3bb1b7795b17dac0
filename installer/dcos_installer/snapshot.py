"""The snapshot of the last deploy, in the operator's state, and the changes that a deploy cannot make to it."""

from __future__ import annotations

import json
from collections.abc import Iterator

from pydantic import ValidationError

from dcos_installer.config.model import ClusterSpec
from dcos_installer.errors import StateError
from dcos_installer.providers.registry import declaration
from dcos_installer.state import ClusterState
from dcos_runtime import durable


class SnapshotDamaged(StateError):
    """There is a snapshot of the last deploy, and it cannot be used."""


def remember_spec(state: ClusterState, spec: ClusterSpec) -> None:
    """Stores what is deployed: `destroy` uses it, whatever becomes of the inventory."""
    content = spec.model_dump_json(indent=1) + "\n"
    if not state.spec.exists() or state.spec.read_bytes() != content.encode():
        durable.write(state.spec, content)


def last_spec(state: ClusterState) -> ClusterSpec | None:
    """The specification of the last deploy; None when there was none."""
    try:
        return ClusterSpec.model_validate(json.loads(state.spec.read_bytes()))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise SnapshotDamaged(
            f"the snapshot of the last deploy is damaged: {state.spec}",
            why=f"{_said(error)}; it was cut off, changed by hand, or written by another version",
            hint="dcos-installer deploy writes it again from the inventory if the machines that exist are those of the"
            " inventory; dcos-installer destroy works without it",
        ) from error
    except OSError as error:
        raise SnapshotDamaged(
            f"the snapshot of the last deploy cannot be read: {state.spec}",
            why=error.strerror or str(error),
            hint="check what it is and its permissions; it should be a file that only its owner reads",
        ) from error


def _said(error: ValueError) -> str:
    """The validator's first message, without addresses and dumps."""
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else first["msg"]


def impossible_changes(old: ClusterSpec | None, new: ClusterSpec) -> Iterator[str]:
    """The changes that a deploy cannot make to the cluster that exists. Pure."""
    if old is None:
        return
    if old.provider != new.provider:
        yield f"its provider is {old.provider}, not {new.provider}"
    if old.name != new.name:
        yield f"its name is {old.name}, not {new.name}"
    if old.provider == new.provider:
        kind = declaration(new.provider)
        for name in (variable.name for variable in kind.variables if variable.fixed and variable.scope == "cluster"):
            was, wanted = kind.value(name, old.options), kind.value(name, new.options)
            if was != wanted:
                yield f"its {name.removeprefix('dcos_').replace('_', ' ')} is {was}, not {wanted}"
    names = {host.name: host for host in new.hosts}
    for host in old.hosts:
        now = names.get(host.name)
        if now is None:
            yield f"{host.name} belongs to it, and is not in the inventory any more"
            continue
        if now.roles != host.roles:
            yield f"{host.name} has the role {_role(host.roles)}, not {_role(now.roles)}"
        if not now.late and now.address != host.address:
            yield f"{host.name} has the address {host.address}, not {now.address}"
    known = {host.name for host in old.hosts}
    added = [host.name for host in new.masters if host.name not in known]
    if added:
        yield f"{', '.join(added)} would be another master, and masters cannot be added yet"


def _role(roles: frozenset[str]) -> str:
    return " and ".join(sorted(roles)).replace("_", " ")
