"""The guard of the init's API: what it is asked, and how the init refuses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from dcos_runtime import daemon
from dcos_runtime.guard.admission import Admission, Realm
from dcos_runtime.guard.credentials import Credentials
from dcos_runtime.guard.guard import OPEN, Guard
from dcos_runtime.guard.users import UsersUnreachable
from dcos_runtime.leading.http import Api
from dcos_runtime.leading.position import Peer, Position
from dcos_runtime.leading.routes import Parts, Patterns, route
from dcos_runtime.marathon.http.dialect import MarathonDialect
from tests.support.daemons.authority import basic


class People:
    """Those whom dcos-auth knows: ``eve`` with her password, while it can be asked."""

    away = False

    async def password_is(self, uid: str, password: str, address: str) -> bool:
        if self.away:
            raise UsersUnreachable("dcos-auth does not answer")
        return (uid, password) == ("eve", "apple")

    async def token_lives(self, token: str) -> bool:
        return not self.away


@asynccontextmanager
async def behind(guard: Guard, *, required: bool = True) -> AsyncIterator[URL]:
    """An API that tells who asks."""

    async def who(request: web.Request, parts: Parts) -> web.StreamResponse:
        return web.json_response({"who": admission.principal_of(request), "body": (await request.read()).decode()})

    admission = Admission(None, guard, frozenset((Realm.READ, Realm.WRITE)) if required else frozenset())
    dialect = MarathonDialect()
    routes = Patterns([route(method, "/v2/apps", who, everywhere=True) for method in ("GET", "POST")], dialect.error)
    api: Api[Any] = Api(Position(Peer("", "", "")), routes, admission, dialect)
    async with daemon.listening(api.application(), "127.0.0.1", 0, stop_seconds=0.2) as address:
        yield URL(address.url)


async def test_by_hand_everybody_is_answered_and_nobody_is_known() -> None:
    async with behind(OPEN, required=False) as url, aiohttp.ClientSession() as http:
        async with http.post(url / "v2/apps", data="x", headers={"X-Dcos-User": "eve"}) as answer:
            assert await answer.json() == {"who": None, "body": "x"}
        async with http.post(url / "v2/apps", data="x", expect100=True) as answer:
            assert await answer.json() == {"who": None, "body": "x"}


async def test_users_are_asked_for_at_dcos_auth_and_its_absence_is_not_taken_for_a_no() -> None:
    people = People()
    guard = Guard(realm="Mesosphere", credentials=Credentials({"eve2": "pear"}), users=people)
    async with behind(guard) as url, aiohttp.ClientSession() as http:
        for name, password, status in (("eve", "apple", 200), ("eve", "pear", 401), ("eve2", "pear", 200)):
            async with http.get(url / "v2/apps", headers=basic(name, password)) as answer:
                assert answer.status == status
        people.away = True
        async with http.get(url / "v2/apps", headers=basic("eve", "apple")) as answer:
            assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
            assert "dcos-auth does not answer" in (await answer.json())["message"]
        async with http.get(url / "v2/apps", headers=basic("eve2", "pear")) as answer:
            assert await answer.json() == {"who": "eve2", "body": ""}


async def test_where_no_principal_is_wanted_a_wrong_one_is_refused_all_the_same() -> None:
    guard = Guard(realm="Mesosphere", credentials=Credentials({"adam": "apple"}))
    async with behind(guard, required=False) as url, aiohttp.ClientSession() as http:
        async with http.get(url / "v2/apps") as answer:
            assert answer.status == 200
        async with http.get(url / "v2/apps", headers=basic("adam", "pear")) as answer:
            assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, 'Basic realm="Mesosphere"')


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_refused_request_with_a_body_ends_its_connection(method: str) -> None:
    guard = Guard(realm="Mesosphere", credentials=Credentials({"adam": "apple"}))
    async with behind(guard) as url, aiohttp.ClientSession() as http:
        async with http.request(method, url / "v2/apps", data=b"x" * 100_000) as answer:
            assert (answer.status, answer.headers.get("Connection")) == (401, "close")
        async with http.request(method, url / "v2/apps") as answer:
            assert answer.status == 401 and answer.headers.get("Connection") != "close"
