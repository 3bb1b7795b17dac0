"""Volumes of tasks on a real agent: what they see, what they may write, where nothing leads, and what is left."""

from __future__ import annotations

import base64
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dcos_runtime.wire import internal
from tests.support.agent.clusters import Pair, skip_without
from tests.support.daemons.agents import Agent, PretendedMaster, mounts_below, pretended_cluster
from tests.support.daemons.byhand import wait_for

ID = "agent-1"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    skip_without("linux")
    place = tmp_path_factory.mktemp("shared")
    place.parent.chmod(0o755)
    (place / "data").mkdir()
    (place / "data" / "file").write_text("of the host\n")
    (place / "alone").write_text("a file\n")
    (place / "out").symlink_to("/etc")
    return place


@pytest.fixture(scope="module")
def both(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with pretended_cluster(tmp_path_factory.mktemp("volumes"), "linux", f"--allowed_host_paths={shared}") as pair:
        yield pair


def volumes(*given: tuple[str, str, dict[str, Any]]) -> dict[str, Any]:
    return {
        "type": "MESOS",
        "volumes": [{"container_path": path, "mode": mode, **source} for path, mode, source in given],
    }


def test_folders_and_files_of_the_host_and_read_only_ones(master: PretendedMaster, agent: Agent, shared: Path) -> None:
    container = volumes(
        ("data", "RW", {"host_path": f"{shared}/data"}),
        ("/opened/deep", "RO", {"host_path": f"{shared}/data"}),
        ("one/alone", "RO", {"host_path": f"{shared}/alone"}),
        ("/var/own", "RW", {"host_path": "kept/here"}),
    )
    command = (
        "cat data/file /opened/deep/file one/alone; echo written > data/new; "
        "echo x > /opened/deep/no || echo read-only; echo x > one/alone || echo read-only; "
        "echo mine > /var/own/mine; cat kept/here/mine; ls /"
    )
    master.run(ID, "host", command, container=container)
    master.status("host")
    lines = agent.text("host").splitlines()
    assert lines[:6] == ["of the host", "of the host", "a file", "read-only", "read-only", "mine"]
    assert (shared / "data" / "new").read_text() == "written\n" and "opened" in lines
    assert (agent.sandbox("host") / "kept/here/mine").read_text() == "mine\n"
    master.run(ID, "other", "ls /", container=volumes(("data", "RO", {"host_path": f"{shared}/data"})))
    master.status("other")
    assert "opened" not in agent.text("other"), "mount points of one container are not for others"
    for name in ("host", "other"):
        master.until_gone(name)
    wait_for(lambda: not mounts_below(agent.work_dir), what="the end of all mounts")
    assert (shared / "data" / "file").exists()


def test_nothing_leads_out_of_an_allowed_folder(master: PretendedMaster, agent: Agent, shared: Path) -> None:
    """A task with a volume puts a link there, and another one asks for what is behind it."""
    command = "ln -s /etc data/link; ln -s ../.. data/up; echo made"
    master.run(ID, "plants", command, container=volumes(("data", "RW", {"host_path": f"{shared}/data"})))
    master.status("plants")
    for number, path in enumerate(("data/link", "data/link/ssl", "data/up", "out", "data/../../etc", "absent")):
        container = volumes(("x", "RO", {"host_path": f"{shared}/{path}"}))
        master.run(ID, f"out-{number}", "ls x", container=container)
        status = master.status(f"out-{number}")
        assert status.state.value == "TASK_FAILED", path
        assert any(word in (status.message or "") for word in ("symbolic link", "absolute path", "No such file")), path


def test_a_secret_is_a_file_of_the_tasks_user_alone(master: PretendedMaster, agent: Agent) -> None:
    secret = {"type": "VALUE", "value": {"data": base64.b64encode(b"s3cret").decode()}}
    source = {"source": {"type": "SECRET", "secret": secret}}
    variable = {"name": "PW", "type": "SECRET", "secret": secret}
    command = {
        "value": "cat keys/one; stat -c ' %a %U' keys/one /srv/two; echo $PW",
        "environment": {"variables": [variable]},
        "user": "nobody",
    }
    container = volumes(("keys/one", "RO", source), ("/srv/two", "RO", source))
    master.run(ID, "secret", command, container=container)
    master.status("secret")
    assert agent.text("secret") == "s3cret 600 nobody\n 600 nobody\ns3cret\n"
    assert "s3cret" not in agent.log.read_text()
    shown = agent.get("/state")[1]
    assert base64.b64encode(b"s3cret").decode() not in str(shown)
    master.until_gone("secret")
    assert not list(agent.work_dir.glob("containers/oci/*/secrets"))


def kept(name: str, **more: Any) -> dict[str, Any]:
    disk = {
        "persistence": {"id": name},
        "volume": {"container_path": "db", "mode": "RW"},
    }
    given = {"name": "disk", "type": "SCALAR", "scalar": {"value": 10.0}, "allocation_info": {"role": "team"}}
    return {**given, "reservations": [{"type": "DYNAMIC", "role": "team"}], "disk": disk, **more}


def test_a_persistent_volume_outlives_its_task(master: PretendedMaster, agent: Agent) -> None:
    usual = [
        {"name": name, "type": "SCALAR", "scalar": {"value": value}, "allocation_info": {"role": "team"}}
        for name, value in (("cpus", 0.1), ("mem", 64.0))
    ]
    reserved = {name: value for name, value in kept("db-1").items() if name != "disk"}
    operations = [
        {"type": "RESERVE", "reserve": {"resources": [reserved]}},
        {"type": "CREATE", "create": {"volumes": [kept("db-1")]}},
    ]
    for number, operation in enumerate(operations):
        master.tell(ID, internal.ApplyOperation, uuid=f"op{number}", framework_id="", info=operation)
    for name, user in (("first", "nobody"), ("second", "root")):
        command = {"value": "cat db/kept; id -un > db/kept; stat -c %U db", "user": user}
        master.run(ID, name, command, resources=[*usual, kept("db-1")])
        master.status(name)
    assert agent.text("first") == "nobody\n"
    assert agent.text("second") == "nobody\nroot\n"
    assert (agent.work_dir / "volumes/roles/team/db-1/kept").read_text() == "root\n"
    fills = "head -c 14M /dev/zero > db/large; exec sleep 1000"
    master.run(ID, "third", fills, resources=[*usual, kept("db-1")])
    update = master.status("third")
    assert update.reason is not None and update.reason.value == "REASON_CONTAINER_LIMITATION_DISK"
    assert "exceeds quota (10MB) of the volume at /mnt/mesos/sandbox/db" in str(update.message)


def test_what_is_mounted_later_comes_into_a_container_that_asks(
    master: PretendedMaster, agent: Agent, shared: Path
) -> None:
    (shared / "later").mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "later", shared / "later"], check=True)
    subprocess.run(["mount", "--make-shared", shared / "later"], check=True)
    (shared / "later" / "disk").mkdir()
    try:
        given = {"path": f"{shared}/later", "mount_propagation": {"mode": "HOST_TO_CONTAINER"}}
        container = volumes(("later", "RW", {"source": {"type": "HOST_PATH", "host_path": given}}))
        command = "echo waits; while [ ! -e later/disk/file ]; do sleep 0.1; done; echo came"
        master.run(ID, "later", command, container=container)
        master.status("later", "RUNNING")
        subprocess.run(["mount", "-t", "tmpfs", "disk", shared / "later" / "disk"], check=True)
        (shared / "later" / "disk" / "file").touch()
        master.status("later", "FINISHED")
        master.until_gone("later")
        assert os.path.ismount(shared / "later" / "disk"), "nothing is unmounted on the machine"
    finally:
        subprocess.run(["umount", "-R", shared / "later"], check=True)


def test_volumes_go_with_their_container_when_the_agent_was_killed(
    master: PretendedMaster, agent: Agent, shared: Path
) -> None:
    container = volumes(("data", "RW", {"host_path": f"{shared}/data"}))
    master.run(ID, "outlives", "while [ ! -e data/go ]; do sleep 0.1; done; cat data/file", container=container)
    master.status("outlives", "RUNNING")
    agent.restart()
    (shared / "data" / "go").touch()
    master.status("outlives", "FINISHED")
    assert agent.text("outlives") == "of the host\n"
    master.until_gone("outlives")
    wait_for(lambda: not mounts_below(agent.work_dir), what="the end of all mounts")
    assert (shared / "data" / "file").exists()
