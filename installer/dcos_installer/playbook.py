"""The roles without the installer: Ansible's actions in ``roles/action_plugins``, for a playbook that runs the roles.

``dcos_facts`` → ``dcos_fragment`` for each role → ``dcos_host``. The inventory is read as by the installer, the
resulting manifest has the same digest, and the code on the host is the same. The installer's own play has one action of
its own (`ansible.action.dcos_host`) and does not use these.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from dcos_installer import machine_records, secrets
from dcos_installer.ansible import payload
from dcos_installer.ansible.connection import Connection
from dcos_installer.bundle import Built, build
from dcos_installer.bundle.upload import request as upload_request
from dcos_installer.config.late_addresses import learned, unknown
from dcos_installer.config.model import ClusterSpec
from dcos_installer.errors import InstallerError
from dcos_installer.plan import materials
from dcos_installer.plan.compose import fragment
from dcos_installer.plan.facts import Facts, Target
from dcos_installer.plan.manifest import Fragment, Package
from dcos_installer.plan.merge import merge
from dcos_installer.providers.registry import open_provider
from dcos_installer.services import installed
from dcos_installer.sockets import joined
from dcos_installer.spec import load_spec
from dcos_installer.state import ClusterState, open_state

APPLY_SECONDS = 90.0

Vars = Mapping[str, Any]


class ReadFacts(ActionBase):
    """``dcos_facts``: see `facts`."""

    _requires_connection = True
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        return facts(self, task_vars or {})


class AddFragment(ActionBase):
    """``dcos_fragment``: see `add_fragment`."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        return add_fragment(self, task_vars or {})


class ApplyFragments(ActionBase):
    """``dcos_host`` at the end of the play: see `apply_fragments`."""

    _requires_connection = True
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        return apply_fragments(self, task_vars or {})


def facts(action: ActionBase, task_vars: Vars) -> dict[str, Any]:
    """``dcos_facts``: the host's facts, as the variable of that name, and ``dcos_services``, the roles of the host.

    With ``up_to``, only that service, and those of the host that start before it.
    """
    host, root = task_vars["inventory_hostname"], _root(action)
    answered = _ask(action, host, task_vars, {"mode": "facts", "root": root})
    found = msgspec.convert(answered["facts"], Facts)
    if not found.python:
        raise AnsibleActionFail(f"{host} has no Python 3.11 or newer in /usr/bin: install the package python3")
    spec, state = _cluster(task_vars)
    if not action._play_context.check_mode:
        _make_secrets(host, found, spec, state)
    up_to = str(action._task.args.get("up_to") or "")
    wanted = installed().on(spec.host(host))
    if up_to:
        wanted = installed().needed_by(up_to, wanted)
    known = {
        "dcos_facts": answered["facts"],
        "dcos_fragments": [],
        "dcos_services": [service.name for service in wanted],
    }
    return {"changed": False, "ansible_facts": known}


def add_fragment(action: ActionBase, task_vars: Vars) -> dict[str, Any]:
    """``dcos_fragment`` (``role``, ``options``): adds the role's fragment to the manifest. Connects to no host."""
    role, options = action._task.args["role"], action._task.args.get("options") or {}
    spec, state = _cluster(task_vars)
    found = msgspec.convert(task_vars["dcos_facts"], Facts, strict=False)
    known = _materials().with_trust(secrets.load(state, spec, hosts=()).trust)
    # Templates return options as text; the defaults give their types.
    typed = {name: type(known.role(role).options.get(name, value))(value) for name, value in options.items()}
    added = fragment(role, spec, spec.host(task_vars["inventory_hostname"]), found, known.with_options(role, typed))
    fragments = [*task_vars.get("dcos_fragments", []), msgspec.json.encode(added).decode()]
    return {"changed": False, "ansible_facts": {"dcos_fragments": fragments}}


