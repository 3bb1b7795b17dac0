"""Tasks with container images on a real agent, from a real registry on loopback."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.agent import image_lab
from tests.support.agent.clusters import Pair
from tests.support.agent.image_lab import (
    PASSWORD,
    USER,
    Entry,
    RegistryLab,
    folder,
    make_layout,
    programs,
    registry,
    tar,
)
from tests.support.daemons.agents import Agent, PretendedMaster, containers_work, mounts_below, pretended_cluster
from tests.support.daemons.byhand import wait_for

ID = "agent-1"
CONFIG = {
    "Entrypoint": ["/bin/sh", "-c", 'echo "entry $GREETING $PWD"; "$@"', "entry"],
    "Cmd": ["id", "-u"],
    "Env": ["GREETING=hello", "PATH=/bin"],
    "WorkingDir": "/srv/app",
    "User": "app",
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegistryLab]:
    place = tmp_path_factory.mktemp("registry")
    if why := containers_work() or image_lab.unusable(place):
        pytest.skip(why)
    with registry(place, secret=True) as lab:
        base = programs()
        changed = tar(folder("srv/app", uid=4711, gid=4712), Entry("srv/app/own", b"of the image\n", uid=4711))
        lab.push(make_layout(place / "app", [base, changed], CONFIG), "team/app:1")
        lab.push(make_layout(place / "bare", [base], {"Env": ["PATH=/bin"]}), "team/bare:1")
        yield lab


@pytest.fixture(scope="module")
def both(served: RegistryLab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    flags = [f"--docker_registry={served.url}", f"--docker_config={served.credentials}", "--image_providers=docker"]
    flags += ["--allow_privileged", "--additional_capabilities=NET_RAW"]
    with pretended_cluster(tmp_path_factory.mktemp("images"), "linux", *flags) as pair:
        yield pair


def image(name: str, **more: Any) -> dict[str, Any]:
    return {"type": "MESOS", "mesos": {"image": {"type": "DOCKER", "docker": {"name": name}, **more}}}


def docker(name: str, **more: Any) -> dict[str, Any]:
    return {"type": "DOCKER", "docker": {"image": name, **more}}


def test_an_image_runs_its_own_program_as_its_own_user(master: PretendedMaster, agent: Agent) -> None:
    master.run(ID, "own", {"shell": False}, container=image("team/app:1"))
    master.status("own")
    assert agent.text("own") == "entry hello /srv/app\n4711\n"


def test_a_shell_command_runs_in_the_image_and_sees_nothing_of_the_host(master: PretendedMaster, agent: Agent) -> None:
    command = "cat own; ls /; ls /usr /home 2>/dev/null; echo $MESOS_SANDBOX; touch $MESOS_SANDBOX/made; id -G"
    master.run(ID, "shell", command, container=image("team/app:1"))
    master.status("shell")
    lines = agent.text("shell").split()
    assert lines[:3] == ["of", "the", "image"]
    assert {"bin", "srv", "proc", "dev", "mnt"} <= set(lines) and not {"opt", "work", "boot"} & set(lines)
    assert "/mnt/mesos/sandbox" in lines and {"4712", "4713"} <= set(lines)
    assert (agent.sandbox("shell") / "made").stat().st_uid == 4711


def test_docker_containers_give_their_arguments_to_the_entrypoint(master: PretendedMaster, agent: Agent) -> None:
    master.run(ID, "docker", {"shell": False, "arguments": ["id", "-g"]}, container=docker("team/app:1"))
    master.status("docker")
    assert agent.text("docker") == "entry hello /srv/app\n4712\n"
    variable = {"variables": [{"name": "GREETING", "value": "bye"}]}
    master.run(ID, "env", {"shell": False, "user": "root", "environment": variable}, container=docker("team/app:1"))
    master.status("env")
    assert agent.text("env") == "entry bye /srv/app\n0\n"


def test_what_a_container_writes_is_its_own_and_goes_with_it(master: PretendedMaster, agent: Agent) -> None:
    for name in ("one", "two"):
        master.run(ID, name, "ls /tmp; touch /tmp/mine; ls /tmp", container=image("team/bare:1"))
        master.status(name)
        assert agent.text(name) == "mine\n"
        master.until_gone(name)
    wait_for(lambda: not mounts_below(agent.work_dir), what="the removal of the containers' roots")


def test_one_image_is_fetched_once_for_many_tasks_and_once_for_all(
    master: PretendedMaster, agent: Agent, served: RegistryLab
) -> None:
    layout = make_layout(served.place / "many", [programs(), tar(Entry("mark", b"many"))], {"Env": ["PATH=/bin"]})
    served.push(layout, "team/many:1")
    before = agent.get("/metrics/snapshot")[1]["containerizer/images/pulls_succeeded"]
    for number in range(12):
        master.run(ID, f"many-{number}", "cat /mark", cpus=0.05, mem=32.0, container=image("team/many:1"))
    for number in range(12):
        master.status(f"many-{number}")
        assert agent.text(f"many-{number}") == "many"
    assert agent.get("/metrics/snapshot")[1]["containerizer/images/pulls_succeeded"] == before + 1
    served.end()
    try:  # known images need no registry
        master.run(ID, "later", "cat /mark", container=image("team/many:1"))
        master.status("later")
        master.run(ID, "again", "cat /mark", container=image("team/many:1", cached=False))
        assert "cannot be fetched" in (master.status("again").message or "")
    finally:
        served.begin()


def test_an_image_that_is_not_there_fails_its_task_in_words(master: PretendedMaster, agent: Agent) -> None:
    master.run(ID, "absent", "true", container=image("team/absent:1"))
    message = master.status("absent").message or ""
    assert "team/absent:1 cannot be fetched" in message and "manifest unknown" in message
    master.run(ID, "malformed", "true", container=image("Team/Absent"))
    assert "lower case" in (master.status("malformed").message or "")
    master.run(ID, "nothing", {"shell": False}, container=image("team/bare:1"))
    assert "neither Entrypoint nor Cmd" in (master.status("nothing").message or "")


def test_what_is_asked_of_docker_and_not_honoured_is_refused(master: PretendedMaster) -> None:
    master.run(ID, "bridge", "true", container=docker("team/app:1", network="BRIDGE"))
    assert "this agent has no networks for containers" in (master.status("bridge").message or "")
    named = [{"key": "hostname", "value": "x"}]
    master.run(ID, "parameter", "true", container=docker("team/app:1", parameters=named))
    status = master.status("parameter", "ERROR")
    assert "the parameter 'hostname'" in (status.message or "")
    assert status.reason is not None and status.reason.value == "REASON_TASK_INVALID"


def test_parameters_of_docker_run_are_honoured(master: PretendedMaster, agent: Agent) -> None:
    named = (
        ("env", "GREETING=parameter"), ("user", "0"), ("workdir", "/tmp"), ("read-only", "true"),
        ("tmpfs", "/scratch:size=1m"), ("cap-drop", "ALL"), ("cap-add", "NET_RAW"), ("init", "true"),
    )  # fmt: skip
    parameters = [{"key": key, "value": value} for key, value in named]
    command = "echo $GREETING $PWD; id -u; touch /scratch/x; touch /tmp/x || echo read-only; cat /proc/self/status"
    master.run(ID, "parameters", command, container=docker("team/app:1", parameters=parameters))
    master.status("parameters")
    lines = agent.text("parameters").splitlines()
    assert lines[:3] == ["parameter /tmp", "0", "read-only"]
    assert {line.split()[1] for line in lines if line.startswith(("CapBnd", "CapEff"))} == {f"{1 << 13:016x}"}
    entry = [{"key": "entrypoint", "value": "/bin/id"}]
    master.run(ID, "entry", {"shell": False, "arguments": ["-g"]}, container=docker("team/app:1", parameters=entry))
    master.status("entry")
    assert agent.text("entry") == "4712\n"


def test_a_privileged_container_has_what_the_agent_has(master: PretendedMaster, agent: Agent) -> None:
    command = {"value": "cat /proc/self/status; ls /dev", "user": "root"}
    master.run(ID, "privileged", command, container=docker("team/app:1", privileged=True))
    master.status("privileged")
    lines = agent.text("privileged").splitlines()
    own = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("CapBnd")]
    assert own[0] in lines and own[0].replace("CapBnd", "CapEff") in lines
    assert {"NoNewPrivs:\t0", "Seccomp:\t0", "kmsg"} <= set(lines)


def test_a_task_brings_credentials_of_its_own(master: PretendedMaster, agent: Agent, served: RegistryLab) -> None:
    """They count instead of the agent's, and what was fetched with them is not for those who have others."""
    name = f"{served.host}/team/app:1"

    def with_own(task: str, secret: str) -> str:
        own = {"name": name, "credential": {"principal": USER, "secret": secret}}
        container = {"type": "MESOS", "mesos": {"image": {"type": "DOCKER", "docker": own}}}
        master.run(ID, task, "true", container=container)
        return master.status(task).message or ""

    before = served.requests("GET /v2/team/app")
    assert "exited with status 0" in with_own("credential", PASSWORD)
    assert served.requests("GET /v2/team/app") > before
    before = served.requests("GET /v2/team/app")
    assert "exited with status 0" in with_own("credential-again", PASSWORD)
    assert served.requests("GET /v2/team/app") == before
    message = with_own("credential-wrong", "no-such-secret")
    assert "cannot be fetched" in message and "no-such-secret" not in message
    config = served.credentials.read_bytes()
    data = {"type": "VALUE", "value": {"data": base64.b64encode(config).decode()}}
    whole = {"type": "MESOS", "mesos": {"image": {"type": "DOCKER", "docker": {"name": name, "config": data}}}}
    master.run(ID, "config", "true", container=whole)
    assert "exited with status 0" in (master.status("config").message or "")
    assert not list((agent.work_dir / "store" / "staging").iterdir())


