"""The listeners of a real init: who is answered, on which port, as whom; and two inits that trust each other."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemons.authority import Authority, basic, bearer
from tests.support.daemons.byhand import Daemon, free_port
from tests.support.daemons.secure import ask

CHALLENGE = 'Basic realm="Mesosphere"'
GUARDED = [
    ("GET", "/"),
    ("GET", "/ui/"),
    ("GET", "/metrics"),
    ("GET", "/v2"),
    ("GET", "/v2/apps"),
    ("HEAD", "/v2/apps"),
    ("GET", "//v2///apps//"),
    ("GET", "/%76%32/apps"),
    ("GET", "/ping/../v2/apps"),
    ("GET", "/ping/%2e%2e/v2/apps"),
    ("GET", "/ping%2f..%2fv2/apps"),
    ("GET", "/ping;/v2/apps"),
    ("GET", "/ping/more"),
    ("GET", "/v2/apps?/ping"),
    ("GET", "/v2/apps#/ping"),
    ("GET", "/PING"),
    ("GET", "http://elsewhere/v2/apps"),
    ("GET", "/v2/info"),
    ("GET", "/v2/events"),
    ("GET", "/nothing/is/here"),
    ("GET", "/v2/pods"),
    ("POST", "/ping"),
    ("POST", "/v2/apps"),
    ("PUT", "/v2/apps/a"),
    ("DELETE", "/v2/leader"),
    ("OPTIONS", "/v2/apps"),
    ("TRACE", "/v2/apps"),
    ("PROPFIND", "/v2/apps"),
]


class Guarded:
    """One init with everything on, and no master."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder / "ours")
        self.other = Authority(folder / "theirs")
        self.http, self.https = free_port(), free_port()
        credentials = self.authority.credentials({"alice": "wonder:land"})
        self.daemon = Daemon(
            "init",
            (
                "dcos-marathon",
                "--master=127.0.0.1:1",
                f"--work_dir={folder / 'state'}",
                f"--http_port={self.http}",
                f"--tls_port={self.https}",
                "--hostname=127.0.0.1",
                "--authenticate_http",
                f"--http_credentials_file={credentials}",
                "--anonymous_reads=/v2/leader",
                *self.authority.flags(self.authority.identity("marathon")),
            ),
            folder / "init.log",
        )

    def context(self, kind: str, **options: Any) -> ssl.SSLContext:
        return self.authority.client(self.authority.identity(kind, **options))


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    one = Guarded(tmp_path_factory.mktemp("access"))
    one.daemon.start()
    yield one
    one.daemon.stop()
    assert "Traceback" not in one.daemon.log.read_text()
    assert "wonder" not in one.daemon.log.read_text()


# --- the plain port ---


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_nobody_in_particular_gets_nothing_but_a_challenge(guarded: Guarded, method: str, path: str) -> None:
    status, headers, answer = ask(guarded.http, path, method)
    assert (status, headers.get("www-authenticate")) == (401, CHALLENGE)
    assert headers["content-type"].startswith("application/json")
    assert answer == "" if method == "HEAD" else set(answer) == {"message"}


@pytest.mark.parametrize("path", ["/ping", "/ping/", "//ping", "/%70ing", "/ping?x=1"])
def test_anybody_may_ping(guarded: Guarded, path: str) -> None:
    assert ask(guarded.http, path)[::2] == (200, "pong")
    assert ask(guarded.http, path, "HEAD")[0] == 200


def test_what_was_opened_may_be_read_by_anybody_and_nothing_else(guarded: Guarded) -> None:
    assert ask(guarded.http, "//v2/leader/")[::2] == (200, {"leader": f"127.0.0.1:{guarded.http}"})
    assert ask(guarded.http, "/v2/leader", "DELETE")[0] == 401
    assert ask(guarded.http, "/v2/leader/x")[0] == 401
    assert ask(guarded.http, "/v2/leader", headers=basic("alice", "wrong"))[0] == 401


def test_credentials_and_tokens_of_the_cluster_are_accepted(guarded: Guarded) -> None:
    for headers in (
        basic("alice", "wonder:land"),
        bearer(guarded.authority.token()),
        {"Authorization": f"token={guarded.authority.token()}"},
    ):
        assert ask(guarded.http, "/v2/apps", headers=headers)[::2] == (200, {"apps": []})
        assert ask(guarded.http, "/nothing/is/here", headers=headers)[0] == 404
        status, told, _ = ask(guarded.http, "/v2/events", headers=headers)
        assert status == 200 and told["content-type"].startswith("text/event-stream")


def test_no_other_credential_is_accepted(guarded: Guarded) -> None:
    bad = [basic("alice", "wonder"), basic("alice", ""), basic("bob", "wonder:land"), {"Authorization": "Basic ???"}]
    bad += [bearer(token) for token in guarded.authority.bad_tokens(guarded.other).values()]
    bad += [{"X-Dcos-User": "alice"}, {"Cookie": f"dcos-acs-auth-cookie={guarded.authority.token()}"}]
    for headers in bad:
        status, told, answer = ask(guarded.http, "/v2/apps", headers=headers)
        assert (status, told.get("www-authenticate")) == (401, CHALLENGE), headers
        assert set(answer) == {"message"}


