"""Volumes: which are refused, what becomes of the others, and that no link leads out of an allowed folder."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dcos_runtime.agent.containers import binding
from dcos_runtime.agent.containers.base import LaunchError
from dcos_runtime.agent.containers.spec import MadeSource, PathSource, SecretSource, VolumeMount
from dcos_runtime.agent.core import volume_refusal
from dcos_runtime.agent.disk.rules import DiskRules
from dcos_runtime.agent.volumes import Volumes
from dcos_runtime.wire import codec
from dcos_runtime.wire.containers import ContainerInfo
from dcos_runtime.wire.tasks import TaskInfo
from dcos_runtime.wire.withheld import without_secrets

ALLOWED = ("/srv/data", "/srv/data/inner", "/mnt/shared/")
SECRET = base64.b64encode(b"s3cret").decode()


def volume(path: str = "data", mode: str = "RW", **source: Any) -> dict[str, Any]:
    return {"container_path": path, "mode": mode, **source}


def of_host(path: str, propagation: str | None = None) -> dict[str, Any]:
    given = {"path": path, **({"mount_propagation": {"mode": propagation}} if propagation else {})}
    return {"source": {"type": "HOST_PATH", "host_path": given}}


def task(*volumes: dict[str, Any], resources: list[dict[str, Any]] | None = None) -> TaskInfo:
    whole = {
        "name": "t",
        "task_id": {"value": "t"},
        "agent_id": {"value": "a"},
        "command": {"value": "x"},
        "container": {"type": "MESOS", "volumes": volumes},
        "resources": resources or [],
    }
    return codec.decode(json.dumps(whole).encode(), TaskInfo)


def kept(mode: str = "RW", **more: Any) -> dict[str, Any]:
    disk = {"persistence": {"id": "db-1"}, "volume": volume("db", mode), **more.pop("disk", {})}
    given = {"name": "disk", "type": "SCALAR", "scalar": {"value": 100.0}, "disk": disk}
    return {**given, "reservations": [{"type": "DYNAMIC", "role": "team/db"}], **more}


@pytest.mark.parametrize(
    ("one", "word"),
    [
        (volume(host_path="/etc"), "not for tasks"),
        (volume(host_path="/srv/data/../../etc"), "no absolute path"),
        (volume(host_path="/srv/database"), "not for tasks"),
        (volume(host_path="/srv"), "not for tasks"),
        (volume(**of_host("srv/data")), "no absolute path"),
        (volume(host_path="../other"), "none in a sandbox"),
        (volume(host_path="./"), "whole sandbox"),
        (volume(), "has to name one"),
        (volume(host_path="/srv/data", **of_host("/srv/data")), "has to name one"),
        (volume("", host_path="/srv/data"), "cannot be at"),
        (volume("/", host_path="/srv/data"), "cannot be at"),
        (volume("/mnt", host_path="/srv/data"), "cannot be at"),
        (volume("a/../..", host_path="/srv/data"), "cannot be at"),
        (volume("/proc/1", host_path="/srv/data"), "kernel's"),
        (volume("/dev", host_path="/srv/data"), "kernel's"),
        (volume(**of_host("/srv/data", "BIDIRECTIONAL")), "BIDIRECTIONAL"),
        (volume(mode="RO", **of_host("/srv/data", "HOST_TO_CONTAINER")), "RO with mount propagation"),
        (volume(source={"type": "SANDBOX_PATH", "sandbox_path": {"type": "PARENT", "path": "a"}}), "no parent"),
        (volume(source={"type": "SANDBOX_PATH", "sandbox_path": {"type": "SELF", "path": "/a"}}), "none in a sandbox"),
        (volume(source={"type": "SECRET", "secret": {"type": "REFERENCE", "reference": {"name": "x"}}}), "no secrets"),
        (volume(source={"type": "DOCKER_VOLUME", "docker_volume": {"name": "x"}}), "of the kind DOCKER_VOLUME"),
    ],
)
def test_a_volume_that_cannot_be_is_refused_with_the_reason(one: dict[str, Any], word: str) -> None:
    found = task(one)
    why = volume_refusal.refused(found.container, found.resources, ALLOWED)
    assert why is not None and word in why


def test_two_volumes_at_one_place_are_refused() -> None:
    for other in (volume("/mnt/mesos/sandbox/data/", host_path="/srv/data"), volume(host_path="x")):
        found = task(volume(host_path="/srv/data"), other)
        assert "two volumes" in (volume_refusal.refused(found.container, found.resources, ALLOWED) or "")
    found = task(volume("db", host_path="/srv/data"), resources=[kept()])
    assert "two volumes" in (volume_refusal.refused(found.container, found.resources, ALLOWED) or "")


def mounts(found: TaskInfo, disks: frozenset[str] = frozenset()) -> tuple[VolumeMount, ...]:
    assert volume_refusal.refused(found.container, found.resources, ALLOWED) is None

    async def leased() -> tuple[VolumeMount, ...]:
        async with Volumes(Path("/w"), ALLOWED, disks).lease(found, Path("/s")) as volumes:
            return volumes

    return asyncio.run(leased())


def test_what_becomes_of_each_kind() -> None:
    secret = {"source": {"type": "SECRET", "secret": {"type": "VALUE", "value": {"data": SECRET}}}}
    found = mounts(
        task(
            volume("a", host_path="/srv/data/x//y/"),
            volume("/b", "RO", **of_host("/srv/data/inner/z")),
            volume("/opt/deep/c", **of_host("/mnt/shared", "HOST_TO_CONTAINER")),
            volume("d", host_path="own/part"),
            volume("/etc/e", "RO", **secret),
        )
    )
    assert {one.target: (one.source, one.writable) for one in found} == {
        "/mnt/mesos/sandbox/a": (PathSource(Path("/srv/data"), ("x", "y")), True),
        "/b": (PathSource(Path("/srv/data/inner"), ("z",)), False),
        "/opt/deep/c": (PathSource(Path("/mnt/shared"), (), propagated=True), True),
        "/mnt/mesos/sandbox/d": (MadeSource(Path("/s"), ("own", "part")), True),
        "/etc/e": (SecretSource(b"s3cret"), False),
    }


def test_persistent_volumes_are_where_mesos_has_them() -> None:
    roles = ("volumes", "roles", "team db", "db-1")
    on_path = {"source": {"type": "PATH", "path": {"root": "/d1"}}}
    on_mount = {"source": {"type": "MOUNT", "mount": {"root": "/d2"}}}
    disks = frozenset({"/d1", "/d2"})
    for more, source in (
        ({}, MadeSource(Path("/w"), roles, owned=True)),
        ({"disk": on_path}, MadeSource(Path("/d1"), roles, owned=True)),
        ({"disk": on_mount}, MadeSource(Path("/d2"), (), owned=True)),
        ({"shared": {}}, MadeSource(Path("/w"), roles)),
    ):
        (one,) = mounts(task(resources=[kept(**more)]), disks)
        assert (one.source, one.target, one.writable, one.size) == (source, "/mnt/mesos/sandbox/db", True, 100 << 20)
    with pytest.raises(LaunchError, match="on no disk of this agent"):
        mounts(task(resources=[kept(disk=on_path)]))
    with pytest.raises(LaunchError, match="cannot be the name"):
        mounts(task(resources=[kept(disk={"persistence": {"id": "../x"}})]))


def test_a_persistent_volume_is_not_in_the_limit_of_the_sandbox() -> None:
    rules = DiskRules(enforced=True, default=5, caps={})
    own = {"name": "disk", "type": "SCALAR", "scalar": {"value": 3.0}}
    assert rules.limit(task(resources=[kept(), own])) == 3 << 20
    assert rules.limit(task(resources=[kept()])) == 5


def test_nobody_who_reads_the_state_gets_a_secret() -> None:
    config = {"type": "VALUE", "value": {"data": SECRET}}
    image = {
        "type": "DOCKER",
        "docker": {"name": "i", "config": config, "credential": {"principal": "p", "secret": "s3cret"}},
    }
    for given in (
        {"type": "MESOS", "mesos": {"image": image}},
        {"type": "MESOS", "volumes": [volume(image=image)]},
        {"type": "MESOS", "volumes": [volume(source={"type": "SECRET", "secret": config})]},
        {"type": "DOCKER", "docker": {"image": "i", "parameters": [{"key": "env", "value": "PW=s3cret"}]}},
    ):
        shown = codec.encode(without_secrets(codec.decode(json.dumps(given).encode(), ContainerInfo)))
        assert b"s3cret" not in shown and SECRET.encode() not in shown
        assert b"PW=" in shown or b'"i"' in shown or b"SECRET" in shown


def test_no_link_below_an_allowed_folder_is_followed(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "file").write_text("x")
    (tmp_path / "out").symlink_to("/etc")
    (tmp_path / "up").symlink_to("there")
    for parts in (("out",), ("out", "passwd"), ("up",), ("up", "file"), ("..",), (".",), ("there", "..", "..")):
        with pytest.raises(OSError, match=r"symbolic link|leads out"):
            binding.pinned(tmp_path, parts)
    descriptor = binding.pinned(tmp_path, ("there", "file"))
    assert os.stat(f"/proc/self/fd/{descriptor}").st_size == 1  # noqa: PTH116
    os.close(descriptor)
    with pytest.raises(FileNotFoundError):
        binding.pinned(tmp_path, ("absent",))
    with pytest.raises(NotADirectoryError):
        binding.pinned(tmp_path, ("there", "file", "below"))
    os.close(binding.pinned(tmp_path, ("made", "deep"), (os.getuid(), os.getgid())))
    assert (tmp_path / "made/deep").is_dir()
    with pytest.raises(OSError, match="symbolic link"):
        binding.pinned(tmp_path, ("out", "made"), (os.getuid(), os.getgid()))


BINDING = """
import os, subprocess, sys
from pathlib import Path
from dcos_runtime.agent.containers import binding
place = Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "shared", place], check=True)
subprocess.run(["mount", "--make-shared", place], check=True)
for name in ("source", "source/below", "plain", "with"):
    (place / name).mkdir()
