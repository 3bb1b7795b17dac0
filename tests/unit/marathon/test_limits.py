"""What is too large is refused before anything is changed, with its place and the limit; and costs little time."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dcos_runtime.marathon.core import deployment as deployments
from dcos_runtime.marathon.core import groups, limits
from dcos_runtime.marathon.core.app import App, encode
from dcos_runtime.marathon.core.definition import DefinitionRules, complete
from dcos_runtime.marathon.core.fields import MOST_PROBLEMS, Invalid
from dcos_runtime.marathon.core.outbox import writes
from dcos_runtime.marathon.core.taskinfo import build, environment, too_large
from dcos_runtime.marathon.http.labels import parse
from dcos_runtime.store import MAX_KEY, MAX_VALUE, check
from dcos_runtime.wire import codec
from dcos_runtime.wire.common import AgentID, Attribute, TaskID, Value
from dcos_runtime.wire.containers import ContainerStatus, NetworkInfo
from dcos_runtime.wire.limits import MAX_TASK_INFO
from dcos_runtime.wire.tasks import TaskState, TaskStatus
from tests.support.cores.marathon_cluster import Asking, Cluster, make_offer


def app(**data: Any) -> App:
    return complete({"id": "/a", "cmd": "sleep 1", **data}, None, DefinitionRules())


def test_the_limits_leave_room_for_what_else_is_in_a_stored_value() -> None:
    assert max(limits.MAX_DEFINITION, limits.MAX_DEPLOYMENT) + 1000 <= MAX_VALUE
    assert 6 * (limits.MAX_AGENT + limits.MAX_MESSAGE) + 10_000 <= MAX_VALUE  # a character takes six bytes in JSON


def test_a_packages_definition_of_159_kilobytes_is_taken_in_a_label() -> None:
    encoded = "x" * (159_000 * 4 // 3)
    assert app(labels={"DCOS_PACKAGE_DEFINITION": encoded, "DCOS_PACKAGE_METADATA": encoded}).labels


@pytest.mark.parametrize(
    ("path", "data", "text"),
    [
        ("/", {"labels": {"A": "x" * 900_000}}, "500000.* is in labels"),
        ("/", {"env": {f"V{n}": "x" * 100_000 for n in range(50)}}, "500000.* is in env"),
        ("/env/BIG", {"env": {"BIG": "x" * 131_068, "GOOD": "x" * 131_066}}, "131072 bytes.*131071"),
        ("/env/BIG", {"env": {"BIG": "é" * 70_000}}, "131071"),
        ("/cmd", {"cmd": "x" * 131_072}, "131072 bytes"),
        ("/args(1)", {"cmd": None, "args": ["a", "x" * 131_072]}, "131072 bytes"),
        ("/constraints", {"constraints": [["a", "LIKE", "x"]] * 10_000}, "10000 elements, and may have 100"),
        ("/healthChecks", {"healthChecks": [{}] * 101}, "101 elements"),
        ("/portDefinitions", {"portDefinitions": [{}] * 1_001}, "1001 elements"),
        ("/fetch", {"fetch": [{"uri": "http://x"}] * 1_001}, "1001 elements"),
        ("/dependencies", {"dependencies": ["/x"] * 1_001}, "1001 elements"),
        ("/labels", {"labels": {str(n): "" for n in range(10_001)}}, "10001 entries, and may have 10000"),
        ("/env", {"env": {str(n): "" for n in range(10_001)}}, "10001 entries"),
        ("/args", {"args": ["a"] * 10_001}, "10001 elements"),
        ("/id", {"id": "/" + "a." * 1_000_000 + "!"}, "193 characters"),
    ],
)
def test_too_much_is_refused_at_its_place_with_the_limit(path: str, data: dict[str, Any], text: str) -> None:
    with pytest.raises(Invalid, match=text) as caught:
        app(**data)
    assert list(caught.value.details) == [path]
    assert len(str(caught.value)) < 1_000


@pytest.mark.parametrize(
    "data",
    [
        {f"unknown{n}": 1 for n in range(900)},
        {f"unknown{n}": 1 for n in range(100_000)},
        {"x" * 1_000_000: 1},
        {"env": {f"A={n}": "" for n in range(10_000)}},
        {"labels": {f"L{n}": 1 for n in range(10_000)}},
        {"kind" + "y" * 500: 1, "killSelection": "z" * 1_000_000},
        {"healthChecks": [{"protocol": "p" * 1_000_000}]},
        {"networks": [{}] * 1_000},
        {"acceptedResourceRoles": ["r" * 1_000_000] * 3},
    ],
    ids=lambda data: str(next(iter(data)))[:12],
)
def test_very_many_mistakes_are_told_in_few_words_and_little_time(data: dict[str, Any]) -> None:
    began = time.process_time()
    with pytest.raises(Invalid) as caught:
        app(**data)
    assert time.process_time() - began < 5
    assert len(caught.value.details) <= MOST_PROBLEMS + 1
    assert len(str(caught.value)) < 100_000


def test_the_names_of_very_many_labels_stay_out_of_the_environment() -> None:
    many = app(labels={f"L{n:0100}": "" for n in range(3_000)})
    assert "MARATHON_APP_LABELS" not in environment(many, "t", "h", [])
    few = app(labels={"A": "1", "B": "x" * 600})
    assert environment(few, "t", "h", [])["MARATHON_APP_LABELS"] == "A"


# --- requests that change much ----------------------------------------------------------------------------------------


@pytest.fixture
def cluster() -> Cluster:
    cluster = Cluster()
    cluster.connect()
    return cluster


def many(count: int, size: int) -> list[dict[str, Any]]:
    return [{"id": f"/g/a{n}", "cmd": "x", "instances": 0, "labels": {"L": "x" * size}} for n in range(count)]


def put(cluster: Cluster, items: list[dict[str, Any]]) -> Any:
    def work(changes: Asking) -> Any:
        return changes.update_many(items, partial=True, may_create=True, force=True)

    return cluster.change(work)


def test_two_hundred_apps_of_ten_kilobytes_are_taken_in_one_request(cluster: Cluster) -> None:
    put(cluster, many(200, 10_000))
    cluster.commit()
    assert sum(key.startswith("apps/") for key in cluster.store) == 200


@pytest.mark.parametrize(
    ("items", "text"),
    [
        (many(20, 490_000), "8000000 in one request"),
        (many(1_001, 1), "1001 apps"),
        ([{"id": f"/{'x' * 170}/a{n}", "cmd": "x"} for n in range(1_000)], "changes too much at once"),
    ],
)
def test_a_request_that_changes_too_much_is_refused_whole(cluster: Cluster, items: list[Any], text: str) -> None:
    before = dict(cluster.store)
    with pytest.raises(Invalid, match=text):
        put(cluster, items)
    outcome = cluster.commit()
    assert cluster.store == before and not outcome.changes
    assert not cluster.core.state.apps and not cluster.core.state.deployments


def test_all_definitions_together_have_a_limit_below_which_former_versions_give_way(cluster: Cluster) -> None:
    limit = limits.MAX_CURRENT // 490_000
    for number in range(limit):
        put(cluster, [{**many(1, 489_000)[0], "id": f"/a{number}"}])
        cluster.commit()
    for round_ in range(3):  # changed again and again: former versions take what room is left
        for number in range(0, limit, 4):
            put(cluster, [{"id": f"/a{number}", "env": {"ROUND": str(round_)}}])
            cluster.commit()
            assert sum(len(value) for key, value in cluster.store.items() if key.startswith("apps/")) <= 24_000_000
    with pytest.raises(Invalid, match="16000000; remove others first"):
        put(cluster, [{**many(1, 489_000)[0], "id": "/one-more"}])
    put(cluster, [{"id": "/a1", "instances": 1}])  # a change that adds next to nothing
    cluster.commit()
    put(cluster, [{"id": "/a1", "labels": {"L": "short"}}])
    put(cluster, [{**many(1, 400_000)[0], "id": "/one-more"}])
    cluster.commit()
    stored = {key: value for key, value in cluster.store.items() if key.startswith("apps/")}
    cluster.crash()
    cluster.start()
    state = cluster.core.state
    assert sum(len(app_state.versions) for app_state in state.apps.values()) == len(stored)
    assert state.current_size() == sum(len(encode(app_state.current)) for app_state in state.apps.values())


def test_what_the_cluster_tells_is_cut_to_what_can_be_stored(cluster: Cluster) -> None:
    """The model's store refuses what a real one would."""
    cluster.change(lambda changes: changes.create({"id": "/web", "cmd": "x", "instances": 2}, False))
    cluster.commit()
    for number, size in (0, 40_000), (1, 2_000_000):
        text = Value.Text(value="\0" * size)
        attributes = [Attribute(name="size", type=Value.Type.TEXT, text=text)]
        offer = msgspec.structs.replace(make_offer(f"o{number}", f"a{number}"), attributes=attributes)
        cluster.events.append([offer])
        cluster._offers[f"o{number}"] = f"a{number}"
        cluster.deliver()
        cluster.commit()
    assert {task.agent for task in cluster.of("/web")} == {"a0"}
    assert cluster.filters["a1"] > cluster.mono + 60  # it was declined for long
    task_id = next(iter(cluster.tasks))
    address = NetworkInfo.IPAddress(ip_address="198.18.0.1")
    networks = [NetworkInfo(ip_addresses=[address] * 1_000)] * 100
    who: dict[str, Any] = {"task_id": TaskID(value=task_id), "agent_id": AgentID(value=cluster.tasks[task_id].agent)}
    container = ContainerStatus(network_infos=networks)
    for status in (
        TaskStatus(**who, state=TaskState.TASK_RUNNING, container_status=container),
        TaskStatus(**who, state=TaskState.TASK_FAILED, message="\0" * 2_000_000),
    ):
        cluster.update(status)
        cluster.commit()
    assert len(cluster.core.state.apps["/web"].failure.message) == limits.MAX_MESSAGE + 1


