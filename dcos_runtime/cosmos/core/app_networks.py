"""Networks and port mappings of a package's app in the form in which the init keeps and shows them. Pure.

Which old forms there are, and what becomes of them, is Marathon's, as at the init (docs/init.md, *Networks of apps*).
What no init takes stands for nothing here: the init says what is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dcos_universe.model import Json

_MODES = {"HOST": "host", "BRIDGE": "container/bridge", "USER": "container"}
_DISCOVERED = (("containerPort", "number"), ("name", "name"), ("protocol", "protocol"))


def completed(app: Mapping[str, Any]) -> Json:
    """The definition with ``networks`` instead of the old fields, and with all mappings that the init makes of it."""
    made = dict(app)
    container, address = _object(made.get("container")), made.pop("ipAddress", None)
    docker = _object(container.get("docker"))
    kind, old = str(docker.pop("network", None)), docker.pop("portMappings", None)
    if docker:
        container["docker"] = docker
    if networks := made.get("networks") or _networks_of(kind, address):
        made["networks"] = networks
    mode = _mode(networks)
    if mode == "host":
        container.pop("portMappings", None)
    else:
        given = container.get("portMappings") if container.get("portMappings") or old is None else old
        mappings = [*(_list(given) or _discovered(address))]
        ports = _list(made.pop("portDefinitions", None))
        if given is None and not mappings and not ports:
            mappings = [{"name": "default"}]
        mappings += [_mapping(_object(port)) for port in ports[len(mappings) :]]
        filled = {"containerPort": 0, "servicePort": 0, **({} if mode == "container" else {"hostPort": 0})}
        container["portMappings"] = [{**filled, **_object(one)} for one in mappings]
        made["requirePorts"] = False
    if container or made.get("container") is not None:
        made["container"] = container
    return made


def _object(value: Any) -> Json:
    return dict(value) if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _networks_of(kind: str, address: Any) -> list[Json]:
    if not isinstance(address, Mapping):
        return [{"mode": _MODES[kind]}] if kind in _MODES else []
    name, labels = address.get("networkName"), address.get("labels")
    mode = _MODES.get(kind, "container/bridge" if name == "mesos-bridge" else "container")
    named = {"name": name} if name is not None and mode == "container" else {}
    return [{"mode": mode, **named, **({"labels": labels} if labels else {})}]


def _mapping(port: Json) -> Json:
    """The mapping that a port of the machine becomes in another network."""
    return {"servicePort" if name == "port" else name: value for name, value in port.items()}


def _discovered(address: Any) -> list[Json]:
    ports = _list(_object(_object(address).get("discovery")).get("ports"))
    return [{name: one[source] for name, source in _DISCOVERED if source in one} for one in map(_object, ports)]


def _mode(networks: Any) -> str:
    """The mode of its networks, which all have the same."""
    first = _object(_list(networks)[0]) if _list(networks) else {"mode": "host"}
    return str(first.get("mode", "container"))
