"""Labels that are read as they were written, plans, mirrors, and resources that are freed after a framework."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dcos_runtime.cosmos.core import freeing, mirror, shown
from dcos_runtime.marathon.core.app import to_json
from dcos_runtime.marathon.core.definition import DefinitionRules, complete, with_service_ports
from dcos_runtime.marathon.core.fields import Invalid
from dcos_universe.errors import UniverseError
from dcos_universe.render import render
from tests.support.cosmos.packages import entry
from tests.support.universe import sample

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@given(st.dictionaries(st.text(max_size=8), VALUES, max_size=4))
@settings(deadline=None)
def test_what_labels_hold_comes_back(options: dict[str, Any]) -> None:
    made = entry(config=None, template=None, resource={"x": options})
    app = {"labels": shown.labels(made, "http://repo.test", options)}
    assert shown.stored_options(app) == options
    assert shown.stored_entry(app) == made
    assert all(value.isascii() for value in app["labels"].values())


@pytest.mark.parametrize("label", ["", "x", "e30", "bnVsbA==", base64.b64encode(b'{"data": 5}').decode(), 5, None])
def test_labels_that_somebody_else_wrote_are_none_of_ours(label: Any) -> None:
    app = {"labels": {shown.DEFINITION: label, shown.OPTIONS: label}}
    assert shown.stored_entry(app) is None
    assert shown.stored_options({"labels": {shown.OPTIONS: "W10="}}) is None


@pytest.mark.parametrize(
    "definition",
    [
        b"[" * 200_000,
        b'{"name": "x", "version": "1", "downgradesTo": 5}',
        b'{"name": "x", "version": "1", "upgradesFrom": [5]}',
        b'{"name": "x", "version": "1", "config": "y"}',
        b'{"name": "x", "version": "1", "resource": []}',
        b'{"name": "x", "version": "1", "manager": "y"}',
    ],
)
def test_a_label_that_cannot_be_used_does_not_fail_the_list_of_all_apps(definition: bytes) -> None:
    label = base64.b64encode(json.dumps({"data": base64.b64encode(definition).decode()}).encode()).decode()
    app = {"id": "/x", "labels": {shown.NAME: "hello-world", shown.VERSION: "1.0", shown.DEFINITION: label}}
    assert shown.stored_entry(app) is None
    assert shown.stored_options({"labels": {shown.OPTIONS: base64.b64encode(b"[" * 200_000).decode()}}) is None


def test_a_definition_does_not_grow_without_end() -> None:
    import gzip

    bomb = {
        "metadata": {"Content-Encoding": "gzip"},
        "data": base64.b64encode(gzip.compress(bytes(50_000_000))).decode(),
    }
    label = base64.b64encode(json.dumps(bomb).encode()).decode()
    assert shown.stored_entry({"labels": {shown.DEFINITION: label}}) is None


def test_a_plan_tells_what_would_be_another_and_nothing_else() -> None:
    before = {
        "id": "/a",
        "cpus": 1,
        "mem": 32,
        "env": {"A": "1", "GONE": "x"},
        "labels": {"L": "1", shown.OPTIONS: "a"},
        "portDefinitions": [{"port": 10000, "protocol": "tcp", "name": "api"}],
    }
    after = {
        "id": "a",
        "cpus": 1.0,
        "mem": 64,
        "env": {"A": "1", "NEW": "y"},
        "labels": {"L": "2", shown.OPTIONS: "b"},
        "portDefinitions": [{"port": 0, "name": "web"}],
    }
    assert shown.changes(before, after) == [
        {"path": "/mem", "from": 32, "to": 64},
        {"path": "/env/NEW", "to": "y"},
        {"path": "/env/GONE", "from": "x"},
        {"path": "/labels/L", "from": "1", "to": "2"},
        {"path": "/portDefinitions/0/name", "from": "api", "to": "web"},
    ]


BARE = {"id": "/top/a", "cmd": "sleep 1"}
FULL: dict[str, Any] = {
    "user": "nobody",
    "instances": 3,
    "cpus": 0.5,
    "mem": 64,
    "disk": 10,
    "container": {"type": "MESOS"},
    "constraints": [["hostname", "UNIQUE"]],
    "fetch": [{"uri": "http://198.18.0.9/a.tgz"}],
    "portDefinitions": [{"port": 0, "name": "api"}, {"port": 0}],
    "requirePorts": True,
    "healthChecks": [{"path": "/health"}],
    "check": {"http": {"path": "/check"}},
    "dependencies": ["/b"],
    "env": {"A": "1"},
    "labels": {"L": "1"},
    "acceptedResourceRoles": ["*"],
    "role": "top",
    "backoffSeconds": 5,
    "backoffFactor": 2.0,
    "maxLaunchDelaySeconds": 60,
    "taskKillGracePeriodSeconds": 9,
    "upgradeStrategy": {"maximumOverCapacity": 0.5},
    "killSelection": "OLDEST_FIRST",
    "unreachableStrategy": {"inactiveAfterSeconds": 5},
}


def _as_shown(definition: dict[str, Any]) -> dict[str, Any]:
    """As the init shows an app of this definition, with what it shows of the app's state."""
    return {
        **to_json(complete(definition, None, DefinitionRules())),
        "tasksRunning": 1,
        "tasks": [{}],
        "deployments": [],
    }


