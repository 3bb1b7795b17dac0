"""Networks of containers: what is asked for and refused, CNI's configurations and results, rules, files."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from dcos_runtime.agent.containers import cni, nft
from dcos_runtime.agent.containers.base import LauncherUnusable
from dcos_runtime.agent.containers.bpf import KEPT, RETURNED
from dcos_runtime.agent.containers.cni import Attachment, CniPlugins, NetworkError
from dcos_runtime.agent.containers.networks import Networks, NetworkSettings
from dcos_runtime.agent.containers.nft import Bridge, Joined, Mapped
from dcos_runtime.agent.core import network_request
from dcos_runtime.agent.core.model import Settings
from dcos_runtime.agent.isolators import network, ports
from dcos_runtime.wire import codec
from dcos_runtime.wire.cluster import AgentInfo
from dcos_runtime.wire.containers import ContainerInfo
from dcos_runtime.wire.resources import Resource


def container(**fields: Any) -> ContainerInfo:
    return codec.decode(json.dumps({"type": "MESOS", **fields}).encode(), ContainerInfo)


def docker(kind: str, mapped: list[Any] | None = None, **fields: Any) -> ContainerInfo:
    return container(type="DOCKER", docker={"image": "x", "network": kind, "port_mappings": mapped or []}, **fields)


def offered(low: int, high: int) -> list[Resource]:
    ranges = {"range": [{"begin": low, "end": high}]}
    given = {"name": "ports", "type": "RANGES", "ranges": ranges, "allocation_info": {"role": "*"}}
    return [codec.decode(json.dumps(given).encode(), Resource)]


def settings(without: str = "", launcher: str = "linux") -> Settings:
    info = AgentInfo(hostname="a.test")
    return Settings(info=info, software="", boot_id="", ip="198.18.0.5", launcher=launcher, without_networks=without)


def test_both_forms_of_a_wish_are_one() -> None:
    assert network_request.networks(None) is None
    assert network_request.networks(container(network_infos=[{}])) is None
    assert network_request.networks(docker("HOST")) is None
    assert network_request.networks(docker("NONE")) == ()
    mapping = {"host_port": 31000, "container_port": 80, "protocol": "UDP"}
    bridged = network_request.networks(docker("BRIDGE", [mapping]))
    named = network_request.networks(container(network_infos=[{"name": "mesos-bridge", "port_mappings": [mapping]}]))
    assert bridged == named and named is not None
    assert (named[0].name, named[0].port_mappings[0].protocol) == ("mesos-bridge", "udp")
    user = network_request.networks(docker("USER", [mapping], network_infos=[{"name": "own"}]))
    assert user is not None and user[0].name == "own" and user[0].port_mappings == named[0].port_mappings
    assert network_request.hostname(container(hostname="a.b"), "c") == "a.b"
    assert network_request.hostname(None, "c") == "c"


@pytest.mark.parametrize(
    ("asked", "text", "invalid"),
    [
        (container(), None, False),
        (docker("NONE"), None, False),
        (container(network_infos=[{"name": "n", "port_mappings": [{"host_port": 5, "container_port": 80}]}]), None, 0),
        (container(network_infos=[{"name": "n"}, {"name": "n"}]), "'n' multiple times", False),
        (container(network_infos=[{"port_mappings": [{"host_port": 5, "container_port": 80}]}]), "no name", False),
        (docker("USER"), "No network info found", False),
        (docker("USER", network_infos=[{}]), "No network name found", False),
        (docker("USER", network_infos=[{"name": "a"}, {"name": "b"}]), "Only a single network", False),
        (docker("BRIDGE", network_infos=[{"name": "a"}]), "goes with container.docker.network USER", False),
        (docker("HOST", [{"host_port": 5, "container_port": 80}]), "only supported for bridge", False),
        (docker("NONE", [{"host_port": 5, "container_port": 80}]), "only supported for bridge", False),
        (docker("BRIDGE", [{"host_port": 4, "container_port": 80}]), "port 4 is mapped, and is not among", True),
        (docker("BRIDGE", [{"host_port": 5, "container_port": 0}]), "leads to port 0", True),
        (docker("BRIDGE", [{"host_port": 5, "container_port": 80}] * 2), "mapped twice for tcp", True),
        (docker("BRIDGE", [{"host_port": 5, "container_port": 8, "protocol": "x"}]), "protocol 'x'", True),
        (container(hostname="a"), "goes with a network", False),
        (container(hostname="a_b", network_infos=[{"name": "n"}]), "cannot be the name of a host", False),
        (container(hostname="a" * 65, network_infos=[{"name": "n"}]), "cannot be the name of a host", False),
    ],
)
def test_what_cannot_be_had_is_refused(asked: ContainerInfo, text: str | None, invalid: bool) -> None:
    found = network_request.refusal(asked, offered(5, 6), settings())
    if text is None:
        assert found is None
        return
    assert found is not None and text in found.message and found.invalid is invalid


def test_a_port_may_be_mapped_for_both_protocols_and_no_agent_without_networks_takes_a_wish_for_one() -> None:
    both = [{"host_port": 5, "container_port": 53, "protocol": kind} for kind in ("tcp", "udp")]
    assert network_request.refusal(docker("BRIDGE", both), offered(5, 5), settings()) is None
    refused = network_request.refusal(docker("BRIDGE", both), offered(5, 5), settings("for a reason"))
    assert refused is not None and "for a reason" in refused.message and not refused.invalid
    assert network_request.refusal(docker("NONE"), [], settings("for a reason")) is None
    assert network_request.refusal(docker("NONE"), [], settings("it has none", "posix")) is not None
    assert network_request.executor_refusal(container()) is None
    executor = network_request.executor_refusal(container(network_infos=[{"name": "n"}]))
    assert executor is not None and "cannot reach" in executor.message


# --- CNI --------------------------------------------------------------------------------------------------------------


def test_a_folder_of_configurations_is_read_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.conf").write_text(json.dumps({"name": "a", "type": "bridge", "ipam": {"type": "host-local"}}))
    chain = {"cniVersion": "1.0.0", "name": "b", "plugins": [{"type": "bridge"}, {"type": "tuning"}]}
    (tmp_path / "b.conflist").write_text(json.dumps(chain))
    (tmp_path / ".hidden").write_text("nothing")
    found = cni.read(tmp_path)
    assert sorted(found) == ["a", "b"]
    assert cni.programs(found["a"]) == ["bridge", "host-local"] and cni.programs(found["b"]) == ["bridge", "tuning"]
    assert not found["a"].since("0.4.0") and found["b"].since("0.4.0")
    (tmp_path / "c.conf").write_text(json.dumps({"name": "a", "type": "ptp"}))
    with pytest.raises(ValueError, match=r"c\.conf configures the CNI network 'a' again"):
        cni.read(tmp_path)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ([], "expected a JSON object with a name"),
        ({"type": "bridge"}, "expected a JSON object with a name"),
        ({"name": "a", "type": "bridge", "cniVersion": "9.0.0"}, "cniVersion is '9.0.0'"),
        ({"name": "a"}, "type has to be"),
        ({"name": "a", "type": "../sh"}, "type has to be"),
        ({"name": "a", "plugins": []}, "plugins has to be a list"),
    ],
)
def test_what_is_no_configuration_is_told(data: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        cni.parse(data)


def test_addresses_and_name_servers_of_results_of_every_version() -> None:
    old = {"ip4": {"ip": "198.18.1.2/24", "gateway": "198.18.1.1"}, "dns": {"nameservers": ["198.18.1.1"]}}
    assert [(one.ip, one.subnet, one.version) for one in cni.addresses(old)] == [("198.18.1.2", "198.18.1.0/24", 4)]
    assert cni.resolving(old) == "nameserver 198.18.1.1\n"
    listed = [{"name": "b0"}, {"name": "eth0", "sandbox": "/n"}]
    new = {"ips": [{"address": "198.18.1.2/24"}, {"address": "2001:db8::2/64"}], "interfaces": listed}
    assert [one.version for one in cni.addresses(new)] == [4, 6]
    assert cni.outside(new) == ["b0"] and cni.resolving(new) is None
    dns = {"nameservers": ["198.18.1.1"], "domain": "d", "search": ["a", "b"], "options": ["ndots:2"]}
    assert cni.resolving({"dns": dns}) == "domain d\nsearch a b\noptions ndots:2\nnameserver 198.18.1.1\n"
    with pytest.raises(NetworkError, match="an address that cannot be read"):
        cni.addresses({"ips": [{"address": "x"}]})


def plugin(folder: Path, name: str, script: str) -> CniPlugins:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(stat.S_IRWXU)
    return CniPlugins((folder / "absent", folder))


def attachment(folder: Path, *names: str, version: str = "0.4.0") -> Attachment:
    config = cni.parse({"name": "n", "cniVersion": version, "plugins": [{"type": name} for name in names]})
    return Attachment(config, "c", str(folder / "ns"), "eth0", {"by": {"us": 1}})


def test_plugins_of_a_list_get_the_result_before_and_are_undone_in_reverse(tmp_path: Path) -> None:
    log = tmp_path / "log"
    for name in ("one", "two"):
        said = f'{{"cniVersion":"0.4.0","from":"{name}"}}'
        script = (
            f"echo $CNI_COMMAND {name} $CNI_IFNAME $CNI_CONTAINERID $CNI_NETNS >> {log}; cat >> {log}; echo >> {log}"
        )
        plugins = plugin(tmp_path, name, f"{script}; echo '{said}'")
    at = attachment(tmp_path, "one", "two")
    assert plugins.add(at) == {"cniVersion": "0.4.0", "from": "two"}
    plugins.check(at, {"known": True})
    plugins.delete(at, {"known": True})
    lines = log.read_text().splitlines()
    calls = [line.split()[:2] for line in lines[::2]]
    assert calls == [["ADD", "one"], ["ADD", "two"], ["CHECK", "one"], ["CHECK", "two"], ["DEL", "two"], ["DEL", "one"]]
    assert lines[0].split()[2:] == ["eth0", "c", str(tmp_path / "ns")]
    given = [json.loads(line) for line in lines[1::2]]
    assert given[0] == {"type": "one", "name": "n", "cniVersion": "0.4.0", "args": {"by": {"us": 1}}}
    assert given[1]["prevResult"]["from"] == "one" and given[4]["prevResult"] == {"known": True}
    old = attachment(tmp_path, "one", version="0.3.1")
    plugins.check(old, {})
    plugins.delete(old, {"known": True})
    assert len(log.read_text().splitlines()) == len(lines) + 2, "no CHECK before 0.4.0"
    assert "prevResult" not in json.loads(log.read_text().splitlines()[-1])


@pytest.mark.parametrize(
    ("script", "text"),
    [
        ('echo \'{"code":11,"msg":"try again","details":"no room"}\'; exit 1', "'n': try again; no room"),
        ("echo broken >&2; exit 3", "ended with status 3, and said 'broken'"),
        ("echo '['", "ended with status 0"),
    ],
)
def test_what_a_plugin_says_is_the_tasks_message(tmp_path: Path, script: str, text: str) -> None:
    plugins = plugin(tmp_path, "one", f"cat > /dev/null; {script}")
    with pytest.raises(NetworkError) as raised:
        plugins.add(attachment(tmp_path, "one"))
    assert str(raised.value).startswith("The CNI plugin 'one' failed to attach the container to CNI network 'n': ")
    assert text.removeprefix("'n': ") in str(raised.value)
    with pytest.raises(NetworkError, match="it is not in"):
        plugins.delete(attachment(tmp_path, "none"), None)


def test_an_agent_says_what_networks_lack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configured = tmp_path / "cni"
    configured.mkdir()
    wanted = NetworkSettings(tmp_path / "run", "a", (tmp_path,), configured)
    (configured / "n.conf").write_text(json.dumps({"name": "n", "cniVersion": "0.4.0", "type": "one"}))
    monkeypatch.setattr(nft, "program", lambda: "/usr/sbin/nft")
    with pytest.raises(LauncherUnusable, match="wants the plugin 'one', which is not in"):
        Networks(wanted).begin(tmp_path / "containers")
    plugin(tmp_path, "one", 'cat > /dev/null; echo \'{"supportedVersions":["0.1.0"]}\'')
    with pytest.raises(
        LauncherUnusable, match=r"version 0\.4\.0 of the specification, and the plugin 'one' knows 0\.1\.0"
    ):
        Networks(wanted).begin(tmp_path / "containers")
    (configured / "bad").write_text("{")
    with pytest.raises(LauncherUnusable, match="bad is no configuration"):
        Networks(wanted).begin(tmp_path / "containers")
    monkeypatch.setattr(nft, "program", lambda: None)
    with pytest.raises(LauncherUnusable, match="install the package nftables"):
        Networks(wanted).begin(tmp_path / "containers")
    Networks(NetworkSettings(tmp_path / "run", "a")).begin(tmp_path / "containers")


# --- rules, files, ports ----------------------------------------------------------------------------------------------


def test_the_table_holds_every_container_and_says_whom_it_forwards_for() -> None:
    one = Joined((Mapped("tcp", 31000, "198.18.1.2", 80),), ("b1",), ("198.18.1.0/24",))
    own = Bridge("dcos-1", "198.18.2.0/24")
    text = nft.script("t", own, [one, Joined()], only_ours=True)
    assert text.startswith("table ip t\ndelete table ip t\ntable ip t {\n"), "in one transaction, whether it is there"
    assert "elements = { tcp . 31000 : 198.18.1.2 . 80 }" in text and 'elements = { "b1", "dcos-1" }' in text
    assert "elements = { 198.18.1.0/24, 198.18.2.0/24 }" in text
    lines = text.splitlines()
    assert lines.index("oifname @inside ct status dnat accept") < lines.index('oifname "dcos-1" drop')
    assert lines[-3:] == ["drop", "}", "}"]
    assert "drop\n}\n}" not in nft.script("t", own, [], only_ours=False)
    assert "masquerade" in nft.script("t", None, [], only_ours=False) and "elements" not in nft.script(
        "t", None, [], False
    )


def test_a_container_resolves_its_own_name_and_asks_only_servers_that_it_reaches() -> None:
    assert network.hosts("a.b", ["198.18.1.2"]).endswith("198.18.1.2 a.b a\n")
    assert network.hosts("a", []).endswith("127.0.0.1 a\n")
    text = "search a\nnameserver 127.0.0.53\nnameserver ::1\nnameserver 198.18.0.1\nnameserver\noptions x\n"
    assert network.without_local(text) == "search a\nnameserver 198.18.0.1\nnameserver\noptions x\n"


def test_ports_are_closed_in_one_network_only() -> None:
    everywhere, here = ports.program(((1, 1023),)), ports.program(((1, 1023),), 1 << 40 | 7)
    assert here.endswith(everywhere[8:]), "the rest is the same"
    before = here[: len(here) - len(everywhere)]
    codes = [before[at] for at in range(0, len(before), 8)]
    assert codes == [0xBF, 0x85, 0x18, 0, 0x1D, 0xB7, 0x95, 0xBF]
    assert before[1] & 15 == KEPT and before[4 * 8 + 1] & 15 == RETURNED
    assert int.from_bytes(before[2 * 8 + 4 : 3 * 8], "little") == 7, "the lower half of the number"