@pytest.mark.parametrize("expect", [False, True])
def test_the_body_of_a_stranger_is_neither_waited_for_nor_asked_for(guarded: Guarded, expect: bool) -> None:
    with socket.create_connection(("127.0.0.1", guarded.http), timeout=240) as connection:
        lines = [b"POST /v2/apps HTTP/1.1", b"Host: x", b"Content-Type: application/json", b"Content-Length: 9000000"]
        connection.sendall(b"\r\n".join([*lines, *([b"Expect: 100-continue"] if expect else []), b"", b"{"]))
        assert connection.recv(65536).startswith(b"HTTP/1.1 401 ")


def test_whoever_is_known_is_asked_for_the_body(guarded: Guarded) -> None:
    with socket.create_connection(("127.0.0.1", guarded.http), timeout=240) as connection:
        head = [b"POST /v2/apps HTTP/1.1", b"Host: x", b"Content-Length: 1", b"Expect: 100-continue"]
        head.append(b"Authorization: " + basic("alice", "wonder:land")["Authorization"].encode())
        connection.sendall(b"\r\n".join([*head, b"", b""]))
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"{")
        assert connection.recv(65536).startswith(b"HTTP/1.1 400 ")


# --- mutual TLS ---


@pytest.mark.parametrize("kind", ["gateway", "operator", "auth", "marathon"])
def test_our_own_daemons_have_the_whole_api(guarded: Guarded, kind: str) -> None:
    context = guarded.context(kind)
    assert ask(guarded.https, "/v2/apps", context=context)[::2] == (200, {"apps": []})
    assert ask(guarded.https, "/ping", context=context)[::2] == (200, "pong")
    info = ask(guarded.https, "/v2/info", context=context)[2]
    assert info["http_config"] == {"http_port": guarded.http, "https_port": guarded.https}
    assert info["marathon_config"]["webui_url"] == f"http://127.0.0.1:{guarded.http}"


@pytest.mark.parametrize("kind", ["agent", "master"])
@pytest.mark.parametrize("path", ["/ping", "/v2/leader", "/v2/apps", "/nothing/is/here"])
def test_a_certificate_of_another_kind_has_no_business_here(guarded: Guarded, kind: str, path: str) -> None:
    for headers in ({}, basic("alice", "wonder:land"), {"X-Dcos-User": "alice"}):
        status, told, answer = ask(guarded.https, path, headers=headers, context=guarded.context(kind))
        assert status == 403 and "www-authenticate" not in told
        assert set(answer) == {"message"} and "no business here" in answer["message"]


def test_who_has_no_certificate_of_this_cluster_gets_no_connection(guarded: Guarded) -> None:
    strangers = {
        "none": guarded.authority.client(),
        "of another cluster": guarded.authority.client(guarded.other.identity("gateway")),
        "expired": guarded.context("gateway", days=-1),
    }
    for what, context in strangers.items():
        with pytest.raises((ssl.SSLError, ConnectionError)):
            print(what, ask(guarded.https, "/v2/apps", context=context))
    assert ask(guarded.https, "/v2/apps", context=guarded.context("gateway", uri=""))[0] == 403


def test_only_a_gateway_and_an_init_speak_for_users(guarded: Guarded) -> None:
    app = {"id": "/a", "cmd": "sleep 1"}
    as_whom = [("gateway", "bob"), ("marathon", "carol"), ("operator", "dcos_operator"), ("auth", "dcos_auth")]
    for kind, principal in as_whom:
        said = {"X-Dcos-User": principal if kind in ("gateway", "marathon") else "mallory"}
        status, _, answer = ask(
            guarded.https, f"/v2/apps/{kind}", "PUT", said, {**app, "id": f"/{kind}"}, guarded.context(kind)
        )
        assert status == 201, answer
        assert f"PUT /v2/apps/{kind} by {principal}: 201" in guarded.daemon.log.read_text()
        gone = f"/v2/apps/{kind}?force=true"
        assert ask(guarded.https, gone, "DELETE", context=guarded.context("operator"))[0] == 200
    assert "mallory" not in guarded.daemon.log.read_text()
    status, _, answer = ask(
        guarded.https, "/v2/apps", headers={"X-Dcos-User": "a b"}, context=guarded.context("gateway")
    )
    assert status == 400 and set(answer) == {"message"}


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--tls_ca=/nowhere/ca.crt", "--tls_identity=/nowhere/init.pem"], "/nowhere/ca.crt cannot be used"),
        (["--http_credentials_file=/nowhere/credentials"], "/nowhere/credentials cannot be read"),
        (["--token_key=/nowhere/token.pub", "--token_issuer=x"], "/nowhere/token.pub cannot be read"),
    ],
)
def test_an_init_that_cannot_tell_friends_from_strangers_does_not_start(
    tmp_path: Path, flags: list[str], said: str
) -> None:
    argv = ["dcos-marathon", "--master=127.0.0.1:1", f"--work_dir={tmp_path}", "--http_port=0", *flags]
    with pytest.raises(AssertionError, match=f"ended with 1:\n.*{said}"):
        Daemon("init", argv, tmp_path / "log").start()
