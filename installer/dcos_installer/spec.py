"""From an inventory to a ClusterSpec: checks every rule; each violation is reported with its line and remedy."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

from dcos_installer.config.addresses import FreeAddresses, clashes, is_address
from dcos_installer.config.inventory import Inventory, Value, read
from dcos_installer.config.limits import HostLimits
from dcos_installer.config.model import ClusterSpec, HostSpec, Role, Settings, SshSpec
from dcos_installer.config.problems import InventoryInvalid, Problem
from dcos_installer.config.roots import root_metadata
from dcos_installer.config.variables import ANSIBLE_VARIABLES, Variable, host_address
from dcos_installer.inventory_variables import only_with, variables
from dcos_installer.providers.declaration import Declaration, HostView
from dcos_installer.providers.registry import declarations, default
from dcos_runtime.flags.values import without_credentials

ROLE_GROUPS: dict[str, Role] = {"masters": "master", "agents": "agent", "public_agents": "public_agent"}

_ORDER: tuple[Role, ...] = ("master", "agent", "public_agent")
_NO_CLUSTER = "00000000-0000-4000-8000-000000000000"
_LEAST_MEMORY = {"master": 1024, "agent": 512, "public_agent": 512}
_TAKEN_NAMES = {"all", "ungrouped", "localhost", *ROLE_GROUPS}
"""Names that no host may have: Ansible uses them for groups, or a machine for itself."""
_HOST_NAME = re.compile(
    r"(?=.{1,63}$)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*"
)


def load_spec(path: Path, cluster_id: str = _NO_CLUSTER, limits: HostLimits | None = None) -> ClusterSpec:
    """The cluster that the inventory at ``path`` describes.

    ``limits`` are those of this machine: some providers make their machines on it.

    Raises `InventoryInvalid` with all problems.
    """
    inventory = read(path)
    spec = _Reader(inventory, limits).spec(cluster_id)
    if spec is None or inventory.problems:
        raise InventoryInvalid(path, inventory.problems)
    return spec


class _Reader:
    """Checks an inventory. Problems are added to the inventory; reading goes on as far as it can."""

    def __init__(self, inventory: Inventory, limits: HostLimits | None) -> None:
        self.inventory = inventory
        self.readable = not inventory.problems
        self.limits = limits
        self.settings: dict[str, Any] = {}
        self.roles: dict[str, set[Role]] = {}
        self.parsed: dict[tuple[str, str, int], Any] = {}
        self.free: FreeAddresses | None = None
        self.variables: Mapping[str, Variable] = variables()
        self.only = {name: only_with(name) for name in self.variables}
        self.kind: Declaration = default()
        """The provider, once the cluster's settings are read."""
        self.repository_root = ""
        self.options: dict[str, str] = {}
        """The provider's own variables for the whole cluster, as far as they are valid."""

    def spec(self, cluster_id: str) -> ClusterSpec | None:
        inventory = self.inventory
        _refuse_variable_files(inventory)
        self._check_names()
        self._read_settings()
        self._read_root()
        self._check_groups()
        hosts = [host for name in inventory.hosts if name in self.roles and (host := self._host(name))]
        self._check_addresses()
        self._check_all_by_provider()
        operators: tuple[IPv4Network, ...] = (
            *self.kind.operator_networks(self.options),
            *self.settings.get("dcos_operator_networks", ()),
        )
        if not operators and "dcos_operator_networks" not in inventory.groups["all"].variables:
            inventory.problem(
                _line_of_all(inventory),
                "dcos_operator_networks is missing: only the members could reach the cluster",
                "set the networks that you come from in [all:vars], such as dcos_operator_networks=198.19.255.0/24",
            )
        self._check_bridge(hosts)
        if inventory.problems:
            return None
        default = Settings()
        return ClusterSpec(
            name=self.settings.get("dcos_cluster_name") or self._name_from_file(),
            cluster_id=cluster_id,
            provider=self.kind.name,
            hosts=tuple(sorted(hosts, key=lambda host: min(map(_ORDER.index, host.roles)))),
            settings=Settings(
                operator_networks=operators,
                agent_ping_timeout=self.settings.get("dcos_agent_ping_timeout", default.agent_ping_timeout),
                max_agent_ping_timeouts=self.settings.get(
                    "dcos_max_agent_ping_timeouts", default.max_agent_ping_timeouts
                ),
                agent_reregister_timeout=self.settings.get(
                    "dcos_agent_reregister_timeout", default.agent_reregister_timeout
                ),
                zk_session_timeout=self.settings.get("dcos_zk_session_timeout"),
                anonymous_reads=self.settings.get("dcos_anonymous_reads", default.anonymous_reads),
                agent_capabilities=self.settings.get("dcos_agent_capabilities", default.agent_capabilities),
                docker_registry=self.settings.get("dcos_docker_registry", default.docker_registry),
                docker_config=self.settings.get("dcos_docker_config", default.docker_config),
                allow_privileged=self.settings.get("dcos_allow_privileged", default.allow_privileged),
                allowed_host_paths=self.settings.get("dcos_allowed_host_paths", default.allowed_host_paths),
                bridge_network=self.settings.get("dcos_bridge_network", default.bridge_network),
                agent_disk_projects=self.settings.get("dcos_agent_disk_projects", default.agent_disk_projects),
                principals=self.settings.get("dcos_principals", default.principals),
                repositories=self.settings.get("dcos_repositories", default.repositories),
                repository_root=self.repository_root,
                allowed_networks=self.settings.get("dcos_cosmos_allowed_networks", default.allowed_networks),
                mirror=self.settings.get("dcos_mirror", default.mirror),
                mirror_registry=self.settings.get("dcos_mirror_registry", default.mirror_registry),
            ),
            options=self.options,
            inventory_path=inventory.path.resolve(),
        )

    def _name_from_file(self) -> str:
        name = re.sub(r"[^a-z0-9]+", "-", self.inventory.path.stem.lower()).strip("-")[:32].strip("-")
        return name if name[:1].isalpha() else "dcos"

    # -- variables --------------------------------------------------------------------------------------------------

    def _check_names(self) -> None:
        known = self.variables
        for name, value, owner in _all_variables(self.inventory):
            if name.startswith("dcos") and name not in known:
                self.inventory.problem(value.line, f"unknown variable {name}", _nearest(name, known))
            elif name.startswith("ansible_") and name not in ANSIBLE_VARIABLES:
                secret = "pass" in name
                self.inventory.problem(
                    value.line,
                    f"{name} is not honoured",
                    "remove it; use a key for SSH and sudo that does not ask"
                    if secret
                    else f"remove it; honoured are {', '.join(ANSIBLE_VARIABLES)}",
                )
            elif "{{" in value.text and (name in known or name in ANSIBLE_VARIABLES):
                self.inventory.problem(
                    value.line, f"{name} is a template, and none is evaluated", "write the value itself"
                )
            elif name in known and known[name].scope == "cluster" and owner != "all":
                self.inventory.problem(value.line, f"{name} holds for the whole cluster", "move it to [all:vars]")
            elif name in known and known[name].scope == "agent" and owner == "masters":
                self.inventory.problem(value.line, f"{name} means nothing to a master", "set it for agents")

    def _read_settings(self) -> None:
        for name, value in self.inventory.groups["all"].variables.items():
            if name in self.variables and self.variables[name].scope == "cluster":
                parsed = self._parse(name, value)
                if parsed is not None:
                    self.settings[name] = parsed
        kind = self.kind = declarations()[self.settings.get("dcos_provider", self.kind.name)]
        own = {variable.name for variable in kind.variables}
        self.options = {
            name: value.text.strip()
            for name, value in self.inventory.groups["all"].variables.items()
            if name in own and name in self.settings
        }
        for name, value, _ in _all_variables(self.inventory):
            if (only := self.only.get(name)) and kind.name not in only:
                remedy = "give the address with ansible_host" if name == "dcos_address" else "remove it"
                self.inventory.problem(value.line, f"{name} means nothing to the provider {kind.name}", remedy)
            elif name in ANSIBLE_VARIABLES and name not in ("ansible_host", *kind.ansible_variables):
                self.inventory.problem(
                    value.line,
                    f"{name} means nothing to the provider {kind.name}: it makes its own SSH access",
                    "remove it",
                )

    def _read_root(self) -> None:
        """Reads the root of trust of package repositories, which hosts get as it is."""
        name = "dcos_repository_root"
        if name not in self.settings:
            return
        path = self.inventory.path.parent / str(self.settings[name])
        try:
            self.repository_root = root_metadata(path)
        except ValueError as error:
            line = self.inventory.groups["all"].variables[name].line
            self.inventory.problem(line, f"{name}: {error}", "name the root.json that the repository's publisher gives")

    def _parse(self, name: str, value: Value) -> Any | None:
        """The variable's value; None when there is a problem with it. The problem is reported once, however many hosts
        share it.
        """
        key = (name, value.text, value.line)
        if key not in self.parsed:
            self.parsed[key] = None
            try:
                if "{{" not in value.text:
                    self.parsed[key] = self.variables[name].parse(value.text.strip())
            except ValueError as error:
                self.inventory.problem(value.line, f"{name}={_shown(value.text)} is not valid", f"write {error}")
        return self.parsed[key]

    # -- groups -----------------------------------------------------------------------------------------------------

    def _check_groups(self) -> None:
        inventory = self.inventory
        lines: dict[str, dict[Role, int]] = {}
        for group, role in ROLE_GROUPS.items():
            for host, line in inventory.members(group).items():
                lines.setdefault(host, {})[role] = line
                self.roles.setdefault(host, set()).add(role)
        for host, by_role in lines.items():
            if len(by_role) > 1:
                groups = " and ".join(f"[{group}]" for group, role in ROLE_GROUPS.items() if role in by_role)
                inventory.problem(
                    max(by_role.values()), f"host {host} is in {groups}", "keep it in one: a machine has one role"
                )
        for host, line in inventory.hosts.items():
            if host not in self.roles:
                mine = [name for name, group in inventory.groups.items() if host in group.hosts and name != "ungrouped"]
                near = difflib.get_close_matches(mine[0], ROLE_GROUPS, n=1) if mine else []
                inventory.problem(
                    line,
                    f"host {_shown(host)} is in none of [masters], [agents] and [public_agents]",
                    f"rename [{mine[0]}] to [{near[0]}]" if near else "move it to the group of its role",
                )
        if not self.readable:
            return  # the missing host may be on a line that could not be read
        masters = inventory.members("masters")
        group_line = inventory.groups["masters"].line if "masters" in inventory.groups else inventory.last_line
        if not masters:
            inventory.problem(group_line, "there is no master", "list one host, or three or five, in [masters]")
        elif len(masters) % 2 == 0:
            inventory.problem(
                group_line,
                f"{len(masters)} masters lose their quorum as soon as {len(masters) - 1} would",
                f"list an odd number of masters: {len(masters) - 1} or {len(masters) + 1}",
            )
        if not inventory.members("agents") and not inventory.members("public_agents"):
            group_line = inventory.groups["agents"].line if "agents" in inventory.groups else inventory.last_line
            inventory.problem(group_line, "there is no agent: nothing could run", "list at least one host in [agents]")

    # -- hosts ------------------------------------------------------------------------------------------------------

    def _host(self, name: str) -> HostSpec | None:
        inventory, line = self.inventory, self.inventory.hosts[name]
        variables = inventory.variables(name)
        role = min(self.roles[name], key=_ORDER.index)
        before = len(inventory.problems)
        if name.lower() in _TAKEN_NAMES:
            inventory.problem(
                line,
                f"a host cannot be called {name}: "
                + ("every machine calls itself so" if name.lower() == "localhost" else "a group is called so"),
                "give it a name of its own, such as " + ("m1" if role == "master" else "a1"),
            )
            return None
        if not _HOST_NAME.fullmatch(name):
            inventory.problem(
                line, f"{_shown(name)} is no host's name", "use letters, digits, hyphens and dots, 63 at most"
            )
            return None
        ssh = self._ssh(name, line, variables)
        address = self._address(name, line, variables)
        read: dict[str, Any] = {}
        for key, value in variables.items():
            if key in self.variables and self.variables[key].scope != "cluster":
                read[key] = self._parse(key, value)
        cpus: float | None = read.get("dcos_cpus", self._default("dcos_cpus", role))
        mem: int | None = read.get("dcos_mem", self._default("dcos_mem", role))
        disk: int | None = read.get("dcos_disk", self._default("dcos_disk", role))
        self._check_memory(name, line, role, variables, mem)
        self._check_by_provider(name, line, role, variables, address or "", cpus, mem, disk)
        if len(inventory.problems) > before or ssh is None or address is None:
            return None
        is_agent = role != "master"
        return HostSpec(
            name=name,
            address=address,
            roles=frozenset(self.roles[name]),
            ssh=ssh,
            cpus=cpus,
            mem_mb=mem,
            disk_mb=disk,
            attributes=(read.get("dcos_attributes") or {}) if is_agent else {},
            resources=read.get("dcos_resources") if is_agent else None,
            gpus=read.get("dcos_gpus", ()) if is_agent else (),
            late=not address,
            options={
                variable.name: variables[variable.name].text.strip()
                for variable in self.kind.variables
                if variable.scope != "cluster" and variable.name in variables and variable.name != "dcos_address"
            },
        )

    def _default(self, name: str, role: Role) -> Any:
        known = self.kind.defaults.get(name)
        return None if known is None else known.by_role.get(role)

    @property
    def _ssh_names(self) -> bool:
        """Whether SSH may use another address or a name of the machine."""
        return any(variable.name == "dcos_address" for variable in self.kind.variables)

    def _ssh(self, name: str, line: int, variables: dict[str, Value]) -> SshSpec | None:
        connect = variables.get("ansible_host", Value(name, line)).text
        if self._is_late(name, variables):
            connect = ""
        if not self.kind.ansible_variables:
            return SshSpec(address=connect)
        ok = True

        def wrong(value: Value, what: str, remedy: str) -> None:
            nonlocal ok
            ok = False
            self.inventory.problem(value.line, what, remedy)

        port = variables.get("ansible_port", Value("22", line))
        if not re.fullmatch(r"\d{1,5}", port.text, re.ASCII) or not 1 <= int(port.text) <= 65535:
            wrong(port, f"ansible_port={_shown(port.text)} is no port", "write a number from 1 to 65535")
        user = variables.get("ansible_user", Value("root", line))
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]{0,31}", user.text):
            wrong(user, f"ansible_user={_shown(user.text)} is no user's name", "write the name SSH logs in as")
        become = variables.get("ansible_become", Value("false", line))
        if become.text.lower() not in ("true", "yes", "1", "false", "no", "0"):
            wrong(become, f"ansible_become={_shown(become.text)} is not valid", "write true or false")
        becomes = become.text.lower() in ("true", "yes", "1")
        if ok and user.text != "root" and not becomes:
            wrong(
                user,
                f"ansible_user={user.text} is not root, and could change nothing",
                "add ansible_become=true (sudo must not ask for a password), or log in as root",
            )
        key = variables.get("ansible_ssh_private_key_file")
        identity = self._key_file(key, wrong) if key else None
        through = variables.get("ansible_ssh_common_args")
        jump = _jump(through.text) if through else ""
        if through and not jump:
            wrong(
                through,
                f"ansible_ssh_common_args={_shown(through.text)} is more than the way through other hosts",
                "write -J [user@]host[:port], several with commas, and nothing else; other settings of SSH go into your"
                " own ~/.ssh/config",
            )
        python = variables.get("ansible_python_interpreter")
        if python and not re.fullmatch(r"/[^\s]+", python.text):
            wrong(
                python,
                f"ansible_python_interpreter={_shown(python.text)} is no path",
                "write it from / on, or remove it",
            )
        if connect and not _HOST_NAME.fullmatch(connect) and not is_address(connect):
            wrong(variables.get("ansible_host", Value("", line)), f"{_shown(connect)} is no address", "write one")
        if not ok:
            return None
        return SshSpec(
            address=connect,
            port=int(port.text),
            user=user.text,
            identity_file=identity,
            jump=jump,
            become=becomes and user.text != "root",
            python=python.text if python else None,
        )

    def _key_file(self, value: Value, wrong: Any) -> Path | None:
        try:
            path = Path(value.text).expanduser()
        except RuntimeError:
            path = Path(value.text)
        if not path.is_absolute():
            path = self.inventory.path.resolve().parent / path
        return path

    def _is_late(self, name: str, variables: dict[str, Value]) -> bool:
        """Whether the inventory leaves the host's address to the provider."""
        said = "ansible_host" in variables or "dcos_address" in variables or is_address(name)
        return self.kind.gives_addresses and not said

    def _address(self, name: str, line: int, variables: dict[str, Value]) -> str | None:
        """The host's address; empty: the provider assigns one; None: there is a problem with it."""
        inventory = self.inventory
        if self._is_late(name, variables):
            return ""
        given = variables.get("dcos_address") if self._ssh_names else None
        source = given or variables.get("ansible_host") or Value(name, line)
        key = "dcos_address" if given else "ansible_host" if "ansible_host" in variables else ""
        if self._ssh_names and not is_address(source.text):
            if given is None:
                inventory.problem(
                    source.line,
                    f"host {name} has no IPv4 address that the other members could use",
                    f"add ansible_host={self._free_address(name)}, or dcos_address= where SSH uses a name",
                )
            else:
                self._parse("dcos_address", source)
            return None
        if not key and not is_address(name):
            free = self._free_address(name)
            inventory.problem(line, f"host {name} has no address", f"write: {name} ansible_host={free}")
            return None
        try:
            address = host_address(source.text)
        except ValueError as error:
            inventory.problem(source.line, f"{key or name}={_shown(source.text)} is not valid", f"write {error}")
            return None
        return address

    def _free_address(self, host: str) -> str:
        if self.free is None:
            self.free = FreeAddresses(self.inventory, self.kind.suggestions(self.options))
        return self.free.of(host)

    def _check_memory(self, name: str, line: int, role: Role, variables: dict[str, Value], mem: int | None) -> None:
        if mem is None or mem >= _LEAST_MEMORY[role]:
            return
        self.inventory.problem(
            variables["dcos_mem"].line if "dcos_mem" in variables else line,
            f"dcos_mem={mem} is too little for {name}: a{'n' if role == 'agent' else ''} {role.replace('_', ' ')}"
            f" needs {_LEAST_MEMORY[role]} MiB",
            f"write dcos_mem={_LEAST_MEMORY[role]} or more",
        )

    def _check_by_provider(
        self,
        name: str,
        line: int,
        role: Role,
        variables: dict[str, Value],
        address: str,
        cpus: float | None,
        mem: int | None,
        disk: int | None,
    ) -> None:
        # A problem with a variable of the whole cluster is reported by itself, not for each host.
        cluster_wide = self.inventory.groups["all"].variables
        known = all(
            variable.name in self.settings or variable.name not in cluster_wide
            for variable in self.kind.variables
            if variable.scope == "cluster"
        )
        view = HostView(name, role, address if known else "", cpus, mem, disk, lambda: self._free_address(name))
        for finding in self.kind.host_findings(view, self.options, self.limits):
            said = variables.get(finding.about)
            self.inventory.problem(said.line if said else line, finding.what, finding.remedy)

    def _check_all_by_provider(self) -> None:
        variables = self.inventory.groups["all"].variables
        for finding in self.kind.cluster_findings(len(self.roles), self.options):
            said = variables.get(finding.about)
            line = said.line if said else max(self.inventory.hosts.values())
            self.inventory.problem(line, finding.what, finding.remedy)

    def _check_addresses(self) -> None:
        first: dict[str, str] = {}
        for name, line in self.inventory.hosts.items():
            if name.lower() in first and name != first[name.lower()]:
                self.inventory.problem(
                    line, f"hosts {first[name.lower()]} and {name} differ by case alone", "give them different names"
                )
            first.setdefault(name.lower(), name)
        for line, message, remedy in clashes(self.inventory):
            self.inventory.problem(line, message, remedy)

    def _check_bridge(self, hosts: Sequence[HostSpec]) -> None:
        """Containers behind a bridge cannot reach a machine that has an address of theirs."""
        given = self.settings.get("dcos_bridge_network")
        for host in hosts:
            if given and host.address and IPv4Address(host.address) in IPv4Network(given):
                self.inventory.problem(
                    self.inventory.hosts[host.name],
                    f"{host.name} has the address {host.address}, and dcos_bridge_network={given} has it, too",
                    "give the bridge a network in which no machine is, such as dcos_bridge_network=198.19.128.0/18",
                )