# --- large outcomes ---------------------------------------------------------------------------------------------------

KEYS = st.sampled_from(["apps/a/1", "apps/b/1", "deployments/x", *(f"instances/i{n}" for n in range(9))])


@given(st.dictionaries(KEYS, st.none() | st.binary(max_size=60)), st.integers(1, 150))
def test_what_clients_changed_is_stored_first_and_together_and_instances_some_at_a_time(
    changes: dict[str, bytes | None], most: int
) -> None:
    parts = writes(changes, most)
    assert {key: value for part in parts for key, value in part.items()} == changes
    assert sum(map(len, parts)) == len(changes) and all(parts)
    for part in parts[1:]:
        assert all(key.startswith("instances/") for key in part)
        assert len(part) == 1 or sum(len(key) + len(value or b"") for key, value in part.items()) <= most


def test_any_app_id_makes_a_key_that_a_store_takes() -> None:
    longest = "/" + "/".join("a" for _ in range(97))
    assert not Invalid({}).details
    cluster = Cluster()
    cluster.change(lambda changes: changes.create({"id": longest, "cmd": "x", "instances": 0}, False))
    check(cluster.commit().changes)
    assert MAX_KEY == 1024


# --- graphs -----------------------------------------------------------------------------------------------------------


def test_a_web_of_dependencies_is_put_in_order_in_no_time() -> None:
    layers, wide = 60, 5
    after: dict[str, App | None] = {}
    for layer in range(layers):
        below = [f"/l{layer - 1}-{n}" for n in range(wide)] if layer else []
        for n in range(wide):
            after[f"/l{layer}-{n}"] = app(id=f"/l{layer}-{n}", dependencies=below)
    steps = deployments.plan_steps(dict.fromkeys(after), after)
    order = [sorted(action.app for action in actions) for actions in steps[1:]]
    assert order == [[f"/l{layer}-{n}" for n in range(wide)] for layer in range(layers)]


