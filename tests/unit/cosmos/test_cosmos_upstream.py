"""What is asked of the init twice because an answer was lost: our own change is known again, and nobody else's."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from dcos_runtime.cosmos.core.errors import CosmosError
from dcos_runtime.cosmos.upstream import InitClient, LeaderClient

CHANGE = {"cmd": "new", "env": {"A": "1"}, "labels": {"DCOS_PACKAGE_VERSION": "2.0", "DCOS_PACKAGE_OPTIONS": "bmV3"}}
LOCKED = {"message": "App is locked by one or more deployments.", "deployments": [{"id": "d-1"}]}


class Init:
    """Loses the answers to the first ``lost`` changes, and refuses each later one as the init does while it deploys."""

    def __init__(self, lost: int, app: dict[str, Any] | None, refusal: dict[str, Any] = LOCKED) -> None:
        self.lost, self.app, self.refusal = lost, app, refusal
        self.changes = 0

    async def handle(self, request: web.Request) -> web.Response:
        if request.method == "GET":
            return web.json_response({"app": self.app}, status=200 if self.app is not None else 404)
        self.changes += 1
        if self.changes <= self.lost:
            await request.read()
            assert request.transport is not None
            request.transport.close()
        return web.json_response(self.refusal, status=409)


def updated(init: Init) -> str | None:
    return asked(init, lambda client: client.update("/a", CHANGE))


def asked(init: Init, ask: Callable[[InitClient], Awaitable[str | None]]) -> str | None:
    async def run() -> str | None:
        runner = web.ServerRunner(web.Server(init.handle))  # type: ignore[arg-type]  # a request has all that is used of it
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        upstream = LeaderClient("marathon", [f"http://127.0.0.1:{runner.addresses[0][1]}"])
        try:
            return await ask(InitClient(upstream))
        finally:
            await upstream.close()
            await runner.cleanup()

    return asyncio.run(run())


class Deleted(Init):
    """Has no app any more when a change comes, and tells how that was asked for."""

    def __init__(self) -> None:
        super().__init__(0, None)
        self.asked: list[tuple[str, str]] = []

    async def handle(self, request: web.Request) -> web.Response:
        self.asked.append((request.method, request.path_qs))
        made = request.query.get("allowCreation") != "false" and request.method == "PUT"
        return web.json_response(
            {"deploymentId": "d-1"} if made else {"message": "no app"}, status=201 if made else 404
        )


def test_an_app_that_was_deleted_meanwhile_is_not_made_again() -> None:
    init = Deleted()
    assert asked(init, lambda client: client.replace("/a", {"id": "/a", "cmd": "x"}, force=True)) is None
    assert asked(init, lambda client: client.update("/a", CHANGE)) is None
    assert [method for method, _ in init.asked] == ["PUT", "PATCH"]


def created(refusals: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, seconds: float) -> dict[str, Any]:
    """What `create` returns of an init that refuses the first requests so."""
    monkeypatch.setattr("dcos_runtime.cosmos.upstream.REMOVED_SECONDS", seconds)
    monkeypatch.setattr("dcos_runtime.cosmos.upstream.PAUSE_SECONDS", 0.01)

    async def answer(request: web.Request) -> web.Response:
        return web.json_response(refusals.pop(0), status=409) if refusals else web.json_response({"id": "/a"})

    async def run() -> dict[str, Any]:
        runner = web.ServerRunner(web.Server(answer))  # type: ignore[arg-type]  # a request has all that is used of it
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        upstream = LeaderClient("marathon", [f"http://127.0.0.1:{runner.addresses[0][1]}"])
        try:
            return await InitClient(upstream).create({"id": "/a"})
        finally:
            await upstream.close()
            await runner.cleanup()

    return asyncio.run(run())


def test_an_installation_waits_until_a_former_app_of_that_id_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert created([LOCKED] * 3, monkeypatch, 3600) == {"id": "/a"}
    with pytest.raises(CosmosError) as caught:
        created([LOCKED] * 3, monkeypatch, 0)
    assert caught.value.type == "AppBeingRemoved" and caught.value.status == 409
    with pytest.raises(CosmosError) as caught:
        created([{"message": "An app with id [/a] already exists."}], monkeypatch, 3600)
    assert caught.value.type == "ServiceAlreadyStarted"


def as_changed(**more: Any) -> dict[str, Any]:
    return {"id": "/a", "instances": 1, **CHANGE, **more}


def test_a_change_whose_answer_was_lost_stands_when_its_repetition_is_refused() -> None:
    init = Init(1, as_changed())
    assert updated(init) == "d-1" and init.changes == 2


OTHER_LABELS = {"DCOS_PACKAGE_VERSION": "2.0", "DCOS_PACKAGE_OPTIONS": "b2xk"}


@pytest.mark.parametrize(
    "init",
    [
        Init(0, as_changed()),  # nothing was lost: it is somebody else's change, though the same
        Init(1, as_changed(cmd="old")),
        Init(1, as_changed(env={"A": "1", "B": "2"})),
        Init(1, as_changed(labels=OTHER_LABELS)),
        Init(1, None),
        Init(1, as_changed(), {"message": "refused for another reason"}),
        Init(1, as_changed(), {"message": "x", "deployments": [3, {"id": None}]}),
    ],
    ids=["nothing lost", "other command", "other environment", "other options", "no app", "no deployment", "no id"],
)
def test_what_is_not_known_to_be_ours_is_refused(init: Init) -> None:
    with pytest.raises(CosmosError) as caught:
        updated(init)
    assert caught.value.status == 409
