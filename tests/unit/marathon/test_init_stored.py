"""What the init stores: read back as it was, taken over from the version before, and refused by name if of another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcos_runtime.core.frozen import Now, Persist, Persisted
from dcos_runtime.core.seeds import SeededSource
from dcos_runtime.marathon.core import app as apps
from dcos_runtime.marathon.core import stored
from dcos_runtime.marathon.core.app_state import Failure
from dcos_runtime.marathon.core.core import InitCore
from dcos_runtime.marathon.core.definition import DefinitionRules, complete
from dcos_runtime.marathon.core.deployment import Action, Change, Deployment
from dcos_runtime.marathon.core.events import Probed, Recovered
from dcos_runtime.marathon.core.instance import ABSENT, Condition, Goal, Instance, Task
from dcos_runtime.marathon.core.state import Settings
from dcos_runtime.wire.tasks import TaskInfo, TaskState
from tests.support.cores.marathon_cluster import Cluster
from tests.support.cores.marathon_cluster import Task as ClusterTask
from tests.support.cores.marathon_steps import running, update

FORMER = json.loads((Path(__file__).parent / "stored" / "version1.json").read_text())
"""What the init of before format 2 left of a cluster in the midst of an upgrade, an agent of which is out of reach;
with the tasks that ran there. It was made by that init, on the model of a cluster in `cluster`."""

VALUES = {key: value.encode() for key, value in FORMER["store"].items()}


NEWEST = {"apps": 3}


def formats(store: dict[str, bytes]) -> set[tuple[str, int]]:
    """The formats of the values, by kinds of keys. The bare framework id is of format 1."""
    return {
        (key.partition("/")[0], json.loads(value).get("format", 1) if value[:1] == b"{" else 1)
        for key, value in store.items()
    }


def all_newest(store: dict[str, bytes]) -> bool:
    return all(number == NEWEST.get(kind, 2) for kind, number in formats(store))


def former_cluster() -> Cluster:
    """That cluster, with today's init instead of the one that left it."""
    cluster = Cluster(agents=4, cpus=8.0)
    cluster.crash()
    cluster.mono = FORMER["mono"]
    cluster.store = dict(VALUES)
    for task in FORMER["tasks"]:
        info = msgspec.convert(task["info"], TaskInfo, strict=False)
        cluster.tasks[task["id"]] = ClusterTask(info, task["agent"], TaskState(task["state"]))
    absent = {json.loads(value)["agent_id"] for value in VALUES.values() if b'"Unreachable"' in value}
    for agent in absent:
        cluster.agents[agent].reachable = False
    return cluster


def test_the_store_of_the_version_before_is_taken_over_with_every_instance() -> None:
    cluster = former_cluster()
    was = {json.loads(value)["id"]: json.loads(value) for key, value in VALUES.items() if key.startswith("instances/")}
    assert {one.get("condition") for one in was.values()} == {"Running", "Provisioned", "Unreachable"}
    cluster.start()
    core = cluster.core
    assert core is not None and core.framework_id == "fw"
    found = {instance.id: instance for _, instance in core.state.all_instances()}
    assert found.keys() >= was.keys()
    for name, before in was.items():
        assert {key: msgspec.to_builtins(getattr(found[name], key)) for key in before} == before
    assert {app_id: len(state.versions) for app_id, state in core.state.apps.items()} == {
        "/web": 2,
        "/dev/team/db": 1,
        "/dev/flaky": 1,
    }
    (deployment,) = core.state.deployments.values()
    assert [[action.action for action in step] for step in deployment.steps] == [["RestartApplication"]]
    assert core.state.apps["/dev/flaky"].failure is not None
    cluster.connect()
    kept = set(running(cluster, "/dev/team/db"))
    cluster.run(rounds=3)
    for probe in cluster.probes:
        assert probe.protocol == "TCP"
    answer_probes(cluster)
    assert not core.state.deployments and kept <= set(running(cluster, "/dev/team/db"))
    for agent in cluster.agents.values():
        if not agent.reachable:
            cluster.return_agent(agent.id)
    cluster.run(rounds=3)
    assert kept <= set(running(cluster, "/dev/team/db")) and len(kept) == 2
    assert {task.info.command.value for task in cluster.of("/web")} == {"v2"} and len(running(cluster)) == 3
    assert len({info.task_id.value for info in cluster.launched}) == len(cluster.launched)


def answer_probes(cluster: Cluster) -> None:
    for _ in range(8):
        while cluster.probes:
            probe = cluster.probes.pop()
            cluster.receive(Probed(probe.task_id, probe.index, True))
            cluster.commit()
        cluster.run(rounds=3)


