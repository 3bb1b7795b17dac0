"""Quotas of roles that operators set: checked, kept by the registry, and those of the next master."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dcos_runtime.core.frozen import Persist, Persisted, Reply
from dcos_runtime.master.core import events, recorded, registry
from dcos_runtime.master.core.allocator import Quota
from dcos_runtime.wire import codec
from dcos_runtime.wire.quota import QuotaConfig, QuotaRequest
from tests.support.cores.kernel_pair import Pair, scalar
from tests.support.cores.master_core import NOW, Core, connecting

BYPASS = "(use 'force' flag to bypass this check)"


def config(role: str, guarantees: Any = None, limits: Any = None) -> QuotaConfig:
    def scalars(given: Any) -> dict[str, Any]:
        return {name: {"value": value} for name, value in (given or {}).items()}

    body = {"role": role, "guarantees": scalars(guarantees), "limits": scalars(limits)}
    return codec.decode(codec.encode(body), QuotaConfig)


def update(core: Core, *configs: QuotaConfig, force: bool = False) -> tuple[int, str]:
    reply = core.ask(events.QuotasAsked(7, configs, force))
    assert reply.request == 7
    return reply.status, reply.body.decode()


def request(core: Core, role: str | None, *guarantee: dict[str, Any], force: bool = False) -> tuple[int, str]:
    body = {"role": role, "guarantee": list(guarantee), "force": force}
    reply = core.ask(events.QuotaRequested(7, codec.decode(json.dumps(body).encode(), QuotaRequest)))
    return reply.status, reply.body.decode()


def remove(core: Core, role: str) -> tuple[int, str]:
    reply = core.ask(events.QuotaRemovalAsked(7, role))
    return reply.status, reply.body.decode()


def cluster(cpus: float = 5, mem: float = 4096) -> Core:
    core = Core()
    body = {"hostname": "h", "port": 1, "resources": [scalar("cpus", cpus), scalar("mem", mem)]}
    assert core.ask(connecting(body, 100, None)).status == 200
    return core


def known(core: Core) -> dict[str, Quota]:
    return dict(core.core.state.allocator.quotas())


def test_quotas_are_kept_and_are_those_of_the_next_master() -> None:
    core = cluster()
    assert update(core, config("a", {"cpus": 1, "mem": 10.5}, {"cpus": 2}), config("b", None, {"cpus": 0})) == (200, "")
    expected = {"a": Quota({"cpus": 1000, "mem": 10_500}, {"cpus": 2000}), "b": Quota({}, {"cpus": 0})}
    assert known(core) == expected == core.core.state.quotas
    assert json.loads(core.registry["quotas/b"] or b"") == {"guarantees": {}, "limits": {"cpus": 0}, "version": 1}
    following = Core(core.registry)
    assert known(following) == expected == following.core.state.quotas
    assert update(following, config("a"), config("b", None, {"cpus": 3})) == (200, "")
    assert known(following) == {"b": Quota({}, {"cpus": 3000})}
    assert following.registry["quotas/a"] is None
    assert known(Core(following.registry)) == known(following)


def test_nothing_counts_before_it_is_written_and_is_checked_against_what_is_on_its_way() -> None:
    core = cluster()
    effects = core.core.receive(events.QuotasAsked(1, (config("a", {"cpus": 1}),)), NOW)
    effects += core.core.receive(events.QuotasAsked(2, (config("a/b", {"cpus": 1}),)), NOW)
    assert known(core) == {} and not any(isinstance(one, Reply) for one in effects)
    (refused,) = [
        one
        for one in core.core.receive(events.QuotasAsked(3, (config("a/c", {"cpus": 1}),)), NOW)
        if isinstance(one, Reply)
    ]
    assert (refused.status, refused.body.decode()) == (
        400,
        "Invalid QuotaConfig: the roles below 'a' are guaranteed more cpus together than it is",
    )
    again = recorded.restored(b"1", core.core.snapshot())
    for one in (core.core, again):
        replies = []
        for write in [effect for effect in effects if isinstance(effect, Persist)]:
            replies += [reply for reply in one.receive(Persisted(write.id), NOW) if isinstance(reply, Reply)]
        assert [(reply.request, reply.status) for reply in replies] == [(1, 200), (2, 200)]
        assert dict(one.state.allocator.quotas()) == {"a": Quota({"cpus": 1000}), "a/b": Quota({"cpus": 1000})}


def test_refusals_are_those_of_mesos() -> None:
    """Texts of a real Mesos 1.11."""
    core = cluster()
    many = "values greater than 1 trillion (1000000000000) are not supported"
    refused: list[tuple[QuotaConfig, str]] = [
        (config("dev", {"cpus": 3}, {"cpus": 2}), "'QuotaConfig.guarantees' { cpus: 3 } is not contained within the"
         " 'QuotaConfig.limits' { cpus: 2 }"),
        (config("dev", None, {"cpus": -1}), "Invalid limit configuration {'cpus': -1}: Negative values not supported"),
        (config("dev", {"cpus": -1}), "Invalid guarantee configuration {'cpus': -1}: Negative values not supported"),
        (config("dev", {"cpus": 1e13}), "Invalid 'QuotaConfig.guarantees': {'cpus': 10000000000000} is"
         f" invalid: {many}"),
        (config("", None, {"cpus": 1}), "Invalid 'QuotaConfig.role': Role names cannot be the empty string"),
        (config("a b", None, {"cpus": 1}), "Invalid 'QuotaConfig.role': Role component 'a b' is invalid because it"
         " contains backspace or whitespace"),
        (config("big", {"cpus": 1000}), "total quota guarantees 'cpus:1000' exceed cluster capacity 'cpus:5;"
         f" mem:4096' {BYPASS}"),
        (config("e", {"foo": 1}), "total quota guarantees 'foo:1' exceed cluster capacity 'cpus:5; mem:4096'"
         f" {BYPASS}"),
    ]  # fmt: skip
    for one, text in refused:
        assert update(core, config("good", None, {"cpus": 1}), one) == (400, f"Invalid QuotaConfig: {text}")
    assert known(core) == {} and not any(key.startswith("quotas/") for key in core.registry)
    for value in (float("nan"), float("inf")):
        status, text = update(core, QuotaConfig(role="n", limits={"cpus": config("x", {"c": value}).guarantees["c"]}))
        assert status == 400 and text.endswith(many)
    assert update(core, config("dev", {"cpus": 1}), force=True) == (200, "")
    assert update(core, config("big", {"cpus": 1000}), force=True) == (200, "")
    assert update(core) == (
        400,
        f"Invalid QuotaConfig: total quota guarantees 'cpus:1001' exceed cluster capacity 'cpus:5; mem:4096' {BYPASS}",
    )


def test_a_request_of_the_old_form_is_guarantee_and_limit() -> None:
    core = cluster()
    failed = "Failed to validate set quota request: "
    assert request(core, "sq", scalar("cpus", 1)) == (200, "")
    assert known(core) == {"sq": Quota({"cpus": 1000}, {"cpus": 1000})}
    already = "Cannot set quota for role 'sq' which already has quota"
    assert request(core, "sq", scalar("cpus", 1)) == (400, failed + already)
    for role, guarantee, text in [
        ("a b", [scalar("cpus", 1)], "QuotaInfo with invalid role: Role component 'a b' is invalid because it contains"
         " backspace or whitespace"),
        (None, [], "QuotaInfo with invalid role: Role names cannot be the empty string"),
        ("x", [], "QuotaInfo with empty 'guarantee'"),
        ("x", [scalar("cpus", 1), scalar("cpus", 1)], "QuotaInfo contains duplicate resource name 'cpus'"),
        ("x", [scalar("cpus", -1)], "QuotaInfo with invalid resource: Resource 'cpus:-1' is invalid: Invalid scalar"
         " resource: value <= 0"),
        ("x", [scalar("cpus", 1, revocable={})], "QuotaInfo must not contain RevocableInfo"),
        ("x", [scalar("cpus", 1, role="y")], "QuotaInfo must not contain any ReservationInfo"),
        ("x", [{"name": "ports", "type": "RANGES", "ranges": {"range": [{"begin": 1, "end": 2}]}}],
         "QuotaInfo must not include non-scalar resources"),
    ]:  # fmt: skip
        assert request(core, role, *guarantee) == (400, failed + text)
    assert request(core, "x", scalar("cpus", 1000)) == (
        409,
        "Quota guarantees overcommit the cluster (use 'force' to bypass this check): Total quota guarantees 'cpus:1001'"
        " exceed cluster capacity 'cpus:5; mem:4096'",
    )
    assert request(core, "x", scalar("cpus", 1000), force=True) == (200, "")
    assert remove(core, "x") == (200, "")
    assert remove(core, "x") == (400, "Failed to remove quota: Role 'x' has no quota set")
    assert known(core).keys() == {"sq"}


def test_a_limit_below_what_a_role_uses_is_refused_and_offers_do_not_count() -> None:
    pair = Pair()
    (offer,) = pair.offers.values()
    info = {"name": "t", "task_id": {"value": "t"}, "agent_id": offer["agent_id"], "command": {"value": "x"}}
    reserved = scalar("cpus", 1, reservations=[{"type": "DYNAMIC", "role": "dev", "principal": "p"}])
    pair.accept(
        {"type": "LAUNCH", "launch": {"task_infos": [{**info, "resources": [scalar("cpus", 1), scalar("mem", 32)]}]}},
        {"type": "RESERVE", "reserve": {"resources": [reserved]}},
    )
    assert pair.offers
    assert pair.tell(events.QuotasAsked(1, (config("dev", None, {"cpus": 1.5}),))) == 400
    assert pair.replied == (
        "Invalid QuotaConfig: Role 'dev' is already consuming 'cpus:2; mem:32'; this is more than the requested limits"
        f" 'cpus:1.5' {BYPASS}"
    )
    before = set(pair.offers)
    assert pair.tell(events.QuotasAsked(1, (config("dev", None, {"cpus": 2}),))) == 200
    assert not pair.offers
    pair.settle()
    # Its limit is reached: what it is offered is its own reservation, and what has no limit.
    (again,) = pair.offers.values()
    assert again["id"]["value"] not in before
    cpus = [one for one in again["resources"] if one["name"] == "cpus"]
    assert [(one["scalar"]["value"], bool(one.get("reservations"))) for one in cpus] == [(1.0, True)]
    assert pair.tell(events.QuotasAsked(1, (config("dev", None, {"cpus": 1}),), True)) == 200


def test_what_is_guaranteed_is_taken_from_offers_of_others() -> None:
    core = cluster(cpus=4, mem=64)
    rich, _ = core.subscribe(None, role="rich")
    core.core.receive(events.BudgetedTick(), NOW)
    assert core.core.state.frameworks[rich].offers
    assert update(core, config("poor", {"cpus": 4})) == (200, "")
    poor, _ = core.subscribe(None, role="poor")
    core.core.receive(events.BudgetedTick(), NOW._replace(mono=5.0))
    frameworks = core.core.state.frameworks
    assert frameworks[poor].offers and not frameworks[rich].offers


def test_roles_with_a_quota_and_names_in_it_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dcos_runtime.master.core.quotas.MOST", 1)
    core = cluster()
    assert update(core, config("a", None, {"cpus": 1}))[0] == 200
    assert update(core, config("b", None, {"cpus": 1})) == (
        400,
        "Invalid QuotaConfig: 2 roles would have a quota, and may be 1",
    )
    assert request(core, "b", scalar("cpus", 1))[0] == 400
    assert update(core, config("a", None, {f"r{number}": 1 for number in range(101)}))[0] == 400
    assert update(core, config("a", None, {"r" * 101: 1}))[0] == 400
    assert update(core, config("a", None, {"": 1}))[0] == 400


@pytest.mark.parametrize(
    "entries",
    [
        {"quotas/a": b'{"guarantees":{},"limits":{},"version":2}'},
        {"quotas/a": b"nonsense"},
        {"quotas/a": b'{"guarantees":{"cpus":2},"limits":{"cpus":1},"version":1}'},
    ],
)
def test_an_entry_that_cannot_be_read_keeps_the_master_from_leading(entries: dict[str, bytes]) -> None:
    with pytest.raises((registry.UnknownRegistryVersion, codec.DecodeError)):
        Core(entries)
