"""Definitions that can never run, or that would stop the init: refused; and stored ones harm their own app only."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from dcos_runtime.marathon.core import patterns, stored
from dcos_runtime.marathon.core.app import App, to_json
from dcos_runtime.marathon.core.definition import MAX_INSTANCES, DefinitionRules, complete
from dcos_runtime.marathon.core.fields import Invalid
from dcos_runtime.marathon.core.ids import MAX_APP
from dcos_runtime.wire.scheduler import Call
from tests.support.cores.marathon_cluster import Cluster

SLOW = "(((((([a-z]+)+)+)+)+)+)+!"


def app(**data: Any) -> App:
    return complete({"id": "/a", "cmd": "sleep 1", **data}, None, DefinitionRules())


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/cpus", {"cpus": 1e308}),
        ("/mem", {"mem": 2e9}),
        ("/disk", {"disk": 10**401}),
        ("/instances", {"instances": 10**30}),
        ("/instances", {"instances": MAX_INSTANCES + 1}),
        ("/cmd", {"cmd": "a\0b"}),
        ("/args(1)", {"cmd": None, "args": ["a", "b\0"]}),
        ("/env/A", {"env": {"A": "\0"}}),
        ("/env/A\\x00", {"env": {"A\0": ""}}),
        ("/env/", {"env": {"": "x"}}),
        ("/env/A=B", {"env": {"A=B": "x"}}),
        ("/labels/A", {"labels": {"A": "\0"}}),
        ("/fetch(0)/destPath", {"fetch": [{"uri": "http://x/y", "destPath": "/etc/x"}]}),
        ("/fetch(0)/destPath", {"fetch": [{"uri": "http://x/y", "destPath": "a/../../x"}]}),
        ("/taskKillGracePeriodSeconds", {"taskKillGracePeriodSeconds": 10**10}),
        ("/backoffSeconds", {"backoffSeconds": 10**10}),
        ("/maxLaunchDelaySeconds", {"maxLaunchDelaySeconds": 10**10}),
        ("/backoffFactor", {"backoffFactor": 1e300}),
        ("/healthChecks(0)/intervalSeconds", {"healthChecks": [{"intervalSeconds": 10**10}]}),
        ("/unreachableStrategy/expungeAfterSeconds", {"unreachableStrategy": {"expungeAfterSeconds": 10**10}}),
        ("/id", {"id": "/" + "a" * (MAX_APP + 1)}),
        ("/constraints(0)", {"constraints": [["hostname", "LIKE", SLOW]]}),
        ("/constraints(0)", {"constraints": [["hostname", "UNLIKE", SLOW]]}),
        ("/constraints(0)", {"constraints": [["hostname", "MAX_PER", "²"]]}),
    ],
)
def test_what_can_never_run_is_refused_at_its_place(path: str, data: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as caught:
        app(**data)
    assert list(caught.value.details) == [path]


def test_what_is_just_within_bounds_is_taken() -> None:
    made = app(id="/" + "a" * MAX_APP, cpus=1e9, instances=MAX_INSTANCES, fetch=[{"uri": "u", "destPath": "a/..b"}])
    cluster = Cluster(agents=1, cpus=1e9)
    cluster.connect()
    cluster.change(lambda changes: changes.create({**to_json(made), "cpus": 1, "instances": 1}, False))
    cluster.commit()
    cluster.run(rounds=5)
    (task,) = cluster.launched
    assert len(task.task_id.value) <= 255


@pytest.mark.parametrize(
    "pattern",
    [
        SLOW,
        "(a*)*b",
        "(.*,)*x",
        "(ab|a|b)*c",
        "(?:[a-z]+){20}!",
        "(a+?)+b",
        "(?=(a+)+)b",
        ".*.*.*.*.*.*x",
        "a?" * 40 + "a" * 40,
        "((((){120}){120}){120}){120}",
        "()" * 200,
        "(" * 100 + "a" + ")" * 100 + "{9999}",
        "[",
    ],
)
def test_a_pattern_that_could_take_for_ever_is_refused_and_not_tried(pattern: str) -> None:
    assert patterns.problem(pattern)
    assert patterns.matches(pattern, "a" * 100) is None


@pytest.mark.parametrize(
    ("pattern", "value", "like"),
    [
        ("host-.*", "host-1", True),
        ("(web|db)-[0-9]+", "db-17", True),
        ("(web|db)-[0-9]+", "db-", False),
        (r"[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+", "198.18.5.1", True),
        (r"ip-[0-9]{1,3}(-[0-9]{1,3}){3}\.(eu|us)-west-[12].*", "ip-10-0-0-1.eu-west-1.compute", True),
        ("([a-z]{2}-){2}x", "ab-cd-x", True),
        ("a" * 129, "a" * 129, None),
    ],
)
def test_the_patterns_people_write_are_used(pattern: str, value: str, like: bool | None) -> None:
    assert patterns.problem(pattern) is None
    assert patterns.matches(pattern, value) is like


def spoil(cluster: Cluster, **fields: Any) -> None:
    """Stores `/bad` with what this version would refuse, as an earlier one did, and starts the init again."""
    cluster.change(lambda changes: changes.create({"id": "/bad", "cmd": "x"}, False))
    cluster.change(lambda changes: changes.create({"id": "/good", "cmd": "x", "cpus": 0.1}, False))
    cluster.commit()
    for key, value in list(cluster.store.items()):
        if key.startswith("apps/%2Fbad/"):
            definition, _ = stored.read(key, value)
            cluster.store[key] = stored.value_of(msgspec.structs.replace(definition, **fields))
    cluster.crash()
    cluster.start()
    cluster.connect()


def bad_launches(cluster: Cluster) -> list[str]:
    return [info.name for info in cluster.launched if info.name == "bad"]


def test_a_stored_app_whose_launch_fails_in_the_init_is_told_of_once_and_the_others_run() -> None:
    cluster = Cluster(agents=1)
    cluster.connect()
    spoil(cluster, cpus=1e308)
    cluster.run(rounds=20)
    assert len(cluster.of("/good")) == 1
    assert not bad_launches(cluster)
    assert [trouble.app_id for trouble in cluster.troubles] == ["/bad"]
    assert cluster.core is not None
    failure = cluster.core.state.apps["/bad"].failure
    assert failure is not None and "OverflowError" in failure.message
    current = cluster.core.state.apps["/bad"].current
    assert current is not None and to_json(current)["cpus"] == 1e308
    cluster.change(lambda changes: changes.update("/bad", {"cpus": 0.1}, partial=True, may_create=False, force=True))
    cluster.run(rounds=20)
    assert len(cluster.of("/bad")) == 1


def test_stored_apps_with_other_impossible_fields_neither_stop_the_init_nor_the_others() -> None:
    for fields in ({"constraints": [["hostname", "LIKE", SLOW]]}, {"constraints": [["hostname", "MAX_PER", "²"]]}):
        cluster = Cluster(agents=1)
        cluster.connect()
        spoil(cluster, **fields)
        cluster.run(rounds=10)
        assert len(cluster.of("/good")) == 1
        assert not bad_launches(cluster)


def test_a_stored_grace_period_beyond_what_a_message_can_hold_is_cut() -> None:
    cluster = Cluster(agents=1)
    cluster.connect()
    spoil(cluster, task_kill_grace_period_seconds=10**15)
    cluster.run(rounds=10)
    assert bad_launches(cluster)
    for call in cluster.calls:
        assert msgspec.json.decode(msgspec.json.encode(call), type=Call)


def test_a_stored_app_of_endless_instances_fills_neither_the_memory_nor_a_turn() -> None:
    cluster = Cluster(agents=1)
    cluster.connect()
    spoil(cluster, instances=10**30)
    assert cluster.core is not None
    state = cluster.core.state.apps["/bad"]
    assert 0 < len(state.instances) <= 1_000
    cluster.advance(1.0)
    assert 0 < len(state.instances) <= 2_000
