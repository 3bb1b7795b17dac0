"""The gateway with a real nginx and a real dcos-auth: who gets in, where paths lead, what is passed on."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import http.client
import json
import os
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from aiohttp import WSMsgType, web

from tests.contract import gateway as house
from tests.contract.authority import Authority
from tests.contract.gateway import PASSWORD, Backend, Gateway, echo, server_tls, started, task_address

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: tasks get an address of their own"),
]

AGENT = "11111111-2222-4333-8444-555555555555-S0"


class Made:
    """A gateway, and behind it a master, an init, an agent and two services."""

    def __init__(self, folder: Path, task_host: str) -> None:
        self.authority = Authority(folder / "authority")
        self.task_host = task_host
        self.master = Backend(self._master, server_tls(self.authority, "master"))
        self.init = Backend(self._init, server_tls(self.authority, "marathon"))
        self.agent = Backend(echo, server_tls(self.authority, "agent", "127.0.0.5"), ip="127.0.0.5")
        self.task = Backend(self._task, ip=task_host)
        self.apps: list[dict[str, Any]] = []
        self.frameworks: list[dict[str, Any]] = []
        self.released = asyncio.Event()
        self.folder = folder
        self.gateway: Gateway

    def parts(self) -> Iterator[Any]:
        yield from (self.master, self.init, self.agent, self.task)

    def app(self, name: str, *, host: str = "", port: int = 0, **more: Any) -> dict[str, Any]:
        return {
            "id": f"/{name}",
            "labels": {"DCOS_SERVICE_NAME": name, **more.pop("labels", {})},
            "tasks": [
                {
                    "id": f"{name}.1",
                    "state": more.pop("state", "TASK_RUNNING"),
                    "host": host or self.task_host,
                    "ports": [port or self.task.port],
                    **more,
                }
            ],
        }

    async def _master(self, request: web.Request) -> web.StreamResponse:
        if request.raw_path.startswith("/slaves"):
            agent = {"id": AGENT, "pid": "slave(1)@127.0.0.5:5051", "active": True, "attributes": {"public_ip": "true"}}
            return web.json_response({"slaves": [agent]})
        if request.raw_path == "/state-summary" and request.headers.get("X-Dcos-User") is None:
            return web.json_response({"frameworks": self.frameworks})
        if request.raw_path == "/stream":
            return await self._stream(request)
        if request.raw_path == "/redirect":
            return web.Response(status=307, headers={"Location": "//127.0.0.9:5050/state"})
        if request.raw_path == "/error":
            return web.Response(status=403, text="the master's own words")
        return await echo(request)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for number in range(1000):
            await response.write(b"%d\n" % number)
            await asyncio.sleep(0.05)
        return response

    async def _init(self, request: web.Request) -> web.StreamResponse:
        if request.raw_path.startswith("/v2/apps?label=DCOS_SERVICE_NAME"):
            return web.json_response({"apps": self.apps})
        return await echo(request)

    async def _task(self, request: web.Request) -> web.StreamResponse:
        if request.raw_path == "/accelerate":
            return web.Response(headers={"X-Accel-Redirect": "/mesos/secret", "Set-Cookie": "own=1; Path=/"})
        if request.raw_path == "/away":
            return web.Response(status=302, headers={"Location": f"http://{self.task_host}:{self.task.port}/there"})
        if request.raw_path == "/elsewhere":
            return web.Response(status=302, headers={"Location": "//elsewhere.example/there"})
        if request.raw_path == "/socket":
            websocket = web.WebSocketResponse()
            await websocket.prepare(request)
            async for message in websocket:
                if message.type is WSMsgType.TEXT:
                    await websocket.send_str(f"heard {message.data}")
            return websocket
        return await echo(request)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    folder = tmp_path_factory.mktemp("gateway")
    with task_address() as address:
        made = Made(folder, address)
        with started(*made.parts()):
            made.gateway = Gateway(
                folder / "gateway",
                made.authority,
                master_port=made.master.port,
                init_port=made.init.port,
                agent_port=made.agent.port,
            )
            with started(made.gateway):
                yield made


@pytest.fixture
def gateway(made: Made) -> Gateway:
    return made.gateway


@pytest.fixture(scope="module")
def admin(made: Made) -> dict[str, str]:
    return made.gateway.token()


def headers_of(seen: dict[str, Any]) -> dict[str, str]:
    return dict(seen["headers"])


# --- who gets in ---


OPEN = [
    "/",
    "/health",
    "/metadata",
    "/dcos-metadata/dcos-version.json",
    "/dcos-metadata/ui-config.json",
    "/ca/dcos-ca.crt",
    "/acs/api/v1/auth/providers",
    "/acs/api/v1/auth/jwks",
]
CLOSED = [
    "/mesos/state",
    "/mesos",
    "/marathon/v2/apps",
    f"/agent/{AGENT}/state",
    f"/slave/{AGENT}/state",
    "/service/web/",
    "/service/marathon/v2/apps",
    "/acs/api/v1/users",
    "/acs/api/v1/users/admin",
    "/acs/api/v1/auth/logout",
    "/exhibitor/exhibitor/v1/cluster/status",
    "/exhibitor/exhibitor/v1/cluster/list",
    "/pkgpanda/active.buildinfo.full.json",
    "/system/health/v1/nodes",
    "/cluster/v1/links",
    "/no/such/page",
    "/internal/verify",
    "/_dcos/authorize",
    "/gateway/metadata",
]


@pytest.mark.parametrize("path", OPEN)
def test_these_pages_are_open_to_all(gateway: Gateway, path: str) -> None:
    assert gateway.get(path).status == 200
    assert gateway.ask("HEAD", path).status == 200


@pytest.mark.parametrize("path", CLOSED)
def test_everything_else_wants_a_token_whether_it_exists_or_not(gateway: Gateway, path: str) -> None:
    for method in ("GET", "HEAD", "POST", "DELETE"):
        answer = gateway.ask(method, path)
        assert (answer.status, answer.headers.get_all("WWW-Authenticate")) == (401, ["acsjwt"]), method
    assert gateway.get(path).json["title"] == "Unauthorized"


def test_bad_tokens_are_refused_in_every_form(made: Made, gateway: Gateway) -> None:
    other = Authority(made.folder / "other")
    for what, token in made.authority.bad_tokens(other).items():
        for headers in (
            {"Authorization": f"token={token}"},
            {"Authorization": f"Bearer {token}"},
            {"Cookie": f"dcos-acs-auth-cookie={token}"},
        ):
            for path in ("/mesos/state", "/acs/api/v1/users"):
                assert gateway.get(path, headers).status == 401, what


def test_a_good_token_is_taken_from_header_and_cookie(gateway: Gateway) -> None:
    token = gateway.log_in()
    for headers in (
        {"Authorization": f"token={token}"},
        {"Authorization": f'token="{token}"'},
        {"Authorization": f"Bearer {token}"},
        {"authorization": f"bearer {token}"},
        {"Cookie": f"a=b; dcos-acs-auth-cookie={token}; c=d"},
    ):
        assert gateway.get("/mesos/state", headers).status == 200, headers
    bad_header = {"Authorization": "token=x.y.z", "Cookie": f"dcos-acs-auth-cookie={token}"}
    assert gateway.get("/mesos/state", bad_header).status == 401
    assert gateway.get("/mesos/state", {"Authorization": "Basic YWRtaW46eA=="}).status == 401


def test_another_sites_page_changes_nothing_with_the_cookie(made: Made, gateway: Gateway) -> None:
    token = gateway.log_in()
    cookie, own = {"Cookie": f"dcos-acs-auth-cookie={token}"}, f"https://127.0.0.1:{gateway.port}"
    for path in ("/mesos/write", "/service/marathon/write", "/acs/api/v1/users/nobody"):
        for foreign in ("https://evil.example", "null", "http://127.0.0.1", "https://127.0.0.1:1", "https://[x"):
            count = len(made.master.seen)
            refused = gateway.ask("DELETE", path, {**cookie, "Origin": foreign})
            assert (refused.status, len(made.master.seen)) == (403, count), (path, foreign)
            assert gateway.ask("DELETE", path, {"Authorization": f"token={token}", "Origin": foreign}).status != 403
        assert gateway.ask("DELETE", path, {**cookie, "Origin": own}).status != 403
        assert gateway.ask("DELETE", path, cookie).status != 403
    assert gateway.get("/mesos/read", {**cookie, "Origin": "https://evil.example"}).status == 200


def test_no_redirect_of_ours_names_a_strangers_host(gateway: Gateway, admin: dict[str, str]) -> None:
    for path in ("/mesos", "/marathon"):
        moved = gateway.get(path, {**admin, "Host": "evil.example"})
        assert (moved.status, moved.headers["Location"]) == (308, f"{path}/")


def test_logging_in_gives_a_token_and_a_cookie_that_scripts_cannot_read(made: Made, gateway: Gateway) -> None:
    answer = gateway.ask("POST", "/acs/api/v1/auth/login", body={"uid": "admin", "password": PASSWORD})
    token = answer.json["token"]
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(f"dcos-acs-auth-cookie={token}; ")
    assert set(cookie.split("; ")[1:]) == {"Path=/", "Max-Age=432000", "Secure", "HttpOnly", "SameSite=Strict"}
    key = jwt.PyJWK(gateway.get("/acs/api/v1/auth/jwks").json["keys"][0])
    claims = jwt.decode(token, key.key, algorithms=["RS256"], issuer=made.authority.cluster)
    assert claims["uid"] == "admin"
    assert jwt.get_unverified_header(token) == {"alg": "RS256", "typ": "JWT", "kid": made.authority.kid}
    assert 0 <= claims["iat"] + 5 * 24 * 3600 - claims["exp"] < 1


def test_an_unknown_user_and_a_wrong_password_look_the_same(gateway: Gateway) -> None:
    wrong = gateway.ask("POST", "/acs/api/v1/auth/login", body={"uid": "admin", "password": "not it at all"})
    unknown = gateway.ask("POST", "/acs/api/v1/auth/login", body={"uid": "nobody", "password": "not it at all"})
    assert wrong.status == unknown.status == 401
    assert wrong.text == unknown.text
    assert wrong.json["code"] == "ERR_INVALID_CREDENTIALS"
    assert wrong.headers["WWW-Authenticate"] == "acsjwt"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"uid":"admin"}', b'{"uid":1,"password":"x"}', b"\xff" * 30])
def test_a_login_that_cannot_be_read_is_400_and_not_repeated(gateway: Gateway, body: bytes) -> None:
    answer = gateway.ask("POST", "/acs/api/v1/auth/login", body=body)
    assert answer.status == 400
    assert answer.json["title"] == "Bad Request"


def test_logging_out_ends_the_token_at_once(gateway: Gateway) -> None:
    token, other = gateway.token(), gateway.token()
    answer = gateway.get("/acs/api/v1/auth/logout", token)
    assert answer.status == 200
    assert "Max-Age=0" in answer.headers["Set-Cookie"]
    for path in ("/mesos/state", "/acs/api/v1/users", "/pkgpanda/active.buildinfo.full.json"):
        assert gateway.get(path, token).status == 401
        assert gateway.get(path, other).status == 200


def test_the_users_of_the_cluster_come_and_go(gateway: Gateway, admin: dict[str, str]) -> None:
    users = "/acs/api/v1/users"
    eve = f"{users}/eve@example.com"
    assert gateway.ask("PUT", eve, admin, {"description": "Eve", "password": "something long"}).status == 201
    assert gateway.ask("PUT", eve, admin, {"password": "something long"}).status == 409
    told = gateway.get(eve, admin).json
    assert (told["uid"], told["description"], told["url"]) == ("eve@example.com", "Eve", eve)
    assert "hash" not in json.dumps(told)
    assert [user["uid"] for user in gateway.get(users, admin).json["array"]] == ["admin", "eve@example.com"]
    token = gateway.token("eve@example.com", "something long")
    assert gateway.get("/mesos/state", token).status == 200
    assert gateway.ask("PATCH", eve, admin, {"description": "Eve II"}).status == 204
    assert gateway.get("/mesos/state", token).status == 200
    assert gateway.ask("PATCH", eve, admin, {"password": "something else"}).status == 204
    assert gateway.get("/mesos/state", token).status == 401  # a new password ends what the old one began
    again = gateway.token("eve@example.com", "something else")
    assert gateway.get("/mesos/state", again).status == 200
    assert gateway.ask("DELETE", eve, admin).status == 204
    assert gateway.get("/mesos/state", again).status == 401
    assert gateway.ask("DELETE", eve, admin).status == 404
    assert gateway.get(eve, admin).status == 404
    # Somebody else of the same name does not get the tokens of the one who left.
    assert gateway.ask("PUT", eve, admin, {"password": "something third"}).status == 201
    assert gateway.get("/mesos/state", again).status == 401
    assert gateway.ask("DELETE", eve, admin).status == 204


def test_the_last_user_stays(gateway: Gateway, admin: dict[str, str]) -> None:
    answer = gateway.ask("DELETE", "/acs/api/v1/users/admin", admin)
    assert (answer.status, answer.json["code"]) == (409, "ERR_LAST_USER")
    assert gateway.get("/acs/api/v1/users", admin).status == 200


@pytest.mark.parametrize(
    ("uid", "body", "status"),
    [
        ("a%20b", {"password": "something long"}, 400),
        ("%2e%2e", {"password": "something long"}, 400),
        ("-x", {"password": "something long"}, 400),
        ("x" * 97, {"password": "something long"}, 400),
        ("dcos_marathon", {"password": "something long"}, 400),
        ("DCOS_master", {"password": "something long"}, 400),
        ("spark", {"password": "something long"}, 400),
        ("bob", {"password": "short"}, 400),
        ("bob", {"description": "no password"}, 400),
        ("bob", {"password": "something long", "admin": True}, 400),
        ("bob", ["something long"], 400),
    ],
)
def test_users_that_cannot_be_made(gateway: Gateway, admin: dict[str, str], uid: str, body: Any, status: int) -> None:
    assert gateway.ask("PUT", f"/acs/api/v1/users/{uid}", admin, body).status == status


def test_a_user_is_told_to_our_daemons_and_nobody_can_pretend_to_be_one(made: Made, admin: dict[str, str]) -> None:
    for forged in (
        {"X-Dcos-User": "root"},
        {"x-dcos-user": "root"},
        {"X-DCOS-USER": "root", "X-Dcos-Path": "/elsewhere", "X-Dcos-Target": "127.0.0.1:22"},
        {"X_Dcos_User": "root"},
    ):
        assert made.gateway.get("/mesos/who", {**admin, **forged}).status == 200
        values = [value for name, value in made.master.last["headers"] if name.replace("_", "-") == "x-dcos-user"]
        assert values == ["admin"], forged
        assert made.master.last["target"] == "/who"
    token = admin["Authorization"]
    host = f"Host: x\r\nAuthorization: {token}\r\nConnection: close\r\n"
    for line in (
        "X-Dcos-User: root\r\nX-Dcos-User: eve",
        "X-Dcos-User : root",
        " X-Dcos-User: root",
        "X-Dcos-User\t: r",
    ):
        count = len(made.master.seen)
        answer = made.gateway.raw(f"GET /mesos/raw HTTP/1.1\r\n{host}{line}\r\n\r\n".encode())
        if answer.startswith(b"HTTP/1.1 200"):
            values = [value for name, value in made.master.last["headers"] if name == "x-dcos-user"]
            assert values == ["admin"], line
        else:
            assert answer.startswith(b"HTTP/1.1 400") and len(made.master.seen) == count, line


def test_requests_cannot_be_smuggled_in_another(made: Made, admin: dict[str, str]) -> None:
    token = admin["Authorization"]
    smuggled = "GET /mesos/smuggled HTTP/1.1\r\nHost: x\r\nX-Dcos-User: root\r\n\r\n"
    for head in (
        "Content-Length: 4\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "Transfer-Encoding: xchunked",
        "Content-Length: 4\r\nContent-Length: 90",
    ):
        made.gateway.raw(
            f"POST /mesos/one HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\nConnection: close\r\n{head}\r\n\r\n"
            f"0\r\n\r\n{smuggled}".encode()
        )
        assert not [seen for seen in made.master.seen if seen["target"].endswith("smuggled")], head


def test_our_daemons_get_neither_token_nor_cookie(made: Made, admin: dict[str, str]) -> None:
    cookie = {"Cookie": f"dcos-acs-auth-cookie={made.gateway.log_in()}; x=y"}
    for path, backend in (
        ("/mesos/a", made.master),
        ("/marathon/a", made.init),
        ("/service/marathon/a", made.init),
        (f"/agent/{AGENT}/a", made.agent),
    ):
        for headers in (admin, cookie):
            assert made.gateway.get(path, headers).status == 200
            assert backend.last["target"] == "/a"
            assert backend.last["certificate"]
            seen = headers_of(backend.last)
            assert seen["x-dcos-user"] == "admin"
            assert not {"authorization", "cookie"} & seen.keys()


# --- paths ---


@pytest.mark.parametrize(
    ("path", "backend", "target"),
    [
        ("/mesos/", "master", "/"),
        ("/mesos/master/state-summary", "master", "/master/state-summary"),
        ("/mesos//state", "master", "//state"),
        ("/mesos/a%2Fb%20c", "master", "/a%2Fb%20c"),
        ("/mesos/files/read?path=/x/../y&offset=0", "master", "/files/read?path=/x/../y&offset=0"),
        ("/mesos/?", "master", "/?"),
        ("/mesos/a..b/...", "master", "/a..b/..."),
        ("/mesos/%252e%252e/x", "master", "/%252e%252e/x"),
        ("/marathon//v2/apps//a", "init", "//v2/apps//a"),
        ("/marathon/v2/apps/a%2fb?embed=apps.tasks", "init", "/v2/apps/a%2fb?embed=apps.tasks"),
        ("/service/marathon/v2/info", "init", "/v2/info"),
        (f"/agent/{AGENT}/files/read.json?path=%2Fvar", "agent", "/files/read.json?path=%2Fvar"),
        (f"/slave/{AGENT}/state.json", "agent", "/state.json"),
        (f"/agent/{AGENT}", "agent", "/"),
        (f"/agent/{AGENT}?a=b", "agent", "/?a=b"),
        (f"/agent/{AGENT}//x", "agent", "//x"),
    ],
)
def test_paths_are_passed_on_as_they_came(
    made: Made, admin: dict[str, str], path: str, backend: str, target: str
) -> None:
    assert made.gateway.get(path, admin).status == 200
    assert getattr(made, backend).last["target"] == target


@pytest.mark.parametrize(
    "path",
    [
        "/mesos/..%2fstate",
        "/mesos/../state",
        "/mesos/%2e%2e/acs/api/v1/users",
        "/mesos/./state",
        "/mesos/x/..",
        "/mesos/x%2f..%2f..%2fy",
        f"/agent/{AGENT}/../../mesos/state",
        "/acs/api/v1/auth/login/../../users",
        "/acs/api/v1/auth/login/..%2f..%2fusers",
        "//mesos/state",
        "/%6desos/state",
        "/mesos%2fstate",
        "/marathon/../mesos/state",
        "/x/../mesos/state",
        "/service/%6darathon/v2/apps",
        "/service/marathon/../x/",
        "/agent/..%2f..%2fx/state",
        "/agent//state",
        "/agent/a%20b/state",
        "/acs/api/v1//users",
        "/acs/api/v1/users/",
        "/acs/api/v1/users/admin/",
        "/gateway/metadata",
        "/internal/verify",
        "/_dcos/authorize",
        "/health/",
        "/MESOS/state",
        "/mesos/state#/../x",
    ],
)
def test_no_spelling_of_a_path_leads_through_another_door(made: Made, admin: dict[str, str], path: str) -> None:
    backends = (made.master, made.init, made.agent, made.task)
    before = [len(backend.seen) for backend in backends]
    made.master.seen.clear(), made.init.seen.clear(), made.agent.seen.clear(), made.task.seen.clear()
    token = admin["Authorization"]
    line = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    anonymous = made.gateway.raw(f"{line}\r\n".encode())
    assert anonymous.split(b" ", 2)[1] in (b"401", b"400"), anonymous
    answer = made.gateway.raw(f"{line}Authorization: {token}\r\n\r\n".encode())
    assert answer.split(b" ", 2)[1] in (b"404", b"400"), answer
    passed = [seen for backend in backends for seen in backend.seen if "x-dcos-user" in headers_of(seen)]
    assert not passed, before


def test_every_method_and_body_is_passed_on(made: Made, admin: dict[str, str]) -> None:
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        answer = made.gateway.ask(method, "/marathon/v2/apps", admin, b"x" * 1000)
        assert answer.status == 200, (method, answer.text)
        assert (answer.json["method"], answer.json["size"]) == (method, 1000)
    big = 24 * 1024 * 1024
    assert made.gateway.ask("POST", "/mesos/api/v1", admin, b"x" * big).json["size"] == big
    too_large = made.gateway.ask("POST", "/marathon/v2/apps", {**admin, "Content-Length": str(1 << 30)})
    assert (too_large.status, too_large.json["title"]) == (413, "Request Entity Too Large")


def test_a_body_is_not_even_read_from_strangers(made: Made) -> None:
    answer = made.gateway.raw(b"POST /mesos/api/v1 HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 401")


def test_a_stream_comes_as_it_is_written(made: Made, admin: dict[str, str]) -> None:
    connection = http.client.HTTPSConnection("127.0.0.1", made.gateway.port, timeout=60, context=made.gateway.tls)
    connection.request("GET", "/mesos/stream", headers=admin)
    response = connection.getresponse()
    assert [response.readline() for _ in range(3)] == [b"0\n", b"1\n", b"2\n"]  # long before it ends
    connection.close()


def test_a_body_streams_as_it_is_written(made: Made, admin: dict[str, str]) -> None:
    """The daemon has read the beginning while the rest is not even written."""
    heard: list[bytes] = []

    async def listen(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        async for chunk in request.content.iter_any():
            heard.append(chunk)
            await response.write(b"heard " + chunk)
        return response

    original, made.agent._handler = made.agent._handler, listen
    try:
        with (
            socket.create_connection(("127.0.0.1", made.gateway.port), timeout=60) as plain,
            made.gateway.tls.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
        ):
            token = admin["Authorization"]
            connection.sendall(
                f"POST /agent/{AGENT}/api/v1 HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n"
                "Transfer-Encoding: chunked\r\n\r\n4\r\nping\r\n".encode()
            )
            received = b""
            while b"heard ping" not in received:
                received += connection.recv(4096)
            connection.sendall(b"4\r\npong\r\n0\r\n\r\n")
            while b"heard pong" not in received:
                received += connection.recv(4096)
    finally:
        made.agent._handler = original


def test_a_daemons_own_errors_and_redirects_reach_the_client(made: Made, admin: dict[str, str]) -> None:
    answer = made.gateway.get("/mesos/error", admin)
    assert (answer.status, answer.text) == (403, "the master's own words")
    answer = made.gateway.get("/mesos/redirect", admin)
    assert answer.status == 307
    assert answer.headers["Location"].endswith("/mesos/state")
    assert "5050" not in answer.headers["Location"]


def test_what_does_not_exist_is_404_with_words(made: Made, admin: dict[str, str]) -> None:
    for path, words in (
        ("/no/such/page", "no such page"),
        ("/agent/unknown-S1/state", "knows no agent unknown-S1"),
        ("/service/nothing/", "there is no service nothing"),
        ("/cluster/v1/links", "no such page"),
    ):
        answer = made.gateway.get(path, admin)
        assert answer.status == 404, path
        assert words in answer.json["description"]
    refused = made.gateway.ask("DELETE", "/acs/api/v1/auth/login", admin)
    assert (refused.status, refused.headers["Allow"]) == (405, "POST")


# --- services ---


def test_a_service_is_found_by_its_apps_labels(made: Made, admin: dict[str, str]) -> None:
    made.apps = [made.app("web"), made.app("group/web")]
    _until(made, "/service/web/", admin, 200)
    for path, target in (
        ("/service/web/", "/"),
        ("/service/web/a//b%2Fc?d=e", "/a//b%2Fc?d=e"),
        ("/service/group/web/x", "/x"),
    ):
        assert made.gateway.get(path, admin).status == 200
        assert made.task.last["target"] == target
    moved = made.gateway.get("/service/web", admin)
    assert moved.status == 308
    assert moved.headers["Location"].endswith("/service/web/")


def test_a_service_gets_nothing_that_proves_who_asks(made: Made, admin: dict[str, str]) -> None:
    made.apps = [made.app("web")]
    _until(made, "/service/web/", admin, 200)
    headers = headers_of(made.task.last)
    assert not made.task.last["certificate"]
    assert not {"authorization", "cookie", "x-dcos-user"} & headers.keys()
    token = admin["Authorization"].removeprefix("token=")
    cookie = {"Cookie": f"a=b; dcos-acs-auth-cookie={token}; c=d; dcos-acs-auth-cookie={token}"}
    assert made.gateway.get("/service/web/", {**cookie, "Authorization": "Basic eDp5"}).status == 200
    headers = headers_of(made.task.last)
    assert headers["cookie"] == "a=b; c=d"
    assert headers["authorization"] == "Basic eDp5"
    assert token not in json.dumps(made.task.last)
    assert headers["x-forwarded-proto"] == "https"


def test_a_service_commands_the_gateway_nothing(made: Made, admin: dict[str, str]) -> None:
    made.apps = [made.app("web")]
    _until(made, "/service/web/", admin, 200)
    made.master.seen.clear()
    answer = made.gateway.get("/service/web/accelerate", admin)
    assert answer.status == 200
    assert not made.master.seen  # X-Accel-Redirect was not followed
    assert answer.headers["Set-Cookie"] == "own=1; Path=/service/web/"
    away = made.gateway.get("/service/web/away", admin)
    assert away.headers["Location"] == "/service/web/there"
    elsewhere = made.gateway.get("/service/web/elsewhere", admin)
    assert elsewhere.headers["Location"] == "https://elsewhere.example/there"


def test_a_web_socket_is_upgraded(made: Made, admin: dict[str, str]) -> None:
    made.apps = [made.app("web")]
    _until(made, "/service/web/", admin, 200)
    key = base64.b64encode(b"0123456789abcdef").decode()
    with (
        socket.create_connection(("127.0.0.1", made.gateway.port), timeout=60) as plain,
        made.gateway.tls.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
    ):
        connection.sendall(
            f"GET /service/web/socket HTTP/1.1\r\nHost: x\r\nAuthorization: {admin['Authorization']}\r\n"
            f"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        received = b""
        while b"\r\n\r\n" not in received:
            received += connection.recv(4096)
        accept = base64.b64encode(hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest())
        assert received.startswith(b"HTTP/1.1 101") and accept in received
        received = received.partition(b"\r\n\r\n")[2]
        connection.sendall(b"\x81\x82\0\0\0\0hi")
        while b"heard hi" not in received:
            received += connection.recv(4096)


@pytest.mark.parametrize(
    ("host", "port", "words"),
    [
        ("127.0.0.1", 8443, "own machine"),
        ("localhost", 80, "own machine"),
        ("0.0.0.0", 80, "own machine"),
        ("169.254.169.254", 80, "not one of a machine"),
        ("::ffff:127.0.0.1", 80, "own machine"),
        ("198.19.254.9", 5051, "5051"),
        ("no.such.name.invalid", 80, "leads nowhere"),
    ],
)
def test_services_are_not_looked_for_where_only_we_live(
    made: Made, admin: dict[str, str], host: str, port: int, words: str
) -> None:
    name = "inside-" + "".join(sign if sign.isalnum() else "-" for sign in host)
    made.apps = [made.app(name, host=host, port=port)]
    answer = _until(made, f"/service/{name}/x", admin, 502)
    assert words in answer.json["description"]


def test_a_service_whose_tasks_do_not_run_is_told_so(made: Made, admin: dict[str, str]) -> None:
    made.apps = [
        made.app("waiting", state="TASK_STAGING"),
        made.app("odd", labels={"DCOS_SERVICE_PORT_INDEX": "3"}),
    ]
    assert "none of its tasks runs" in _until(made, "/service/waiting/", admin, 503).json["description"]
    assert "has 1 ports" in made.gateway.get("/service/odd/", admin).json["description"]


def test_a_service_that_does_not_answer_is_named(made: Made, admin: dict[str, str]) -> None:
    made.apps = [made.app("gone", port=1)]
    assert "the service gone does not answer" in _until(made, "/service/gone/", admin, 502).json["description"]


def test_a_framework_is_found_by_its_web_page(made: Made, admin: dict[str, str]) -> None:
    made.apps = []
    url = f"http://{made.task_host}:{made.task.port}"
    made.frameworks = [{"name": "chronos", "webui_url": url, "active": True}]
    _until(made, "/service/chronos/x?y", admin, 200)
    assert made.task.last["target"] == "/x?y"


def _until(made: Made, path: str, headers: dict[str, str], status: int, seconds: float = 60) -> house.Answer:
    """What is known of services is up to a second old."""
    found: list[house.Answer] = []

    def look() -> bool:
        found.append(made.gateway.get(path, headers))
        return found[-1].status == status

    house.wait_for(look, seconds, f"{path} answering {status}")
    return found[-1]


# --- pages about the cluster ---


def test_the_gateway_says_which_cluster_it_is(made: Made, gateway: Gateway, admin: dict[str, str]) -> None:
    assert gateway.get("/metadata").json == {"PUBLIC_IPV4": "127.0.0.1", "CLUSTER_ID": made.authority.cluster}
    version = gateway.get("/dcos-metadata/dcos-version.json").json
    assert version["dcos-variant"] == "open"
    assert set(version) == {"version", "dcos-variant", "dcos-image-commit", "bootstrap-id"}
    assert gateway.get("/ca/dcos-ca.crt").text == made.authority.ca.read_text()
    assert gateway.get("/acs/api/v1/auth/providers").json["dcos-users"]["authentication-type"] == "dcos-uid-password"
    assert made.authority.cluster not in gateway.get("/").text
    nodes = gateway.get("/system/health/v1/nodes", admin).json["nodes"]
    assert nodes == [
        {"host_ip": "127.0.0.1", "health": 0, "role": "master"},
        {"host_ip": "127.0.0.5", "health": 0, "role": "agent_public"},
    ]
    assert "dcos-runtime" in gateway.get("/pkgpanda/active.buildinfo.full.json", admin).json


def test_a_client_tells_a_live_token_by_the_page_it_is_used_to(gateway: Gateway, admin: dict[str, str]) -> None:
    page = "/pkgpanda/active.buildinfo.full.json"
    answer = gateway.ask("HEAD", page)
    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "acsjwt")
    assert gateway.ask("HEAD", page, admin).status == 200


def test_plain_http_leads_to_https_only(gateway: Gateway) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", gateway.plain_port, timeout=60)
    connection.request("POST", "/mesos//x?y=%2F", b"body", {"Host": "127.0.0.1"})
    response = connection.getresponse()
    assert response.status == 308
    assert response.getheader("Location") == f"https://127.0.0.1:{gateway.port}/mesos//x?y=%2F"
    connection.close()


def test_old_tls_and_strangers_certificates_are_refused(made: Made, gateway: Gateway) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        stranger = Authority(made.folder / "stranger").client()
        http.client.HTTPSConnection("127.0.0.1", gateway.port, timeout=60, context=stranger).request("GET", "/")
    old = made.authority.client()
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError):
        http.client.HTTPSConnection("127.0.0.1", gateway.port, timeout=60, context=old).request("GET", "/")


def test_no_log_holds_a_token_a_password_or_a_query(made: Made, gateway: Gateway, admin: dict[str, str]) -> None:
    token = admin["Authorization"].removeprefix("token=")
    gateway.get("/mesos/x?secret=of-a-query", admin)
    text = gateway.logs()
    assert token not in text
    assert token.split(".")[2] not in text
    assert PASSWORD not in text
    assert "of-a-query" not in text
