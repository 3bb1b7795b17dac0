"""What tasks ask for beside their image: parameters of docker run, credentials, capabilities; and their refusal."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from dcos_runtime.agent.core import docker_parameters
from dcos_runtime.agent.core.capabilities import EVERY, IN_ORDER, USUAL, Capability, Policy, of_mask
from dcos_runtime.agent.core.docker_parameters import DockerOptions
from dcos_runtime.agent.core.model import Settings
from dcos_runtime.agent.core.reading import task
from dcos_runtime.agent.core.refusal import refused
from dcos_runtime.agent.core.task_request import TaskRequest
from dcos_runtime.agent.images import credentials, running
from dcos_runtime.agent.images.documents import ImageConfig
from dcos_runtime.agent.images.errors import ImageError
from dcos_runtime.wire.cluster import AgentInfo
from dcos_runtime.wire.common import Credential, Parameter


def options(*pairs: tuple[str, str]) -> DockerOptions:
    return docker_parameters.read(Parameter(key=key, value=value) for key, value in pairs)


def test_parameters_are_read_as_docker_run_reads_them() -> None:
    found = options(
        ("env", "A=1"), ("env", "B=x=y"), ("entrypoint", "/bin/own"), ("user", "app:web"), ("workdir", "/srv"),
        ("cap-add", "net_raw"), ("cap-add", "CAP_SYS_PTRACE"), ("cap-drop", "ALL"), ("read-only", "true"),
        ("init", "true"), ("rm", ""), ("tmpfs", "/run:size=64m,mode=1777,noexec"), ("tmpfs", "/var/tmp"),
    )  # fmt: skip
    assert found == DockerOptions(
        entrypoint="/bin/own",
        environment=("A=1", "B=x=y"),
        user="app:web",
        workdir="/srv",
        added=frozenset({Capability.NET_RAW, Capability.SYS_PTRACE}),
        dropped=EVERY,
        read_only=True,
        tmpfs={
            "/run": ("nosuid", "nodev", f"size={64 << 20}", "mode=1777", "noexec"),
            "/var/tmp": ("nosuid", "nodev"),
        },
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("cap-add", "NET_ROW"), ("read-only", "maybe"), ("init", "false"), ("rm", "0"), ("workdir", "srv"),
        ("tmpfs", "run"), ("tmpfs", "/"), ("tmpfs", "/a/../b"), ("tmpfs", "/a:size=all"), ("tmpfs", "/a:uid=0,suid"),
        ("env", "SECRET"), ("env", "=SECRET"), ("env", "A=SECRET\0"), ("user", "a\0b"),
    ],
)  # fmt: skip
def test_values_that_are_none_are_refused_without_a_secret(key: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"the parameter {key}") as caught:
        options((key, value))
    assert "SECRET" not in str(caught.value)


def test_parameters_stand_in_place_of_what_the_image_says() -> None:
    image = ImageConfig(entrypoint=["/e"], cmd=["c"], env=["A=0", "B=0"], user="app", working_dir="/srv")
    own = running.configured(image, options(("entrypoint", "/mine"), ("env", "A=1"), ("user", "0"), ("workdir", "/")))
    assert own == ImageConfig(entrypoint=["/mine"], cmd=None, env=["A=0", "B=0", "A=1"], user="0", working_dir="/")
    assert running.configured(image, options(("entrypoint", ""))).entrypoint is None
    assert running.configured(image, options(("init", "true"))) == image


def test_capabilities_are_added_and_dropped_as_docker_does_it() -> None:
    allowing = Policy(allowed=frozenset({*USUAL, Capability.NET_RAW}))
    raw, chown = frozenset({Capability.NET_RAW}), frozenset({Capability.CHOWN})
    assert set(allowing.of_docker(raw, chown, True).effective) == {f"CAP_{one.value}" for one in (USUAL | raw) - chown}
    assert allowing.of_docker(raw, EVERY, True).bounding == ("CAP_NET_RAW",)
    assert allowing.of_docker(frozenset(), chown, False).effective == ()
    with pytest.raises(ValueError, match="NET_RAW are not allowed"):
        Policy().of_docker(raw, frozenset(), True)


def test_capabilities_have_the_kernel_numbers() -> None:
    """Of linux/capability.h."""
    numbers = {"CHOWN": 0, "SETPCAP": 8, "SYS_ADMIN": 21, "MKNOD": 27, "SETFCAP": 31, "CHECKPOINT_RESTORE": 40}
    assert {name: IN_ORDER.index(Capability(name)) for name in numbers} == numbers
    assert of_mask(1 << 21 | 1).effective == ("CAP_CHOWN", "CAP_SYS_ADMIN")


def test_credentials_of_a_task_hold_tokens_only() -> None:
    """A helper or a store would be a program that the agent runs."""
    given = {
        "auths": {"r.example": {"auth": "dTpw", "email": "x"}},
        "credHelpers": {"r.example": "/tmp/evil"},
        "credsStore": "evil",
    }
    clean = {"auths": {"r.example": {"auth": "dTpw"}}}
    assert json.loads(credentials.of_config(json.dumps(given).encode())) == clean
    assert json.loads(credentials.of_config(json.dumps(given["auths"]).encode())) == clean
    token = base64.b64encode(b"me:s3cret").decode()
    made = credentials.of_principal("r.example:5000", Credential(principal="me", secret="s3cret"))
    assert json.loads(made) == {"auths": {"r.example:5000": {"auth": token}}}
    for wrong in (b"", b"[]", b'"x"', b'{"auths": 3}', b"{" * 100000, b" " * (1 << 20)):
        with pytest.raises(ImageError):
            credentials.of_config(wrong)


def asked(container: dict[str, Any]) -> TaskRequest:
    found = task(json.dumps({"task_id": {"value": "t"}, "command": {"value": "x"}, "container": container}).encode())
    assert isinstance(found, TaskRequest)
    return found


def docker(**more: Any) -> TaskRequest:
    return asked({"type": "DOCKER", "docker": {"image": "i", **more}})


def settings(*, privileged: bool = False) -> Settings:
    return Settings(
        AgentInfo(hostname="a"), "", "", "", "linux", image_providers=frozenset({"docker"}), privileged=privileged
    )


def test_a_parameter_that_is_not_honoured_is_an_error_of_the_task() -> None:
    wrong = refused(
        docker(parameters=[{"key": "env", "value": "A=b"}, {"key": "volumes-from", "value": "x"}]), settings()
    )
    assert wrong is not None and wrong.invalid and "'volumes-from'" in wrong.message and "cap-add" in wrong.message
    honoured = [{"key": key, "value": ""} for key in docker_parameters.HONOURED]
    assert refused(docker(parameters=honoured), settings()) is None


def test_privileged_wants_the_operators_consent() -> None:
    wrong = refused(docker(privileged=True), settings())
    assert wrong is not None and not wrong.invalid and "--allow_privileged" in wrong.message
    assert refused(docker(privileged=True), settings(privileged=True)) is None
    assert refused(docker(privileged=False), settings()) is None


def test_a_secret_that_would_have_to_be_resolved_is_refused() -> None:
    def image(config: dict[str, Any]) -> TaskRequest:
        return asked(
            {"type": "MESOS", "mesos": {"image": {"type": "DOCKER", "docker": {"name": "i", "config": config}}}}
        )

    wrong = refused(image({"type": "REFERENCE", "reference": {"name": "x"}}), settings())
    assert wrong is not None and "resolves no secrets" in wrong.message
    assert refused(image({"type": "VALUE", "value": {"data": "e30="}}), settings()) is None