def test_a_chain_of_a_thousand_and_circles_are_put_in_order() -> None:
    chain = {f"/c{n}": app(id=f"/c{n}", dependencies=[f"/c{n - 1}"] if n else []) for n in range(1_000)}
    steps = deployments.plan_steps(dict.fromkeys(chain), chain)
    assert [actions[0].app for actions in steps[1:]] == list(chain)
    circle = {
        "/a": app(id="/a", dependencies=["/b", "/a"]),
        "/b": app(id="/b", dependencies=["/a", "/c"]),
        "/c": app(id="/c"),
        "/d": app(id="/d", dependencies=["/d"]),
    }
    steps = deployments.plan_steps(dict.fromkeys(circle), circle)
    assert [sorted(action.app for action in actions) for actions in steps[1:]] == [["/c", "/d"], ["/a", "/b"]]


def test_the_tree_of_a_thousand_groups_looks_at_each_app_once_a_level() -> None:
    found = [app(id=f"/g{n}/h/a") for n in range(1_000)]
    shown: list[str] = []

    def show(one: App) -> dict[str, Any]:
        shown.append(one.id)
        return {"id": one.id}

    tree = groups.tree(found, show)
    assert len(shown) == 1_000 and len(tree["groups"]) == 1_000
    assert tree["groups"][0]["groups"][0]["apps"] == [{"id": "/g0/h/a"}]