subprocess.run(["mount", "-t", "tmpfs", "below", place / "source/below"], check=True)
(place / "source/below/file").touch()
fd = binding.pinned(place, ("source",))
binding.bind(fd, place / "plain")
binding.bind(fd, place / "with", propagated=True)
(place / "source/later").mkdir()
subprocess.run(["mount", "-t", "tmpfs", "later", place / "source/later"], check=True)
(place / "source/later/file").touch()
print(*(list((place / name / part).iterdir()) != [] for name in ("plain", "with") for part in ("below", "later")))
for name in ("plain", "with", "with"):
    binding.unbind(place / name)
there = [(place / "source" / name / "file").exists() for name in ("below", "later")]
print(*there, len(list((place / "with").iterdir())))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts")
def test_mounts_come_in_and_never_go_out(tmp_path: Path) -> None:
    argv = ["unshare", "--mount", "--propagation", "private", sys.executable, "-c", BINDING, str(tmp_path)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (done.stdout.splitlines(), done.stderr) == (["False False True True", "True True 0"], "")


def test_what_was_put_in_the_place_of_a_new_folder_is_not_given_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A task may write where the folder is made, and be fast."""
    (tmp_path / "machine").mkdir()
    (tmp_path / "machine" / "file").touch()
    (tmp_path / "task").mkdir()
    given: list[int] = []
    for other in ("machine", "machine/file"):
        target = tmp_path / other
        monkeypatch.setattr(os, "mkdir", lambda name, *_, dir_fd, to=target: os.symlink(to, name, dir_fd=dir_fd))
        monkeypatch.setattr(os, "fchown", lambda *_: given.append(1))
        monkeypatch.setattr(os, "chown", lambda *_, **__: given.append(1))
        with pytest.raises(OSError, match=r"(?i)director|link"):
            binding.pinned(tmp_path / "task", (target.name,), (1, 1))
    assert not given
