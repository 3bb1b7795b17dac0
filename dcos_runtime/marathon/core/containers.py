"""The container of an app: what a client may say of it, how it is kept, and the ContainerInfo made of it. Pure.

It is kept as Marathon shows it: ``{"type", "volumes", "docker"}``, where `docker` has its defaults filled in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from dcos_runtime.marathon.core.app import App, TaskPort
from dcos_runtime.marathon.core.fields import NOT_HERE, Fields
from dcos_runtime.marathon.core.networks import BRIDGE
from dcos_runtime.wire.common import Credential, Label, Labels, Parameter
from dcos_runtime.wire.containers import ContainerInfo, Image, NetworkInfo, Volume

Docker = ContainerInfo.DockerInfo

MOST_VOLUMES, MOST_PARAMETERS = 100, 1_000
LONGEST_IMAGE = 1_024
"""Characters of an image's name; a registry takes a quarter of them."""


def read(container: Fields | None) -> dict[str, Any] | None:
    if container is None:
        return None
    kind = container.one_of("type", ("MESOS", "DOCKER"), "MESOS")
    if container.has("appc"):
        container.problem("appc", f"appc images are {NOT_HERE}; use an image of docker")
    container.ignore(("appc",))
    docker = container.object("docker")
    if docker is None and kind == "DOCKER":
        container.problem("docker", "undefined; type DOCKER needs an image")
    volumes = container.objects("volumes", _volume, MOST_VOLUMES)
    container.ignore(("portMappings",))  # `networks` reads them, and those of docker
    container.refuse("linuxInfo", ({},), f"Linux options are {NOT_HERE}")
    container.unknown()
    found: dict[str, Any] = {"type": kind, "volumes": volumes}
    if docker is not None:
        found["docker"] = _docker(docker, kind)
    return found


def plain() -> dict[str, Any]:
    """The container of an app that says nothing of it and is in a network of its own: that is shown with one."""
    return {"type": "MESOS", "volumes": []}


def _volume(fields: Fields) -> dict[str, str]:
    for kind in ("persistent", "external", "secret"):
        fields.refuse(kind, (), f"{kind} volumes are {NOT_HERE}; only those with a hostPath are")
    found = {"containerPath": fields.text("containerPath", least=1), "hostPath": fields.text("hostPath", least=1)}
    for name, path in found.items():
        if path is None:
            fields.problem(name, "undefined")
        elif ".." in path.split("/"):
            fields.problem(name, "must not lead upwards (..)")
    return {**{name: path or "" for name, path in found.items()}, "mode": fields.one_of("mode", ("RW", "RO"), "RW")}


def _docker(docker: Fields, kind: str) -> dict[str, Any]:
    image = docker.text("image", least=1)
    if image is None:
        docker.problem("image", "undefined")
    elif len(image) > LONGEST_IMAGE:
        docker.problem("image", f"has {len(image)} characters, and may have {LONGEST_IMAGE}")
    found: dict[str, Any] = {"image": image or "", "forcePullImage": docker.flag("forcePullImage", False)}
    privileged = docker.flag("privileged", False)
    parameters = docker.objects("parameters", _parameter, MOST_PARAMETERS)
    credential = docker.object("credential")
    if kind == "DOCKER":
        found |= {"privileged": privileged, "parameters": parameters}
        if credential is not None:
            docker.problem("credential", "goes with type MESOS, as in Marathon; it runs the same image")
    elif privileged or parameters:
        docker.problem("privileged" if privileged else "parameters", "goes with type DOCKER, as in Marathon")
    if credential is not None:
        found["credential"] = _credential(credential)
    docker.refuse("pullConfig", (), f"secrets are {NOT_HERE}; give docker.credential, or the agents' --docker_config")
    docker.ignore(("portMappings", "network"))
    docker.unknown()
    return found


def _parameter(fields: Fields) -> dict[str, str]:
    key, value = fields.text("key", least=1), fields.text("value")
    for name, text in (("key", key), ("value", value)):
        if text is None:
            fields.problem(name, "undefined")
    return {"key": key or "", "value": value or ""}