def test_a_thousand_apps_that_wait_for_each_other_are_deployed_in_seconds(cluster: Cluster) -> None:
    """Each step is an event that holds the whole deployment, and touches every app of it."""
    chain = [
        {"id": f"/c{n}", "cmd": "x", "instances": 0, "dependencies": [f"/c{n - 1}"] if n else []} for n in range(1_000)
    ]
    began = time.process_time()
    put(cluster, chain)
    cluster.commit()
    assert not cluster.core.state.deployments
    assert time.process_time() - began < 60


@pytest.mark.parametrize(
    "text", ["a" + " " * 20_000 + "!", "a in (" + "b , " * 9_000 + "!", "a==" + " " * 20_000, "\\" * 20_001]
)
def test_label_selectors_take_time_by_their_length_only(text: str) -> None:
    began = time.process_time()
    with pytest.raises(ValueError, match="Can not parse"):
        parse(text)
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"labels": {"A": "é" * 83_000}}, None),
        ({"labels": {"A": "é" * 84_000}}, "as ASCII JSON.*500000.* is in labels"),
        ({"labels": {"A": "\u20ac" * 84_000}}, "500000.* is in labels"),
        ({"labels": {"A": "\U0001f600" * 42_000}}, "500000.* is in labels"),
        ({"env": {f"V{number}": "é" * 20_000 for number in range(5)}}, "500000.* is in env"),
    ],
)
def test_a_definition_is_measured_as_it_travels(data: dict[str, Any], text: str | None) -> None:
    if text is None:
        assert app(**data)
    else:
        with pytest.raises(Invalid, match=text):
            app(**data)


def largest(kind: str, number: int, length: int) -> dict[str, Any]:
    match kind:
        case "labels":
            return {"labels": {f"{n}": "x" * length for n in range(number)}}
        case "names":
            return {"labels": {f"{n:x}_" + "y" * length: "" for n in range(number)}}
        case "env":
            return {"env": {f"V{n}": "é" * length for n in range(number)}}
        case "args":
            return {"cmd": None, "args": ["x" * length] * number}
        case "fetch":
            return {"fetch": [{"uri": "http://" + "x" * length} for _ in range(min(number, 1_000))]}
        case _:
            port = {"port": 0, "protocol": "tcp,udp", "labels": {f"{n}": "" for n in range(length // 50)}}
            return {"portDefinitions": [{**port, "name": f"n{n}"} for n in range(min(number, 1_000))]}


@settings(deadline=None, max_examples=30)
@given(
    st.sampled_from(["labels", "names", "env", "args", "fetch", "ports"]),
    st.sampled_from([1, 10, 1_000, 4_000, 10_000]),
    st.integers(0, 6_000),
)
def test_what_is_taken_can_be_launched(kind: str, number: int, length: int) -> None:
    """The kernel takes a TaskInfo of any definition that the init takes, wherever it is launched."""
    try:
        one = complete({"id": "/a", "cmd": "sleep 1", **largest(kind, number, length)}, None, DefinitionRules())
    except Invalid:
        return
    info = build(one, "t" * 255, "a" * 255, "h" * 255, [31_000 + n for n in range(len(one.port_definitions))], [])
    size = len(codec.encode(info))
    assert len(codec.encode(one)) * 25 > size  # else `too_large` would not look
    assert too_large(one) is not None or size < MAX_TASK_INFO - 400_000  # left for the host's name and the resources


def test_a_definition_whose_task_would_be_too_large_is_refused_whole() -> None:
    cluster = Cluster()
    port = {"port": 0, "protocol": "tcp,udp", "labels": {chr(97 + n // 26) + chr(97 + n % 26): "" for n in range(50)}}
    many = [{**port, "name": f"n{n}"} for n in range(800)]
    assert app(portDefinitions=many)
    with pytest.raises(Invalid, match="TaskInfo made of this definition"):
        cluster.change(lambda changes: changes.create({"id": "/a", "cmd": "x", "portDefinitions": many}, False))
    assert not any("apps" in key for key in cluster.store)
