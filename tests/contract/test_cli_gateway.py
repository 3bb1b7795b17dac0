"""The `dcos` command through real gateways: nginx and dcos-auth before a master, an agent and an init that want to be
spoken to by their own only.
"""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest

from tests.support.cli.terminal import Terminal
from tests.support.daemons.agents import pids_of
from tests.support.daemons.byhand import PROGRAMS, wait_for
from tests.support.daemons.fronted import Fronted, fronted
from tests.support.documented import all_fences

NAP = f"7{os.getpid()}5083"
"""Seconds for which processes of commands sleep."""
TICKER = "n=0; while true; do n=$((n+1)); echo tick $n; sleep 0.1; done"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fronted]:
    with fronted(tmp_path_factory.mktemp("cli-gateway")) as one:
        yield one


def test_setup_knows_the_cluster_by_its_id_and_pins_its_ca(made: Fronted) -> None:
    known = made.settings()
    assert known["core"]["dcos_url"] == made.urls[0]
    assert Path(known["core"]["ssl_verify"]).read_bytes() == made.authority.ca.read_bytes()
    assert jwt.get_unverified_header(known["core"]["dcos_acs_token"])["alg"] == "RS256"
    (row,) = [line.split() for line in made.good("cluster", "list").splitlines()[1:]]
    assert row[:3] == ["lab*", made.authority.cluster, "AVAILABLE"]


def test_the_ca_is_fetched_and_shown_when_there_is_no_file(made: Fronted, tmp_path: Path) -> None:
    words = ("cluster", "setup", made.urls[0], *made.login())
    shown = made.bad(*words, DCOS_DIR=str(tmp_path))
    assert f"CN=dcos CA {made.authority.cluster}" in shown and "SHA256 fingerprint" in shown
    made.good(*words, "--no-check", DCOS_DIR=str(tmp_path))
    made.good("ps", DCOS_DIR=str(tmp_path))


def test_the_plain_port_leads_to_the_gateway(made: Fronted, tmp_path: Path) -> None:
    plain = f"http://127.0.0.1:{made.gateways[0].plain_port}"
    made.good("cluster", "setup", plain, "--no-check", *made.login(), DCOS_DIR=str(tmp_path))
    assert made.urls[0] in made.good("cluster", "list", "--json", DCOS_DIR=str(tmp_path))


def test_an_app_lives_and_is_read_through_the_gateway(made: Fronted) -> None:
    made.good("marathon", "run", "--name", "hello", "echo hello; exec sleep 1000")
    assert wait_for(lambda: made.good("task", "log", "/hello"), 60, "the task's output") == "hello\n"
    assert '"line": "hello"' in made.good("task", "log", "--json", "/hello")
    made.good("marathon", "app", "scale", "hello", "2", "--wait")
    assert len(made.good("ps", "-q", "/hello").split()) == 2
    made.good("marathon", "app", "remove", "hello", "--wait")


def test_a_command_runs_in_a_task_and_its_terminal_is_ours_through_the_gateway(made: Fronted) -> None:
    made.good("marathon", "run", "--name", "host", "exec sleep 1000")
    assert made.good("task", "exec", "/host", "sh", "-c", "pwd; echo $MARATHON_APP_ID").splitlines()[1] == "/host"
    data = os.urandom(3 << 20)
    exec_in = [str(PROGRAMS / "dcos"), "task", "exec", "-i", "/host"]
    done = subprocess.run(
        [*exec_in, "sh", "-c", "cat; exit 5"], input=data, capture_output=True, env=made.environment()
    )
    assert (done.returncode, done.stdout, done.stderr) == (5, data, b"")
    with Terminal([str(PROGRAMS / "dcos"), "task", "exec", "-it", "/host", "sh"], made.environment(), 21, 43) as shell:
        shell.type("stty size\n")
        shell.until(b"21 43")
        shell.resize(22, 44)
        shell.type("stty size\n")
        shell.until(b"22 44")
        shell.type(f"sleep {NAP}\n")
        wait_for(lambda: pids_of(f"sleep\0{NAP}"), 60, "the command in the terminal")
        shell.type("\x03echo in''terrupted; exit 9\n")
        shell.until(b"interrupted")
        assert shell.wait() == 9
    made.good("auth", "logout")
    assert "you are not logged in" in made.bad("task", "exec", "/host", "true")
    made.good("auth", "login", *made.login())
    made.good("marathon", "app", "remove", "host", "--wait")


