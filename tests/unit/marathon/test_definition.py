"""From what clients send to what is kept: defaults, legacy forms, and every problem named."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from dcos_runtime.marathon.core import ids
from dcos_runtime.marathon.core.app import App, VersionInfo, decode, encode, to_json
from dcos_runtime.marathon.core.definition import DefinitionRules, complete, merged, with_service_ports
from dcos_runtime.marathon.core.fields import Invalid

RULES = DefinitionRules()


def app(**data: Any) -> App:
    return complete({"id": "/a", "cmd": "sleep 1", **data}, None, RULES)


def problems(**data: Any) -> dict[str, list[str]]:
    with pytest.raises(Invalid) as caught:
        app(**data)
    return caught.value.details


def test_the_least_definition_gets_marathon_defaults() -> None:
    assert to_json(app()) == {
        "id": "/a",
        "version": "",
        "versionInfo": {"lastScalingAt": "", "lastConfigChangeAt": ""},
        "cmd": "sleep 1",
        "instances": 1,
        "cpus": 1,
        "mem": 128,
        "disk": 0,
        "gpus": 0,
        "executor": "",
        "portDefinitions": [{"port": 0, "protocol": "tcp", "name": "default"}],
        "requirePorts": False,
        "networks": [{"mode": "host"}],
        "labels": {},
        "role": "*",
        "backoffSeconds": 1,
        "backoffFactor": 1.15,
        "maxLaunchDelaySeconds": 300,
        "upgradeStrategy": {"minimumHealthCapacity": 1, "maximumOverCapacity": 1},
        "killSelection": "YOUNGEST_FIRST",
        "unreachableStrategy": {"inactiveAfterSeconds": 0, "expungeAfterSeconds": 0},
    }


def test_what_is_shown_can_be_sent_back_and_means_the_same() -> None:
    made = app(
        env={"A": "b"},
        constraints=[["hostname", "UNIQUE"], ["rack", "GROUP_BY", "3"]],
        fetch=[{"uri": "http://x/y.tgz", "destPath": "z"}],
        healthChecks=[
            {"protocol": "HTTP", "path": "/h", "ignoreHttp1xx": True},
            {"protocol": "COMMAND", "command": {"value": "true"}},
        ],
        portDefinitions=[{"port": 8080, "name": "web", "labels": {"VIP_0": "x:80"}}],
        requirePorts=True,
        taskKillGracePeriodSeconds=3,
        acceptedResourceRoles=["*"],
        unreachableStrategy="disabled",
        user="nobody",
        container={"type": "MESOS"},
        dependencies=["b"],
    )
    shown = to_json(made)
    assert complete(shown, None, RULES) == made
    assert merged(made, shown, RULES) == made
    assert decode(encode(made)) == made
    reread = complete({**shown, "tasksRunning": 3, "deployments": [], "tasks": [], "version": "x"}, None, RULES)
    assert reread == made, "what a client only read may be sent back"


def test_containers_are_kept_as_marathon_shows_them() -> None:
    docker = {"image": "r.example/app:1", "parameters": [{"key": "env", "value": "A=b"}], "network": "HOST"}
    made = app(cmd=None, container={"type": "DOCKER", "docker": docker, "portMappings": []})
    assert made.container == {
        "type": "DOCKER",
        "volumes": [],
        "docker": {
            "image": "r.example/app:1",
            "forcePullImage": False,
            "privileged": False,
            "parameters": [{"key": "env", "value": "A=b"}],
        },
    }
    assert complete(to_json(made), None, RULES) == made == decode(encode(made))
    given = {"image": "app", "forcePullImage": True, "credential": {"principal": "p", "secret": "s"}}
    assert app(args=["x"], cmd=None, container={"docker": given}).container == {
        "type": "MESOS",
        "volumes": [],
        "docker": given,
    }
    volume = {"containerPath": "data", "hostPath": "/srv/data", "mode": "RO"}
    with_volume = app(container={"volumes": [volume]})
    assert with_volume.container == {"type": "MESOS", "volumes": [volume]}
    assert complete(to_json(with_volume), None, RULES) == with_volume
    assert app(container={}).container == {"type": "MESOS", "volumes": []}


def test_legacy_fields_are_migrated() -> None:
    made = app(uris=["http://x/a.tgz", "http://x/b"], ports=[0, 8080])
    assert [(item.uri, item.extract) for item in made.fetch] == [("http://x/a.tgz", True), ("http://x/b", False)]
    assert [definition.port for definition in made.port_definitions] == [0, 8080]
    assert "uris" not in to_json(made) and "ports" not in to_json(made)
    assert app(ports=[]).port_definitions == []


def test_no_cpu_and_no_memory_at_all_are_taken() -> None:
    made = app(cpus=0, mem=0)
    assert (made.cpus, made.mem, to_json(made)["cpus"], to_json(made)["mem"]) == (0.0, 0.0, 0, 0)


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({"cmd": None}, "/"),
        ({"args": ["a"]}, "/"),
        ({"cpus": 0.0001}, "/cpus"),
        ({"mem": 0.0004}, "/mem"),
        ({"disk": -1}, "/disk"),
        ({"cpus": 0, "mem": 0, "ports": []}, "/"),
        ({"mem": -1}, "/mem"),
        ({"cpus": "1"}, "/cpus"),
        ({"instances": 1.5}, "/instances"),
        ({"instances": True}, "/instances"),
        ({"backoffFactor": 0.5}, "/backoffFactor"),
        ({"env": {"A": 1}}, "/env/A"),
        ({"labels": []}, "/labels"),
        ({"killSelection": "OLDEST"}, "/killSelection"),
        ({"upgradeStrategy": {"minimumHealthCapacity": 2}}, "/upgradeStrategy/minimumHealthCapacity"),
        ({"unreachableStrategy": {"inactiveAfterSeconds": 5, "expungeAfterSeconds": 1}}, "/unreachableStrategy"),
        ({"portDefinitions": [{"port": 70000}]}, "/portDefinitions(0)/port"),
        ({"portDefinitions": [{"port": 80}, {"port": 80}]}, "/portDefinitions"),
        ({"ports": [1], "portDefinitions": [{"port": 2}]}, "/"),
        ({"constraints": [["hostname", "NEAR"]]}, "/constraints(0)"),
        ({"constraints": [["hostname", "LIKE", "("]]}, "/constraints(0)"),
        ({"constraints": [["hostname", "MAX_PER", "x"]]}, "/constraints(0)"),
        ({"healthChecks": [{"protocol": "HTTP", "portIndex": 4}]}, "/healthChecks(0)/portIndex"),
        ({"acceptedResourceRoles": ["gpu"]}, "/acceptedResourceRoles"),
        ({"role": "other"}, "/role"),
        ({"fetch": [{"extract": True}]}, "/fetch(0)/uri"),
        ({"container": {"type": "DOCKER"}}, "/container/docker"),
        ({"container": {"volumes": [{"hostPath": "/x"}]}}, "/container/volumes(0)/containerPath"),
        ({"container": {"volumes": [{"hostPath": "/x/../y", "containerPath": "a"}]}}, "/container/volumes(0)/hostPath"),
        (
            {"container": {"volumes": [{"hostPath": "/x", "containerPath": "a", "mode": "W"}]}},
            "/container/volumes(0)/mode",
        ),
        ({"container": {"type": "LXC"}}, "/container/type"),
        ({"container": {"docker": {"image": ""}}}, "/container/docker/image"),
        ({"container": {"docker": {"image": "a", "privilegd": True}}}, "/container/docker/privilegd"),
        ({"container": {"docker": {"image": "a", "privileged": True}}}, "/container/docker/privileged"),
        (
            {"container": {"docker": {"image": "a", "parameters": [{"key": "a", "value": "b"}]}}},
            "/container/docker/parameters",
        ),
        (
            {"container": {"type": "DOCKER", "docker": {"image": "a", "credential": {"principal": "p"}}}},
            "/container/docker/credential",
        ),
        (
            {"container": {"docker": {"image": "a", "credential": {"secret": "p"}}}},
            "/container/docker/credential/principal",
        ),
        (
            {"container": {"type": "DOCKER", "docker": {"image": "a", "parameters": [{"key": "a"}]}}},
            "/container/docker/parameters(0)/value",
        ),
        ({"instnces": 2}, "/instnces"),
        ({"fetch": [{"uri": "x", "cahe": True}]}, "/fetch(0)/cahe"),
        ({"labels": {"MARATHON_SINGLE_INSTANCE_APP": "true"}, "instances": 2}, "/"),
    ],
)
def test_a_wrong_value_is_refused_by_its_path(data: dict[str, Any], path: str) -> None:
    assert path in problems(**data)


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({"container": {"appc": {"image": "nginx"}}}, "/container/appc"),
        ({"container": {"docker": {"image": "nginx", "pullConfig": {"secret": "x"}}}}, "/container/docker/pullConfig"),
        ({"container": {"docker": {"image": "nginx", "network": "NONE"}}}, "/container/docker/network"),
        ({"container": {"volumes": [{"containerPath": "x", "persistent": {}}]}}, "/container/volumes(0)/persistent"),
        ({"container": {"volumes": [{"containerPath": "x", "secret": "s"}]}}, "/container/volumes(0)/secret"),
        ({"gpus": 1}, "/gpus"),
        ({"readinessChecks": [{}]}, "/readinessChecks"),
        ({"secrets": {"a": {"source": "b"}}}, "/secrets"),
        ({"tty": True}, "/tty"),
        ({"ipAddress": {"networkName": "x", "groups": ["g"]}}, "/ipAddress/groups"),
        ({"executor": "/bin/mine"}, "/executor"),
        ({"resourceLimits": {"cpus": 2}}, "/resourceLimits"),
    ],
)
def test_what_this_version_lacks_is_refused_by_name_and_never_ignored(data: dict[str, Any], path: str) -> None:
    assert "not supported in this version" in problems(**data)[path][0]


@pytest.mark.parametrize(
    ("checks", "path"),
    [
        ([{"protocol": "COMMAND"}], "/healthChecks(0)/command"),
        ([{"protocol": "COMMAND", "command": {}}], "/healthChecks(0)/command/value"),
        ([{"protocol": "COMMAND", "command": {"value": "x" * 131_072}}], "/healthChecks(0)/command/value"),
        ([{"protocol": "COMMAND", "command": {"value": "true", "shell": 1}}], "/healthChecks(0)/command/shell"),
        ([{"protocol": "COMMAND", "command": {"value": "true"}, "portIndex": 0}], "/healthChecks(0)/portIndex"),
        ([{"protocol": "TCP", "command": {"value": "true"}}], "/healthChecks(0)/command"),
        ([{"protocol": "MESOS_TCP"}, {"protocol": "COMMAND", "command": {"value": "true"}}], "/healthChecks"),
    ],
)
def test_a_check_that_the_agent_cannot_make_as_it_is_asked_is_refused(checks: list[Any], path: str) -> None:
    assert list(problems(healthChecks=checks)) == [path]


def test_every_problem_is_told_at_once() -> None:
    found = problems(id="/Bad!", cpus=-1, instnces=3, gpus=2)
    assert set(found) == {"/id", "/cpus", "/instnces", "/gpus"}
    assert "did you mean instances?" in found["/instnces"][0]


@pytest.mark.parametrize("app_id", ["", "/", "/A", "/a_b", "/-a", "/a/restart", "/tasks", "/x/versions"])
def test_ids_that_are_none_are_refused(app_id: str) -> None:
    assert ids.problems(ids.absolute(app_id))


def test_a_partial_update_changes_what_it_names_and_switches_between_cmd_and_args() -> None:
    first = app(env={"A": "1"}, instances=3)
    assert merged(first, {"instances": 5}, RULES) == msgspec.structs.replace(first, instances=5)
    assert merged(first, {"env": {"B": "2"}}, RULES).env == {"B": "2"}
    second = merged(first, {"args": ["x", "y"]}, RULES)
    assert (second.cmd, second.args, second.instances) == (None, ["x", "y"], 3)
    assert merged(second, {"cmd": "z"}, RULES).args == []
    assert [port.port for port in merged(first, {"ports": [81]}, RULES).port_definitions] == [81]
    assert merged(first, {"id": "/other", "cpus": None}, RULES) == first


def test_single_instance_apps_are_never_doubled_during_an_upgrade() -> None:
    strategy = app(labels={"MARATHON_SINGLE_INSTANCE_APP": "true"}).upgrade_strategy
    assert (strategy.maximum_over_capacity, strategy.minimum_health_capacity) == (0.0, 0.0)


def test_service_ports_are_unique_and_kept_over_updates() -> None:
    rules = DefinitionRules(local_port_min=10000, local_port_max=10004)
    first = with_service_ports(app(ports=[0, 9000, 0]), None, {10000}, rules)
    assert [definition.port for definition in first.port_definitions] == [10001, 9000, 10002]
    again = with_service_ports(app(ports=[0, 9000, 0]), first, {10000}, rules)
    assert again.port_definitions == first.port_definitions
    more = with_service_ports(app(ports=[0, 0, 0]), first, {10000}, rules)
    assert [definition.port for definition in more.port_definitions] == [10001, 10002, 10003]
    with pytest.raises(Invalid, match="in use"):
        with_service_ports(app(ports=[0, 0, 0, 0]), first, {10000}, rules)
    required = app(ports=[0, 8080], requirePorts=True)
    assert with_service_ports(required, None, set(), rules) == required


def test_a_version_only_scaled_has_the_same_configuration() -> None:
    first = msgspec.structs.replace(
        app(), version="v1", version_info=VersionInfo(last_scaling_at="v1", last_config_change_at="v1")
    )
    assert first.same_config(msgspec.structs.replace(first, instances=9, version="v2"))
    assert not first.same_config(msgspec.structs.replace(first, mem=9.0))


@pytest.mark.parametrize(("path", "absolute"), [("a//b/", "/a/b"), ("/a/../b", "/b"), ("//a", "/a"), ("./a/.", "/a")])
def test_paths_are_cleaned(path: str, absolute: str) -> None:
    assert ids.absolute(path) == absolute


def test_ids_of_instances_and_tasks_lead_back_to_their_app() -> None:
    instance = ids.instance("/a/b-c/d.e", "u-1")
    assert instance == "a_b-c_d.e.instance-u-1"
    assert ids.parse_task(ids.task(instance, 42)) == ("/a/b-c/d.e", instance)
    assert ids.parse_instance(instance) == ids.parse_instance(ids.task(instance, 1)) == ("/a/b-c/d.e", instance)
    assert ids.parse_task("executor-1") is None and ids.parse_task(instance) is None


def test_versions_only_ever_grow() -> None:
    first = ids.next_version(1_700_000_000.1234, "")
    assert first == "2023-11-14T22:13:20.123Z"
    second = ids.next_version(1_700_000_000.1234, first)
    assert second == "2023-11-14T22:13:20.124Z"
    assert ids.next_version(1_600_000_000.0, second) == "2023-11-14T22:13:20.125Z"