def apply_fragments(action: ActionBase, task_vars: Vars) -> dict[str, Any]:
    """``dcos_host`` at the end of a play: merges the fragments, and applies the manifest; with ``--check``, only
    compares.
    """
    host, root = task_vars["inventory_hostname"], _root(action)
    spec, state = _cluster(task_vars)
    fragments = [msgspec.json.decode(text, type=Fragment) for text in task_vars.get("dcos_fragments", [])]
    wanted = merge(spec, spec.host(host), fragments)
    contents = dict(secrets.load(state, spec, hosts=(spec.host(host),)).of(host))
    order = {"manifest": wanted.encode().decode(), "secrets": contents, "root": root, "deadline": APPLY_SECONDS}
    checked = _ask(action, host, task_vars, {**order, "mode": "check"})
    result = {"manifest": wanted.digest, "changes": checked["changes"], "changed": bool(checked["changes"])}
    if checked["problems"]:
        return {**result, "failed": True, "msg": f"{host}: {'; '.join(checked['problems'])}"}
    if action._play_context.check_mode or not checked["changes"]:
        return result
    if checked["missing_packages"]:
        found = msgspec.convert(task_vars["dcos_facts"], Facts, strict=False)
        packages = [built for built in _bundle(found.target) if built.folder in checked["missing_packages"]]
        _ask(action, host, task_vars, upload_request(packages, root), b"".join(_archives(packages)))
    return {**result, **_ask(action, host, task_vars, {**order, "mode": "apply", "expected": checked["seen"]})}


class _Packages(Mapping[Target, Sequence[Package]]):
    """The packages for each target, built at the first access."""

    def __getitem__(self, target: Target) -> Sequence[Package]:
        return tuple(built.package for built in _bundle(target))

    def __iter__(self) -> Iterator[Target]:
        return iter(())

    def __len__(self) -> int:
        return 0


@cache
def _materials() -> materials.Materials:
    return materials.load().with_packages(_Packages())


@cache
def _bundle(target: Target) -> tuple[Built, ...]:
    return (build(target),)


@cache
def _spec(inventory: Path) -> tuple[ClusterSpec, ClusterState]:
    state = open_state(inventory)
    return learned(load_spec(inventory, state.cluster_id), machine_records.addresses(state)), state


def _make_secrets(host: str, found: Facts, spec: ClusterSpec, state: ClusterState) -> None:
    """As in a deploy. Each host has a process of its own; the first one creates the secrets of all."""
    vault = secrets.load(state, spec, hosts=(spec.host(host),))
    if found.generation and vault.roots_missing:
        raise AnsibleActionFail(
            f"{host} runs already, and {', '.join(vault.roots_missing)} of the cluster are not in {state.secrets}: "
            "put that folder back from where the cluster was deployed, or from a backup"
        )
    if vault.to_make:
        secrets.make(state, spec)


def _cluster(task_vars: Vars) -> tuple[ClusterSpec, ClusterState]:
    inventory = task_vars.get("inventory_file")
    if not inventory:
        raise AnsibleActionFail("these roles need one inventory file: ansible-playbook -i FILE roles/site.yml")
    spec, state = _spec(Path(str(inventory)))
    if names := unknown(spec):
        raise AnsibleActionFail(
            f"the addresses of {', '.join(names)} are not known: dcos-installer deploy makes these machines"
        )
    return spec, state


def _root(action: ActionBase) -> str:
    return str(action._task.args.get("root") or "/")


def _archives(packages: Sequence[Built]) -> Iterator[bytes]:
    return (Path(built.archive).read_bytes() for built in packages)


def _ask(
    action: ActionBase, host: str, task_vars: Vars, values: Mapping[str, Any] | bytes, stream: bytes = b""
) -> dict[str, Any]:
    """One round trip over Ansible's connection to the host."""
    _reach(action, host, task_vars)
    data = payload.enveloped(payload.code(), values) if isinstance(values, bytes) else payload.request(values)
    done = action._low_level_execute_command(payload.COMMAND, in_data=data + stream)
    try:
        answered = payload.answer(host, done["rc"], done["stdout"].encode(), done["stderr"].encode())
    except InstallerError as error:
        raise AnsibleActionFail(str(error)) from error
    if "error" in answered:
        failure = answered["error"]
        lines = [f"{host}: {failure['what']}", failure["why"], failure["hint"], failure["evidence"]]
        raise AnsibleActionFail("\n".join(line for line in lines if line))
    return answered


def _reach(action: ActionBase, host: str, task_vars: Vars) -> None:
    """Gives Ansible's connection the settings that only the provider knows: the machine's SSH key and its host keys."""
    if action._connection.transport == "local":
        if _root(action) == "/":
            raise AnsibleActionFail(f"{host} has the connection 'local': that would change this machine")
        return
    spec, state = _cluster(task_vars)
    provider = open_provider(spec, state.root)
    if provider.makes_machines:
        target = provider.ssh(spec.host(host))
        action._connection.set_option("ssh_common_args", joined(Connection(ssh=target).ssh_options()))
        action._connection.set_option("remote_user", target.user)
        if spec.host(host).late:  # its address is in no inventory
            action._connection.set_option("host", target.address)
            action._play_context.remote_addr = target.address
