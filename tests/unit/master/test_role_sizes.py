"""Names of roles are bounded wherever one comes in: what is kept of one grows with the square of its length."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import msgspec
import pytest

from dcos_runtime.agent.resources import parse_resources
from dcos_runtime.core import resources as amounts
from dcos_runtime.flags import values
from dcos_runtime.master.core.allocator.quota import inconsistent
from dcos_runtime.master.core.allocator.terms import Quota
from dcos_runtime.master.views import MasterViewer
from dcos_runtime.wire import limits
from dcos_runtime.wire.cluster import FrameworkInfo
from dcos_runtime.wire.common import FrameworkID, Value
from dcos_runtime.wire.resources import Resource
from dcos_runtime.wire.scheduler import Call
from tests.support.cores.master_world import World


def _everywhere(role: str) -> Iterator[str | None]:
    """What is said at each place where a role's name comes into a master, an init or an agent."""
    multi = [FrameworkInfo.Capability(type=FrameworkInfo.Capability.Type.MULTI_ROLE)]
    for info in (
        FrameworkInfo(user="u", name="n", roles=[role], capabilities=multi),
        FrameworkInfo(user="u", name="n", role=role),
    ):
        one = World(agents=1, frameworks=1)
        one.run_until_idle()
        (framework,) = one.frameworks
        yield one.subscribe(Call.Subscribe(framework_info=info), 10**6)
        named = msgspec.structs.replace(info, id=FrameworkID(value=framework.id or ""))
        update = Call.UpdateFramework(framework_info=named)
        call = Call(type=Call.Type.UPDATE_FRAMEWORK, framework_id=named.id, update_framework=update)
        answer = one.call(call, framework.stream_id)
        yield answer.body.decode() if answer.status == 400 else None
    static, kind = Resource.ReservationInfo(type=Resource.ReservationInfo.Type.STATIC, role=role), Value.Type.SCALAR
    for given in (
        Resource(name="cpus", type=kind, scalar=Value.Scalar(value=1.0), reservations=[static]),
        Resource(name="cpus", type=kind, scalar=Value.Scalar(value=1.0), role=role),
        Resource(
            name="cpus",
            type=kind,
            scalar=Value.Scalar(value=1.0),
            allocation_info=Resource.AllocationInfo(role=role),
        ),
    ):
        yield amounts.invalid([given])
    for parse, text in (
        (parse_resources, f"cpus({role}):1"),
        (values.WEIGHTS.parse, f"{role}=2"),
        (values.ROLE.parse, role),
    ):
        try:
            parse(text)
            yield None
        except ValueError as error:
            yield str(error)
    yield inconsistent({role: Quota({"cpus": 1}, {})})


@pytest.mark.parametrize(
    "role", ["/".join("x" * 20_000), "x/" * 600_000 + "x", "x" * 500_000, "é" * 257, "a/" * 32 + "a"]
)
def test_a_role_that_is_too_deep_or_too_long_is_refused_by_every_call_and_soon(role: str) -> None:
    tracemalloc.start()
    try:
        said = list(_everywhere(role))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(said) == 11
    for reason in said:
        assert reason is not None and ("components, and may have 32" in reason or "bytes, and may have 512" in reason)
        assert len(reason) < 500
    assert most < 20 * len(role) + 20_000_000


@pytest.mark.parametrize("role", ["/".join("x" * 32), "x" * 512, "é" * 256])
def test_the_largest_roles_are_accepted_by_every_call(role: str) -> None:
    assert list(_everywhere(role)) == [None] * 11


def test_a_frameworks_roles_have_so_many_components_together() -> None:
    one = World(agents=1, frameworks=0)
    multi = [FrameworkInfo.Capability(type=FrameworkInfo.Capability.Type.MULTI_ROLE)]
    roles = ["/".join([f"r{number}", *"xyz"]) for number in range(limits.MAX_ROLE_COMPONENTS // 4)]
    info = FrameworkInfo(user="u", name="n", roles=roles, capabilities=multi)
    assert one.subscribe(Call.Subscribe(framework_info=info), 10**6) is None
    shown = b"".join(MasterViewer(one.core.state, 1.0, {}, None).roles())
    assert shown.count(b'"weight"') == limits.MAX_ROLE_COMPONENTS and len(shown) < 2_000_000
    deeper = msgspec.structs.replace(info, roles=[*roles[1:], "/".join("abcde")])
    error = one.subscribe(Call.Subscribe(framework_info=deeper), 10**6 + 1)
    assert error is not None and "4001 components together, and may have 4000" in error
