"""Apps in networks of their own: what is kept of each form, what the kernel is told, and where checks go."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dcos_runtime.agent.core import network_request
from dcos_runtime.agent.core.model import Settings
from dcos_runtime.marathon.core import taskinfo
from dcos_runtime.marathon.core.app import App, decode, encode, to_json
from dcos_runtime.marathon.core.definition import DefinitionRules, complete, merged, with_service_ports
from dcos_runtime.marathon.core.fields import Invalid
from dcos_runtime.wire.cluster import AgentInfo
from dcos_runtime.wire.common import Value
from dcos_runtime.wire.resources import Resource
from dcos_runtime.wire.tasks import TaskInfo
from tests.support.cores.marathon_cluster import Cluster
from tests.support.cores.marathon_steps import create

RULES = DefinitionRules()
BRIDGE = [{"mode": "container/bridge"}]
IMAGE = {"image": "i"}


def app(**data: Any) -> App:
    return complete({"id": "/a", "cmd": "x", **data}, None, RULES)


def built(made: App, *host_ports: int) -> TaskInfo:
    return taskinfo.build(made, "t", "agent", "host", list(host_ports), [])


def variables(info: TaskInfo) -> dict[str, str]:
    assert info.command is not None and info.command.environment is not None
    found = {one.name: one.value or "" for one in info.command.environment.variables}
    return {name: value for name, value in found.items() if name.startswith("PORT")}


def test_a_bridge_in_each_form_is_kept_in_one() -> None:
    mapping = {"containerPort": 80, "name": "web", "protocol": "udp,tcp"}
    container = {"type": "DOCKER", "docker": IMAGE, "portMappings": [mapping]}
    new = app(networks=BRIDGE, container=container)
    docker = {**IMAGE, "network": "BRIDGE", "portMappings": [mapping]}
    assert app(container={"type": "DOCKER", "docker": docker}) == new
    shown = to_json(new)
    assert (
        shown["networks"] == BRIDGE and "portDefinitions" not in shown and "network" not in shown["container"]["docker"]
    )
    assert shown["container"]["portMappings"] == [{**mapping, "hostPort": 0, "servicePort": 0}]
    assert app(**{key: value for key, value in shown.items() if key != "id"}) == new
    assert decode(encode(new)) == new


def test_docker_is_told_of_the_bridge_and_of_each_protocol() -> None:
    mapping = {"containerPort": 80, "hostPort": 0, "protocol": "udp,tcp", "name": "web", "labels": {"a": "b"}}
    info = built(app(networks=BRIDGE, container={"type": "DOCKER", "docker": IMAGE, "portMappings": [mapping]}), 31000)
    assert info.container is not None and info.container.docker is not None
    docker = info.container.docker
    assert docker.network is not None and docker.network.value == "BRIDGE" and not info.container.network_infos
    told = [(one.host_port, one.container_port, one.protocol) for one in docker.port_mappings]
    assert told == [(31000, 80, "udp"), (31000, 80, "tcp")]
    expected = {"PORT": "31000", "PORTS": "31000", "PORT0": "31000", "PORT_80": "31000", "PORT_WEB": "31000"}
    assert variables(info) == expected


def test_mesos_containers_are_told_of_the_bridge_by_its_name() -> None:
    mappings = [{"containerPort": 0}, {"containerPort": 53, "hostPort": 5353, "protocol": "udp"}]
    made = app(networks=BRIDGE, container={"portMappings": mappings})
    assert made.wanted_host_ports == [0, 5353]
    info = built(made, 31000, 5353)
    assert info.container is not None and info.container.type.value == "MESOS"
    (network,) = info.container.network_infos
    told = [(one.host_port, one.container_port, one.protocol) for one in network.port_mappings]
    assert (network.name, told) == ("mesos-bridge", [(31000, 31000, "tcp"), (5353, 53, "udp")])


def test_ports_without_a_host_port_are_the_container_s_own() -> None:
    mappings = [{"containerPort": 80}, {"containerPort": 0}, {"containerPort": 90, "hostPort": 0}]
    made = app(
        networks=[{"mode": "container", "name": "n", "labels": {"k": "v"}}], container={"portMappings": mappings}
    )
    assert made.wanted_host_ports == [0]
    info = built(made, 31000)
    assert variables(info)["PORTS"] == "80,10000,31000" and variables(info)["PORT_90"] == "31000"
    assert info.container is not None and info.discovery is not None and info.discovery.ports is not None
    (network,) = info.container.network_infos
    assert network.name == "n" and network.labels is not None and network.labels.labels[0].key == "k"
    assert [(one.host_port, one.container_port) for one in network.port_mappings] == [(31000, 90)]
    scopes = [(one.number, one.labels.labels[-1].value) for one in info.discovery.ports.ports if one.labels]
    assert scopes == [(80, "container"), (10000, "container"), (31000, "host")]


def test_a_mapping_goes_to_the_network_that_it_names() -> None:
    networks = [{"name": "a"}, {"name": "b"}]
    mapping = {"containerPort": 80, "hostPort": 0, "networkNames": ["b"]}
    info = built(app(networks=networks, container={"portMappings": [mapping]}), 31000)
    assert info.container is not None
    assert [(one.name, len(one.port_mappings)) for one in info.container.network_infos] == [("a", 0), ("b", 1)]


def test_ip_addresses_of_former_versions_are_container_networks() -> None:
    ports = [{"number": 80, "name": "web", "protocol": "tcp"}]
    made = app(ipAddress={"networkName": "n", "labels": {"k": "v"}, "discovery": {"ports": ports}})
    assert to_json(made)["networks"] == [{"mode": "container", "name": "n", "labels": {"k": "v"}}]
    assert to_json(made)["container"]["portMappings"][0]["containerPort"] == 80 and made.wanted_host_ports == []
    assert app(ipAddress={"networkName": "mesos-bridge"}).mode == "container/bridge"
    user = app(ipAddress={"networkName": "n"}, container={"type": "DOCKER", "docker": {**IMAGE, "network": "USER"}})
    told = built(user).container
    assert told is not None and told.docker is not None and told.docker.network is not None
    assert (told.docker.network.value, told.network_infos[0].name) == ("USER", "n")


def test_without_mappings_there_is_one_port_and_none_with_an_empty_list() -> None:
    assert [(one.name, one.host_port) for one in app(networks=BRIDGE).port_mappings] == [("default", 0)]
    assert app(networks=BRIDGE, container={"portMappings": []}).port_mappings == []
    assert app(networks=BRIDGE, ports=[0, 0]).wanted_host_ports == [0, 0]


def test_ports_of_the_machine_become_mappings_in_another_network_and_nothing_of_them_is_dropped() -> None:
    definitions = [{"port": 10005}, {"port": 10006, "name": "web", "protocol": "udp", "labels": {"VIP_0": "a:1"}}]
    made = app(networks=BRIDGE, container={"portMappings": [{"containerPort": 80}]}, portDefinitions=definitions)
    first, second = made.port_mappings
    assert (first.container_port, first.service_port, first.name) == (80, 10005, None)
    assert (second.service_port, second.name, second.protocol, second.labels) == (10006, "web", "udp", {"VIP_0": "a:1"})
    assert app(networks=BRIDGE, portDefinitions=[{"name": "default"}]) == app(networks=BRIDGE)
    bridged = merged(app(ports=[0, 0]), {"networks": BRIDGE}, RULES)
    with pytest.raises(Invalid) as refused:
        merged(bridged, {"portDefinitions": [{"name": "web"}]}, RULES)
    assert list(refused.value.details) == ["/portDefinitions"]


def test_networks_are_changed_with_their_ports() -> None:
    bridged = app(networks=BRIDGE, container={"portMappings": [{"containerPort": 80}]})
    host = merged(bridged, {"networks": [{"mode": "host"}]}, RULES)
    assert host.mode == "host" and host.port_mappings == [] and len(host.port_definitions) == 1
    assert merged(host, {"networks": BRIDGE}, RULES).wanted_host_ports == [0]
    legacy = {"container": {"type": "DOCKER", "docker": {**IMAGE, "network": "BRIDGE"}}}
    assert merged(host, legacy, RULES).mode == "container/bridge"
    assert merged(bridged, {"instances": 3}, RULES).port_mappings == bridged.port_mappings


def test_mappings_get_service_ports_and_keep_them() -> None:
    made = app(networks=BRIDGE, container={"portMappings": [{"containerPort": 80}, {"servicePort": 10000}]})
    first = with_service_ports(made, None, (), RULES)
    assert first.service_ports == [10001, 10000]
    assert with_service_ports(made, first, {10001}, RULES).service_ports == [10001, 10000]


def test_checks_go_to_the_host_port_where_there_is_one() -> None:
    mappings = [{"containerPort": 80}, {"containerPort": 90, "hostPort": 0}]
    checks = [{"portIndex": 0}, {"portIndex": 1}, {"port": 90}, {"port": 70}]
    made = app(networks=[{"name": "n"}], container={"portMappings": mappings}, healthChecks=checks)
    found = [check.target(made, [31000]) for check in made.health_checks]
    assert found == [(80, False), (31000, True), (31000, True), (70, False)]
    assert [check.inner_port(made, [31000]) for check in made.health_checks] == [80, 90, 90, 70], "the agent's"


@pytest.mark.parametrize(
    ("networks", "port"),
    [({"networks": BRIDGE, "container": {"portMappings": [{"containerPort": 80}]}}, 80), ({}, 31000)],
)
def test_the_agent_asks_the_port_that_the_task_itself_binds(networks: dict[str, Any], port: int) -> None:
    info = built(app(**networks, healthChecks=[{"protocol": "MESOS_TCP"}]), 31000)
    assert info.health_check is not None and info.health_check.tcp is not None and info.health_check.tcp.port == port


def test_a_check_of_a_container_without_an_address_fails_and_asks_nobody_else() -> None:
    cluster = Cluster()
    cluster.connect()
    mappings = [{"containerPort": 80}, {"containerPort": 90, "hostPort": 0}]
    checks = [{"portIndex": index, "gracePeriodSeconds": 0} for index in (0, 1)]
    create(cluster, networks=[{"name": "n"}], container={"portMappings": mappings}, healthChecks=checks)
    cluster.run(rounds=2)
    ((_, instance),) = cluster.core.state.all_instances()
    assert [(probe.host, probe.port) for probe in cluster.probes] == [(instance.hostname, instance.host_ports[0])]
    records = cluster.core.state.apps["/web"].health[instance.id].checks
    assert records[0].last_cause is not None and "the agent has reported none" in records[0].last_cause
    instance.tasks[0].ip_addresses = [("198.19.0.9", "IPv4")]
    cluster.probes.clear()
    cluster.advance(60.0)
    assert {(probe.host, probe.port) for probe in cluster.probes} >= {("198.19.0.9", 80)}


def test_a_network_for_docker_s_kinds_may_have_its_labels_in_the_old_field() -> None:
    docker = {"type": "DOCKER", "docker": {**IMAGE, "network": "BRIDGE", "portMappings": []}}
    bridged = app(container=docker, ipAddress={"labels": {"k": "v"}})
    assert (bridged.mode, bridged.networks[0].labels, bridged.port_mappings) == ("container/bridge", {"k": "v"}, [])
    docker["docker"] = {**IMAGE, "network": "HOST"}
    assert app(container=docker, ipAddress={}).mode == "host"


def test_an_app_is_the_same_when_what_is_shown_of_it_is_sent_back() -> None:
    mapping = {"containerPort": 80, "hostPort": 0, "networkNames": ["b"]}
    for made in (
        app(networks=BRIDGE),
        app(ipAddress={"networkName": "n"}),
        app(networks=[{"name": "a"}, {"name": "b"}], container={"portMappings": [mapping]}),
        app(cmd=None, networks=BRIDGE, container={"type": "DOCKER", "docker": {**IMAGE, "portMappings": []}}),
        app(cmd=None, container={"type": "DOCKER", "docker": {**IMAGE, "network": "HOST"}}),
    ):
        assert complete(to_json(made), None, RULES) == made
        assert merged(made, to_json(made), RULES) == made


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({"networks": [{"mode": "container"}]}, "/networks(0)/name"),
        ({"networks": [{"mode": "bridge"}]}, "/networks(0)/mode"),
        ({"networks": [{"mode": "host", "name": "n"}]}, "/networks(0)/name"),
        ({"networks": [{"mode": "host"}, {"name": "n"}]}, "/networks"),
        ({"networks": BRIDGE * 2}, "/networks"),
        ({"networks": [{"name": "n"}] * 2}, "/networks"),
        ({"container": {"portMappings": [{"containerPort": 80}]}}, "/container/portMappings"),
        ({"networks": BRIDGE, "container": {"portMappings": [{"hostPort": 80}] * 2}}, "/container/portMappings"),
        (
            {"networks": BRIDGE, "container": {"portMappings": [{"networkNames": ["x"]}]}},
            "/container/portMappings(0)/networkNames",
        ),
        (
            {"networks": [{"name": "a"}, {"name": "b"}], "container": {"portMappings": [{"hostPort": 0}]}},
            "/container/portMappings(0)/networkNames",
        ),
        ({"networks": BRIDGE, "container": {"portMappings": [{"servicePort": 10001}]}, "ports": [10002]}, "/ports"),
        ({"networks": BRIDGE, "container": {"docker": {**IMAGE, "network": "HOST"}}}, "/networks"),
        ({"container": {"docker": {**IMAGE, "network": "NONE"}}}, "/container/docker/network"),
        ({"ipAddress": {"networkName": "n", "groups": ["g"]}}, "/ipAddress/groups"),
        ({"ipAddress": {}}, "/ipAddress/networkName"),
        ({"ipAddress": {"networkName": "n"}, "networks": [{"name": "m"}]}, "/networks"),
        ({"container": {"docker": {**IMAGE, "network": "USER"}}}, "/ipAddress/networkName"),
        ({"networks": BRIDGE, "container": {"portMappings": [{"port": 1}]}}, "/container/portMappings(0)/port"),
    ],
)
def test_what_cannot_be_is_refused_where_it_stands(data: dict[str, Any], path: str) -> None:
    with pytest.raises(Invalid) as refused:
        app(**data)
    assert path in refused.value.details


# --- whatever is asked for ---

LABELS = st.sampled_from([None, {}, {"k": "v"}, {"k": 5}])
PORTS = st.sampled_from([None, 0, 1, 80, 5353, 31000, 65535, 65536, -1, "80", 1.5])
PROTOCOL = st.sampled_from([None, "tcp", "udp", "udp,tcp", "tcp,udp", "TCP"])
NAMES = st.sampled_from([None, "a", "b", "web", "", "A_b"])
MAPPING = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("containerPort", "hostPort", "servicePort"), PORTS),
        "protocol": PROTOCOL,
        "name": NAMES,
        "labels": LABELS,
        "networkNames": st.lists(NAMES, max_size=2),
    },
)
NETWORK = st.fixed_dictionaries(
    {},
    optional={
        "mode": st.sampled_from([None, "host", "container", "container/bridge", "x"]),
        "name": NAMES,
        "labels": LABELS,
    },
)
DISCOVERED = st.fixed_dictionaries({}, optional={"number": PORTS, "name": NAMES, "protocol": PROTOCOL})
DEFINITION = st.fixed_dictionaries({}, optional={"port": PORTS, "name": NAMES, "protocol": PROTOCOL, "labels": LABELS})
MAPPINGS = st.none() | st.lists(MAPPING, max_size=3)
ASKED = st.fixed_dictionaries(
    {},
    optional={
        "networks": st.none() | st.lists(NETWORK, max_size=2),
        "portDefinitions": st.none() | st.lists(DEFINITION, max_size=3),
        "requirePorts": st.booleans(),
        "container": st.none()
        | st.fixed_dictionaries(
            {"type": st.sampled_from(["MESOS", "DOCKER"])},
            optional={
                "portMappings": MAPPINGS,
                "docker": st.fixed_dictionaries(
                    {"image": st.just("i")},
                    optional={
                        "network": st.sampled_from([None, "HOST", "BRIDGE", "USER", "NONE"]),
                        "portMappings": MAPPINGS,
                    },
                ),
            },
        ),
        "ipAddress": st.none()
        | st.fixed_dictionaries(
            {},
            optional={
                "networkName": st.sampled_from([None, "a", "mesos-bridge"]),
                "labels": LABELS,
                "discovery": st.fixed_dictionaries({}, optional={"ports": st.lists(DISCOVERED, max_size=2)}),
            },
        ),
        "healthChecks": st.lists(
            st.fixed_dictionaries(
                {"protocol": st.sampled_from(["HTTP", "MESOS_TCP"])},
                optional={"port": PORTS, "portIndex": st.integers(0, 3)},
            ),
            max_size=1,
        ),
    },
)


OFFERED = Resource(name="ports", type=Value.Type.RANGES, ranges=Value.Ranges(range=[Value.Range(begin=1, end=65535)]))
AGENT = Settings(
    info=AgentInfo(hostname="h"), software="", boot_id="", ip="198.18.0.5", launcher="linux", without_networks=""
)


@settings(max_examples=300, deadline=None)
@given(asked=ASKED)
def test_whatever_networks_an_app_asks_for_it_is_refused_by_its_fields_or_an_agent_can_run_it(
    asked: dict[str, Any],
) -> None:
    try:
        made = app(**asked)
    except Invalid as refused:
        assert all(path.startswith("/") for path in refused.details)
        return
    assert complete(to_json(made), None, RULES) == made, "what is shown can be sent back"
    served = with_service_ports(made, None, (), RULES)
    assert len(served.service_ports) == len(served.ports) and decode(encode(served)) == served
    free = iter(range(20_000, 21_000))
    info = built(served, *(port or next(free) for port in served.wanted_host_ports))
    assert network_request.refusal(info.container, [OFFERED], AGENT) is None
    assert len(variables(info).get("PORTS", "").split(",")) == max(1, len(served.ports))
    for check in served.health_checks:
        target = check.target(served, [port or 20_000 for port in served.wanted_host_ports])
        assert target is not None and 0 <= target[0] <= 65535
