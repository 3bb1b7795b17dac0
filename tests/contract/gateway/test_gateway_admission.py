"""The gateway with a real nginx and a real dcos-auth: who gets in, and as whom."""

from __future__ import annotations

import json
from typing import Any

import jwt
import pytest

from tests.support.daemons.authority import Authority
from tests.support.daemons.gateway import PASSWORD, Gateway
from tests.support.daemons.gateway_backends import AGENT, Made, headers_of

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
    "/system/health/v1",
    "/system/health/v1/report",
    "/system/health/v1/units/dcos-master.service/nodes/127.0.0.1",
    "/mesos_dns/v1/version",
    "/mesos_dns/v1/hosts/leader.mesos",
    "/mesos_dns/v1/services/_web._tcp.marathon.mesos",
    "/capabilities",
    "/cluster/v1/links",
    "/no/such/page",
    "/internal/verify",
    "/internal/metrics/snapshot",
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


FOREIGN = [
    *({"Origin": origin} for origin in ("https://evil.example", "null", "http://127.0.0.1", "https://127.0.0.1:1")),
    {"Origin": "https://[x"},
    *({"Referer": url} for url in ("https://evil.example/page?x", "http://127.0.0.1/", "about:blank", "//127.0.0.1/")),
    *({"Sec-Fetch-Site": site} for site in ("cross-site", "same-site", "Cross-Site", "unheard-of")),
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
    {"sec-fetch-site": "same-origin", "REFERER": "https://evil.example/"},
]


@pytest.mark.parametrize("foreign", FOREIGN, ids=str)
def test_another_sites_page_does_nothing_and_reads_nothing_with_the_cookie(
    made: Made, gateway: Gateway, admin: dict[str, str], foreign: dict[str, str]
) -> None:
    token = admin["Authorization"].removeprefix("token=")
    cookie = {"Cookie": f"dcos-acs-auth-cookie={token}"}
    paths = ("/mesos/x", "/service/marathon/x", f"/agent/{AGENT}/x", "/acs/api/v1/users/nobody", "/acs/api/v1/users")
    for method in ("DELETE", "GET"):
        for path in paths:
            count = made.master.count
            refused = gateway.ask(method, path, {**cookie, **foreign})
            assert (refused.status, refused.headers["WWW-Authenticate"]) == (401, "acsjwt"), (method, path)
            assert refused.json["code"] == "ERR_FOREIGN_PAGE"
            assert made.master.count == count
            assert gateway.ask(method, path, {**admin, **foreign}).status not in (401, 403), (method, path)
    login = {"uid": "admin", "password": PASSWORD}
    refused = gateway.ask("POST", "/acs/api/v1/auth/login", foreign, login)
    assert (refused.status, refused.headers["Set-Cookie"]) == (403, None)


@pytest.mark.parametrize(
    ("name", "own", "foreign"),
    [
        ("Sec-Fetch-Site", "none", "cross-site"),
        ("Origin", "https://{own}", "https://evil.example"),
        ("Referer", "https://{own}/ui/", "https://evil.example/"),
    ],
)
def test_a_foreign_page_is_seen_wherever_it_stands_among_several_headers(
    made: Made, gateway: Gateway, admin: dict[str, str], name: str, own: str, foreign: str
) -> None:
    token = admin["Authorization"].removeprefix("token=")
    host = f"127.0.0.1:{gateway.port}"
    own = own.format(own=host)
    login = json.dumps({"uid": "admin", "password": PASSWORD})

    def status(line: str, values: tuple[str, ...], body: str = "") -> int:
        lines = "".join(f"{name}: {value}\r\n" for value in values)
        head = f"{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n{lines}"
        cookie = "" if body else f"Cookie: a=b\r\nCookie: dcos-acs-auth-cookie={token}\r\n"
        return int(gateway.raw(f"{head}{cookie}\r\n{body}".encode()).split(b" ", 2)[1])

    paths = ("/mesos/x", "/marathon/x", f"/agent/{AGENT}/x", "/acs/api/v1/users")
    for path in paths:
        assert status(f"GET {path}", (own, own)) == 200, path
        for values in ((own, foreign), (foreign, own), (own, "", foreign), ("", foreign)):
            count = made.master.count
            assert status(f"GET {path}", values) == 401, (path, values)
            assert made.master.count == count
    assert status("POST /acs/api/v1/auth/login", (own, foreign), login) == 403


def test_what_a_client_says_in_nginx_place_does_not_count(made: Made, gateway: Gateway, admin: dict[str, str]) -> None:
    """All headers of a client reach dcos-auth in a question; those that nginx sets are nginx' own."""
    token = admin["Authorization"]
    for forged in (
        "X-Dcos-Uri: /mesos/other",
        "x-dcos-route: init",
        "X-Dcos-Host: evil.example",
        "X_Dcos_Uri: /mesos/y",
    ):
        answer = gateway.raw(
            f"GET /mesos/here HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{forged}\r\n"
            f"Authorization: {token}\r\n{forged}\r\n\r\n".encode()
        )
        assert answer.startswith(b"HTTP/1.1 200"), answer
        assert made.master.last["target"] == "/here"
    for path in ("/mesos/x", "/acs/api/v1/users"):
        twice = gateway.raw(
            f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: {token}\r\n"
            "Authorization: Basic YTpi\r\n\r\n".encode()
        )
        assert twice.startswith(b"HTTP/1.1 400"), twice


def test_the_gateways_own_pages_and_other_clients_use_the_cookie(gateway: Gateway, admin: dict[str, str]) -> None:
    cookie = {"Cookie": f"dcos-acs-auth-cookie={admin['Authorization'].removeprefix('token=')}"}
    own = f"https://127.0.0.1:{gateway.port}"
    for headers in (
        {},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin", "Origin": own, "Referer": f"{own}/ui/"},
        {"Sec-Fetch-Site": "same-origin", "Referer": f"{own}/"},
    ):
        for method in ("GET", "DELETE"):
            assert gateway.ask(method, "/mesos/x", {**cookie, **headers}).status == 200, headers
        assert gateway.get("/acs/api/v1/users", {**cookie, **headers}).status == 200


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
    body = gateway.get(eve, admin).json
    assert (body["uid"], body["description"], body["url"]) == ("eve@example.com", "Eve", eve)
    assert "hash" not in json.dumps(body)
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
    # Another user of the same name does not get the tokens of the one who left.
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
        count = made.master.count
        answer = made.gateway.raw(f"GET /mesos/raw HTTP/1.1\r\n{host}{line}\r\n\r\n".encode())
        if answer.startswith(b"HTTP/1.1 200"):
            values = [value for name, value in made.master.last["headers"] if name == "x-dcos-user"]
            assert values == ["admin"], line
        else:
            assert answer.startswith(b"HTTP/1.1 400") and made.master.count == count, line


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


def test_no_log_holds_a_token_a_password_or_a_query(made: Made, gateway: Gateway, admin: dict[str, str]) -> None:
    token = admin["Authorization"].removeprefix("token=")
    gateway.get("/mesos/x?secret=of-a-query", admin)
    text = gateway.logs()
    assert token not in text
    assert token.split(".")[2] not in text
    assert PASSWORD not in text
    assert "of-a-query" not in text
