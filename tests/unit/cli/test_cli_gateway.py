"""Every verb through the cluster's gateways, and what happens when some of them do not answer."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from dcos_runtime.cli.connection.gateway import Access, Gateways
from dcos_runtime.cli.connection.http import Http, origin
from dcos_runtime.cli.connection.trust import Trust
from tests.support.cli.fake_gateway import Authority, Gateway

Dcos = Callable[..., Any]
COMMAND = [sys.executable, "-m", "dcos_runtime.cli.main"]
APP = '{"id": "/web", "cmd": "sleep 1000"}'


def test_every_verb_goes_through_the_gateway_and_nowhere_else(
    lab: Path, gateway: Gateway, cluster: Any, dcos: Dcos
) -> None:
    cluster.task("web.1", output=b"hello\n")
    assert dcos("node", "list").code == 0
    assert "web.1" in dcos("ps").out
    assert dcos("task", "log", "web").out == "hello\n"
    assert dcos("marathon", "app", "add", stdin=APP).out == "Created deployment D1\n"
    assert dcos("marathon", "app", "list", "-q").lines == ["/web"]
    assert dcos("marathon", "ping", "--json").json() == {"response": "pong", "url": f"{gateway.url}/service/marathon"}
    assert cluster.master.asked == cluster.agent.asked == cluster.marathon.asked == []
    paths = gateway.paths()
    assert "GET /mesos/state" in paths and "GET /agent/S0/slave(1)/state" in paths
    assert "GET /agent/S0/files/read" in paths and "POST /service/marathon/v2/apps" in paths
    assert {token for _, _, token in gateway.asked} == {f"token={one}" for one in gateway.tokens}


def test_no_log_holds_the_token(lab: Path, gateway: Gateway, dcos: Dcos) -> None:
    result = dcos("--log-level", "debug", "ps")
    assert f"GET {gateway.url}/mesos/state: 200" in result.err
    (token,) = gateway.tokens
    assert token not in result.err + result.out


def test_no_fault_of_ours_shows_the_token_or_the_password(
    lab: Path, gateway: Gateway, dcos: Dcos, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(*arguments: Any, **options: Any) -> None:
        raise KeyError("surprise")

    monkeypatch.setattr("dcos_runtime.cli.connection.gateway.exchange", fault)
    verb = dcos("--log-level", "debug", "ps")
    login = dcos("--log-level", "debug", "auth", "login", "--username", "admin", "--password", "pass-word")
    assert "Traceback" in verb.err and "Traceback" in login.err
    (token,) = gateway.tokens
    assert token not in verb.err and "pass-word" not in login.err


def test_a_gateway_named_on_the_command_line_gets_the_token_of_its_own_cluster_only(
    lab: Path, gateway: Gateway, dcos: Dcos, server_loop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert dcos("--url", gateway.url, "ps").code == 0
    stranger = Gateway(server_loop, gateway.cluster, Authority("stranger"))
    try:
        refused = dcos("--url", stranger.url, "ps")
        assert refused.code == 1 and "the system's CAs" in refused.err
        assert stranger.asked == []
        monkeypatch.setenv("DCOS_SSL_VERIFY", "false")
        blind = dcos("--url", stranger.url, "ps")
        assert blind.code == 1 and "not logged in" in blind.err and "DCOS_SSL_VERIFY is false" in blind.err
        assert {token for _, _, token in stranger.asked} == {None}
    finally:
        stranger.stop()


def test_the_environment_may_name_the_ca(
    lab: Path, gateway: Gateway, dcos: Dcos, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "ca.crt").write_bytes(Authority().pem)
    monkeypatch.setenv("DCOS_SSL_VERIFY", str(tmp_path / "ca.crt"))
    assert "DCOS_SSL_VERIFY" in dcos("ps").err
    (tmp_path / "ca.crt").write_bytes(gateway.ca_pem)
    assert dcos("ps").code == 0
    monkeypatch.setenv("DCOS_SSL_VERIFY", str(tmp_path / "none.crt"))
    result = dcos("ps")
    assert result.code == 1 and "none.crt" in result.err and "No such file" in result.err


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_to_elsewhere_is_not_followed(
    lab: Path, gateway: Gateway, cluster: Any, dcos: Dcos, status: int
) -> None:
    def elsewhere(target: str, _: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Location": target})

    for target in (
        f"{cluster.agent.url}/state",
        f"//{cluster.agent.address}/state",
        f"http://127.0.0.1:{gateway.port}",
    ):
        gateway.override = partial(elsewhere, target)
        result = dcos("ps")
        assert result.code == 1 and "not followed" in result.err
    assert cluster.agent.asked == []


def test_a_redirect_within_the_gateway_is_followed(lab: Path, gateway: Gateway, dcos: Dcos) -> None:
    gateway.override = lambda request: (
        web.Response(status=307, headers={"Location": "/mesos/master/../state"}) if len(gateway.asked) == 1 else None
    )
    assert dcos("ps").code == 0


def test_a_redirect_in_a_circle_has_an_end(lab: Path, gateway: Gateway, dcos: Dcos) -> None:
    gateway.override = lambda _: web.Response(status=307, headers={"Location": "/mesos/state"})
    result = dcos("ps")
    assert result.code == 1 and "redirected too often" in result.err


# --- several gateways ---


def test_everything_works_on_when_the_first_gateway_is_off(
    gateway: Gateway, second: Gateway, lab: Path, cluster: Any, dcos: Dcos
) -> None:
    cluster.task("web.1", output=b"hello\n")
    gateway.stop()
    assert "web.1" in dcos("ps").out
    assert dcos("task", "log", "web").out == "hello\n"
    assert dcos("marathon", "app", "add", stdin=APP).out == "Created deployment D1\n"
    assert second.paths().count("POST /service/marathon/v2/apps") == 1
    assert dcos("auth", "login", "--username", "admin", "--password", gateway.password).code == 0
    assert "AVAILABLE" in dcos("cluster", "list").out
    assert dcos("ps").err == ""


def test_a_gateway_that_takes_connections_and_says_nothing_is_passed_over_by_changes_too(
    gateway: Gateway, second: Gateway, lab: Path, dcos: Dcos, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dcos_runtime.cli.connection.gateway.CONNECT_SECONDS", 3.0)
    gateway.stop()
    with socket.create_server(("127.0.0.1", gateway.port)):
        assert dcos("ps").code == 0
        assert dcos("marathon", "app", "add", stdin=APP).out == "Created deployment D1\n"
        second.stop()
        assert f"{gateway.url}: no answer within 3 seconds" in dcos("ps").err


def test_the_gateway_that_answered_is_asked_first_from_then_on(
    gateway: Gateway, second: Gateway, lab: Path, authority: Authority
) -> None:
    asked = Gateways([gateway.url, second.url], Trust("", "test", authority.pem), None)
    gateway.stop()
    assert asked.get(f"{gateway.url}/metadata").status == 200
    gateway.start()
    gateway.asked.clear()
    assert asked.get(f"{gateway.url}/metadata").url == f"{second.url}/metadata"
    assert gateway.asked == []


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_read_goes_on_to_the_next_gateway_when_nobody_is_behind_the_first(
    gateway: Gateway, second: Gateway, lab: Path, dcos: Dcos, status: int
) -> None:
    gateway.override = lambda _: web.Response(status=status, text="<html>", content_type="text/html")
    assert dcos("node", "list").code == 0
    assert "GET /mesos/state" in second.paths()


def test_when_nobody_is_behind_any_gateway_that_is_told(
    gateway: Gateway, second: Gateway, lab: Path, dcos: Dcos
) -> None:
    for one in (gateway, second):
        one.override = lambda _: web.json_response({"description": "dcos-master does not answer"}, status=502)
    result = dcos("ps")
    assert result.code == 1 and "502: dcos-master does not answer" in result.err and "try again" in result.err
    result = dcos("marathon", "app", "list")
    assert result.code == 1 and "the init cannot answer now" in result.err


def test_when_no_gateway_answers_each_is_told(gateway: Gateway, second: Gateway, lab: Path, dcos: Dcos) -> None:
    gateway.stop()
    second.stop()
    result = dcos("ps")
    assert result.code == 1 and "cannot reach any gateway" in result.err
    assert f"{gateway.url}: connection refused" in result.err and f"{second.url}: connection refused" in result.err


def test_a_change_is_not_sent_twice_when_it_may_have_been_carried_out(
    gateway: Gateway, second: Gateway, lab: Path, dcos: Dcos
) -> None:
    def cut(request: web.Request) -> None:
        if request.method == "POST" and request.transport is not None:
            request.transport.close()

    gateway.override = cut
    result = dcos("marathon", "app", "add", stdin=APP)
    assert result.code == 1 and "not known whether it was carried out" in result.err
    assert not any(path.startswith("POST") for path in second.paths())
    gateway.override = lambda request: web.Response(status=503) if request.method == "POST" else None
    assert "the init cannot answer now" in dcos("marathon", "app", "add", stdin=APP).err
    assert not any(path.startswith("POST") for path in second.paths())


def test_a_change_that_the_gateway_itself_turned_away_goes_to_the_next_one(
    gateway: Gateway, second: Gateway, lab: Path, dcos: Dcos
) -> None:
    gateway.override = lambda _: web.Response(status=503, headers={"X-Dcos-Passed-On": "no"})
    assert dcos("marathon", "app", "add", stdin=APP).out == "Created deployment D1\n"
    second.override = gateway.override
    result = dcos("marathon", "app", "add", stdin=APP)
    assert result.code == 1 and "the init cannot answer now" in result.err


def test_an_impostor_at_a_gateways_address_gets_nothing_and_is_told_of(
    gateway: Gateway, second: Gateway, lab: Path, dcos: Dcos, server_loop: Any
) -> None:
    gateway.stop()
    impostor = Gateway(server_loop, gateway.cluster, Authority("impostor"), tokens=gateway.tokens, port=gateway.port)
    try:
        result = dcos("ps")
        assert result.code == 0
        assert f"warning: {impostor.url} shows a certificate that is not good" in result.err
        assert impostor.asked == []
    finally:
        impostor.stop()


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ)
    ) as process:
        stop = threading.Timer(120, process.kill)
        stop.start()
        try:
            yield process
        finally:
            stop.cancel()
            process.kill()


def test_following_a_log_outlives_a_gateway(gateway: Gateway, second: Gateway, lab: Path, cluster: Any) -> None:
    cluster.task("web.1", output=b"first\n")
    with running("task", "log", "-f", "web") as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == b"first\n"
        gateway.stop()
        cluster.files["/sandboxes/web.1/stdout"] += b"second\n"
        assert process.stdout.readline() == b"second\n"
        gateway.start()
        second.stop()
        cluster.files["/sandboxes/web.1/stdout"] += b"third\n"
        assert process.stdout.readline() == b"third\n"
        cluster.end("web.1")
        assert process.wait(240) == 0
        assert process.stderr.read() == b""


def test_following_a_log_waits_while_no_gateway_knows_the_agent(gateway: Gateway, lab: Path, cluster: Any) -> None:
    cluster.task("web.1", output=b"first\n")
    with running("task", "log", "-f", "web") as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == b"first\n"
        gateway.override = lambda request: (
            web.json_response({"description": "no such agent"}, status=404) if "/agent/" in request.path else None
        )
        assert b"waiting for it" in process.stderr.readline()
        gateway.override = lambda _: None
        cluster.files["/sandboxes/web.1/stdout"] += b"second\n"
        assert process.stdout.readline() == b"second\n"


def test_watching_a_deployment_outlives_every_silence(gateway: Gateway, lab: Path, cluster: Any) -> None:
    cluster.deployments.append({"id": "D1", "currentStep": 1, "totalSteps": 3, "currentActions": []})
    with running("marathon", "deployment", "watch", "D1", "--interval", "0.1") as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline().startswith(b"0/3 steps done")
        gateway.override = lambda _: web.Response(status=502)
        assert b"waiting for it" in process.stderr.readline()
        gateway.override = lambda _: None
        cluster.deployments.clear()
        assert process.stdout.readline() == b"Deployment D1 is finished\n"
        assert process.wait(240) == 0


def test_waiting_for_an_app_to_run_outlives_a_silence(gateway: Gateway, lab: Path, cluster: Any) -> None:
    cluster.deployments.append({"id": "D1", "currentStep": 1, "totalSteps": 1, "currentActions": []})
    with running("marathon", "run", "--name", "web", "sleep 1000") as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == b"id     /web\n"
        gateway.override = lambda _: web.Response(status=503)
        while b"waiting for it" not in process.stderr.readline():
            pass
        cluster.apps["/web"] |= {"deployments": [], "tasks": [{"id": "web.1", "host": "a1"}], "tasksRunning": 1}
        gateway.override = lambda _: None
        assert process.stdout.read().splitlines()[0] == b"task   web.1"
        assert process.wait(240) == 0


# --- masters asked directly ---


def test_a_master_that_wants_a_principal_says_how_to_give_one(cluster: Any, dcos: Dcos) -> None:
    cluster.master.answer = lambda _: web.Response(status=401, headers={"WWW-Authenticate": "Basic"})
    result = dcos("ps")
    assert result.code == 1
    for way in ("DCOS_PRINCIPAL", "DCOS_SECRET_FILE", "dcos cluster setup"):
        assert way in result.err


def test_a_principal_goes_to_every_daemon_and_a_token_to_none(
    cluster: Any, dcos: Dcos, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cluster.task("web.1", output=b"hello\n")
    (tmp_path / "secret").write_text("pa:ss\n")
    monkeypatch.setenv("DCOS_PRINCIPAL", "ops")
    monkeypatch.setenv("DCOS_ACS_TOKEN", "secret-token")
    assert "DCOS_SECRET_FILE is not" in dcos("ps").err
    monkeypatch.setenv("DCOS_SECRET_FILE", str(tmp_path / "secret"))
    assert dcos("task", "log", "web").out == "hello\n"
    assert dcos("marathon", "ping").code == 0
    sent = [*cluster.master.authorizations, *cluster.agent.authorizations, *cluster.marathon.authorizations]
    assert set(sent) == {"Basic b3BzOnBhOnNz"}


def test_a_master_that_leads_to_a_gateway_is_told_as_one(cluster: Any, dcos: Dcos) -> None:
    cluster.master.answer = lambda _: web.Response(status=308, headers={"Location": "https://198.18.0.11/state"})
    result = dcos("ps")
    assert result.code == 1 and "dcos cluster setup https://198.18.0.11" in result.err


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("https://M1/x", "https://m1"),
        ("https://m1:443", "https://m1"),
        ("http://m1:80/", "http://m1"),
        ("https://[::1]:8443/a?b", "https://[::1]:8443"),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, same: str) -> None:
    assert origin(url) == same


def test_what_holds_a_secret_does_not_show_it() -> None:
    assert "s3cret" not in repr(Access("lab", "s3cret")) + repr(Http(authorization="Basic s3cret"))
