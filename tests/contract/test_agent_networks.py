"""Networks of containers: bridges, addresses, ports of the machine that lead to containers, and what they leave."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.agent.network_lab import (
    ANSWER,
    BRIDGE,
    MACHINE,
    OUTSIDE,
    PLUGINS,
    NetworkLab,
    leases,
    namespaces,
    network_of_its_own,
    networks_work,
)
from tests.support.daemons.agents import Agent, PretendedMaster, containers_work, pretended_cluster
from tests.support.daemons.byhand import wait_for

Cluster = tuple[PretendedMaster, Agent, NetworkLab]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    if why := containers_work() or networks_work():
        pytest.skip(why)
    folder = tmp_path_factory.mktemp("networks")
    configured = folder / "cni"
    configured.mkdir()
    leased = {"type": "host-local", "dataDir": str(folder / "leases"), "subnet": "198.19.251.0/29"}
    plugin = {"type": "bridge", "bridge": "dcos-test-own", "isGateway": True, "ipam": leased}
    dns = {"nameservers": ["198.19.251.9"], "search": ["cluster.test"]}
    own = {"cniVersion": "0.3.1", "name": "own", **plugin, "dns": dns}
    (configured / "own.conf").write_text(json.dumps(own))
    flags = [f"--bridge_network={BRIDGE}", f"--network_cni_config_dir={configured}"]
    slow = slow_plugin(folder / "plugins")
    (configured / "slow.conflist").write_text(json.dumps({"cniVersion": "0.4.0", "name": "slow", "plugins": [slow]}))
    flags.append(f"--network_cni_plugins_dir={folder / 'plugins'}:{PLUGINS}")
    with network_of_its_own(folder) as lab, pretended_cluster(folder, "linux", *flags) as (master, agent):
        yield master, agent, lab


def slow_plugin(folder: Path) -> dict[str, Any]:
    """A bridge that takes as long to join as the file ``go`` is missing. It says that it has begun by ``begun``."""
    folder.mkdir()
    program = folder / "slow"
    program.write_text(
        "#!/bin/sh\n"
        f"[ $CNI_COMMAND != ADD ] || {{ touch {folder}/begun; until [ -e {folder}/go ]; do sleep 0.05; done; }}\n"
        f"exec {PLUGINS}/bridge\n"
    )
    program.chmod(0o755)
    leased = {"type": "host-local", "dataDir": str(folder / "leases"), "subnet": "198.19.252.0/29"}
    return {"type": "slow", "bridge": "dcos-test-slow", "isGateway": True, "ipam": leased}


def ports(*numbers: int) -> dict[str, Any]:
    ranges = [{"begin": number, "end": number} for number in numbers]
    role = {"allocation_info": {"role": "*"}}
    return {"name": "ports", "type": "RANGES", "ranges": {"range": ranges}, **role}


def asked(*offered: int) -> list[dict[str, Any]]:
    role = {"allocation_info": {"role": "*"}}
    scalars = [{"name": name, "type": "SCALAR", "scalar": {"value": value}, **role} for name, value in AMOUNTS]
    return [*scalars, *([ports(*offered)] if offered else [])]


NOTHING = {"pairs": [], "mapped": 0}
AMOUNTS = (("cpus", 0.2), ("mem", 64.0))


def joined(name: str, *mapped: tuple[int, int, str], **extra: Any) -> dict[str, Any]:
    mappings = [{"host_port": host, "container_port": to, "protocol": how} for host, to, how in mapped]
    network = {"name": name, "port_mappings": mappings} if mappings else {"name": name}
    return {"type": "MESOS", "network_infos": [network], **extra}


def answering(name: str, *where: str) -> dict[str, Any]:
    values = ["/usr/bin/python3", "-I", "-S", "-c", ANSWER, name, *where]
    return {"shell": False, "value": values[0], "arguments": values}


def address_of(status: Any) -> str:
    return str(status.container_status.network_infos[0].ip_addresses[0].ip_address)


def test_ports_of_the_machine_lead_to_a_container_from_outside_and_inside_and_no_longer_than_it_lives(
    cluster: Cluster,
) -> None:
    master, agent, lab = cluster
    (agent_id,) = master.ids.values()
    container = joined("mesos-bridge", (31001, 80, "tcp"), (31002, 5051, "udp"))
    command = answering("web", "tcp:80", "udp:5051", "tcp:8080")
    master.run(agent_id, "web", command, user="nobody", container=container, resources=asked(31001, 31002))
    status = master.status("web", "RUNNING")
    address = address_of(status)
    assert address.startswith("198.19.250.") and status.container_status is not None
    info = status.container_status.network_infos[0]
    assert info.name == "mesos-bridge" and [one.host_port for one in info.port_mappings] == [31001, 31002]
    wait_for(lambda: agent.text("web").count("listens") == 3, 60, "the server")
    assert lab.ask(MACHINE, 31001, outside=True) == f"web {OUTSIDE}", "from outside, with the caller's own address"
    assert lab.ask(MACHINE, 31002, "udp", outside=True) == f"web {OUTSIDE}"
    assert lab.ask(MACHINE, 31001) == f"web {MACHINE}", "from the machine itself"
    assert lab.ask("127.0.0.1", 31001).startswith("web 198.19.250."), "by its loopback address"
    assert lab.ask("127.0.0.1", 31002, "udp").startswith("web 198.19.250.")
    assert lab.ask(address, 8080) == "web 198.19.250.1", "the machine reaches all of its ports"
    assert lab.ask(MACHINE, 8080, outside=True, seconds=0.5) == "", "and others only those that are mapped"
    shown = [one for one in agent.get("/containers")[1] if one["executor_id"] == "web"]
    assert shown[0]["status"]["network_infos"][0]["ip_addresses"][0]["ip_address"] == address
    agent.restart()
    assert lab.ask(MACHINE, 31001, outside=True) == f"web {OUTSIDE}", "also after a restart of the agent"
    master.until(lambda: len(master.connects) > 1, "the agent again")
    master.kill(agent_id, "web", 0.0)
    ended = master.status("web")
    assert ended.container_status is not None
    assert address_of(ended) == address, "it is in the last update, by an agent that did not make the container"
    wait_for(lambda: lab.left() == NOTHING, 60, "the clean-up")
    wait_for(lambda: not namespaces(agent.work_dir) and not leases(agent.work_dir), 60, "the clean-up")
    assert lab.ask(MACHINE, 31001, outside=True, seconds=0.5) == ""


def test_a_container_has_a_name_of_its_own_and_calls_others_and_itself(cluster: Cluster) -> None:
    master, agent, _ = cluster
    (agent_id,) = master.ids.values()
    there = joined("mesos-bridge", (31011, 7000, "tcp"), hostname="there.test")
    master.run(agent_id, "there", answering("there", "tcp:7000"), container=there, resources=asked(31011))
    wait_for(lambda: "listens" in agent.text("there"), 60, "the server")
    asks = (
        "import socket, sys\n"
        "for host, port in (word.split(':') for word in sys.argv[1:]):\n"
        "    try:\n"
        "        with socket.create_connection((host, int(port)), 2) as made:\n"
        "            print(port, made.recv(100).decode().split()[0])\n"
        "    except OSError as error:\n"
        "        print(port, type(error).__name__)\n"
    )
    agent_port = int(agent.url.rpartition(":")[2])
    words = [f"{MACHINE}:31011", f"127.0.0.1:{agent_port}", f"198.19.250.1:{agent_port}"]
    command = (
        f'cat /etc/hostname /etc/hosts /etc/resolv.conf; hostname; id -u; python3 -I -S -c "{asks}" {" ".join(words)};'
        f" echo $LIBPROCESS_IP; cat /proc/sys/net/ipv4/ip_unprivileged_port_start"
    )
    here = joined("mesos-bridge", hostname="here.test")
    master.run(agent_id, "here", command, container=here, resources=asked())
    assert master.status("here").state.value == "TASK_FINISHED", agent.text("here", "stderr")
    said = agent.text("here").splitlines()
    own = address_of(master.status("here"))
    assert said[0] == "here.test" and f"{own} here.test here" in said and said.count("here.test") == 2
    assert "31011 there" in said, "a port of the machine leads from one container of a bridge to another"
    assert f"{agent_port} ConnectionRefusedError" in said, "the agent listens at 127.0.0.1, which is another one here"
    assert said[-2:] == ["0.0.0.0", "0"]
    master.kill(agent_id, "there", 0.0)
    master.status("there")


def test_an_operators_network_gives_addresses_and_name_servers(cluster: Cluster) -> None:
    master, agent, _ = cluster
    (agent_id,) = master.ids.values()
    master.run(agent_id, "own", "cat /etc/resolv.conf", container=joined("own"), resources=asked())
    status = master.status("own")
    assert status.state.value == "TASK_FINISHED" and address_of(status).startswith("198.19.251.")
    assert agent.text("own") == "search cluster.test\nnameserver 198.19.251.9\n"


def docker(network: str, *mapped: tuple[int, int]) -> dict[str, Any]:
    mappings = [{"host_port": host, "container_port": to} for host, to in mapped]
    return {"type": "DOCKER", "docker": {"image": "x", "network": network, "port_mappings": mappings}}


@pytest.mark.parametrize(
    ("name", "container", "offered", "state", "text"),
    [
        ("unknown", joined("nowhere"), (), "FAILED", "Unknown CNI network 'nowhere'"),
        ("stolen", joined("own", (31500, 80, "tcp")), (31501,), "ERROR", "host port 31500 is mapped, and is not among"),
        ("daemons", joined("own", (5051, 80, "tcp")), (), "ERROR", "host port 5051 is mapped"),
        ("kind", joined("own", (31500, 80, "sctp")), (31500,), "ERROR", "tcp and udp can be mapped"),
        ("docker", docker("HOST", (31500, 80)), (31500,), "FAILED", "Port mappings are only supported for bridge"),
        ("named", {"type": "MESOS", "hostname": "a.test"}, (), "FAILED", "goes with a network of the container's own"),
    ],
)
def test_what_cannot_be_had_is_refused_with_the_reason(
    cluster: Cluster, name: str, container: dict[str, Any], offered: tuple[int, ...], state: str, text: str
) -> None:
    master, agent, lab = cluster
    (agent_id,) = master.ids.values()
    master.run(agent_id, name, container=container, resources=asked(*offered))
    status = master.status(name)
    assert status.state.value == f"TASK_{state}" and text in (status.message or "")
    wait_for(lambda: not namespaces(agent.work_dir) and lab.left() == NOTHING, 60, "the clean-up")


def test_a_used_up_network_says_so(cluster: Cluster) -> None:
    """A network of 8 addresses has room for five containers: it has a gateway, and two that no host has."""
    master, _, _ = cluster
    (agent_id,) = master.ids.values()
    for number in range(5):
        master.run(agent_id, f"room-{number}", "sleep 1000", container=joined("own"), resources=asked(), cpus=0.1)
    with contextlib.ExitStack() as stack:
        for number in range(5):
            stack.callback(master.kill, agent_id, f"room-{number}", 0.0)
        given = {address_of(master.status(f"room-{number}", "RUNNING")) for number in range(5)}
        assert len(given) == 5
        master.run(agent_id, "late", container=joined("own"), resources=asked())
        status = master.status("late")
        assert status.state.value == "TASK_FAILED"
        wanted = "The CNI plugin 'bridge' failed to attach the container to CNI network 'own': "
        assert wanted in (status.message or "") and "no IP addresses available" in (status.message or "")
    for number in range(5):
        master.status(f"room-{number}", "KILLED")


def test_what_an_agent_that_is_killed_while_a_container_joins_has_left_is_undone(cluster: Cluster) -> None:
    """The plugin goes on after its agent: the next one waits for it, and undoes what it has done."""
    master, agent, lab = cluster
    (agent_id,) = master.ids.values()
    plugins = agent.work_dir.parent / "plugins"
    connections = len(master.connects)
    mapped = joined("slow", (31021, 80, "tcp"))
    master.run(agent_id, "slow", "sleep 1000", container=mapped, resources=asked(31021))
    wait_for((plugins / "begun").exists, 60, "the plugin")
    agent.kill()
    agent.start()
    (plugins / "go").touch()
    master.until(lambda: len(master.connects) > connections, "the agent again")
    assert master.status("slow").state.value == "TASK_LOST"
    wait_for(lambda: lab.left() == NOTHING and not namespaces(agent.work_dir), 60, "the clean-up")
    left = [path.name for path in (plugins / "leases" / "slow").iterdir() if path.name[0].isdigit()]
    assert not left, "the address that was given after the agent's end"