def _credential(fields: Fields) -> dict[str, str]:
    principal, secret = fields.text("principal", least=1), fields.text("secret")
    if principal is None:
        fields.problem("principal", "undefined")
    fields.unknown()
    return {"principal": principal or "", **({} if secret is None else {"secret": secret})}


def image_of(container: Mapping[str, Any] | None) -> str | None:
    """The name of a container's image."""
    docker = container.get("docker") if container is not None else None
    return docker["image"] if docker else None


def info(app: App, host_ports: Sequence[int]) -> ContainerInfo | None:
    """What the kernel is told of it; ``None``: nothing, a container without image, volumes and networks is the usual
    one.
    """
    made = _without_networks(app.container)
    if app.mode == "host":
        return made
    made = made or ContainerInfo(type=ContainerInfo.Type.MESOS)
    ports, replace = [one for one in app.task_ports(host_ports) if one.host is not None], msgspec.structs.replace
    if made.docker is None:
        return replace(made, network_infos=_network_infos(app, ports))
    bridge = app.mode == "container/bridge"
    docker = replace(
        made.docker,
        network=Docker.Network.BRIDGE if bridge else Docker.Network.USER,
        port_mappings=[
            Docker.PortMapping(host_port=one.host or 0, container_port=one.container or 0, protocol=protocol)
            for one in ports
            for protocol in one.of.protocol.split(",")
        ],
    )
    named = [NetworkInfo(name=one.name, labels=_labels(one.labels)) for one in app.networks]
    return replace(made, docker=docker, network_infos=[] if bridge else named)


def _network_infos(app: App, ports: Sequence[TaskPort]) -> list[NetworkInfo]:
    return [
        NetworkInfo(
            name=network.name or BRIDGE,
            labels=_labels(network.labels),
            port_mappings=[
                NetworkInfo.PortMapping(host_port=one.host or 0, container_port=one.container or 0, protocol=protocol)
                for one in ports
                if network.name in (getattr(one.of, "network_names", ()) or (network.name,))
                for protocol in one.of.protocol.split(",")
            ],
        )
        for network in app.networks
    ]


def _labels(labels: Mapping[str, str]) -> Labels | None:
    return Labels(labels=[Label(key=key, value=value) for key, value in labels.items()]) if labels else None


def _without_networks(container: Mapping[str, Any] | None) -> ContainerInfo | None:
    docker = container.get("docker") if container is not None else None
    if container is None or not (docker or container["volumes"]):
        return None
    volumes = [
        Volume(container_path=one["containerPath"], host_path=one["hostPath"], mode=Volume.Mode[one["mode"]])
        for one in container["volumes"]
    ]
    if not docker:
        return ContainerInfo(type=ContainerInfo.Type.MESOS, volumes=volumes)
    if container["type"] == "DOCKER":
        asked = Docker(
            image=docker["image"],
            network=Docker.Network.HOST,
            privileged=docker["privileged"],
            force_pull_image=docker["forcePullImage"],
            parameters=[Parameter(**parameter) for parameter in docker["parameters"]],
        )
        return ContainerInfo(type=ContainerInfo.Type.DOCKER, docker=asked, volumes=volumes)
    credential = Credential(**docker["credential"]) if "credential" in docker else None
    image = Image(
        type=Image.Type.DOCKER,
        docker=Image.Docker(name=docker["image"], credential=credential),
        cached=not docker["forcePullImage"],
    )
    return ContainerInfo(type=ContainerInfo.Type.MESOS, mesos=ContainerInfo.MesosInfo(image=image), volumes=volumes)


def with_texts(info: ContainerInfo, change: Callable[[str], str]) -> ContainerInfo:
    """The same with other texts where clients may have written secrets: credentials, and values of parameters."""
    replace = msgspec.structs.replace
    docker, image = info.docker, info.mesos.image if info.mesos is not None else None
    if docker is not None:
        parameters = [Parameter(key=one.key, value=change(one.value)) for one in docker.parameters]
        return replace(info, docker=replace(docker, parameters=parameters))
    if image is None or image.docker is None or (given := image.docker.credential) is None:
        return info
    secret = None if given.secret is None else change(given.secret)
    named = replace(image.docker, credential=Credential(principal=change(given.principal), secret=secret))
    return replace(info, mesos=ContainerInfo.MesosInfo(image=replace(image, docker=named)))
