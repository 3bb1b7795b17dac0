"""The gateway with a real nginx and a real dcos-auth: where paths lead, what is passed on, and its own pages."""

from __future__ import annotations

import http.client
import socket
import ssl

import pytest
from aiohttp import web

from tests.support.daemons.authority import Authority
from tests.support.daemons.byhand import wait_for
from tests.support.daemons.gateway import Gateway
from tests.support.daemons.gateway_backends import AGENT, Made, headers_of


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
        "/acs/api/v1/users//",
        "/acs/api/v1/users/admin//",
        "/gateway/metadata",
        "/internal/verify",
        "/internal/metrics/snapshot",
        "/_dcos/authorize",
        "/health//",
        "/MESOS/state",
        "/mesos/state#/../x",
    ],
)
def test_no_spelling_of_a_path_leads_to_another_route(made: Made, admin: dict[str, str], path: str) -> None:
    backends = (made.master, made.init, made.agent, made.task)
    before = [len(backend.seen) for backend in backends]
    for backend in backends:
        backend.seen.clear()
    token = admin["Authorization"]
    line = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    anonymous = made.gateway.raw(f"{line}\r\n".encode())
    assert anonymous.split(b" ", 2)[1] in (b"401", b"400"), anonymous
    answer = made.gateway.raw(f"{line}Authorization: {token}\r\n\r\n".encode())
    assert answer.split(b" ", 2)[1] in (b"404", b"400"), answer
    passed = [seen for backend in backends for seen in backend.seen if "x-dcos-user" in headers_of(seen)]
    assert not passed, before


@pytest.mark.parametrize(
    "page",
    [
        "/health",
        "/metadata",
        "/dcos-metadata/dcos-version.json",
        "/dcos-metadata/ui-config.json",
        "/ca/dcos-ca.crt",
        "/pkgpanda/active.buildinfo.full.json",
        "/exhibitor/exhibitor/v1/cluster/status",
        "/exhibitor/exhibitor/v1/cluster/list",
        "/capabilities",
        "/cluster/v1/links",
        "/acs/api/v1/auth/providers",
        "/acs/api/v1/auth/jwks",
        "/acs/api/v1/users",
        "/acs/api/v1/users/admin",
        "/mesos_dns/v1/version",
        "/mesos_dns/v1/config",
        "/mesos_dns/v1/hosts/master.mesos",
        "/mesos_dns/v1/services/_leader._tcp.mesos",
        "/system/health/v1",
        "/system/health/v1/nodes",
        "/system/health/v1/units",
        "/no/such/page",
    ],
)
def test_a_slash_at_the_end_of_a_pages_path_says_nothing(made: Made, admin: dict[str, str], page: str) -> None:
    def told(path: str, headers: dict[str, str]) -> tuple[int, str, str | None]:
        answer = made.gateway.get(path, headers)
        return answer.status, answer.text, answer.headers["Content-Type"]

    for headers in ({}, admin):
        # What a page tells may change between two looks: on a busy host a daemon is unwell for a moment.
        wait_for(lambda h=headers: told(page, h) == told(f"{page}/", h), 60, f"{page}/ telling the same")  # type: ignore[misc]  # mypy infers no lambda with a default
        wait_for(lambda h=headers: told(page, h) == told(f"{page}/?x=/", h), 60, f"{page}/?x=/ telling the same")  # type: ignore[misc]  # mypy infers no lambda with a default
    assert made.gateway.get(f"{page}//", admin).status == 404


def test_logins_are_braked_whatever_slash_is_at_the_end(made: Made) -> None:
    large = {"Content-Type": "application/json"}
    for end in ("", "/"):
        answer = made.gateway.ask("POST", f"/acs/api/v1/auth/login{end}", large, b"x" * 20_000)
        assert answer.status == 413, end  # nginx' own limit for logins
    wrong = b'{"uid": "nobody-of-that-name", "password": "x"}'
    assert made.gateway.ask("POST", "/acs/api/v1/auth/login/", large, wrong).status == 401


def test_a_long_path_is_not_repeated_whole(made: Made, admin: dict[str, str]) -> None:
    for start in (
        "/",
        "/mesos_dns/v1/hosts/",
        "/system/health/v1/nodes/",
        "/acs/api/v1/users/",
        "/service/",
        "/agent/",
    ):
        answer = made.gateway.get(f"{start}{'x%1b[2J' * 1000}", admin)
        assert answer.status == 404, start
        assert len(answer.text) < 2000 and "\\u001b" not in answer.text, (start, answer.text[:300])