def test_a_command_ends_with_the_client_that_vanishes_behind_the_gateway(made: Fronted) -> None:
    made.good("marathon", "run", "--name", "host2", "exec sleep 1000")
    words = ("task", "exec", "/host2", "sh", "-c", f"(setsid sleep {NAP} &); echo here; exec sleep {NAP}")
    with subprocess.Popen([str(PROGRAMS / "dcos"), *words], stdout=subprocess.PIPE, env=made.environment()) as client:
        assert client.stdout is not None and client.stdout.readline() == b"here\n"
        wait_for(lambda: len(pids_of(f"sleep\0{NAP}")) == 2, 60, "both processes")
        client.kill()
    wait_for(lambda: not pids_of(f"sleep\0{NAP}"), 60, "their end")
    made.good("marathon", "app", "remove", "host2", "--wait")


def test_who_is_not_logged_in_is_told_so_and_may_log_in(made: Fronted) -> None:
    made.good("auth", "logout")
    assert "you are not logged in" in made.bad("ps")
    assert "does not know that name and password" in made.bad("auth", "login", "--username", "admin", "--password", "x")
    made.good("auth", "login", *made.login())
    old = made.settings()["core"]["dcos_acs_token"]
    made.good("ps", DCOS_ACS_TOKEN=old)
    made.good("auth", "logout")
    assert "the token in DCOS_ACS_TOKEN" in made.bad("ps", DCOS_ACS_TOKEN=old)
    made.good("auth", "login", *made.login())
    assert "dcos-users" in made.good("auth", "list-providers")


def test_a_token_whose_time_is_over_is_told_as_such(made: Fronted) -> None:
    claims = {
        "uid": "admin",
        "iss": made.authority.cluster,
        "iat": time.time() - 99,
        "exp": time.time() - 9,
        "jti": "x",
    }
    key = made.authority.token_private_key.read_bytes()
    expired = jwt.encode(claims, key, algorithm="RS256", headers={"kid": made.authority.kid})
    assert "expired" in made.bad("ps", DCOS_ACS_TOKEN=expired)


def test_a_master_asked_directly_wants_a_principal(made: Fronted) -> None:
    refused = made.bad("--master", made.master_url, "ps")
    assert "DCOS_PRINCIPAL" in refused and "dcos cluster setup" in refused
    made.good("--master", made.master_url, "ps", DCOS_PRINCIPAL="ops", DCOS_SECRET_FILE=str(made.secret))
    made.good("--master", made.master_url, "marathon", "ping", DCOS_PRINCIPAL="ops", DCOS_SECRET_FILE=str(made.secret))


def test_following_a_log_and_everything_else_goes_on_when_the_first_gateway_is_gone(made: Fronted) -> None:
    made.good("marathon", "run", "--name", "ticker", TICKER)
    arguments = [str(PROGRAMS / "dcos"), "task", "log", "-f", "-n", "1000", "/ticker"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=made.environment()) as process:
        stop = threading.Timer(600, process.kill)
        stop.start()
        try:
            assert process.stdout is not None
            lines = iter(process.stdout.readline, b"")
            for number in range(1, 11):
                assert next(lines) == b"tick %d\n" % number
            made.gateways[0].stop()
            for number in range(11, 41):
                assert next(lines) == b"tick %d\n" % number
            made.good("marathon", "app", "scale", "ticker", "0", "--wait")
            rest = list(lines)
            assert rest == [b"tick %d\n" % number for number in range(41, 41 + len(rest))]
            assert process.wait(240) == 0
        finally:
            stop.cancel()
            process.kill()
            made.gateways[0].start()
    made.good("marathon", "app", "remove", "ticker", "--wait")


def test_a_gateway_whose_dcos_auth_is_gone_is_passed_over(made: Fronted) -> None:
    made.gateways[0].stop_auth()
    try:
        assert made.good("node", "list", "-q").split()
        # Nothing was passed on, so a change may go through the other one.
        made.good("marathon", "run", "--name", "elsewhere", "--no-wait", "exec sleep 1000")
    finally:
        made.gateways[0].start_auth()
    made.good("marathon", "app", "remove", "elsewhere", "--force", "--wait")


def test_the_clusters_of_the_commands_page_from_the_first_time_to_the_last(made: Fronted, tmp_path: Path) -> None:
    (text,) = [
        one.text
        for one in all_fences()
        if one.document == "docs/cli.md" and "dcos cluster setup" in one.script and one.language == "sh"
    ]
    others = {
        "https://198.18.0.11": made.urls[0],
        "/tmp/dcos-ca.crt": str(made.authority.ca),
        "/tmp/password": str(made.password),
    }
    for told, other in others.items():
        assert told in text
        text = text.replace(told, other)
    environment = made.environment(DCOS_DIR=str(tmp_path), PATH=f"{PROGRAMS}:{os.environ['PATH']}")
    done = subprocess.run(
        ["/bin/sh", "-exu", "-c", text],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "lab is set up" in done.stdout and "dcos-uid-password" in done.stdout
    assert not list((tmp_path / "clusters").iterdir())
