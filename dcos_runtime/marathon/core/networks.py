"""An app's networks and mapped ports as clients give them: legacy forms migrated, defaults filled in. Pure.

What is migrated, and to what, is Marathon's (its ``AppNormalization``, and docs/networking.md, of 1.5 and later).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from dcos_runtime.marathon.core.app import Network, PortDefinition, PortMapping
from dcos_runtime.marathon.core.fields import NOT_HERE, Fields
from dcos_runtime.wire.quoting import shown

MODES = ("container", "container/bridge", "host")
PROTOCOLS = ("tcp", "udp", "udp,tcp", "tcp,udp")
MOST_NETWORKS, MOST_MAPPINGS, MOST_LABELS = 32, 1_000, 10_000
PORT_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_HOST = [Network(mode="host")]
BRIDGE = "mesos-bridge"
"""The name of the agents' own bridge (docs/agent.md, *Networks*)."""


def read(
    fields: Fields, container: Fields | None, definitions: Sequence[PortDefinition]
) -> tuple[list[Network], list[PortMapping]]:
    """The networks, and the port mappings, which only container networks have.

    ``definitions``: those given of the machine's ports; in another network, what is beyond the mappings becomes one.
    """
    given = fields.objects("networks", _network, MOST_NETWORKS)
    docker = container.object("docker") if container is not None and isinstance(container.raw("docker"), dict) else None
    old, discovered = _legacy(fields, docker)
    if given and old is not None and (given != old if fields.has("ipAddress") else _modes(given) != _modes(old)):
        fields.problem("networks", "cannot be given together with other ones in ipAddress or container.docker.network")
    networks = given or old or list(_HOST)
    _check_networks(fields, networks, container, "networks({})/name" if given else "ipAddress/networkName")
    mappings = _mappings(fields, container, docker)
    if discovered:
        if mappings:
            fields.problem("ipAddress/discovery/ports", "cannot be given together with container.portMappings")
        mappings = discovered
    if networks[0].mode == "host":
        if mappings:
            text = "port mappings go with networks of the mode container or container/bridge; use portDefinitions"
            fields.problem("container/portMappings", text)
        return networks, []
    if mappings is None:
        mappings = [PortMapping(name="default")] if not definitions else []
    mappings = _with_definitions(fields, mappings, definitions)
    if networks[0].mode == "container/bridge":
        mappings = [one if one.host_port is not None else one.mapped(0) for one in mappings]
    _check_mappings(fields, networks, mappings)
    return networks, mappings


def _with_definitions(
    fields: Fields, mappings: Sequence[PortMapping], definitions: Sequence[PortDefinition]
) -> list[PortMapping]:
    """The mappings, and those of further definitions, whose ports are service ports: in Marathon these are without any
    of what was defined, here nothing is dropped.
    """
    found = []
    for one, mapping in zip(definitions, mappings, strict=False):
        allowed = (
            one.port in (0, mapping.service_port or one.port)
            and one.protocol in ("tcp", mapping.protocol)
            and one.name in (None, "default", mapping.name)
            and one.labels in ({}, mapping.labels)
        )
        if not allowed:
            text = "contradict container.portMappings, which count in the app's networks; leave them out"
            fields.problem("portDefinitions" if fields.has("portDefinitions") else "ports", text)
        found.append(msgspec.structs.replace(mapping, service_port=mapping.service_port or one.port))
    return [
        *found,
        *mappings[len(found) :],
        *(
            PortMapping(service_port=one.port, protocol=one.protocol, name=one.name, labels=one.labels)
            for one in definitions[len(mappings) :]
        ),
    ]


def _network(fields: Fields) -> Network:
    return Network(
        mode=fields.one_of("mode", MODES, "container"),
        name=fields.text("name", least=1),
        labels=fields.text_map("labels", MOST_LABELS),
    )


