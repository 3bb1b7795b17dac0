"""An app's container as the kernel is told of it: the image, what is run in it, and its variables."""

from __future__ import annotations

from typing import Any

from dcos_runtime.marathon.core import taskinfo
from dcos_runtime.marathon.core.definition import DefinitionRules, complete
from dcos_runtime.wire.tasks import TaskInfo


def built(**data: Any) -> TaskInfo:
    app = complete({"id": "/a", **data}, None, DefinitionRules())
    return taskinfo.build(app, "t", "agent", "host", [31000], [])


def test_an_image_is_passed_on_in_either_type() -> None:
    mesos = built(
        cmd="x",
        container={"docker": {"image": "i:1", "forcePullImage": True, "credential": {"principal": "p", "secret": "s"}}},
    ).container
    assert mesos is not None and mesos.type.value == "MESOS" and mesos.docker is None and mesos.mesos is not None
    image = mesos.mesos.image
    assert image is not None and image.docker is not None and image.cached is False
    assert (image.type.value, image.docker.name) == ("DOCKER", "i:1")
    assert image.docker.credential is not None and image.docker.credential.secret == "s"
    parameters = [{"key": "env", "value": "A=b"}, {"key": "env", "value": "C=d"}]
    docker = {"image": "i:1", "privileged": True, "parameters": parameters}
    asked = built(cmd="x", container={"type": "DOCKER", "docker": docker}).container
    assert asked is not None and asked.type.value == "DOCKER" and asked.mesos is None and asked.docker is not None
    assert (asked.docker.image, asked.docker.privileged, asked.docker.force_pull_image) == ("i:1", True, False)
    assert [(one.key, one.value) for one in asked.docker.parameters] == [("env", "A=b"), ("env", "C=d")]
    assert built(cmd="x", container={"type": "MESOS"}).container is None


def test_volumes_are_passed_on_with_and_without_an_image() -> None:
    volume = {"containerPath": "data", "hostPath": "/srv/data", "mode": "RO"}
    for docker in (None, {"image": "i"}):
        for kind in ("MESOS", "DOCKER") if docker else ("MESOS",):
            given = {"type": kind, "volumes": [volume], **({"docker": docker} if docker else {})}
            made = built(cmd="x", container=given).container
            assert made is not None and made.type.value == kind
            (one,) = made.volumes
            assert (one.container_path, one.host_path, one.mode.value) == ("data", "/srv/data", "RO")


def test_arguments_are_for_the_program_that_the_image_names() -> None:
    container = {"docker": {"image": "i"}}
    for given, expected in (
        ({"args": ["a", "b"]}, (False, None, ["a", "b"])),
        ({"cmd": "x y"}, (True, "x y", [])),
        ({}, (False, None, [])),
    ):
        command = built(**given, container=container).command
        assert command is not None and (command.shell, command.value, list(command.arguments)) == expected
    plain = built(args=["a", "b"]).command
    assert plain is not None and (plain.value, list(plain.arguments)) == ("a", ["a", "b"])


def test_a_task_knows_its_image() -> None:
    def variables(**data: Any) -> dict[str, str | None]:
        command = built(cmd="x", **data).command
        assert command is not None and command.environment is not None
        return {one.name: one.value for one in command.environment.variables}

    assert variables(container={"docker": {"image": "r.example/i:1"}})["MARATHON_APP_DOCKER_IMAGE"] == "r.example/i:1"
    assert "MARATHON_APP_DOCKER_IMAGE" not in variables()
