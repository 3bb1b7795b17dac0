"""Offers held against apps: resources, ports, roles, constraints — and the task that comes out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcos_runtime.core.seeds import SeededSource
from dcos_runtime.marathon.core import constraints, taskinfo
from dcos_runtime.marathon.core.app import App
from dcos_runtime.marathon.core.definition import DefinitionRules, complete
from dcos_runtime.marathon.core.matching import Match, OpenOffer, Statistics, match
from dcos_runtime.marathon.core.resources import Remaining
from dcos_runtime.wire.common import Attribute, TimeInfo, Unavailability, Value
from dcos_runtime.wire.resources import Resource
from tests.support.cores.marathon_cluster import make_offer

SOURCE = SeededSource(b"1")


def app(**data: Any) -> App:
    return complete(
        {"id": "/a", "cmd": "x", "cpus": 1, "mem": 100, **data}, None, DefinitionRules(role=data.get("role", "*"))
    )


def scalar(name: str, value: float, *roles: str, **more: Any) -> Resource:
    reservations = [Resource.ReservationInfo(type=Resource.ReservationInfo.Type.DYNAMIC, role=role) for role in roles]
    return Resource(
        name=name, type=Value.Type.SCALAR, scalar=Value.Scalar(value=value), reservations=reservations, **more
    )


def test_what_a_task_needs_is_taken_and_nothing_more() -> None:
    offer = OpenOffer(make_offer("o", "a1", cpus=2.5))
    first = match(app(ports=[0, 0], disk=5), offer, [], 0.0, SOURCE)
    assert isinstance(first, Match)
    amounts = {resource.name: resource.scalar.value for resource in first.resources if resource.scalar}
    assert amounts == {"cpus": 1.0, "mem": 100.0, "disk": 5.0}
    assert len(set(first.host_ports)) == 2
    second = match(app(ports=[0, 0]), offer, [], 0.0, SOURCE)
    assert isinstance(second, Match) and not set(first.host_ports) & set(second.host_ports)
    assert match(app(), offer, [], 0.0, SOURCE) == ("InsufficientCpus",)


def test_every_reason_is_told_when_nothing_fits() -> None:
    offer = make_offer("o", "a1", cpus=0.5, mem=10, ports=[])
    offer = msgspec.structs.replace(offer, unavailability=Unavailability(start=TimeInfo(nanoseconds=0)))
    demanding = app(constraints=[["hostname", "LIKE", "other"]])
    assert match(demanding, OpenOffer(offer), [], 10.0, SOURCE) == (
        "UnfulfilledConstraint",
        "AgentMaintenance",
        "InsufficientCpus",
        "InsufficientMemory",
        "InsufficientPorts",
    )


def test_required_ports_are_those_or_none() -> None:
    wanted = app(ports=[31005, 0], requirePorts=True)
    found = match(wanted, OpenOffer(make_offer("o", "a1", ports=[(31000, 31005)])), [], 0.0, SOURCE)
    assert isinstance(found, Match) and found.host_ports[0] == 31005 and found.host_ports[1] in range(31000, 31005)
    assert match(wanted, OpenOffer(make_offer("o", "a1", ports=[(31000, 31004)])), [], 0.0, SOURCE) == (
        "InsufficientPorts",
    )
    service = app(ports=[9000])
    assert isinstance(match(service, OpenOffer(make_offer("o", "a1")), [], 0.0, SOURCE), Match)


def test_reserved_resources_go_first_and_keep_their_reservation_and_allocation() -> None:
    allocated = Resource.AllocationInfo(role="web")
    offered = [
        scalar("cpus", 1.0, allocation_info=allocated),
        scalar("cpus", 0.75, "web", allocation_info=allocated),
        scalar("cpus", 9.0, revocable=Resource.RevocableInfo()),
    ]
    remaining = Remaining(offered)
    assert not remaining.has("cpus", 2.0)
    taken = remaining.take("cpus", 1.0)
    assert [(item.scalar.value, bool(item.reservations)) for item in taken] == [(0.75, True), (0.25, False)]
    assert all(item.allocation_info == allocated for item in taken)
    assert not remaining.has("cpus", 0.2, ["web"]) and remaining.has("cpus", 0.75, ["*"])


def test_accepted_roles_bound_what_is_used() -> None:
    offer = make_offer("o", "a1")
    offer = msgspec.structs.replace(offer, resources=[*offer.resources, scalar("cpus", 8.0, "web")])
    assert match(app(role="web", acceptedResourceRoles=["web"]), OpenOffer(offer), [], 0.0, SOURCE) == (
        "InsufficientMemory",
        "InsufficientPorts",
    )
    offer = msgspec.structs.replace(offer, resources=[scalar("cpus", 8.0, "web")])
    reasons = match(app(role="web", acceptedResourceRoles=["*"]), OpenOffer(offer), [], 0.0, SOURCE)
    assert not isinstance(reasons, Match) and reasons[0] == "UnfulfilledRole"


@given(
    spans=st.lists(st.tuples(st.integers(1, 50), st.integers(0, 4)), max_size=5),
    wanted=st.lists(st.integers(0, 60), max_size=6, unique_by=lambda port: port or object()),
    seed=st.integers(0, 99),
)
def test_ports_found_are_offered_distinct_and_taken_exactly(
    spans: list[tuple[int, int]], wanted: list[int], seed: int
) -> None:
    begin, ranges = 0, []
    for gap, length in spans:
        ranges.append(Value.Range(begin=begin + gap, end=begin + gap + length))
        begin += gap + length + 1
    offered = {port for item in ranges for port in range(item.begin, item.end + 1)}
    remaining = Remaining([Resource(name="ports", type=Value.Type.RANGES, ranges=Value.Ranges(range=ranges))])
    found = remaining.ports(wanted, SeededSource(bytes([seed])))
    fixed = {port for port in wanted if port}
    assert (found is not None) == (fixed <= offered and len(wanted) <= len(offered))
    if found is None:
        return
    assert len(set(found)) == len(found) == len(wanted) and set(found) <= offered
    assert all(got == asked for got, asked in zip(found, wanted, strict=True) if asked)
    resources = remaining.take_ports(found)
    taken = {port for item in resources for span in item.ranges.range for port in range(span.begin, span.end + 1)}
    assert taken == set(found)
    left = remaining.ports([0] * (len(offered) - len(found)), SeededSource(bytes([seed])))
    assert left is not None and not set(left) & set(found)


@given(amounts=st.lists(st.floats(0.001, 64, allow_nan=False), min_size=1, max_size=30))
def test_fractions_of_a_cpu_add_up_without_drift(amounts: list[float]) -> None:
    exact = [round(amount, 3) for amount in amounts]
    remaining = Remaining([scalar("cpus", sum(exact))])
    for amount in exact:
        assert remaining.has("cpus", amount)
        taken = [item.scalar.value for item in remaining.take("cpus", amount) if item.scalar is not None]
        assert round(sum(taken), 3) == amount
    assert not remaining.has("cpus", 0.001)


def satisfied(constraint: list[str], here: str | None, others: Sequence[str] = (), instances: int = 4) -> bool:
    return constraints.satisfied(constraint, {"f": here} if here else {}, [{"f": one} for one in others], instances)


@pytest.mark.parametrize(
    ("constraint", "here", "others", "meets"),
    [
        (["f", "UNIQUE"], "a", ["b"], True),
        (["f", "UNIQUE"], "a", ["b", "a"], False),
        (["f", "CLUSTER", "a"], "a", [], True),
        (["f", "CLUSTER", "a"], "b", [], False),
        (["f", "CLUSTER"], "b", ["b"], True),
        (["f", "CLUSTER"], "c", ["b"], False),
        (["f", "LIKE", "ra.*"], "rack", [], True),
        (["f", "LIKE", "ra"], "rack", [], False),
        (["f", "UNLIKE", "ra.*"], "rack", [], False),
        (["f", "UNLIKE", "ra.*"], None, [], True),
        (["f", "LIKE", ".*"], None, [], False),
        (["f", "MAX_PER", "2"], "a", ["a"], True),
        (["f", "MAX_PER", "2"], "a", ["a", "a"], False),
        (["f", "IS", "4.0"], "4", [], True),
        (["f", "IS", "ssd"], "hdd", [], False),
        (["f", "GROUP_BY"], "a", ["a", "b"], True),
        (["f", "GROUP_BY"], "a", ["a", "a", "b"], False),
        (["f", "GROUP_BY"], "c", ["a", "a", "b"], True),
        (["f", "GROUP_BY", "2"], "c", ["a", "b"], False),
        (["f", "GROUP_BY", "2"], "a", ["a", "a"], False),
        (["f", "GROUP_BY", "2"], "b", ["a", "a"], True),
    ],
)
def test_constraints_decide_as_those_of_marathon(
    constraint: list[str], here: str | None, others: list[str], meets: bool
) -> None:
    assert satisfied(constraint, here, others) is meets


def test_attributes_of_all_types_can_be_constrained() -> None:
    offer = make_offer("o", "a1", hostname="h1")
    attributes = [
        Attribute(name="n", type=Value.Type.SCALAR, scalar=Value.Scalar(value=3.50049)),
        Attribute(name="t", type=Value.Type.TEXT, text=Value.Text(value="x")),
        Attribute(name="s", type=Value.Type.SET, set=Value.Set(item=["b", "a"])),
        Attribute(name="r", type=Value.Type.RANGES, ranges=Value.Ranges(range=[Value.Range(begin=1, end=3)])),
    ]
    offer = msgspec.structs.replace(offer, attributes=attributes)
    values = constraints.attributes_of(offer)
    assert values == {"n": "3.5", "t": "x", "s": "{a,b}", "r": "[1-3]", "hostname": "h1", "@hostname": "h1"}


def test_the_task_carries_command_resources_discovery_and_kill_policy() -> None:
    made = app(
        id="/team/web",
        user="nobody",
        labels={"VIP": "x"},
        portDefinitions=[{"port": 8080, "name": "http", "labels": {"VIP_0": "web:80"}}, {"protocol": "udp,tcp"}],
        taskKillGracePeriodSeconds=7,
        fetch=[{"uri": "http://x/y", "executable": True, "destPath": "z"}],
    )
    info = taskinfo.build(made, "t1", "a1", "h1", [31000, 31001], [])
    assert (info.name, info.task_id.value, info.agent_id.value) == ("web.team", "t1", "a1")
    assert (info.command.shell, info.command.value, info.command.user) == (True, "x", "nobody")
    assert info.command.uris[0].output_file == "z" and info.command.uris[0].executable
    assert info.kill_policy.grace_period.nanoseconds == 7_000_000_000
    assert [(port.number, port.name, port.protocol) for port in info.discovery.ports.ports] == [
        (31000, "http", "tcp"),
        (31001, None, "udp"),
        (31001, None, "tcp"),
    ]
    assert {label.key: label.value for label in info.labels.labels} == {"VIP": "x"}
    plain = taskinfo.build(app(cmd=None, args=["sleep", "5"]), "t", "a", "h", [31000], [])
    assert (plain.command.shell, plain.command.value, plain.command.arguments) == (False, "sleep", ["sleep", "5"])


def test_the_apps_own_variables_win() -> None:
    made = msgspec.structs.replace(app(env={"PORT0": "mine", "HOST": "here"}), version="v1")
    variables = taskinfo.environment(made, "t1", "h1", [31000])
    assert (variables["PORT0"], variables["HOST"], variables["PORT"]) == ("mine", "here", "31000")
    assert variables["MARATHON_APP_VERSION"] == "v1" and variables["PORT_DEFAULT"] == variables["PORT_31000"] == "31000"


def test_the_funnel_of_reasons_narrows_step_by_step() -> None:
    statistics = Statistics()
    statistics.not_used(make_offer("1", "a1"), ("UnfulfilledConstraint", "InsufficientCpus"), 1.0)
    statistics.not_used(make_offer("2", "a1"), ("InsufficientCpus",), 2.0)
    statistics.used(make_offer("3", "a2"), 3.0)
    funnel = {step["reason"]: (step["declined"], step["processed"]) for step in statistics.funnel()}
    assert funnel["UnfulfilledRole"] == (0, 3) and funnel["UnfulfilledConstraint"] == (1, 3)
    assert funnel["InsufficientCpus"] == (1, 2) and funnel["InsufficientMemory"] == (0, 1)
    last = {step["reason"]: (step["declined"], step["processed"]) for step in statistics.last_funnel()}
    assert last["UnfulfilledConstraint"] == (0, 2) and last["InsufficientCpus"] == (1, 2)