def test_all_that_is_taken_over_is_written_anew_at_once_and_read_again() -> None:
    cluster = former_cluster()
    cluster.start()
    assert cluster.store.keys() >= VALUES.keys()
    assert all_newest(cluster.store)
    assert {key for key in cluster.store if key.startswith("groups/")} == {"groups/%2Fdev", "groups/%2Fdev%2Fteam"}
    for key, value in VALUES.items():
        record, former = stored.read(key, value)
        assert former and stored.read(key, cluster.store[key]) == (record, False)
    written = dict(cluster.store)
    cluster.crash()
    cluster.start()
    assert cluster.store == written, "nothing is left to be taken over"


@pytest.mark.parametrize("parts", range(12))
def test_an_init_that_dies_while_it_takes_over_loses_nothing(parts: int) -> None:
    cluster = former_cluster()
    settings = Settings(write_bytes=600)
    core = InitCore(settings, SeededSource(b"1"))
    wanted = list(core.receive(Recovered(tuple(cluster.store.items())), Now(0.0, 0.0)))
    for _ in range(parts):
        for effect in [one for one in wanted if isinstance(one, Persist)]:
            wanted.remove(effect)
            assert len(effect.changes) == 1 or sum(len(key) + len(value or b"") for key, value in effect.changes) <= 600
            cluster._store(effect)
            wanted += core.receive(Persisted(effect.id), Now(0.0, 0.0))
    numbers = {number for _, number in formats(cluster.store)}
    assert parts < 2 or min(numbers) == 1 < max(numbers) or parts > 9
    cluster.start()
    assert all_newest(cluster.store)
    assert cluster.core is not None
    names = {key.removeprefix("instances/") for key in VALUES if key.startswith("instances/")}
    assert names <= {instance.id for _, instance in cluster.core.state.all_instances()}


@pytest.mark.parametrize("parts", range(6))
def test_what_ends_while_it_is_taken_over_is_stored_whole(parts: int) -> None:
    """An app that was being removed, and had no task any more, does not come back with an init that dies just then."""
    version = "2023-11-14T22:13:20.000Z"
    app = next(value for key, value in VALUES.items() if key.startswith("apps/%2Fweb/"))
    removal = {
        "id": "d",
        "version": version,
        "changes": [{"app": "/web", "before": version, "after": None}],
        "steps": [[{"action": "StopApplication", "app": "/web"}]],
    }
    cluster = Cluster(settings=Settings(write_bytes=20))
    cluster.crash()
    cluster.store = {"deployments/d": json.dumps(removal).encode(), stored.app_key("/web", version): app}
    core = InitCore(cluster.settings, SeededSource(b"1"))
    wanted = core.receive(Recovered(tuple(cluster.store.items())), Now(0.0, 0.0))
    for _ in range(parts):
        for effect in wanted:
            if isinstance(effect, Persist):
                cluster._store(effect)
                wanted = core.receive(Persisted(effect.id), Now(0.0, 0.0))
    cluster.start()
    assert not cluster.core.state.apps and cluster.store == {}


@pytest.mark.parametrize(
    ("key", "value"),
    [(key, json.dumps({"format": number, "anything": {}}).encode()) for key in VALUES for number in (0, 4)]
    + [("groups/%2Fa", b'{"format": 3}')],
)
def test_what_is_of_another_format_is_refused_by_name_and_nothing_is_touched(key: str, value: bytes) -> None:
    core = InitCore(Settings(), SeededSource(b"1"))
    before = core.snapshot()
    with pytest.raises(
        stored.UnreadableState, match=r"is of format [034], and this init reads 1 to [23] of [a-z]+; run the init"
    ) as caught:
        core.receive(Recovered((*VALUES.items(), (key, value))), Now(0.0, 0.0))
    assert key in str(caught.value)
    assert core.take_effects() == [] and core.snapshot() == before


@pytest.mark.parametrize("key", ["pods/%2Fa/1", "volumes/x", "x"])
def test_what_is_under_another_kind_of_key_is_refused_by_name(key: str) -> None:
    core = InitCore(Settings(), SeededSource(b"1"))
    with pytest.raises(stored.UnreadableState, match=f"{key}.*is of a kind that this init does not know"):
        core.receive(Recovered(((key, b'{"format": 2}'),)), Now(0.0, 0.0))
    assert core.take_effects() == []


@pytest.mark.parametrize("key", sorted(VALUES))
@pytest.mark.parametrize("value", [b"", b"{", b"[]", b'{"format": 2}', b'{"format": "2"}', b"\xff"])
def test_what_is_damaged_is_named(key: str, value: bytes) -> None:
    if key == "framework/id" and value in (b"", b"[]"):
        return  # format 1: any text is an id there
    with pytest.raises(stored.UnreadableState, match="cannot be read") as caught:
        stored.read(key, value)
    assert key in str(caught.value)