def _emptied(app: dict[str, Any]) -> dict[str, Any]:
    """Without what is empty, which an init need not show."""
    return {name: value for name, value in app.items() if value or name in ("instances", "portDefinitions")}


@pytest.mark.parametrize("name", FULL)
def test_a_field_that_the_next_definition_does_not_name_goes_and_is_told(name: str) -> None:
    before = {**BARE, name: FULL[name]}
    found = shown.changes(_as_shown(before), BARE)
    assert found and all(one["path"].startswith(f"/{name}") for one in found)
    assert shown.changes(_as_shown(before), before) == []
    assert not shown.stands(_as_shown(before), BARE, whole=True) and shown.stands(_as_shown(before), BARE)


@pytest.mark.parametrize(
    "definition",
    [
        BARE,
        {**BARE, **FULL},
        {**BARE, "labels": {"MARATHON_SINGLE_INSTANCE_APP": "true"}},
        {"id": "/a", "args": ["a"], "uris": ["http://198.18.0.9/a.tgz"], "ports": [0, 10001]},
        {"id": "/a", "args": ["a"], "uris": [], "ports": []},
        {**BARE, "constraints": [], "dependencies": [], "env": {}, "user": None, "requirePorts": False, "disk": 0},
        {**BARE, "unreachableStrategy": "disabled"},
        {**BARE, "container": {"type": "DOCKER", "docker": {"image": "i", "network": "HOST", "parameters": []}}},
        {**BARE, "container": {"docker": {"image": "i"}, "volumes": [{"containerPath": "a", "hostPath": "/b"}]}},
    ],
)
def test_what_the_init_adds_to_a_definition_is_no_change(definition: dict[str, Any]) -> None:
    assert shown.changes(_as_shown(definition), definition) == []
    assert shown.changes(_emptied(_as_shown(definition)), definition) == []


def test_no_package_of_the_sample_changes_where_nothing_does() -> None:
    compared = 0
    for revision in sample.revisions():
        try:
            app = render(revision, {}).app
            there = _as_shown(app)
        except (UniverseError, Invalid):
            continue  # an option is required, or this init does not run it
        assert shown.changes(there, app) == [], (revision.name, revision.version)
        compared += 1
    assert compared > 10


@pytest.mark.parametrize(
    ("old", "new"),
    [({"uris": ["http://198.18.0.9/a.tgz"]}, {"uris": []}), ({"ports": [10001]}, {"ports": [10002]})],
)
def test_a_change_in_an_old_form_is_told_in_the_present_one(old: dict[str, Any], new: dict[str, Any]) -> None:
    found = shown.changes(_as_shown({**BARE, **old}), {**BARE, **new})
    assert [one["path"].split("/")[1] for one in found] == [{"uris": "fetch", "ports": "portDefinitions"}[min(old)]]


IMAGE = {"image": "i"}
NETWORKS: tuple[dict[str, Any], ...] = (
    {"networks": [{"mode": "container/bridge"}]},
    {"networks": [{"mode": "container/bridge"}], "ports": [0, 0], "requirePorts": True},
    {"networks": [{"name": "n"}], "container": {"portMappings": [{"containerPort": 80, "protocol": "tcp"}]}},
    {"networks": [{"name": "n"}], "container": {"portMappings": []}},
    {"networks": [{"name": "n"}], "portDefinitions": [{"port": 10005, "name": "web", "labels": {"a": "b"}}, {}]},
    {
        "container": {
            "type": "DOCKER",
            "docker": {**IMAGE, "network": "BRIDGE", "portMappings": [{"containerPort": 80}]},
        }
    },
    {"container": {"type": "DOCKER", "docker": {**IMAGE, "network": "BRIDGE", "portMappings": []}}},
    {"container": {"type": "DOCKER", "docker": {**IMAGE, "network": "HOST", "portMappings": []}}},
    {"container": {"type": "DOCKER", "docker": {**IMAGE, "network": "USER"}}, "ipAddress": {"networkName": "n"}},
    {"ipAddress": {"networkName": "n", "labels": {"k": "v"}, "discovery": {"ports": [{"number": 80, "name": "web"}]}}},
    {"ipAddress": {"networkName": "mesos-bridge"}},
)


@pytest.mark.parametrize("networks", NETWORKS)
def test_networks_in_each_form_are_compared_with_what_the_init_makes_of_them(networks: dict[str, Any]) -> None:
    app = {**BARE, **networks}
    there = to_json(with_service_ports(complete(app, None, DefinitionRules()), None, (), DefinitionRules()))
    assert shown.changes(there, app) == [] and shown.stands(there, app, whole=True)
    if there["networks"] != [{"mode": "host"}]:
        assert shown.changes(_as_shown(BARE), app)
        assert {"path": "/networks", "from": there["networks"]} in shown.changes(there, BARE)


