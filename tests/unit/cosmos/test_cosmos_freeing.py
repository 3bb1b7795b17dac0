"""What is freed when a service is uninstalled, held against a master that says what it was told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from dcos_runtime.cosmos.core.errors import CosmosError
from dcos_runtime.cosmos.core.uninstalls import Step, Uninstall
from dcos_runtime.cosmos.tasks import ServiceTasks
from dcos_runtime.cosmos.uninstaller import Uninstaller
from dcos_runtime.cosmos.upstream import InitClient, Kernel, LeaderClient
from dcos_runtime.store.access import AccessDenied

DYNAMIC = {"type": "DYNAMIC", "role": "kafka-role", "principal": "kafka-principal"}


def resource(name: str, value: float, *reservations: dict[str, Any], **more: Any) -> dict[str, Any]:
    one: dict[str, Any] = {"name": name, "type": "SCALAR", "scalar": {"value": value}, "role": "kafka-role", **more}
    return {**one, "reservations": list(reservations or (DYNAMIC,))}


CPUS = resource("cpus", 1.0)
VOLUME = resource("disk", 10.0, disk={"persistence": {"id": "v"}, "volume": {"container_path": "p", "mode": "RW"}})
OF_THE_AGENT = resource("mem", 64.0, {"type": "STATIC", "role": "kafka-role"})
OF_ANOTHER = resource("mem", 32.0, {**DYNAMIC, "principal": "other"})
AGENT = {"id": "S0", "reserved_resources_full": {"kafka-role": [CPUS, VOLUME, OF_THE_AGENT, OF_ANOTHER]}}
UNINSTALL = Uninstall(
    "/kafka", "kafka", framework="kafka", step=Step.FREE, roles=("kafka-role",), principal="kafka-principal"
)


class Master:
    """``answers`` by the type of a call; ``frameworks``: those that are left."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.answers: dict[str, int] = {}
        self.frameworks: list[Any] = []

    async def handle(self, request: web.Request) -> web.Response:
        if request.path == "/slaves":
            return web.json_response({"slaves": [AGENT, {"id": "S1"}]})
        if request.path == "/frameworks":
            return web.json_response({"frameworks": self.frameworks})
        call = await request.json()
        self.told.append(call)
        return web.Response(status=self.answers.get(call["type"], 202), text="in the master's words")


def free(master: Master, remove: Callable[[str], Awaitable[None]] | None = None) -> Uninstall:
    async def run() -> Uninstall:
        server = web.Server(master.handle)  # type: ignore[arg-type]  # a request has all that is used of it
        runner = web.ServerRunner(server)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        upstream = LeaderClient("mesos", [f"http://127.0.0.1:{runner.addresses[0][1]}"])
        kernel = Kernel(upstream)
        try:
            return await Uninstaller(InitClient(upstream), kernel, ServiceTasks(kernel), remove).carry(UNINSTALL)
        finally:
            await upstream.close()
            await runner.cleanup()

    return asyncio.run(run())


def test_volumes_go_before_what_they_are_made_of_and_only_the_services_own() -> None:
    master, removed = Master(), []

    async def remove(path: str) -> None:
        removed.append(path)

    assert free(master, remove).left == ()
    assert [call["type"] for call in master.told] == ["DESTROY_VOLUMES", "UNRESERVE_RESOURCES"]
    destroy, unreserve = master.told
    assert destroy["destroy_volumes"]["agent_id"] == {"value": "S0"}
    assert [one["name"] for one in destroy["destroy_volumes"]["volumes"]] == ["disk"]
    back = unreserve["unreserve_resources"]["resources"]
    assert [(one["name"], one["scalar"]["value"]) for one in back] == [("cpus", 1.0), ("disk", 10.0)]
    assert all("disk" not in one and "role" not in one for one in back)
    assert removed == ["/dcos-service-kafka"]


def test_a_role_that_others_have_too_is_theirs() -> None:
    master = Master()
    master.frameworks = [{"name": "other", "roles": ["kafka-role"]}]
    assert free(master).left == () == tuple(master.told)


@pytest.mark.parametrize("status", [400, 403, 404, 501])
def test_what_the_master_will_never_do_is_told_and_does_not_hold_the_rest_up(status: int) -> None:
    master, removed = Master(), []
    master.answers = {"UNRESERVE_RESOURCES": status}

    async def remove(path: str) -> None:
        removed.append(path)

    (left,) = free(master, remove).left
    assert left.startswith(f"what it reserved on the agent S0: the master answers UNRESERVE_RESOURCES with {status}")
    assert "in the master's words" in left and removed


@pytest.mark.parametrize("status", [409, 500])
def test_what_the_master_may_do_later_is_tried_again(status: int) -> None:
    master = Master()
    master.answers = {"DESTROY_VOLUMES": status}
    with pytest.raises(CosmosError) as told:
        free(master)
    assert told.value.status == 503
    assert [call["type"] for call in master.told] == ["DESTROY_VOLUMES"]


def test_nodes_that_belong_to_somebody_else_stay_and_are_told() -> None:
    async def remove(path: str) -> None:
        raise AccessDenied("it belongs to somebody else")

    assert free(Master(), remove).left == ("/dcos-service-kafka in ZooKeeper: it belongs to somebody else",)