@given(
    condition=st.sampled_from(Condition),
    goal=st.sampled_from(Goal),
    incarnation=st.integers(1, 10**9),
    doomed=st.booleans(),
    texts=st.tuples(st.text(), st.text(), st.text()),
    ports=st.lists(st.integers(0, 65535), max_size=3),
    times=st.tuples(st.none() | st.floats(0, 2e9), st.none() | st.floats(0, 2e9)),
)
def test_an_instance_is_read_as_it_was_written(
    condition: Condition,
    goal: Goal,
    incarnation: int,
    doomed: bool,
    texts: tuple[str, str, str],
    ports: list[int],
    times: tuple[float | None, float | None],
) -> None:
    """What an instance without a task has is of the next: it has no agent, ports or times."""
    one = Instance(
        id="a.instance-x", app_id="/a", version="v", config_version="w", incarnation=incarnation, goal=goal,
        since=1.5, role=texts[0], doomed=doomed,
    )  # fmt: skip
    if condition is not Condition.SCHEDULED:
        one.agent_id, one.hostname, one.attributes = texts[1], texts[2], {texts[1]: texts[2]}
        task = Task(id=f"a.instance-x._app.{incarnation}", condition=condition, host_ports=ports)
        task.ip_addresses, (task.staged_at, task.started_at) = [(texts[0], "IPv4")], times
        one.tasks = [task]
    assert stored.read("instances/x", stored.instance(one)) == (one, False)
    assert (condition in ABSENT) <= one.has_task


def test_every_other_record_is_read_as_it_was_written() -> None:
    app = complete({"id": "/a/b", "cmd": "ü", "env": {"A": "\u2028"}, "healthChecks": [{}]}, None, DefinitionRules())
    records: list[tuple[str, Any]] = [
        (stored.app_key("/a/b", "v"), msgspec.structs.replace(app, version="v")),
        (stored.group_key("/a"), stored.Group(id="/a", dependencies=["/b"])),
        (
            stored.deployment_key("d"),
            Deployment(
                id="d",
                version="v",
                changes=[Change("/a/b", None, "v", ["i"])],
                steps=[[Action("StartApplication", "/a/b")]],
                step=1,
            ),
        ),
        (
            stored.failure_key("/a/b"),
            Failure(app_id="/a", host="h", message="m", state="s", task_id="t", timestamp="1", version="v"),
        ),
        (stored.FRAMEWORK_KEY, stored.FrameworkRecord("fw")),
    ]
    for key, record in records:
        assert stored.read(key, stored.value_of(record)) == (record, False)
    assert apps.encode(app) in stored.value_of(app)


def test_apps_of_before_networks_are_taken_over_and_those_with_networks_are_not_read_by_the_init_before() -> None:
    app = complete({"id": "/a", "cmd": "x", "networks": [{"mode": "container/bridge"}]}, None, DefinitionRules())
    assert b'"format":3' in stored.value_of(app), "it would run such an app on the machine's network"
    kept = msgspec.structs.replace(complete({"id": "/a", "cmd": "x"}, None, DefinitionRules()), version="v")
    former = json.loads(stored.value_of(kept)) | {"format": 2}
    for name in ("networks", "portMappings"):
        del former["app"][name]
    assert stored.read(stored.app_key("/a", "v"), json.dumps(former).encode()) == (kept, True)


def test_groups_come_with_their_first_app_and_go_with_their_last() -> None:
    cluster = Cluster()
    cluster.connect()

    def groups() -> set[str]:
        return {key.removeprefix("groups/").replace("%2F", "/") for key in cluster.store if key.startswith("groups/")}

    for app_id in ("/x/y/one", "/x/two", "/three"):
        cluster.change(lambda changes, app_id=app_id: changes.create({"id": app_id, "cmd": "x", "cpus": 0.1}, False))  # type: ignore[misc]  # mypy infers no lambda with a default
        cluster.commit()
    assert groups() == {"/x", "/x/y"} and set(cluster.core.state.tree.nodes) == {"/", "/x", "/x/y"}
    cluster.run(rounds=3)
    update(cluster, {"cmd": "y"}, "/x/y/one")
    cluster.run(rounds=5)
    assert groups() == {"/x", "/x/y"}
    cluster.change(lambda changes: changes.delete("/x/y/one", True))
    cluster.commit()
    cluster.run(rounds=3)
    assert groups() == {"/x"}
    cluster.crash()
    cluster.start()
    assert set(cluster.core.state.tree.nodes) == {"/", "/x"}
    cluster.connect()
    cluster.change(lambda changes: changes.delete("/x/two", True))
    cluster.commit()
    cluster.run(rounds=3)
    assert groups() == set() and set(cluster.core.state.tree.nodes) == {"/"}


def test_instances_are_found_by_run_spec_and_by_task() -> None:
    cluster = former_cluster()
    cluster.start()
    state = cluster.core.state
    for _ in range(2):
        for app_state, instance in state.all_instances():
            assert state.app_of[instance.id] is app_state is state.apps[instance.app_id]
            assert (state.by_task.get(instance.task_id) is instance) == instance.has_task
        assert len(state.by_task) == sum(1 for _, instance in state.all_instances() if instance.has_task)
        cluster.connect()
        cluster.run(rounds=30)