def test_every_method_and_body_is_passed_on(made: Made, admin: dict[str, str]) -> None:
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        answer = made.gateway.ask(method, "/marathon/v2/apps", admin, b"x" * 1000)
        assert answer.status == 200, (method, answer.text)
        assert (answer.json["method"], answer.json["size"]) == (method, 1000)
    big = 12 * 1024 * 1024
    assert made.gateway.ask("POST", "/mesos/api/v1", admin, b"x" * big).json["size"] == big
    too_large = made.gateway.ask("POST", "/marathon/v2/apps", {**admin, "Content-Length": str(1 << 30)})
    assert (too_large.status, too_large.json["title"]) == (413, "Request Entity Too Large")


def test_a_body_is_not_even_read_from_strangers(made: Made) -> None:
    for length, status in ((16_000_000, b"401"), (100_000_000, b"413")):
        head = f"POST /mesos/api/v1 HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"
        assert made.gateway.raw(head.encode()).startswith(b"HTTP/1.1 " + status)


def test_a_stream_comes_as_it_is_written(made: Made, admin: dict[str, str]) -> None:
    connection = http.client.HTTPSConnection("127.0.0.1", made.gateway.port, timeout=240, context=made.gateway.tls)
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
            socket.create_connection(("127.0.0.1", made.gateway.port), timeout=240) as plain,
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
        ("/mesos_dns/v1/hosts/leader.mesos/ports", "no such page"),
        ("/mesos_dns/v1/hosts/", "no such page"),
        ("/system/health/v1/nodes/192.0.2.7", "no machine of this cluster"),
        ("/system/health/v1/units/dcos-nothing.service", "no unit dcos-nothing.service"),
        ("/system/health/v1/no/such", "no such page"),
    ):
        answer = made.gateway.get(path, admin)
        assert answer.status == 404, path
        assert words in answer.json["description"]
    refused = made.gateway.ask("DELETE", "/acs/api/v1/auth/login", admin)
    assert (refused.status, refused.headers["Allow"]) == (405, "POST")


# --- pages about the cluster ---


def test_the_gateway_says_which_cluster_it_is(made: Made, gateway: Gateway, admin: dict[str, str]) -> None:
    assert gateway.get("/metadata").json == {"PUBLIC_IPV4": "127.0.0.1", "CLUSTER_ID": made.authority.cluster}
    version = gateway.get("/dcos-metadata/dcos-version.json").json
    assert version["dcos-variant"] == "open"
    assert set(version) == {"version", "dcos-variant", "dcos-image-commit", "bootstrap-id"}
    assert gateway.get("/ca/dcos-ca.crt").text == made.authority.ca.read_text()
    assert gateway.get("/acs/api/v1/auth/providers").json["dcos-users"]["authentication-type"] == "dcos-uid-password"
    assert made.authority.cluster not in gateway.get("/").text
    assert gateway.get("/cluster/v1/links", admin).json == {"links": []}
    capabilities = gateway.get("/capabilities", admin)
    assert capabilities.json == {"capabilities": []}  # by hand there is no package manager
    kind = "application/vnd.dcos.capabilities+json;charset=utf-8;version=v1"
    assert capabilities.headers["Content-Type"] == kind
    assert "dcos-runtime" in gateway.get("/pkgpanda/active.buildinfo.full.json", admin).json


def test_a_client_tells_a_live_token_by_the_page_it_is_used_to(gateway: Gateway, admin: dict[str, str]) -> None:
    page = "/pkgpanda/active.buildinfo.full.json"
    answer = gateway.ask("HEAD", page)
    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "acsjwt")
    assert gateway.ask("HEAD", page, admin).status == 200


def test_plain_http_leads_to_https_only(gateway: Gateway) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", gateway.plain_port, timeout=240)
    connection.request("POST", "/mesos//x?y=%2F", b"body", {"Host": "127.0.0.1"})
    response = connection.getresponse()
    assert response.status == 308
    assert response.getheader("Location") == f"https://127.0.0.1:{gateway.port}/mesos//x?y=%2F"
    connection.close()


def test_old_tls_and_strangers_certificates_are_refused(made: Made, gateway: Gateway) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        stranger = Authority(made.folder / "stranger").client()
        http.client.HTTPSConnection("127.0.0.1", gateway.port, timeout=240, context=stranger).request("GET", "/")
    old = made.authority.client()
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError):
        http.client.HTTPSConnection("127.0.0.1", gateway.port, timeout=240, context=old).request("GET", "/")
