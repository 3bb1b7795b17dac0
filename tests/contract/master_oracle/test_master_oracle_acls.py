"""ACLs decide as those of a real Mesos: who may have which role, run as whom, and change what."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from dcos_runtime.wire import internal
from tests.support.daemons.authority import basic
from tests.support.mesos.operator_changes import api
from tests.support.mesos.oracle import Oracle
from tests.support.mesos.rawclient import Master, Scheduler, request, scalar, task
from tests.support.mesos.sides import Ours, Side, Theirs, plain

pytestmark = pytest.mark.oracle

PRINCIPALS = ("ops", "dev", "eve")
OPS, DEV, ANYBODY, NOBODY = {"values": ["ops"]}, {"values": ["dev"]}, {"type": "ANY"}, {"type": "NONE"}


def some(*values: str) -> dict[str, Any]:
    return {"values": list(values)}


def rules(field: str, *pairs: tuple[Any, Any]) -> list[dict[str, Any]]:
    return [{"principals": principals, field: objects} for principals, objects in pairs]


BY_ROLE = (
    (DEV, some("dev", "dev/%")),
    (NOBODY, some("closed", "closed/%")),
    (some("eve", "dev"), some("shared")),
    (ANYBODY, some("free")),
    (OPS, ANYBODY),
    (DEV, NOBODY),
    (some("nobody"), ANYBODY),
    (NOBODY, some("shared", "a/b/%", "%")),
)
ACLS = {
    "permissive": True,
    "update_weights": rules("roles", *BY_ROLE),
    "update_quotas": rules("roles", *BY_ROLE),
    "get_quotas": rules("roles", *BY_ROLE),
    "register_frameworks": rules("roles", *BY_ROLE),
    "reserve_resources": rules("roles", *BY_ROLE),
    "create_volumes": rules("roles", *BY_ROLE),
    "resize_volumes": rules("roles", *BY_ROLE),
    "unreserve_resources": rules("reserver_principals", (OPS, ANYBODY), (ANYBODY, NOBODY)),
    "destroy_volumes": rules("creator_principals", (some("ops"), some("ops")), (ANYBODY, NOBODY)),
    "run_tasks": rules("users", (DEV, some("nobody")), (DEV, NOBODY)),
    "teardown_frameworks": rules("framework_principals", (OPS, ANYBODY), (DEV, DEV), (ANYBODY, NOBODY)),
    "set_log_level": rules("level", (OPS, ANYBODY), (ANYBODY, NOBODY)),
    "view_flags": rules("flags", (OPS, ANYBODY), (ANYBODY, NOBODY)),
}
ROLES = ("dev", "dev/a", "dev/a/b", "device", "closed", "closed/x", "shared", "shared/x", "free", "a/b", "a/b/c", "z")


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Theirs, Ours]]:
    folder = tmp_path_factory.mktemp("acls")
    acls, credentials = folder / "acls.json", folder / "credentials.json"
    acls.write_text(json.dumps(ACLS))
    credentials.write_text(
        json.dumps({"credentials": [{"principal": one, "secret": "secret of it"} for one in PRINCIPALS]})
    )
    credentials.chmod(0o600)
    file = f"file://{credentials}"
    oracle = Oracle(
        agents=1,
        acls=f"file://{acls}",
        credentials=file,
        http_credentials=file,
        authenticate_http_readwrite="true",
        allocation_interval="100ms",
    )
    flags = ("--authenticate_http_readwrite", "--allocation_interval=100ms", "--agent_ping_timeout=1hrs")
    master = Master(folder / "work", f"--acls=file://{acls}", f"--credentials={file}", *flags).start().leads()
    own = Ours(master, version=max(internal.SPOKEN))
    yield Theirs(oracle.port), own
    own.agent.close()
    master.stop()
    oracle.stop()


def ask(side: Side, principal: str, kind: str, **part: Any) -> tuple[int, str]:
    method, path, headers, body = api(kind, **part)
    answer = request(side.port, method, path, {**headers, **basic(principal, "secret of it")}, body)
    return answer.status, re.sub(r"at slave\(1\)@[^)]*\)", "at …", plain(side, None, answer.text))


def reserved(name: str, amount: float, role: str, principal: str, **more: Any) -> dict[str, Any]:
    return scalar(name, amount, reservations=[{"type": "DYNAMIC", "role": role, "principal": principal}], **more)


def volume(role: str, principal: str) -> dict[str, Any]:
    kept = {"persistence": {"id": "v", "principal": principal}, "volume": {"container_path": "d", "mode": "RW"}}
    return reserved("disk", 10, role, principal, disk=kept)


def test_the_first_rule_about_a_role_decides(sides: tuple[Theirs, Ours]) -> None:
    decided: list[list[Any]] = []
    for side in sides:
        found: list[Any] = []
        for principal in PRINCIPALS:
            for role in ROLES:
                found.append(ask(side, principal, "UPDATE_WEIGHTS", weight_infos=[{"role": role, "weight": 1}]))
                if "/" not in role:  # no quotas of roles below others in Mesos
                    limit = {"role": role, "limits": {"cpus": {"value": 2}}}
                    found.append(ask(side, principal, "UPDATE_QUOTA", quota_configs=[limit]))
            both = [{"role": role, "weight": 1} for role in ("dev", "shared", "closed")]
            found.append(ask(side, principal, "UPDATE_WEIGHTS", weight_infos=both))
            status, text = ask(side, principal, "GET_QUOTA")
            told = json.loads(text)["get_quota"]["status"].get("configs", [])
            found.append((status, sorted(one["role"] for one in told)))
        found += [ask(side, "ops", "UPDATE_QUOTA", quota_configs=[{"role": role}]) for role in ROLES if "/" not in role]
        decided.append(found)
    assert decided[1] == decided[0]
    assert {status for status, _ in decided[0]} == {200, 403}


def test_frameworks_have_the_roles_that_they_may_have(sides: tuple[Theirs, Ours]) -> None:
    decided: list[list[Any]] = []
    for side in sides:
        found: list[Any] = []
        for principal in (*PRINCIPALS, None):
            for roles in (*[[role] for role in ROLES], ["dev", "z"], ["shared", "free"]):
                more = {} if principal is None else {"principal": principal}
                capabilities = [{"type": "MULTI_ROLE"}]
                one = Scheduler(side.port, roles=roles, capabilities=capabilities, failover_timeout=0, **more)
                found.append((principal, roles, one.first["type"], one.first.get("error")))
                if one.id:
                    one.call("TEARDOWN")
                one.close()
        decided.append(found)
    assert decided[1] == decided[0]


def test_resources_are_reserved_and_freed_by_those_who_may(sides: tuple[Theirs, Ours]) -> None:
    decided: list[list[Any]] = []
    for side in sides:
        agent = {"agent_id": {"value": side.agent_id}}
        found: list[Any] = []
        for principal in PRINCIPALS:
            for role in ("dev/a", "shared", "closed", "z"):
                mine = [reserved("disk", 20, role, principal)]
                found.append(ask(side, principal, "RESERVE_RESOURCES", **agent, resources=mine))
                if found[-1][0] != 202:
                    continue
                made = [volume(role, principal)]
                found.append(ask(side, principal, "CREATE_VOLUMES", **agent, volumes=made))
                rest = reserved("disk", 5, role, principal)
                found.append(ask(side, "dev", "GROW_VOLUME", **agent, volume=made[0], addition=rest)[0] == 403)
                found.append(
                    ask(side, "eve", "SHRINK_VOLUME", **agent, volume=made[0], subtract={"value": 1})[0] == 403
                )
                found.append(ask(side, principal, "DESTROY_VOLUMES", **agent, volumes=made)[0] == 403)
                found.append(ask(side, principal, "UNRESERVE_RESOURCES", **agent, resources=mine)[0] == 403)
        decided.append(found)
    assert decided[1] == decided[0]


def test_tasks_run_as_users_that_they_may_have(sides: tuple[Theirs, Ours]) -> None:
    decided: list[list[Any]] = []
    for side in sides:
        capabilities = [{"type": "MULTI_ROLE"}, {"type": "RESERVATION_REFINEMENT"}]
        scheduler = Scheduler(side.port, roles=["dev"], principal="dev", capabilities=capabilities)
        (offer,) = scheduler.offers()
        wrong = [task("one", offer), {**task("two", offer), "command": {"value": "true", "user": "root"}}]
        group = {
            "executor": {
                "type": "DEFAULT",
                "executor_id": {"value": "e"},
                "framework_id": {"value": scheduler.id},
                "resources": [scalar("cpus", 0.1), scalar("mem", 32), scalar("disk", 32)],
            },
            "task_group": {
                "tasks": [
                    {**task("three", offer), "command": {"value": "true", "user": "nobody"}},
                    task("four", offer),
                ]
            },
        }
        operations = [
            {"type": "LAUNCH", "launch": {"task_infos": wrong}},
            {"type": "LAUNCH_GROUP", "launch_group": group},
            {
                "type": "UNRESERVE",
                "id": {"value": "o"},
                "unreserve": {"resources": [reserved("cpus", 1, "dev", "dev")]},
            },
        ]
        scheduler.call("ACCEPT", offer_ids=[offer["id"]], operations=operations)
        updates = [scheduler.event("UPDATE")["update"]["status"] for _ in range(4)]
        status = scheduler.event("UPDATE_OPERATION_STATUS")["update_operation_status"]["status"]
        kept = ("task_id", "state", "reason", "message", "source")
        told = [plain(side, scheduler, json.dumps({name: one[name] for name in kept})) for one in updates]
        roles = {**scheduler.info, "id": {"value": scheduler.id}, "roles": ["dev", "z"]}
        refused = scheduler.call("UPDATE_FRAMEWORK", framework_info=roles)
        torn = [ask(side, one, "TEARDOWN", framework_id={"value": scheduler.id}) for one in ("eve", "dev")]
        missing = ask(side, "eve", "TEARDOWN", framework_id={"value": "none"})
        object_of = json.loads(status["message"].partition(" on object ")[2])
        shown = (status["state"], status["message"].partition(" on object ")[0], object_of["value"])
        decided.append([sorted(told), shown, refused.status, plain(side, scheduler, refused.text), torn, missing])
        scheduler.close()
    assert decided[1] == decided[0]


def test_calls_about_the_whole_master_are_for_those_who_may(sides: tuple[Theirs, Ours]) -> None:
    for side in sides:
        for principal in PRINCIPALS:
            level = {"level": 0, "duration": {"nanoseconds": 1}}
            for answer in (ask(side, principal, "SET_LOGGING_LEVEL", **level), ask(side, principal, "GET_FLAGS")):
                assert answer[0] == (200 if principal == "ops" else 403)
                assert principal == "ops" or answer[1] == "403 Forbidden."
