"""`dcos cluster`: making clusters known, choosing and forgetting them."""

from __future__ import annotations

import asyncio
import os
import pty
import subprocess
import sys
import threading
import tomllib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from dcos_runtime.cli.clusters.known import Clusters
from tests.support.cli.fake_gateway import CLUSTER_ID, PASSWORD, Authority, Gateway

Dcos = Callable[..., Any]
OTHER_ID = "99999999-8888-4777-9666-555555555555"


def settings(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "dcos.toml").read_text())


def test_setup_keeps_what_it_learnt_for_its_owner_alone(lab: Path, gateway: Gateway) -> None:
    known = settings(lab)
    assert known["core"]["dcos_url"] == gateway.url
    assert known["core"]["dcos_acs_token"] in gateway.tokens
    assert known["core"]["ssl_verify"] == str(lab / "dcos_ca.crt")
    assert known["cluster"] == {"name": "lab", "masters": [gateway.url]}
    assert (lab / "dcos_ca.crt").read_bytes() == gateway.ca_pem
    assert (lab / "attached").read_bytes() == b""
    assert lab.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in lab.iterdir()} == {0o600}


def test_setup_learns_every_masters_gateway(gateway: Gateway, second: Gateway, lab: Path) -> None:
    assert settings(lab)["cluster"]["masters"] == [gateway.url, second.url]


def test_setting_up_again_updates_and_keeps_the_name_given_here(lab: Path, gateway: Gateway, set_up: Dcos) -> None:
    assert set_up(gateway.url, "--name", "mine").code == 0
    first = settings(lab)
    assert first["cluster"]["name"] == "mine"
    # Without --no-check: the CA is known already, so nothing is asked.
    assert set_up(gateway.url, "--provider", "dcos-users").code == 0
    again = settings(lab)
    assert again["cluster"]["name"] == "mine"
    assert again["core"]["dcos_acs_token"] != first["core"]["dcos_acs_token"]


