"""Deploys and access: secrets that exist or are lost, ports, tokens, the administrator, the gateways."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dcos_installer.commands import deploy_phases, plan_phases
from dcos_installer.config.model import ClusterSpec, HostSpec
from dcos_installer.daemon_client import NotWell
from dcos_installer.phases.checks.login import check_gateway
from dcos_installer.phases.kit.base import HostsFailed
from dcos_installer.phases.kit.postflight import PostflightFailed
from dcos_installer.phases.make_secrets import SecretsLost
from dcos_installer.phases.manager import run_phases
from dcos_installer.phases.validate_facts import taken_ports
from dcos_installer.secrets.roots import Administrator
from dcos_installer.services import installed
from tests.support.installer.cheap_roots import cheap_roots
from tests.support.installer.pretended import deployed, facts_of, phases_of, pretend, spec_of, texts

pytestmark = pytest.mark.usefixtures(cheap_roots.__name__)


def test_preflight_names_ports_that_somebody_else_listens_on_before_anything_of_ours_runs(tmp_path: Path) -> None:
    spec = spec_of(tmp_path)
    services, master, agent = installed(), spec.host("m1"), spec.host("a1")

    def taken(host: HostSpec, *listening: str, generation: int = 0) -> list[str]:
        facts = facts_of(host, listening=listening, generation=generation)
        return [what.split(" ")[1] for what, _ in taken_ports(host, facts, services)]

    assert taken(master, "*:22", "*:80", "127.0.0.1:443", "198.18.1.1:5050", "198.18.9.9:8080", "*:5051") == [
        "80",
        "443",
        "5050",
    ]
    assert taken(agent, "*:80", "*:443", "198.18.2.1:5051", "127.0.0.1:5052") == ["5051"]
    assert taken(master, "*:80", generation=1) == []
    ((what, remedy),) = taken_ports(master, facts_of(master, listening=("*:80",)), services)
    assert "port 80 is taken" in what and "systemctl disable --now nginx" in remedy


def test_hosts_that_run_without_their_secrets_being_here_are_refused_before_anything_is_made(tmp_path: Path) -> None:
    first = deployed(pretend(tmp_path, spec_of(tmp_path)))
    shutil.rmtree(first.state.secrets)
    for dry_run in (True, False):
        ctx = pretend(tmp_path, spec_of(tmp_path), dry_run=dry_run)
        with pytest.raises(SecretsLost) as caught:
            run_phases(ctx, phases_of(plan_phases() if dry_run else deploy_phases()))
        assert "m1, a1, a2 run already" in caught.value.what and "backup" in caught.value.hint
        assert ctx.changes == 0 and not ctx.state.secrets.exists()


def test_a_token_that_is_good_is_left_alone_and_one_that_is_refused_or_gone_is_renewed(tmp_path: Path) -> None:
    first = deployed(pretend(tmp_path, spec_of(tmp_path)))
    settings = tmp_path / "dcos" / "clusters" / first.spec.cluster_id / "dcos.toml"

    def again(**changes: str) -> tuple[int, list[str]]:
        ctx = pretend(tmp_path, spec_of(tmp_path))
        for name, value in changes.items():
            setattr(ctx.ask, name, value)
        return deployed(ctx).changes, ctx.ask.logins  # type: ignore[attr-defined]  # the pretended one has it

    assert again() == (0, [])
    assert again(token="newer") == (1, ["admin"])
    assert 'dcos_acs_token = "newer"' in settings.read_text()
    settings.write_text(settings.read_text().replace('dcos_acs_token = "newer"\n', ""))
    assert again(token="newest") == (1, ["admin"])
    assert again(token="newest") == (0, [])


def test_an_administrator_who_changed_his_password_is_told_to_log_in_and_nothing_fails(tmp_path: Path) -> None:
    deployed(pretend(tmp_path, spec_of(tmp_path)))
    for changes in (1, 0):
        plan = pretend(tmp_path, spec_of(tmp_path), dry_run=True)
        plan.ask.token, plan.ask.password = "another", "changed"  # type: ignore[attr-defined]  # the pretended one has it
        run_phases(plan, phases_of(plan_phases()))
        assert plan.changes == changes
        ctx = pretend(tmp_path, spec_of(tmp_path))
        ctx.ask.token, ctx.ask.password = "another", "changed"  # type: ignore[attr-defined]  # the pretended one has it
        assert deployed(ctx).changes == changes
        assert any("log in with dcos auth login" in text for text in texts(ctx, "note"))


def test_a_plan_tells_whose_secret_is_deleted_and_a_deploy_deletes_no_other(tmp_path: Path) -> None:
    def of(*names: str) -> ClusterSpec:
        spec = spec_of(tmp_path)
        return spec.model_copy(update={"settings": spec.settings.model_copy(update={"principals": names})})

    first = deployed(pretend(tmp_path, of("jenkins", "spark")))
    for dry_run in (True, False):
        ctx = pretend(tmp_path, of("spark"), dry_run=dry_run)
        run_phases(ctx, phases_of(plan_phases())) if dry_run else deployed(ctx)
        found = texts(ctx, "would-change" if dry_run else "change-finished")
        # What a deploy changes, it proves with an app.
        proof = [] if dry_run else [": run an app and remove it"]
        assert found == [": delete the secret of jenkins", *proof]
    assert "jenkins" not in (first.state.secrets / "principals.json").read_text()


def test_a_first_deploy_fails_when_the_password_it_made_lets_nobody_in(tmp_path: Path) -> None:
    ctx = pretend(tmp_path, spec_of(tmp_path))
    ctx.ask.password = "another"  # type: ignore[attr-defined]  # the pretended one has it
    with pytest.raises(HostsFailed, match="not every gateway"):
        deployed(ctx)


def test_a_gateway_is_held_to_all_that_it_is_there_for(tmp_path: Path) -> None:
    spec = spec_of(tmp_path)
    host, services = spec.host("m1"), installed()
    who = Administrator("admin", "pw", "hash")

    def answers(wrong: Mapping[str, int]) -> Callable[..., Any]:
        def ask(url: str, *, method: str = "GET", body: Any = None, headers: Any = None) -> Any:
            key = ("token " if headers else "") + url
            usual = (
                308 if url.startswith("http:") else 200 if headers or "auth/login" in url or "health" in url else 401
            )
            status = wrong.get(key, usual)
            if status != 200:
                raise NotWell(f"{url} was answered with {status}", status=status)
            return {"token": "t"} if body else {}

        return ask

    assert check_gateway(answers({}), host, services, who)
    for key, status, said in (
        ("https://198.18.1.1/health", 503, "/health answers 503"),
        ("https://198.18.1.1/mesos/state-summary", 200, "answers 200 without a token, not 401"),
        ("token https://198.18.1.1/mesos/state-summary", 403, "answers 403 with a token of admin"),
        ("http://198.18.1.1/mesos/state", 200, "does not lead to HTTPS"),
        ("https://198.18.1.1/acs/api/v1/auth/login", 401, "auth/login was answered with 401"),
        ("https://198.18.1.1/health", 0, "/health was answered with 0"),
    ):
        with pytest.raises(PostflightFailed) as caught:
            check_gateway(answers({key: status}), host, services, who)
        assert said in caught.value.evidence
    refused = answers({"https://198.18.1.1/acs/api/v1/auth/login": 401})
    assert check_gateway(refused, host, services, replace(who, shown=True)) is False
