"""Roles of apps: which an app may have, and what the master is told when they come and go."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from dcos_runtime.marathon.core.definition import DefinitionRules, complete
from dcos_runtime.marathon.core.fields import Invalid
from dcos_runtime.marathon.core.state import Settings
from dcos_runtime.wire.resources import Resource
from dcos_runtime.wire.scheduler import Call
from tests.support.cores.marathon_cluster import Cluster, make_offer


@pytest.mark.parametrize(
    ("app_id", "own", "role", "taken"),
    [
        ("/dev/app", "*", "dev", True),
        ("/dev/team/app", "*", "dev", True),
        ("/dev/app", "prod", "dev", True),
        ("/dev/app", "prod", "prod", True),
        ("/dev/app", "*", None, True),
        ("/dev/app", "prod", "*", False),
        ("/dev/team/app", "*", "team", False),
        ("/dev/app", "*", "app", False),
        ("/dev", "*", "dev", False),
        ("/devel/app", "*", "dev", False),
        ("/dev/app", "*", "dev/app", False),
    ],
)
def test_an_app_may_have_the_inits_role_or_that_of_its_top_level_group(
    app_id: str, own: str, role: str | None, taken: bool
) -> None:
    data = {"id": app_id, "cmd": "x", "role": role}
    if taken:
        assert complete(data, None, DefinitionRules(role=own)).role == (role or own)
        return
    with pytest.raises(Invalid) as caught:
        complete(data, None, DefinitionRules(role=own))
    assert list(caught.value.details) == ["/role"] and own in str(caught.value)


def test_accepted_resource_roles_go_by_the_apps_own_role() -> None:
    def app(roles: list[str]) -> Any:
        return complete(
            {"id": "/dev/a", "cmd": "x", "role": "dev", "acceptedResourceRoles": roles}, None, DefinitionRules()
        )

    assert app(["dev", "*"]).accepted_resource_roles == ["dev", "*"]
    with pytest.raises(Invalid, match="prod"):
        app(["prod"])


@pytest.fixture
def cluster() -> Cluster:
    cluster = Cluster(settings=Settings(min_revive_offers_interval=0.0))
    cluster.connect()
    return cluster


def offer(cluster: Cluster, number: int, role: str, agent: str = "a0") -> None:
    allocated = Resource.AllocationInfo(role=role)
    made = msgspec.structs.replace(make_offer(f"r{number}", agent), allocation_info=allocated)
    cluster._offers[f"r{number}"] = agent
    cluster.events.append([made])
    cluster.deliver()
    cluster.commit()


def create(cluster: Cluster, app_id: str, **data: Any) -> None:
    cluster.change(lambda changes: changes.create({"id": app_id, "cmd": "x", "cpus": 1, **data}, False))
    cluster.commit()


def delete(cluster: Cluster, app_id: str) -> None:
    cluster.change(lambda changes: changes.delete(app_id, True))
    cluster.commit()


def test_the_master_is_told_of_a_role_with_its_first_app_and_until_its_last_task_is_gone(cluster: Cluster) -> None:
    assert cluster.roles == ["*"]
    create(cluster, "/dev/a", role="dev")
    assert cluster.roles == ["*", "dev"] and not cluster.suppressed
    create(cluster, "/dev/b", role="dev")
    offer(cluster, 1, "dev")
    assert {task.info.task_id.value.split(".")[0] for task in cluster.tasks.values()} == {"dev_a", "dev_b"}
    cluster.run(rounds=2)
    delete(cluster, "/dev/a")
    assert cluster.roles == ["*", "dev"]
    delete(cluster, "/dev/b")
    cluster.run(rounds=5)
    assert cluster.roles == ["*"] and not cluster.tasks


def test_an_app_takes_offers_of_its_role_only_and_others_are_declined_for_long(cluster: Cluster) -> None:
    create(cluster, "/dev/a", role="dev")
    offer(cluster, 1, "*", "a0")
    offer(cluster, 2, "other", "a1")
    assert not cluster.tasks
    assert all(cluster.filters[agent] > cluster.mono + 60 for agent in ("a0", "a1"))
    offer(cluster, 3, "dev", "a2")
    (task,) = cluster.tasks.values()
    assert task.agent == "a2"
    (instance,) = cluster.core.state.apps["/dev/a"].instances.values()
    assert instance.role == "dev"


def test_roles_are_told_with_every_subscription_and_missed_ones_after_it(cluster: Cluster) -> None:
    create(cluster, "/dev/a", role="dev")
    cluster.crash()
    cluster.start()
    cluster.connect()
    assert cluster.roles == ["*", "dev"]
    # One that comes while the master is being told is told of afterwards.
    cluster.disconnect()
    found = cluster.core.introduction().roles
    create(cluster, "/ops/a", role="ops")
    assert found == ["*", "dev"] and cluster.roles == found
    cluster.subscribed(found)
    assert cluster.roles == ["*", "dev", "ops"]


def test_changing_roles_asks_for_no_offers_that_nobody_wants(cluster: Cluster) -> None:
    create(cluster, "/dev/a", role="dev", instances=0)
    assert cluster.roles == ["*", "dev"] and cluster.suppressed
    delete(cluster, "/dev/a")
    assert cluster.roles == ["*"] and cluster.suppressed
    assert not [call for call in cluster.calls if call.type is Call.Type.REVIVE]
