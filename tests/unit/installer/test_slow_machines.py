"""Machines whose processor is emulated are waited for longer: every deadline of a run follows the slowest of them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dcos_installer import commands, daemon_client, status
from dcos_installer import remote as remote_module
from dcos_installer.ansible import play, runner
from dcos_installer.ansible.connection import CONNECT_SECONDS, Connection
from dcos_installer.ansible.host.errors import HostError
from dcos_installer.ansible.host.machine import Machine
from dcos_installer.ansible.host.systemd import Systemd
from dcos_installer.ansible.play import Workspace
from dcos_installer.daemon_client import NotWell
from dcos_installer.engine import AnsibleEngine
from dcos_installer.errors import DeadlinePassed
from dcos_installer.hosts import fleet as fleet_module
from dcos_installer.hosts.connection import HostConnection
from dcos_installer.hosts.fleet import Fleet
from dcos_installer.machines import SshTarget
from dcos_installer.phases.kit.base import Context
from dcos_installer.phases.kit.health import wait_until
from dcos_installer.process import CommandResult
from dcos_installer.providers.base import Condition, MachineState
from dcos_installer.providers.libvirt.survey import TCG_SLOWNESS
from dcos_installer.remote import Remote
from tests.support.installer.cheap_roots import cheap_roots
from tests.support.installer.folder_hosts import a_manifest
from tests.support.installer.libvirt_lab import V1, create, lab
from tests.support.installer.pretended import PretendedContext, pretend, spec_of

pytestmark = pytest.mark.usefixtures(cheap_roots.__name__)

TARGET = SshTarget("198.18.0.21", 22, "root", None, None)


def state(name: str, slowness: float = 1.0) -> MachineState:
    return MachineState(name, Condition.RUNNING, "", slowness=slowness)


@pytest.fixture
def ctx(tmp_path: Path) -> PretendedContext:
    return pretend(tmp_path, spec_of(tmp_path))


@pytest.mark.parametrize(("kind", "slowness"), [("kvm", 1.0), ("qemu", TCG_SLOWNESS)])
def test_a_machine_is_slow_where_qemu_emulates_its_processor(kind: str, slowness: float, tmp_path: Path) -> None:
    with lab(tmp_path, V1, kinds=frozenset({kind})) as made:
        assert made.provider().inspect()["v1"].slowness == 1.0  # it is not there yet
        create(made)
        assert made.provider().inspect()["v1"].slowness == slowness


def test_a_run_has_the_patience_that_its_slowest_machine_needs(ctx: PretendedContext) -> None:
    ctx.learn({"m1": state("m1"), "a1": state("a1", 5.0)})
    ctx.learn({"m1": state("m1")})
    assert (ctx.patience, ctx.engine.patience) == (5.0, 5.0)
    ctx.learn({})
    assert ctx.patience == 5.0
    host = ctx.spec.host("m1")
    assert Context.remote(ctx, host).patience == 5.0


def test_a_wait_for_health_is_as_long_as_the_run_is_patient(ctx: PretendedContext) -> None:
    ctx.patience = 5.0

    def never() -> None:
        raise NotWell("it does not answer")

    begun = ctx.monotonic()
    with pytest.raises(DeadlinePassed, match="not within 300 s"):
        wait_until(ctx, "the init leads", never, seconds=60.0, evidence=str)
    assert ctx.monotonic() - begun >= 300.0


def test_an_answer_is_waited_for_as_long_as_the_run_is_patient(
    ctx: PretendedContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[float] = []

    def connect(address: tuple[str, int], timeout: float) -> None:
        seen.append(timeout)
        raise TimeoutError

    monkeypatch.setattr("socket.create_connection", connect)
    url = "zookeeper://198.18.0.11:2181/srvr"
    with commands._context(commands.Job("status", ctx.spec, ctx.state, commands.silent)) as made:
        for more in ({}, {"seconds": 2.0}):
            for slowness in (1.0, 5.0):
                made.patience = 1.0
                made.learn({"m1": state("m1", slowness)})
                with pytest.raises(NotWell):
                    made.ask(url, **more)
    assert seen == [daemon_client.ANSWER_SECONDS, 5 * daemon_client.ANSWER_SECONDS, 2.0, 10.0]


def test_status_waits_for_slow_machines_for_longer(ctx: PretendedContext, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[float] = []
    everywhere = ctx.everywhere

    def asked(hosts: Any, fn: Any, seconds: float | None = None) -> Any:
        seen.extend([] if seconds is None else [seconds])
        return everywhere(hosts, fn, seconds)

    monkeypatch.setattr(ctx, "everywhere", asked)
    status.read(ctx)
    usual = max(seen)
    ctx.patience = 5.0
    status.read(ctx)
    assert usual > status.SECONDS and max(seen) == 5 * usual


def test_commands_on_a_slow_machine_have_longer_deadlines(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, Any]] = []

    def run(argv: list[str], **more: Any) -> CommandResult:
        seen.append({"argv": argv, **more})
        return CommandResult(tuple(argv), 0, "", "", 0.0)

    monkeypatch.setattr(remote_module, "run", run)
    for patience in (1.0, 5.0):
        Remote(V1, TARGET, patience=patience).run(["true"], what="look", deadline=30)
    assert [one["deadline"] for one in seen] == [30.0, 150.0]
    assert ["ConnectTimeout=10" in one["argv"] for one in seen] == [True, False]
    assert "ConnectTimeout=50" in seen[1]["argv"]


def test_plays_have_the_deadlines_of_their_slowest_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    def run(
        workspace: Workspace,
        connections: Mapping[str, Connection],
        requests: Mapping[str, bytes],
        on_answer: object,
        *,
        timeout: float,
    ) -> None:
        parts = {name: json.loads(one) for name, one in requests.items()}
        seen["patience"] = {name: one["patience"] for name, one in parts.items()}
        seen.update(timeout=timeout, deadlines={name: one.get("deadline") for name, one in parts.items()})
        seen["configured"] = play._configuration(tmp_path, workspace, list(connections.values()))

    monkeypatch.setattr(play, "run", run)
    usual = Connection(root=str(tmp_path / "h1"))
    hosts = {"h1": usual, "h2": replace(usual, patience=5.0)}
    manifest = a_manifest({"etc/a": "one"}, {"dcos-a.service": ("etc/a",)})
    runner.apply(Workspace(tmp_path), hosts, {name: runner.ApplyOrder(manifest) for name in hosts}, deadline=90.0)
    assert seen["patience"] == {"h1": 1.0, "h2": 5.0}
    assert seen["deadlines"] == {"h1": 90.0, "h2": 450.0} and seen["timeout"] >= 5 * 12 * 90
    assert f"timeout = {5 * CONNECT_SECONDS}\n" in seen["configured"]
    runner.gather_facts(Workspace(tmp_path), hosts)
    assert seen["timeout"] == 5 * runner.ASK_SECONDS
    runner.gather_facts(Workspace(tmp_path), {"h1": usual})
    assert seen["timeout"] == runner.ASK_SECONDS


@pytest.mark.parametrize("patience", [1.0, 5.0])
def test_programs_on_a_slow_machine_have_longer_deadlines(patience: float, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[float] = []

    def run(argv: list[str], *, timeout: float, **more: object) -> None:
        seen.append(timeout)
        raise subprocess.TimeoutExpired(argv, timeout)

    monkeypatch.setattr(subprocess, "run", run)
    systemd = Systemd(Machine("/", patience))
    for act in (lambda: systemd.states(["dcos-a.service"]), systemd.reload):
        with pytest.raises(HostError, match="did not end within"):
            act()
    assert seen == [60 * patience, 90 * patience]


def test_the_engine_hands_its_patience_to_every_host(ctx: PretendedContext, tmp_path: Path) -> None:
    engine = AnsibleEngine(ctx.state, ctx.provider, None, lambda host: Connection(root=str(tmp_path / host.name)))
    engine.patience = 5.0
    assert {one.patience for one in engine._connections(ctx.spec.hosts).values()} == {5.0}


def test_what_is_asked_of_slots_has_longer_deadlines(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[float | None] = []

    def run_on(*words: object, seconds: float | None, **more: object) -> int:
        seen.append(seconds)
        return 0

    monkeypatch.setattr(fleet_module, "run_on", run_on)
    fleet = Fleet(lambda host: TARGET, connect_seconds=10.0, patience=5.0)
    connection = HostConnection((), 10.0)
    for asked in (60.0, None):
        fleet.run(V1, connection, ["true"], stdout=lambda part: None, stderr=lambda part: None, seconds=asked)
    assert seen == [300.0, None] and fleet._connect_seconds == 50.0