_JUMP = r"(?:[A-Za-z_][A-Za-z0-9_.-]*@)?[A-Za-z0-9][A-Za-z0-9.-]*(?::\d{1,5})?"
_THROUGH = re.compile(rf"(?:-J\s*|-o\s*ProxyJump\s*=\s*)({_JUMP}(?:,{_JUMP})*)", re.ASCII)


def _jump(arguments: str) -> str:
    """The jump hosts in ssh's arguments; empty if these contain anything else."""
    words = arguments.replace('"', "").replace("'", "").strip()
    match = _THROUGH.fullmatch(words)
    return match[1] if match else ""


def _all_variables(inventory: Inventory) -> Iterable[tuple[str, Value, str]]:
    """All variables that are set anywhere, each with its value and the group it is set for (for a host: its role's
    group).
    """
    for group in inventory.groups.values():
        for name, value in group.variables.items():
            yield name, value, group.name
    masters = inventory.members("masters")
    for host, own in inventory.host_variables.items():
        for name, value in own.items():
            yield name, value, "masters" if host in masters else "host"


def _refuse_variable_files(inventory: Inventory) -> None:
    """Ansible would read ``group_vars`` and ``host_vars`` beside the inventory; the installer reads only one file."""
    for folder in ("group_vars", "host_vars"):
        for path in sorted((inventory.path.parent / folder).glob("**/*")):
            try:
                lines = path.read_text(errors="replace").split("\n") if path.is_file() else []
            except OSError:
                lines = []
            for number, line in enumerate(lines, start=1):
                if re.match(r"\s*dcos_\w+\s*:", line):
                    inventory.problems.append(
                        Problem(
                            path,
                            number,
                            f"{line.strip().partition(':')[0]} would be read by Ansible but not by the installer",
                            f"move it to {inventory.path.name}, into a [group:vars] section",
                        )
                    )


def _line_of_all(inventory: Inventory) -> int:
    lines = [value.line for value in inventory.groups["all"].variables.values()]
    return min(lines) - 1 if lines else inventory.last_line


def _nearest(name: str, known: Iterable[str]) -> str:
    short = {candidate.removeprefix("dcos_"): candidate for candidate in known}
    close = difflib.get_close_matches(name.removeprefix("dcos").lstrip("_"), short, n=1)
    return f"did you mean {short[close[0]]}?" if close else "remove it; docs/inventory.md lists all"


def _shown(text: str) -> str:
    """The text for an error: of limited length, on one line, without the password in a URL."""
    blanked = without_credentials(text)
    return blanked if blanked.isprintable() and len(blanked) <= 60 else repr(blanked[:60])
