"""`dcos auth`, and the messages of commands without a valid login."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.support.cli.fake_gateway import PASSWORD, Gateway

Dcos = Callable[..., Any]


def token(lab: Path) -> str | None:
    found: str | None = tomllib.loads((lab / "dcos.toml").read_text())["core"].get("dcos_acs_token")
    return found


def test_a_login_that_has_expired_is_told_with_what_to_do(lab: Path, gateway: Gateway, dcos: Dcos) -> None:
    gateway.tokens.clear()
    for words in (("ps",), ("marathon", "app", "list"), ("node", "list")):
        result = dcos(*words)
        assert result.code == 1
        assert result.err == (
            "dcos: your login to lab is not valid any more: it has expired or was ended\n  hint: dcos auth login\n"
        )


def test_logging_in_again_mends_it(lab: Path, gateway: Gateway, dcos: Dcos, monkeypatch: pytest.MonkeyPatch) -> None:
    gateway.tokens.clear()
    monkeypatch.setenv("DCOS_USERNAME", "admin")
    monkeypatch.setenv("DCOS_PASSWORD", PASSWORD)
    assert dcos("auth", "login").code == 0
    assert token(lab) in gateway.tokens
    assert dcos("ps").code == 0


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_the_password_may_lie_in_a_file_with_or_without_an_end_of_line(
    lab: Path, dcos: Dcos, tmp_path: Path, end: str
) -> None:
    (tmp_path / "password").write_bytes((PASSWORD + end).encode())
    assert dcos("auth", "login", "--username", "admin", "--password-file", str(tmp_path / "password")).code == 0


def test_blanks_around_a_password_are_part_of_it(lab: Path, gateway: Gateway, dcos: Dcos, tmp_path: Path) -> None:
    gateway.password = "  two  blanks \n"
    (tmp_path / "password").write_text(gateway.password + "\n")
    assert dcos("auth", "login", "--username", "admin", "--password-file", str(tmp_path / "password")).code == 0


def test_a_wrong_password_that_was_given_is_not_tried_again(lab: Path, gateway: Gateway, dcos: Dcos) -> None:
    before = token(lab)
    result = dcos("auth", "login", "--username", "admin", "--password", "wrong")
    assert result.code == 1 and "does not know that name and password" in result.err and "wrong" not in result.err
    assert gateway.paths().count("POST /acs/api/v1/auth/login") == 1
    assert token(lab) == before


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--password", "x", "--password-env", "HOME"), 2, "give one of"),
        (("--password-env", "NO_SUCH_VARIABLE"), 2, "NO_SUCH_VARIABLE, which is not set"),
        (("--password-file", "/no/such/file"), 1, "/no/such/file"),
        (("--password", "x", "--provider", "ldap"), 2, "no login provider 'ldap'"),
        (("--password", "\udcff"), 1, "not UTF-8"),
        ((), 1, "no terminal to ask: Password of admin"),
    ],
)
def test_a_password_that_cannot_be_had_or_sent_is_told(
    lab: Path, dcos: Dcos, options: tuple[str, ...], code: int, said: str
) -> None:
    result = dcos("auth", "login", "--username", "admin", *options, stdin="")
    assert result.code == code and said in result.err


def test_without_a_terminal_the_user_name_must_be_given(lab: Path, dcos: Dcos) -> None:
    result = dcos("auth", "login", "--password", "x", stdin="admin\n")
    assert result.code == 1 and "no terminal" in result.err and "--username" in result.err


def test_a_password_is_sent_to_the_gateway_only_whatever_a_provider_says(
    lab: Path, gateway: Gateway, cluster: Any, dcos: Dcos
) -> None:
    fields = {"authentication-type": "dcos-uid-password", "config": {"start_flow_url": f"{cluster.agent.url}/steal"}}
    gateway.override = lambda request: (
        web.json_response({"dcos-users": fields}) if request.path.endswith("/providers") else None
    )
    assert dcos("auth", "login", "--username", "admin", "--password", PASSWORD).code == 0
    assert cluster.agent.asked == []


def test_too_many_logins_are_told_as_such(lab: Path, gateway: Gateway, dcos: Dcos) -> None:
    gateway.override = lambda request: web.Response(status=429) if request.path.endswith("/login") else None
    result = dcos("auth", "login", "--username", "admin", "--password", PASSWORD)
    assert result.code == 1 and "takes no more logins" in result.err


def test_logging_out_ends_the_token_and_forgets_it(lab: Path, gateway: Gateway, dcos: Dcos) -> None:
    assert dcos("auth", "logout").code == 0
    assert gateway.tokens == set() and gateway.logouts == 1
    assert token(lab) is None
    result = dcos("ps")
    assert result.code == 1 and "you are not logged in to lab" in result.err and "dcos auth login" in result.err
    assert dcos("auth", "logout").code == 0


def test_logging_out_with_a_token_that_ended_already_is_no_failure(lab: Path, gateway: Gateway, dcos: Dcos) -> None:
    gateway.tokens.clear()
    assert dcos("auth", "logout").code == 0
    assert token(lab) is None


def test_logging_out_while_nobody_answers_forgets_the_token_and_says_that_it_lives_on(
    lab: Path, gateway: Gateway, dcos: Dcos
) -> None:
    gateway.stop()
    result = dcos("auth", "logout")
    assert result.code == 1 and "could not be asked to revoke it" in result.err and "until it expires" in result.err
    assert token(lab) is None


def test_the_ways_to_log_in_are_listed_without_a_login(lab: Path, gateway: Gateway, dcos: Dcos) -> None:
    gateway.tokens.clear()
    wanted = [{"id": "dcos-users", "type": "dcos-uid-password", "description": "By password"}]
    assert dcos("auth", "list-providers", "--json").json() == wanted
    assert dcos("auth", "list-providers", gateway.url, "--json").json() == wanted
    assert dcos("auth", "list-providers").lines[1].split()[:2] == ["dcos-users", "dcos-uid-password"]


def test_a_token_of_the_environment_wins_and_is_named_when_it_is_refused(
    lab: Path, gateway: Gateway, dcos: Dcos, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway.tokens.add("from-outside")
    monkeypatch.setenv("DCOS_DCOS_ACS_TOKEN", "from-outside")
    assert dcos("ps").code == 0
    assert gateway.asked[-1][2] == "token=from-outside"
    monkeypatch.setenv("DCOS_ACS_TOKEN", "refused-one")
    result = dcos("ps")
    assert result.code == 1 and "the token in DCOS_ACS_TOKEN" in result.err and "refused-one" not in result.err
    monkeypatch.setenv("DCOS_ACS_TOKEN", "evil\r\nX-Header: 1")
    result = dcos("ps")
    assert result.code == 1 and "characters no token has" in result.err and "evil" not in result.err


def test_a_master_asked_directly_has_no_login(cluster: Any, dcos: Dcos) -> None:
    for words in (("auth", "login"), ("auth", "logout"), ("auth", "list-providers")):
        result = dcos(*words)
        assert result.code == 2 and "not a gateway" in result.err


def test_a_gateway_nobody_set_up_has_no_login_to_keep(gateway: Gateway, dcos: Dcos) -> None:
    result = dcos("--url", gateway.url, "auth", "login")
    assert result.code == 1 and f"dcos cluster setup {gateway.url}" in result.err


def test_the_help_warns_of_the_password_on_the_command_line(dcos: Dcos) -> None:
    for words in (("auth", "login"), ("cluster", "setup")):
        assert "list of processes" in " ".join(dcos(*words, "--help").out.split())