def _legacy(fields: Fields, docker: Fields | None) -> tuple[list[Network] | None, list[PortMapping]]:
    """The networks of ``container.docker.network`` and ``ipAddress``, if any is given, and the ports of the latter."""
    kind = docker.one_of("network", ("HOST", "BRIDGE", "NONE", "USER"), "") if docker is not None else ""
    if kind == "NONE" and docker is not None:
        docker.problem("network", f"NONE is {NOT_HERE}; use HOST, BRIDGE or USER")
    address = fields.object("ipAddress")
    if address is None:
        networks = {"HOST": _HOST, "BRIDGE": [Network(mode="container/bridge")], "USER": [Network(mode="container")]}
        return networks.get(kind), []
    name, labels = address.text("networkName", least=1), address.text_map("labels", MOST_LABELS)
    address.refuse("groups", ([],), f"groups of networks are {NOT_HERE}; use labels")
    discovery, ports = address.object("discovery"), []
    if discovery is not None:
        ports = discovery.objects("ports", _discovered, MOST_MAPPINGS)
        discovery.unknown()
    address.unknown()
    if kind == "HOST":
        return [Network(mode="host", name=name, labels=labels)], ports
    if kind == "BRIDGE" or (name == BRIDGE and kind != "USER"):
        return [Network(mode="container/bridge", name=None if name == BRIDGE else name, labels=labels)], ports
    return [Network(mode="container", name=name, labels=labels)], ports


def _modes(networks: list[Network]) -> list[str]:
    return [one.mode for one in networks]


def _discovered(fields: Fields) -> PortMapping:
    return PortMapping(
        container_port=fields.integer("number", 0, 0, 65535), protocol=_protocol(fields), name=_name(fields)
    )


def _protocol(fields: Fields) -> str:
    return fields.one_of("protocol", PROTOCOLS, "tcp").replace("tcp,udp", "udp,tcp")


def _name(fields: Fields) -> str | None:
    name = fields.text("name")
    if name is not None and not PORT_NAME.fullmatch(name):
        fields.problem("name", f"must fully match regular expression '^{PORT_NAME.pattern}$'")
    return name


def _mappings(fields: Fields, container: Fields | None, docker: Fields | None) -> list[PortMapping] | None:
    old = docker.objects("portMappings", _mapping, MOST_MAPPINGS) if docker is not None else []
    own = container.objects("portMappings", _mapping, MOST_MAPPINGS) if container is not None else []
    if old and own:
        fields.problem("container/portMappings", "cannot be given together with container.docker.portMappings")
    given = any(part is not None and part.has("portMappings") for part in (container, docker))
    return (own or old) if given else None


def _mapping(fields: Fields) -> PortMapping:
    return PortMapping(
        container_port=fields.integer("containerPort", 0, 0, 65535),
        host_port=fields.optional_integer("hostPort", 0, 65535),
        service_port=fields.integer("servicePort", 0, 0, 65535),
        protocol=_protocol(fields),
        name=_name(fields),
        labels=fields.text_map("labels", MOST_LABELS),
        network_names=fields.texts("networkNames", MOST_NETWORKS),
    )


def _check_networks(fields: Fields, networks: list[Network], container: Fields | None, named: str) -> None:
    """``named``: where a network's name is to be given, by its index."""
    modes = {one.mode for one in networks}
    if len(modes) > 1:
        fields.problem("networks", "modes cannot be mixed")
    elif len(networks) > 1 and modes != {"container"}:
        fields.problem("networks", f"there may be one network of the mode {networks[0].mode} only")
    elif len(networks) > 1 and container is not None and container.raw("type") == "DOCKER":
        fields.problem("networks", "a container of type DOCKER may have one network only")
    for index, one in enumerate(networks):
        if one.mode == "container" and one.name is None:
            fields.problem(named.format(index), "undefined; a network of the mode container needs a name")
        if one.mode != "container" and one.name is not None:
            fields.problem(named.format(index), f"a network of the mode {one.mode} has no name")
    names = [one.name for one in networks if one.name is not None]
    if len(set(names)) != len(names):
        fields.problem("networks", "names of networks must be unique")


def _check_mappings(fields: Fields, networks: list[Network], mappings: list[PortMapping]) -> None:
    for what, values in (
        ("Host ports", [one.host_port for one in mappings if one.host_port]),
        ("Service ports", [one.service_port for one in mappings if one.service_port]),
        ("Port names", [one.name for one in mappings if one.name]),
    ):
        if len(set(values)) != len(values):
            fields.problem("container/portMappings", f"{what} must be unique.")
    names = {one.name for one in networks if one.name is not None}
    for index, one in enumerate(mappings):
        path = f"container/portMappings({index})"
        if unknown := sorted(set(one.network_names) - names):
            fields.problem(f"{path}/networkNames", f"the app has no network of the name '{shown(unknown[0])}'")
        if one.host_port is not None and len(networks) > 1 and len(one.network_names) != 1:
            text = "a mapping to a host port must name one network, as the app has several"
            fields.problem(f"{path}/networkNames", text)
