"""What is freed when a service is uninstalled, held against a master that says what it was told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
from aiohttp import web

from dcos_runtime.cosmos import uninstaller
from dcos_runtime.cosmos.core import freeing
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
        self.apps: list[Any] = []
        """Of the init, which is the same server here."""
        self.deployments: list[Any] = []
        self.torn: list[str] = []

    async def handle(self, request: web.Request) -> web.Response:
        if request.path == "/slaves":
            return web.json_response({"slaves": [AGENT, {"id": "S1"}]})
        if request.path == "/frameworks":
            return web.json_response({"frameworks": self.frameworks})
        if request.path == "/v2/deployments":
            return web.json_response(self.deployments)
        if request.path == "/v2/apps":
            return web.json_response({"apps": self.apps})
        if request.path == "/teardown":
            self.torn.append(str((await request.post())["frameworkId"]))
            return web.Response()
        call = await request.json()
        self.told.append(call)
        return web.Response(status=self.answers.get(call["type"], 202), text="in the master's words")


def carry(master: Master, uninstall: Uninstall, remove: Callable[[str], Awaitable[None]] | None = None) -> Uninstall:
    async def run() -> Uninstall:
        server = web.Server(master.handle)  # type: ignore[arg-type]  # a request has all that is used of it
        runner = web.ServerRunner(server)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        upstream = LeaderClient("mesos", [f"http://127.0.0.1:{runner.addresses[0][1]}"])
        kernel = Kernel(upstream)
        try:
            return await Uninstaller(InitClient(upstream), kernel, ServiceTasks(kernel), remove).carry(uninstall)
        finally:
            await upstream.close()
            await runner.cleanup()

    return asyncio.run(run())


def free(master: Master, remove: Callable[[str], Awaitable[None]] | None = None) -> Uninstall:
    return carry(master, UNINSTALL, remove)


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
    with pytest.raises(CosmosError) as caught:
        free(master)
    assert caught.value.status == 503
    assert [call["type"] for call in master.told] == ["DESTROY_VOLUMES"]


def test_nodes_that_belong_to_somebody_else_stay_and_are_told() -> None:
    async def remove(path: str) -> None:
        raise AccessDenied("it belongs to somebody else")

    assert free(Master(), remove).left == ("/dcos-service-kafka in ZooKeeper: it belongs to somebody else",)


# --- whose a framework is ---------------------------------------------------------------------------------------------

AGENTS = [
    {"id": "S0", "hostname": "a1.example", "pid": "slave(1)@198.18.0.21:5051"},
    {"id": "S1", "hostname": "a2.example", "pid": "slave(1)@[fd00::2]:5051"},
]
STAGED = "2026-11-30T08:00:00.000Z"
SINCE = 1795996800.0 + 8 * 3600  # the same moment, as `time.time`


def task(agent: str = "S0", **more: Any) -> dict[str, Any]:
    return {"slaveId": agent, "host": AGENTS[0 if agent == "S0" else 1]["hostname"], "stagedAt": STAGED, **more}


def test_where_an_apps_tasks_are_and_since_when() -> None:
    app = {
        "tasks": [task(), task("S1", stagedAt="2026-11-30T09:00:00.000Z", ipAddresses=[{"ipAddress": "198.18.9.1"}])]
    }
    hosts, since = freeing.places(app, AGENTS)
    assert hosts == ("198.18.0.21", "198.18.9.1", "a1.example", "a2.example", "fd00::2")
    assert since == SINCE
    assert freeing.places({}, AGENTS) == ((), 0.0)
    assert freeing.places({"tasks": [{"slaveId": "gone", "host": "H."}]}, AGENTS) == (("h",), 0.0)


HERE = ("198.18.0.21", "a1.example")


@pytest.mark.parametrize(
    ("framework", "others", "why"),
    [
        ({}, {}, ""),
        ({"hostname": "a1.example"}, {}, ""),
        ({"hostname": "A1.example."}, {}, ""),
        ({"pid": "scheduler-1@198.18.0.21:31000"}, {}, ""),
        ({"hostname": "elsewhere", "webui_url": "http://198.18.0.21:31000/"}, {}, ""),
        ({"webui_url": "https://service.example/"}, {}, ""),
        ({"webui_url": "http://[nonsense"}, {}, ""),
        ({"hostname": "0123456789ab"}, {}, ""),
        ({"hostname": "a2.example"}, {}, "it registered from a2.example, where the app had no task"),
        ({"hostname": "", "pid": "x@[fd00::2]:1"}, {}, "it registered from fd00::2, where the app had no task"),
        ({}, {"/other": ()}, "the app /other names it as well"),
        ({"hostname": "a1.example"}, {"/other": ("a2.example",)}, ""),
        ({"hostname": "a1.example"}, {"/other": ("a1.example",)}, "the app /other names it as well"),
        (
            {"connected": True, "registered_time": SINCE - 60},
            {},
            "it was connected before any task of the app was there",
        ),
        ({"connected": True, "registered_time": SINCE - 60, "reregistered_time": SINCE + 1}, {}, ""),
        ({"connected": False, "registered_time": SINCE - 60}, {}, ""),
        ({"connected": True, "registered_time": SINCE - 5}, {}, ""),
    ],
    ids=str,
)
def test_whose_a_framework_is(framework: dict[str, Any], others: dict[str, tuple[str, ...]], why: str) -> None:
    assert freeing.not_its_own(framework, HERE, SINCE, others) == why


def test_of_an_app_without_tasks_a_framework_is_known_by_its_name_as_cosmos_knows_it() -> None:
    assert freeing.not_its_own({"hostname": "a2.example", "connected": True, "registered_time": 1.0}, (), 0.0, {}) == ""


def test_a_framework_of_somebody_else_goes_on_and_what_is_its_own_stays() -> None:
    master, removed = Master(), []

    async def remove(path: str) -> None:
        removed.append(path)

    master.frameworks = [
        {"id": "mine", "name": "kafka", "hostname": "a1.example"},
        {"id": "foreign", "name": "kafka", "hostname": "a2.example"},
        {"id": "another", "name": "other", "hostname": "a1.example"},
    ]
    begun = msgspec.structs.replace(UNINSTALL, hosts=HERE, step=Step.TEARDOWN)
    torn = carry(master, begun, remove)
    assert master.torn == ["mine"]
    (left,) = torn.left
    assert left.startswith("the framework foreign of the name kafka, which goes on: it registered from a2.example")
    del master.frameworks[0]
    freed = carry(master, msgspec.structs.replace(torn, step=Step.FREE), remove)
    assert freed.left == (
        left,
        "/dcos-service-kafka in ZooKeeper: it may be that of another framework of this name",
    )
    assert not removed
    master.frameworks = []
    master.apps = [{"id": "/second", "labels": {"DCOS_PACKAGE_FRAMEWORK_NAME": "kafka"}}]
    assert len(free(master, remove).left) == 1 and not removed


def test_of_several_of_its_own_none_is_torn_down() -> None:
    master = Master()
    master.frameworks = [{"id": name, "name": "kafka", "hostname": "a1.example"} for name in ("one", "two")]
    with pytest.raises(CosmosError) as caught:
        carry(master, msgspec.structs.replace(UNINSTALL, hosts=HERE, step=Step.TEARDOWN))
    assert caught.value.type == "MultipleFrameworkIds" and master.torn == []


def test_a_framework_that_tells_no_host_is_torn_down_only_if_it_ends_with_the_app(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(uninstaller, "DISCONNECT_SECONDS", 0.2)
    begun = msgspec.structs.replace(UNINSTALL, hosts=HERE, step=Step.TEARDOWN)
    for connection, torn in (({"connected": False}, ["one"]), ({"connected": True}, [])):
        master = Master()
        master.frameworks = [{"id": "one", "name": "kafka", "webui_url": "http://page.example/", **connection}]
        left = carry(master, begun).left
        assert master.torn == torn and bool(left) == (not torn)
    assert left == (
        "the framework one of the name kafka, which goes on: it does not say where it is, and is connected although no "
        "task of the app is there",
    )
    master.frameworks = [{"id": "one", "name": "kafka", "webui_url": "http://a1.example:1/", "connected": True}]
    assert carry(master, begun).left == () and master.torn == ["one"]
    master = Master()
    master.frameworks = [{"id": "one", "name": "kafka", "connected": True}]
    master.deployments = [{"id": "d", "affectedApps": ["/kafka"]}]
    with pytest.raises(uninstaller.NotYet):
        carry(master, begun)
    assert master.torn == []