@pytest.mark.parametrize("odd", [5, "x", [5], {"a": 1}, [[]], {"docker": 5}, {"ports": {"a": 1}}])
def test_what_no_init_takes_can_be_compared(odd: Any) -> None:
    for name in ("networks", "container", "ipAddress", "portDefinitions"):
        assert shown.changes(_as_shown(BARE), {**BARE, "networks": [{"name": "n"}], name: odd})


@pytest.mark.parametrize("of", ["portDefinitions", "fetch", "healthChecks"])
def test_an_inner_field_that_goes_is_told_too(of: str) -> None:
    more: dict[str, dict[str, Any]] = {
        "portDefinitions": {"labels": {"VIP_0": "a:1"}},
        "fetch": {"destPath": "b"},
        "healthChecks": {"portIndex": 1},
    }
    inner = [{**FULL[of][0], **more[of]}, *FULL[of][1:]]
    (found,) = shown.changes(_as_shown({**BARE, **FULL, of: inner}), {**BARE, **FULL})
    assert found["path"] == f"/{of}/0/{next(iter(more[of]))}" and "to" not in found


def test_an_option_that_is_no_longer_chosen_is_told() -> None:
    before: dict[str, Any] = {"service": {"mem": 33, "env": {}}, "x": 0}
    after: dict[str, Any] = {"service": {"env": {}}}
    assert shown.option_changes(before, after) == [{"path": "/service/mem", "from": 33}, {"path": "/x", "from": 0}]


# --- mirrors ---

URI = "http://far.test/a/file.tgz?x=1"
DIGEST = "ab" * 32
SIDECAR = {
    "revisions": {"0": {"artifacts": [{"uri": URI, "sha256": DIGEST}, {"uri": "http://no.test", "sha256": "x"}, 5]}}
}


def test_artifacts_come_from_the_mirror_and_images_from_its_registry() -> None:
    known = mirror.digests(SIDECAR)
    assert known == {URI: DIGEST}
    given_resource = {
        "assets": {"uris": {"file": URI, "none": ""}, "container": {"docker": {"i": "far.test/x/y:1", "j": "z"}}},
        "images": {"icon-small": "http://far.test/i.png"},
    }
    made = mirror.resource(given_resource, "http://198.18.0.11:7075/", "198.18.0.11:5000", known)
    assert made["assets"]["uris"] == {"file": f"http://198.18.0.11:7075/blobs/{DIGEST}/file.tgz", "none": ""}
    assert made["assets"]["container"]["docker"] == {"i": "198.18.0.11:5000/x/y:1", "j": "198.18.0.11:5000/library/z"}
    assert given_resource["assets"]["uris"]["file"] == URI  # type: ignore[index]  # what the init was given is any JSON


@pytest.mark.parametrize("sidecar", [None, [], {}, {"revisions": 5}, {"revisions": {"0": 5}}, {"revisions": {"0": {}}}])
def test_what_the_mirror_does_not_know_is_not_fetched_from_elsewhere(sidecar: Any) -> None:
    with pytest.raises(mirror.NotMirrored, match=r"far\.test"):
        mirror.resource({"assets": {"uris": {"file": URI}}}, "http://m.test", None, mirror.digests(sidecar))


# --- what is freed ---


def _disk(role: str, principal: str | None, kind: str = "DYNAMIC", **disk: Any) -> dict[str, Any]:
    reservation = {"type": kind, "role": role, **({"principal": principal} if principal else {})}
    found = {"name": "disk", "type": "SCALAR", "scalar": {"value": 1.0}, "role": role, "reservation": {}}
    return {**found, "reservations": [reservation], **({"disk": disk} if disk else {})}


def test_only_what_was_the_frameworks_own_is_freed() -> None:
    volume = _disk("r", "p", persistence={"id": "v"}, volume={"mode": "RW"}, source={"type": "MOUNT"})
    agent = {
        "reserved_resources_full": {
            "r": [volume, _disk("r", "p"), _disk("r", "other"), _disk("r", None), _disk("r", "p", "STATIC")],
            "s": [_disk("s", "p")],
        }
    }
    volumes, reserved = freeing.held(agent, {"r"}, "p")
    assert [one["disk"]["persistence"]["id"] for one in volumes] == ["v"]
    assert len(reserved) == 2
    assert reserved[0]["disk"] == {"source": {"type": "MOUNT"}}
    for one in (*volumes, *reserved):
        assert one["reservations"] == [{"type": "DYNAMIC", "role": "r", "principal": "p"}]
        assert "role" not in one and "reservation" not in one
    assert freeing.held({}, {"r"}, "p") == ([], [])
    assert freeing.roles_of({"roles": ["*", "a", ""]}) == ["a"] and freeing.roles_of({"role": "b"}) == ["b"]
    assert freeing.node_of("/a/b") == "/dcos-service-a__b"