def test_a_ca_from_a_file_is_used_and_none_is_fetched(gateway: Gateway, set_up: Dcos, tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_bytes(gateway.ca_pem)
    assert set_up(gateway.url, "--ca-certs", str(tmp_path / "ca.crt")).code == 0
    assert "GET /ca/dcos-ca.crt" not in gateway.paths()
    kept = Path(os.environ["DCOS_DIR"]) / "clusters" / CLUSTER_ID / "dcos_ca.crt"
    assert kept.read_bytes() == gateway.ca_pem


def test_a_wrong_ca_from_a_file_stops_it_before_anything_is_sent(
    gateway: Gateway, set_up: Dcos, tmp_path: Path
) -> None:
    (tmp_path / "ca.crt").write_bytes(Authority().pem)
    result = set_up(gateway.url, "--ca-certs", str(tmp_path / "ca.crt"))
    assert result.code == 1
    assert "does not show a certificate of this cluster" in result.err and str(tmp_path / "ca.crt") in result.err
    assert gateway.asked == []
    assert not (Path(os.environ["DCOS_DIR"]) / "clusters" / CLUSTER_ID).exists()


@pytest.mark.parametrize("content", [b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_file_that_holds_no_certificate_is_named(
    gateway: Gateway, set_up: Dcos, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "ca.crt").write_bytes(content)
    result = set_up(gateway.url, "--ca-certs", str(tmp_path / "ca.crt"))
    assert result.code == 2 and "ca.crt" in result.err


def test_a_ca_that_did_not_sign_the_gateways_certificate_is_not_accepted(gateway: Gateway, set_up: Dcos) -> None:
    gateway.ca_pem = Authority().pem
    result = set_up(gateway.url)
    assert result.code == 1 and "did not sign its own certificate" in result.err
    assert "POST /acs/api/v1/auth/login" not in gateway.paths()


def test_a_certificate_for_another_host_is_not_accepted(
    server_loop: asyncio.AbstractEventLoop, gateway: Gateway, set_up: Dcos
) -> None:
    other = Gateway(server_loop, gateway.cluster, gateway.authority, certified="198.18.0.99")
    try:
        result = set_up(other.url)
    finally:
        other.stop()
    assert result.code == 1 and "names another host" in result.err


def test_without_a_terminal_the_ca_is_shown_but_nobody_can_accept_it(
    gateway: Gateway, authority: Authority, dcos: Dcos
) -> None:
    result = dcos("cluster", "setup", gateway.url, "--username", "admin", "--password", "x", stdin="y\n")
    assert result.code == 1
    assert authority.fingerprint in result.err and "no terminal" in result.err and "--no-check" in result.err
    assert "POST /acs/api/v1/auth/login" not in gateway.paths()


def test_a_changed_ca_is_told_loudly_and_never_taken_silently(
    lab: Path, gateway: Gateway, server_loop: asyncio.AbstractEventLoop, dcos: Dcos, set_up: Dcos
) -> None:
    gateway.stop()
    successor = Gateway(server_loop, gateway.cluster, Authority("another"), tokens=gateway.tokens, port=gateway.port)
    try:
        verb = dcos("ps")
        assert verb.code == 1
        assert "does not show a certificate of this cluster" in verb.err and "dcos cluster setup" in verb.err
        assert successor.asked == []

        asked = set_up(successor.url, "--provider", "dcos-users")
        assert asked.code == 1 and "not the one that was accepted before" in asked.err
        assert gateway.authority.fingerprint in asked.err and successor.authority.fingerprint in asked.err
        assert (lab / "dcos_ca.crt").read_bytes() == gateway.ca_pem

        assert set_up(successor.url, "--no-check").code == 0
        assert (lab / "dcos_ca.crt").read_bytes() == successor.ca_pem
        assert dcos("ps").code == 0
    finally:
        successor.stop()


def test_insecure_checks_nothing_and_says_so_every_time(gateway: Gateway, set_up: Dcos, dcos: Dcos) -> None:
    done = set_up(gateway.url, "--insecure")
    assert done.code == 0 and "nobody checks" in done.err
    verb = dcos("ps")
    assert verb.code == 0 and "nobody checks" in verb.err


def test_ways_of_trust_exclude_each_other(gateway: Gateway, set_up: Dcos) -> None:
    assert set_up(gateway.url, "--insecure", "--no-check").code == 2


@pytest.mark.parametrize(
    "cluster_id", ["", "../../evil", "11111111-2222-1333-8444-555555555555", "{" + CLUSTER_ID + "}", None]
)
def test_what_is_no_version_4_uuid_is_no_cluster_id(gateway: Gateway, set_up: Dcos, cluster_id: Any) -> None:
    gateway.cluster_id = cluster_id
    result = set_up(gateway.url)
    assert result.code == 1 and "does not contain a cluster's id" in result.err


def test_a_plain_address_that_leads_to_https_is_followed_there(cluster: Any, gateway: Gateway, set_up: Dcos) -> None:
    cluster.agent.answer = lambda _: web.Response(status=308, headers={"Location": f"{gateway.url}/"})
    assert set_up(cluster.agent.url).code == 0


def test_a_master_started_by_hand_is_no_gateway(cluster: Any, gateway: Gateway, set_up: Dcos) -> None:
    result = set_up(cluster.master.url)
    assert result.code == 2 and "does not lead to a gateway" in result.err and "--master=" in result.err


def test_something_else_that_answers_is_told_for_what_it_is(gateway: Gateway, set_up: Dcos) -> None:
    gateway.override = lambda request: (
        web.Response(text="<html>", content_type="text/html") if request.path == "/metadata" else None
    )
    result = set_up(gateway.url)
    assert result.code == 1 and "does not answer as a cluster's gateway" in result.err and "<html>" not in result.err


def test_nobody_there_is_told(gateway: Gateway, set_up: Dcos) -> None:
    gateway.stop()
    result = set_up(gateway.url)
    assert result.code == 1 and f"cannot reach {gateway.url}" in result.err


def on_terminal(arguments: list[str], typed: list[tuple[bytes, bytes]], **environment: str) -> tuple[int, bytes]:
    """Runs `dcos` on a terminal of its own; each answer is typed when its question has come. Code and all output."""
    process_id, leader = pty.fork()
    if process_id == 0:
        os.execve(
            sys.executable,
            [sys.executable, "-m", "dcos_runtime.cli.main", *arguments],
            {**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
        )
    stop = threading.Timer(60, os.kill, (process_id, 9))
    stop.start()
    output, waiting = b"", list(typed)
    seen = 0
    try:
        while True:
            try:
                data = os.read(leader, 4096)
            except OSError:
                break
            if not data:
                break
            output += data
            while waiting and waiting[0][0] in output[seen:]:
                question, answer = waiting.pop(0)
                seen = output.index(question, seen) + len(question)
                os.write(leader, answer)
        return os.waitstatus_to_exitcode(os.waitpid(process_id, 0)[1]), output
    finally:
        stop.cancel()
        os.close(leader)


def test_on_a_terminal_the_ca_name_and_password_are_asked_and_the_password_is_not_shown(
    gateway: Gateway, tmp_path: Path
) -> None:
    code, output = on_terminal(
        ["cluster", "setup", gateway.url],
        [
            (b"Do you trust it?", b"y\n"),
            (b"Username", b"admin\n"),
            (b"Password", b"wrong-one\n"),
            (b"Password", PASSWORD.encode() + b"\n"),
        ],
        DCOS_DIR=str(tmp_path),
    )
    assert code == 0, output
    assert gateway.authority.fingerprint.encode() in output
    assert b"do not fit together" in output
    assert b"wrong-one" not in output and PASSWORD.encode() not in output
    assert (tmp_path / "clusters" / CLUSTER_ID / "attached").exists()


def test_three_wrong_passwords_are_the_end(gateway: Gateway, tmp_path: Path) -> None:
    code, output = on_terminal(
        ["cluster", "setup", gateway.url, "--no-check", "--username", "admin"],
        [(b"Password", b"wrong\n")] * 3,
        DCOS_DIR=str(tmp_path),
    )
    assert code == 1 and output.count(b"Password of") == 3
    assert gateway.paths().count("POST /acs/api/v1/auth/login") == 3
    assert not (tmp_path / "clusters").exists()


def test_a_ca_that_is_refused_changes_nothing(gateway: Gateway, tmp_path: Path) -> None:
    code, output = on_terminal(
        ["cluster", "setup", gateway.url], [(b"Do you trust it?", b"n\n")], DCOS_DIR=str(tmp_path)
    )
    assert code == 1 and b"nothing was changed" in output
    assert not (tmp_path / "clusters").exists()


@pytest.fixture
def two(lab: Path, gateway: Gateway, server_loop: asyncio.AbstractEventLoop, set_up: Dcos) -> Any:
    """A second cluster, set up last and so attached."""
    other = Gateway(server_loop, gateway.cluster, Authority("other"))
    other.cluster_id = OTHER_ID
    assert set_up(other.url, "--no-check", "--name", "other").code == 0
    yield other
    other.stop()


def test_the_cluster_set_up_last_is_attached_and_its_own_token_and_ca_are_used(
    two: Gateway, gateway: Gateway, dcos: Dcos
) -> None:
    gateway.asked.clear()
    assert dcos("ps").code == 0
    assert gateway.asked == []
    assert dcos("cluster", "attach", "lab").code == 0
    assert dcos("ps").code == 0
    assert [token for _, _, token in gateway.asked] == [f"token={one}" for one in gateway.tokens]


def test_one_cluster_can_be_meant_for_one_command(
    two: Gateway, gateway: Gateway, dcos: Dcos, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway.asked.clear()
    monkeypatch.setenv("DCOS_CLUSTER", "lab")
    assert dcos("ps").code == 0
    assert gateway.paths() == ["GET /mesos/state"]
    monkeypatch.setenv("DCOS_CLUSTER", "nope")
    assert "no cluster 'nope'" in dcos("ps").err


def test_the_list_tells_which_answer(two: Gateway, gateway: Gateway, dcos: Dcos) -> None:
    gateway.stop()
    lines = [line.split() for line in dcos("cluster", "list").lines]
    assert lines == [
        ["NAME", "ID", "STATUS", "VERSION", "URL"],
        ["lab", CLUSTER_ID, "UNAVAILABLE", "-", gateway.url],
        ["other*", OTHER_ID, "AVAILABLE", "2.1", two.url],
    ]
    assert dcos("cluster", "list", "--names").lines == ["lab", "other"]
    assert dcos("cluster", "list", "-q", "--attached").lines == [OTHER_ID]
    assert dcos("cluster", "list", "--json", "--attached").json() == [
        {
            "attached": True,
            "cluster_id": OTHER_ID,
            "name": "other",
            "status": "AVAILABLE",
            "url": two.url,
            "version": "2.1",
        }
    ]


def test_the_list_needs_no_login(lab: Path, gateway: Gateway, dcos: Dcos) -> None:
    gateway.tokens.clear()
    assert "AVAILABLE" in dcos("cluster", "list").out
    assert {token for _, _, token in gateway.asked} == {None}


@pytest.mark.parametrize("wanted", [CLUSTER_ID, "lab", CLUSTER_ID[:5], "la"])
def test_a_cluster_is_found_by_name_id_or_the_beginning_of_one(two: Gateway, dcos: Dcos, wanted: str) -> None:
    assert dcos("cluster", "attach", wanted).code == 0
    assert dcos("cluster", "list", "--attached", "--names").lines == ["lab"]


def test_a_name_that_fits_two_clusters_is_refused(two: Gateway, dcos: Dcos) -> None:
    assert dcos("cluster", "rename", "other", "lab").code == 0
    result = dcos("cluster", "attach", "lab")
    assert result.code == 2 and CLUSTER_ID in result.err and OTHER_ID in result.err


def test_removing_forgets_the_cluster(two: Gateway, lab: Path, dcos: Dcos) -> None:
    assert dcos("cluster", "remove", "other").code == 0
    assert dcos("cluster", "list", "--names").lines == ["lab"]
    result = dcos("ps")
    assert result.code == 1 and "no cluster is attached" in result.err and "dcos cluster attach lab" in result.err
    assert dcos("cluster", "remove").code == 2
    assert dcos("cluster", "remove", "lab", "--all").code == 2
    assert dcos("cluster", "remove", "--all").code == 0
    assert not lab.exists()
    assert "no cluster is known" in dcos("ps").err


def test_a_damaged_file_is_named_listed_and_mended_by_setting_up(
    lab: Path, gateway: Gateway, dcos: Dcos, set_up: Dcos
) -> None:
    (lab / "dcos.toml").write_text("[core\n")
    verb = dcos("ps")
    assert verb.code == 1 and str(lab / "dcos.toml") in verb.err and "is not TOML" in verb.err
    assert "UNREADABLE" in dcos("cluster", "list").out
    assert set_up(gateway.url).code == 0
    assert dcos("ps").code == 0


def test_a_file_others_can_read_is_closed_and_that_is_told(lab: Path, dcos: Dcos) -> None:
    (lab / "dcos.toml").chmod(0o644)
    result = dcos("ps")
    assert result.code == 0 and "others could read" in result.err
    assert (lab / "dcos.toml").stat().st_mode & 0o777 == 0o600
    assert dcos("ps").err == ""


def test_settings_of_others_in_the_file_stay(lab: Path, gateway: Gateway, dcos: Dcos, set_up: Dcos) -> None:
    text = (lab / "dcos.toml").read_text()
    (lab / "dcos.toml").write_text(f'{text}\n[job]\n"odd key" = "\\u007f\\n\\"é"\nnumbers = [1, 2.5, true]\n')
    assert set_up(gateway.url).code == 0
    assert settings(lab)["job"] == {"odd key": '\x7f\n"é', "numbers": [1, 2.5, True]}


def test_commands_that_run_at_once_lose_nothing(lab: Path, gateway: Gateway) -> None:
    program = [sys.executable, "-m", "dcos_runtime.cli.main", "cluster"]
    environment = os.environ | {"SECRET": PASSWORD}
    setup = [*program, "setup", gateway.url, "--no-check", "--username", "admin", "--password-env", "SECRET"]
    running = [
        subprocess.Popen(arguments, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for number in range(3)
        for arguments in (setup, [*program, "rename", CLUSTER_ID, f"n{number}"], [*program, "attach", CLUSTER_ID])
    ]
    complaints = [process.communicate(timeout=120)[1] for process in running]
    assert [process.returncode for process in running] == [0] * len(running), complaints
    known = settings(lab)
    assert known["core"]["dcos_acs_token"] in gateway.tokens and known["cluster"]["name"] in {"n0", "n1", "n2"}
    assert sorted(path.name for path in lab.iterdir()) == ["attached", "dcos.toml", "dcos_ca.crt"]


def test_no_change_made_at_the_same_time_is_lost(lab: Path) -> None:
    home = Path(os.environ["DCOS_DIR"])

    def change(number: int) -> None:
        for step in range(20):
            Clusters(home).save(CLUSTER_ID, {"job": {f"key-{number}": step}})
            (seen,) = Clusters(home).all()
            assert seen.problem is None and seen.attached

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(change, range(8)))
    assert settings(lab)["job"] == {f"key-{number}": 19 for number in range(8)}
