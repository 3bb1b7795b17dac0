"""Containers and checks without their secrets, as pages such as `/state` show them."""

from __future__ import annotations

import msgspec

from dcos_runtime.wire.common import Parameter, Secret
from dcos_runtime.wire.containers import ContainerInfo, Image, Volume
from dcos_runtime.wire.tasks import HealthCheck

replace = msgspec.structs.replace


def without_secrets(container: ContainerInfo) -> ContainerInfo:
    """The same without credentials of images, values of secrets, and values of variables in Docker's parameters."""
    if container.docker is not None and container.docker.parameters:
        parameters = [_parameter(one) for one in container.docker.parameters]
        container = replace(container, docker=replace(container.docker, parameters=parameters))
    if container.mesos is not None and container.mesos.image is not None:
        container = replace(container, mesos=replace(container.mesos, image=_image(container.mesos.image)))
    if container.volumes:
        container = replace(container, volumes=[_volume(one) for one in container.volumes])
    return container


def check_without_secrets(check: HealthCheck) -> HealthCheck:
    """The same without the variables and URIs of its command: either may hold a secret."""
    if check.command is None:
        return check
    return replace(check, command=replace(check.command, environment=None, uris=[]))


def _parameter(one: Parameter) -> Parameter:
    name, equals, _ = one.value.partition("=")
    return Parameter(key=one.key, value=name + equals) if one.key in ("env", "e") else one


def _image(image: Image) -> Image:
    docker = image.docker
    if docker is None or (docker.config is None and docker.credential is None):
        return image
    credential = None if docker.credential is None else replace(docker.credential, secret=None)
    config = None if docker.config is None else _secret(docker.config)
    return replace(image, docker=replace(docker, credential=credential, config=config))


def _secret(secret: Secret) -> Secret:
    return replace(secret, value=None)


def _volume(volume: Volume) -> Volume:
    if volume.image is not None:
        volume = replace(volume, image=_image(volume.image))
    source = volume.source
    if source is None:
        return volume
    if source.secret is not None:
        source = replace(source, secret=_secret(source.secret))
    if source.csi_volume is not None and (given := source.csi_volume.static_provisioning) is not None:
        hidden = replace(given, node_stage_secrets={}, node_publish_secrets={})
        source = replace(source, csi_volume=replace(source.csi_volume, static_provisioning=hidden))
    return replace(volume, source=source)