def test_the_password_is_in_no_log_and_on_no_command_line(agent: Agent, served: RegistryLab) -> None:
    assert PASSWORD not in agent.log.read_text()
    assert PASSWORD not in (served.place / "registry.log").read_text()


def test_tasks_of_images_outlive_a_killed_agent_and_leave_nothing(master: PretendedMaster, agent: Agent) -> None:
    command = "while [ ! -e $MESOS_SANDBOX/go ]; do sleep 0.1; done; cat /srv/app/own"
    master.run(ID, "outlives", command, container=image("team/app:1"))
    master.status("outlives", "RUNNING")
    agent.restart()
    (agent.sandbox("outlives") / "go").touch()
    master.status("outlives")
    assert agent.text("outlives") == "of the image\n"
    master.until_gone("outlives")
    wait_for(lambda: not mounts_below(agent.work_dir), what="the removal of the containers' roots")
    master.run(ID, "found", "cat /srv/app/own", container=image("team/app:1"))
    master.status("found")
    assert agent.get("/metrics/snapshot")[1]["containerizer/images/pulls_succeeded"] == 0


def test_a_disk_that_a_task_fills_in_its_root_counts(master: PretendedMaster, agent: Agent) -> None:
    limited = [{"name": "disk", "type": "SCALAR", "scalar": {"value": 5.0}, "allocation_info": {"role": "*"}}]
    command = "while :; do cat /bin/* >> /full; done"
    resources = [
        {"name": name, "type": "SCALAR", "scalar": {"value": value}, "allocation_info": {"role": "*"}}
        for name, value in (("cpus", 0.1), ("mem", 64.0))
    ]
    container = image("team/bare:1")
    master.run(ID, "full", command, container=container, resources=resources + limited)
    status = master.status("full")
    assert status.reason is not None and status.reason.value == "REASON_CONTAINER_LIMITATION_DISK"


def test_the_store_lies_where_no_task_can_look(agent: Agent) -> None:
    assert (Path(agent.work_dir) / "store").stat().st_mode & 0o077 == 0
