"""Deploy, plan, resume and destroy on a pretended cluster: the same phases, machines that are files."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import pytest

from dcos_installer import client
from dcos_installer.commands import _outcome, deploy_phases, destroy_phases, plan_phases
from dcos_installer.daemon_client import NotWell
from dcos_installer.errors import DeadlinePassed, InstallerError, LockHeld
from dcos_installer.phases.await_hosts import WAIT_SECONDS
from dcos_installer.phases.converge import QuorumAtRisk, batches, hold_quorum
from dcos_installer.phases.kit.base import Context, HostsFailed, StepFailed
from dcos_installer.phases.kit.health import wait_until
from dcos_installer.phases.kit.postflight import problems as postflight_problems
from dcos_installer.phases.manager import run_phases
from dcos_installer.phases.validate_facts import PreflightFailed, cluster_problems, host_problems
from dcos_installer.plan import journal, lock
from dcos_installer.plan.journal import Journal
from dcos_installer.providers.base import Note, Results, silent
from dcos_installer.services import installed
from dcos_installer.state import find_state
from tests.support.installer.cheap_roots import cheap_roots
from tests.support.installer.journals import cut_off
from tests.support.installer.pretended import (
    WANTED,
    FolderRemote,
    PretendedContext,
    PretendedEngine,
    deployed,
    facts_of,
    phases_of,
    pretend,
    spec_of,
    texts,
)

pytestmark = pytest.mark.usefixtures(cheap_roots.__name__)


def _all_deployed(ctx: PretendedContext) -> bool:
    machines = ctx.machines_disk.all()
    return set(machines) == {host.name for host in ctx.spec.hosts} and all(
        machine["manifest"] == WANTED and machine["generation"] == 1 for machine in machines.values()
    )


def test_a_deploy_makes_the_machines_and_brings_each_to_its_manifest(tmp_path: Path) -> None:
    ctx = deployed(pretend(tmp_path, spec_of(tmp_path)))
    assert _all_deployed(ctx)
    records = journal.read(ctx.state.journal)
    assert not journal.under_way(records) and not cut_off(records)
    observed = [
        (record.host, record.digest) for record in records if record.kind == "observed" and record.digest == WANTED
    ]
    assert sorted(observed) == [("a1", WANTED), ("a2", WANTED), ("m1", WANTED)]
    assert client.attached(tmp_path / "dcos") == ctx.spec.cluster_id
    toml = (tmp_path / "dcos" / "clusters" / ctx.spec.cluster_id / "dcos.toml").read_text()
    assert 'dcos_url = "https://198.18.1.1"' in toml and 'dcos_acs_token = "a-token"' in toml
    assert lock.shown(ctx.remote(ctx.spec.masters[0])) is None


def test_a_second_deploy_changes_nothing_and_reads_no_facts(tmp_path: Path) -> None:
    deployed(pretend(tmp_path, spec_of(tmp_path)))
    again = deployed(pretend(tmp_path, spec_of(tmp_path)))
    assert again.changes == 0
    assert again.engine.asked == []  # type: ignore[attr-defined]  # the pretended one has it
    assert texts(again, "change-started") == []
    assert [event.phase for event in again.said if event.kind == "phase-skipped"] == [
        "Let hosts finish",
        "Make secrets",
        "Upload the bundle",
        "Start coordination",
        "Change masters",
        "Change agents",
        "Set up the dcos command",
    ]


def test_a_run_after_one_that_was_cut_off_waits_for_the_hosts_at_work(tmp_path: Path) -> None:
    deployed(pretend(tmp_path, spec_of(tmp_path)))
    ctx = pretend(tmp_path, spec_of(tmp_path))
    with Journal(ctx.state.journal, "killed", ctx.wall) as cut:
        cut.begin("deploy")
        cut.intent("Change agents", "a1", "apply its new generation")
    deployed(ctx)
    assert "Let hosts finish" in [event.phase for event in ctx.said if event.kind == "phase-finished"]
    assert [command[-1] for command in ctx.commands("a1")] == [str(WAIT_SECONDS)]
    assert ctx.commands("a2") == []


def test_a_plan_changes_nothing_and_tells_what_deploy_would_do(tmp_path: Path) -> None:
    ctx = pretend(tmp_path, spec_of(tmp_path), dry_run=True)
    run_phases(ctx, phases_of(plan_phases()))
    assert ctx.machines_disk.all() == {}
    assert not (tmp_path / "dcos").exists() and not ctx.state.spec.exists() and not ctx.state.facts.exists()
    assert not ctx.state.secrets.exists()
    would = [text for text in texts(ctx, "would-change") if "dcos.toml" not in text]
    made = deployed(pretend(tmp_path, spec_of(tmp_path)))
    done = [text for text in texts(made, "change-finished") if "run an app" not in text and "dcos.toml" not in text]
    assert sorted(would) == sorted(done)


def test_a_plan_of_a_deployed_cluster_is_empty(tmp_path: Path) -> None:
    deployed(pretend(tmp_path, spec_of(tmp_path)))
    ctx = pretend(tmp_path, spec_of(tmp_path), dry_run=True)
    run_phases(ctx, phases_of(plan_phases()))
    assert ctx.changes == 0 and texts(ctx, "would-change") == []


def _killed(run: Callable[[], Any]) -> bool:
    """Runs in a child that may kill itself with SIGKILL; whether it did."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            run()
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def test_a_deploy_killed_at_any_step_is_resumed_by_the_next(tmp_path: Path) -> None:
    killed = 0
    for step in range(1, 100):
        folder = tmp_path / str(step)
        folder.mkdir()
        spec = spec_of(folder)
        if not _killed(lambda at=step, where=folder, what=spec: deployed(pretend(where, what, kill_at=at))):  # type: ignore[misc]  # mypy infers no lambda with a default
            break
        killed += 1
        assert cut_off(journal.read(pretend(folder, spec).state.journal))
        resumed = deployed(pretend(folder, spec))
        assert _all_deployed(resumed), f"killed at step {step}"
        assert deployed(pretend(folder, spec)).changes == 0
    # Three machines, each created, given its packages and its manifest: killed before and after each.
    assert killed == 3 * 3 * 2


def test_a_destroy_killed_at_any_step_is_finished_by_the_next(tmp_path: Path) -> None:
    def destroy(folder: Path, kill_at: int = 0) -> None:
        ctx = pretend(folder, spec_of(folder), kill_at=kill_at)
        with Journal(ctx.state.journal, "r", ctx.wall) as ctx.journal:
            run_phases(ctx, destroy_phases(purge=False))

    for step in range(1, 20):
        folder = tmp_path / str(step)
        folder.mkdir()
        deployed(pretend(folder, spec_of(folder)))
        if not _killed(lambda at=step, where=folder: destroy(where, at)):  # type: ignore[misc]  # mypy infers no lambda with a default
            break
        destroy(folder)
        assert list((folder / "machines").iterdir()) == []
    assert step == 7
    assert find_state(folder / "lab.ini", folder / "home") is None
    assert client.attached(folder / "dcos") is None


def test_a_full_disk_on_one_machine_harms_no_other_and_is_resumed_from(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, agents=3)
    ctx = pretend(tmp_path, spec)
    ctx.engine = PretendedEngine(ctx.machines_disk, failing={"a2": "a2: no space left on the device"})
    with pytest.raises(HostsFailed) as caught:
        deployed(ctx)
    assert set(caught.value.failures) == {"a2"}
    assert "cp: No space left on device" in caught.value.evidence
    machines = ctx.machines_disk.all()
    assert {name: machine["manifest"] for name, machine in machines.items()} == {
        "m1": WANTED,
        "a1": WANTED,
        "a2": "",
        "a3": WANTED,
    }
    resumed = deployed(pretend(tmp_path, spec))
    assert _all_deployed(resumed)
    assert not any(
        text.startswith(("a1: apply", "a3: apply", "m1: apply")) for text in texts(resumed, "change-started")
    )


def test_an_upload_that_fails_on_one_host_is_told_with_the_host(tmp_path: Path) -> None:
    ctx = pretend(tmp_path, spec_of(tmp_path))
    ctx.engine = PretendedEngine(ctx.machines_disk, failing={"a1": "upload: disk quota exceeded"})
    with pytest.raises(HostsFailed, match="did not reach every machine") as caught:
        deployed(ctx)
    assert "a1: upload: disk quota exceeded" in caught.value.evidence


def test_facts_that_changed_since_the_last_run_are_read_anew_and_checked(tmp_path: Path) -> None:
    deployed(pretend(tmp_path, spec_of(tmp_path)))
    ctx = pretend(tmp_path, spec_of(tmp_path))
    ctx.engine.facts = {"a1": {"container_runtime": ""}}  # type: ignore[attr-defined]  # the pretended one has it
    with pytest.raises(PreflightFailed) as caught:
        deployed(ctx)
    assert [host for host, _, _ in caught.value.problems] == ["a1"]
    assert ctx.engine.asked == ["a1"]  # type: ignore[attr-defined]  # the pretended one has it


def test_a_new_machine_that_is_not_what_was_promised_stops_the_run(tmp_path: Path) -> None:
    ctx = pretend(tmp_path, spec_of(tmp_path))
    ctx.engine.facts = {"m1": {"cgroups": "v2"}}  # type: ignore[attr-defined]  # the pretended one has it
    with pytest.raises(InstallerError, match="not the machine that its provider declared") as caught:
        deployed(ctx)
    assert caught.value.why == "cgroups: v2 instead of v1"


def test_a_machine_that_is_off_is_switched_on(tmp_path: Path) -> None:
    deployed(pretend(tmp_path, spec_of(tmp_path)))
    pretend(tmp_path, spec_of(tmp_path)).provider.power_off(["a1"])
    ctx = deployed(pretend(tmp_path, spec_of(tmp_path)))
    assert texts(ctx, "change-finished")[0] == "a1: start the machine"
    assert _all_deployed(ctx)


def test_a_plan_takes_no_deployed_machine_for_new_because_it_is_off(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, masters=3, agents=1)
    deployed(pretend(tmp_path, spec))
    pretend(tmp_path, spec).provider.power_off(["m3"])
    planned = pretend(tmp_path, spec, dry_run=True)
    run_phases(planned, phases_of(plan_phases()))
    assert texts(planned, "would-change") == ["m3: start the machine"]
    ctx = deployed(pretend(tmp_path, spec))
    assert texts(ctx, "change-finished") == ["m3: start the machine", ": run an app and remove it"]


@pytest.mark.parametrize("dry_run", [True, False], ids=["plan", "deploy"])
@pytest.mark.parametrize("gone", [["a1"], ["m1", "a1", "a2"]])
def test_machines_of_a_deployed_cluster_that_are_gone_are_told_with_what_is_lost(
    tmp_path: Path, gone: list[str], dry_run: bool
) -> None:
    first = deployed(pretend(tmp_path, spec_of(tmp_path)))
    assert first.lost == [] and not any("gone" in text for text in texts(first, "note"))
    for name in gone:
        first.machines_disk.remove(name)
    ctx = pretend(tmp_path, spec_of(tmp_path), dry_run=dry_run)
    run_phases(ctx, phases_of(plan_phases()) if dry_run else phases_of(deploy_phases()))
    (found,) = (text.removeprefix(": ") for text in texts(ctx, "note") if "of the deployed cluster" in text)
    assert found.startswith(f"{', '.join(gone)} of the deployed cluster {'is' if len(gone) == 1 else 'are'} gone")
    assert ("the cluster's state (apps, users, agents) is lost" in found) == ("m1" in gone)
    assert found in _outcome(ctx)
    if not dry_run:
        assert deployed(pretend(tmp_path, spec_of(tmp_path))).lost == []


def test_a_machine_gets_the_limits_it_is_declared_with_now(tmp_path: Path) -> None:
    deployed(pretend(tmp_path, spec_of(tmp_path)))
    spec = spec_of(tmp_path)
    spec = spec.model_copy(update={"hosts": (*spec.hosts[:2], spec.hosts[2].model_copy(update={"cpus": 2.0}))})
    planned = pretend(tmp_path, spec, dry_run=True)
    run_phases(planned, phases_of(plan_phases()))
    assert texts(planned, "would-change") == ["a2: change its limits: cpus from 1.0 to 2.0"]
    ctx = deployed(pretend(tmp_path, spec))
    assert texts(ctx, "change-finished")[0] == "a2: change its limits: cpus from 1.0 to 2.0"
    assert {name: machine["cpus"] for name, machine in ctx.machines_disk.all().items()} == {"m1": 1, "a1": 1, "a2": 2}
    assert deployed(pretend(tmp_path, spec)).changes == 0


def test_a_first_master_that_still_boots_is_waited_for(tmp_path: Path) -> None:
    deployed(pretend(tmp_path, spec_of(tmp_path)))
    ctx = pretend(tmp_path, spec_of(tmp_path))
    remote = ctx.remote(ctx.spec.masters[0])
    assert isinstance(remote, FolderRemote)
    remote.reachable = False
    started = ctx.provider.start

    def start(names: Collection[str], note: Note = silent) -> Results:
        assert names == ["m1"]
        remote.reachable = True
        return started(names)

    ctx.provider.start = start  # type: ignore[method-assign]  # a double takes its place
    deployed(ctx)
    assert texts(ctx, "note")[:-1] == ["m1: runs, and SSH does not answer yet: waiting for it"]


@pytest.mark.parametrize("garbage", [b"\x00\xff\xfe\n\n\x80\n", b"{}\n", b"\x89PNG"])
def test_a_damaged_journal_is_set_aside_and_nothing_else_is_lost(tmp_path: Path, garbage: bytes) -> None:
    deployed(pretend(tmp_path, spec_of(tmp_path)))
    ctx = pretend(tmp_path, spec_of(tmp_path))
    whole = ctx.state.journal.read_bytes()
    ctx.state.journal.write_bytes(garbage + whole)
    with Journal(ctx.state.journal, "killed", ctx.wall) as cut:
        cut.begin("deploy")
        cut.intent("Change agents", "a1", "apply its new generation")
    damaged = ctx.state.journal.read_bytes()
    assert deployed(ctx).changes == 0
    (aside,) = ctx.state.root.glob("journal.jsonl.damaged-*")
    assert aside.read_bytes() == damaged
    notes = texts(ctx, "note")
    assert "is damaged in line 1" in notes[0] and str(aside) in notes[0]
    assert notes[1].startswith("a1: the last run was interrupted")
    assert journal.read(ctx.state.journal)[0].kind == "run"


def test_a_second_operator_is_told_and_changes_nothing(tmp_path: Path) -> None:
    deployed(pretend(tmp_path, spec_of(tmp_path)))
    ctx = pretend(tmp_path, spec_of(tmp_path))
    other = lock.LockHolder("r9", "bob", "elsewhere", "id@elsewhere", 7, 0.0, ctx.spec.cluster_id, "deploy")
    lock.take(ctx.remote(ctx.spec.masters[0]), other)
    with pytest.raises(LockHeld, match="bob on elsewhere"):
        deployed(ctx)
    assert lock.shown(ctx.remote(ctx.spec.masters[0])) == other
    assert ctx.changes == 0


def test_a_run_that_does_not_get_the_lock_leaves_the_journal_alone(tmp_path: Path) -> None:
    ctx = pretend(tmp_path, spec_of(tmp_path))
    with Journal(ctx.state.journal, "first", ctx.wall) as first:
        first.begin("deploy")
        first.intent("Make machines", "a1", "create the machine")
        holder = lock.this_holder("first", ctx.spec.cluster_id, "deploy", ctx.state.lock, 0.0)
        with lock.hold_here(ctx.state.lock, holder), pytest.raises(LockHeld):
            deployed(ctx)
    assert [record.host for record in journal.under_way(journal.read(ctx.state.journal))] == ["a1"]


def test_a_failed_run_gives_the_lock_back(tmp_path: Path) -> None:
    ctx = pretend(tmp_path, spec_of(tmp_path))
    ctx.engine = PretendedEngine(ctx.machines_disk, failing={"a1": "broken"})
    with pytest.raises(HostsFailed):
        deployed(ctx)
    assert lock.shown(ctx.remote(ctx.spec.masters[0])) is None


def test_ruins_are_cleared_though_the_first_master_does_not_answer(tmp_path: Path) -> None:
    deployed(pretend(tmp_path, spec_of(tmp_path)))
    ctx = pretend(tmp_path, spec_of(tmp_path))
    remote = ctx.remote(ctx.spec.masters[0])
    assert isinstance(remote, FolderRemote)
    remote.reachable = False
    with Journal(ctx.state.journal, "r", ctx.wall) as ctx.journal:
        run_phases(ctx, destroy_phases(purge=False))
    assert ctx.machines_disk.all() == {}


def test_new_masters_are_converged_together_and_running_ones_one_at_a_time(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, masters=3, agents=1)
    first = deployed(pretend(tmp_path, spec))
    # Where nothing runs yet, the agents start with them.
    assert first.engine.together == [["m1", "m2", "m3", "a1"]]  # type: ignore[attr-defined]  # the pretended one has it
    for name in ("m1", "m3"):
        first.machines_disk.write(name, manifest="older")
    second = pretend(tmp_path, spec)
    stands = "Zookeeper version: 3.8\nMode: follower\n"
    second.ask = lambda url, **rest: (
        stands if url.endswith("/srvr") else None if url.endswith("/health") else first.ask(url, **rest)
    )
    deployed(second)
    assert second.engine.together == [["m1"], ["m3"]]  # type: ignore[attr-defined]  # the pretended one has it


def test_a_master_is_not_changed_while_the_quorum_hangs_on_it(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, masters=3, agents=1)
    ctx = deployed(pretend(tmp_path, spec))
    hold_quorum(ctx, spec.host("m1"))
    ctx.provider.power_off(["m3"])
    with pytest.raises(QuorumAtRisk, match="only 1 of the other masters are well, and 2 must be") as caught:
        hold_quorum(ctx, spec.host("m1"))
    assert "m3" in caught.value.evidence


def test_a_master_is_changed_once_the_one_before_is_back_in_the_quorum(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, masters=3, agents=1)
    ctx = deployed(pretend(tmp_path, spec))
    ctx.ask.joining = {"m1"}  # type: ignore[attr-defined]  # the pretended one has it
    slept = ctx.sleep

    def join(seconds: float) -> None:
        slept(seconds)
        if ctx.monotonic() > 3:
            ctx.ask.joining = set()  # type: ignore[attr-defined]  # the pretended one has it

    ctx.sleep = join
    hold_quorum(ctx, spec.host("m2"))
    assert 3 < ctx.monotonic() < 10
    ctx.ask.joining = {"m1"}  # type: ignore[attr-defined]  # the pretended one has it
    ctx.sleep = slept
    with pytest.raises(QuorumAtRisk) as caught:
        hold_quorum(ctx, spec.host("m2"))
    said = "This ZooKeeper instance is not currently serving requests"
    assert caught.value.evidence == f"m1: its ZooKeeper does not serve: {said}"


def test_hosts_with_the_same_changes_are_told_together(tmp_path: Path) -> None:
    ctx = pretend(tmp_path, spec_of(tmp_path, agents=20), dry_run=True)
    run_phases(ctx, phases_of(plan_phases()))
    assert ": a1, a2, a3, a4, a5, a6, a7, a8 and 12 more: files: 3 new; start dcos-agent.service" in texts(ctx, "note")
    assert len(texts(ctx, "plan")) == 21


def test_batches_hold_every_agent_once_and_new_ones_come_first(tmp_path: Path) -> None:
    hosts = spec_of(tmp_path, agents=47).agents
    assert [len(batch) for batch in batches(hosts[:3], hosts[3:])] == [3, 5, 5, 5, 5, 5, 5, 5, 5, 4]
    assert batches([], hosts[:2]) == [[hosts[0]], [hosts[1]]]
    assert batches([], []) == []
    assert [host for batch in batches(hosts[:9], hosts[9:]) for host in batch] == list(hosts)


def test_preflight_tells_every_problem_of_every_host_at_once(tmp_path: Path) -> None:
    spec = spec_of(tmp_path)
    bare = facts_of(spec.host("a1"), python="", pythons=("python3.9",), disk_free_mb=10, addresses=("198.18.9.9",))
    assert [what for what, _ in host_problems(spec.host("a1"), bare)] == [
        "there is no Python 3.11 or newer in /usr/bin; it has python3.9",
        "10 MiB are free for /opt/dcos",
        "it does not have the address 198.18.2.1 (it has 198.18.9.9)",
    ]
    odd = facts_of(
        spec.host("a1"), arch="riscv64", libc="musl-1.2", init="runit", container_runtime="", cpus=0.5, mem_mb=100
    )
    assert len(list(host_problems(spec.host("a1"), odd))) == 6
    assert list(host_problems(spec.host("a1"), facts_of(spec.host("a1")))) == []


def test_preflight_counts_only_what_a_machine_promises_before_it_is_made(tmp_path: Path) -> None:
    host = spec_of(tmp_path).host("a1")
    assert list(host_problems(host, facts_of(host, disk_free_mb=0, addresses=()), real=False)) == []


def test_a_full_disk_is_no_problem_of_preflight_once_there_is_a_generation(tmp_path: Path) -> None:
    host = spec_of(tmp_path).host("a1")
    assert list(host_problems(host, facts_of(host, disk_free_mb=0, generation=3))) == []


def test_two_hosts_with_one_machine_id_are_told(tmp_path: Path) -> None:
    spec = spec_of(tmp_path)
    facts = {host.name: facts_of(host, machine_id="same" if host.name != "m1" else "other") for host in spec.hosts}
    ((host, what, _),) = cluster_problems(spec, facts)
    assert (host, "machine id of a1" in what) == ("a2", True)


def test_a_deadline_shows_the_last_answer_and_the_evidence(tmp_path: Path) -> None:
    ctx = pretend(tmp_path, spec_of(tmp_path))
    ticks = iter(range(100))
    ctx.monotonic = lambda: float(next(ticks))

    def probe() -> None:
        raise NotWell("GET /health was answered with 503", evidence="not elected")

    with pytest.raises(DeadlinePassed) as caught:
        wait_until(ctx, "a master leads", probe, seconds=5, evidence=lambda: "zookeeper: no quorum")
    assert caught.value.what == "a master leads: not within 5 s"
    assert caught.value.why == "GET /health was answered with 503"
    assert caught.value.evidence == "not elected\nzookeeper: no quorum"


def test_a_change_that_fails_is_journaled_and_names_its_step(tmp_path: Path) -> None:
    ctx = pretend(tmp_path, spec_of(tmp_path))

    def fail() -> None:
        raise InstallerError("no room", hint="make room")

    with Journal(ctx.state.journal, "r", ctx.wall) as ctx.journal, pytest.raises(StepFailed) as caught:
        ctx.phase = "Make machines"
        ctx.change("a1", "create the machine", fail)
    assert caught.value.what == "a1: create the machine: no room"
    assert (caught.value.hint, caught.value.phase, caught.value.host) == ("make room", "Make machines", "a1")
    assert [record.kind for record in journal.read(ctx.state.journal)] == ["intent", "failed"]


def test_a_dry_run_calls_nothing(tmp_path: Path) -> None:
    ctx = pretend(tmp_path, spec_of(tmp_path), dry_run=True)
    assert ctx.change("a1", "create the machine", lambda: pytest.fail("it was done")) is None
    assert texts(ctx, "would-change") == ["a1: create the machine"]


def test_every_phase_tidies_up_last_first_and_a_broken_one_hides_nothing(tmp_path: Path) -> None:
    said: list[str] = []

    class Noisy:
        def __init__(self, title: str) -> None:
            self.title = title

        def run(self, ctx: Context) -> None:
            said.append(f"run {self.title}")
            if self.title == "c":
                raise InstallerError("c failed")

        def clean_up(self, ctx: Context) -> None:
            said.append(f"clean {self.title}")
            raise RuntimeError("cannot")

    ctx = pretend(tmp_path, spec_of(tmp_path))
    with pytest.raises(InstallerError, match="c failed"):
        run_phases(ctx, [Noisy(title) for title in "abcd"])
    assert said == ["run a", "run b", "run c", "clean c", "clean b", "clean a"]
    assert len(texts(ctx, "note")) == 3


def test_postflight_tells_everything_that_a_host_does_not_show(tmp_path: Path) -> None:
    class Thing:
        def __init__(self, **shown: Any) -> None:
            self.__dict__.update(shown)

    class Machine:
        def service(self, unit: str) -> Thing:
            return Thing(is_running=unit != "dcos-agent.service", is_enabled=unit != "dcos-firewall.service")

        def file(self, path: str) -> Thing:
            return Thing(is_symlink=False, mode=0o777 if path == "/opt/dcos" else 0o755)

        def socket(self, name: str) -> Thing:
            return Thing(is_listening=False)

    spec = spec_of(tmp_path)
    units = ("dcos-agent.service", "dcos-firewall.service")
    assert postflight_problems(Machine(), spec.host("a1"), installed(), units) == [
        "dcos-agent.service does not run",
        "dcos-firewall.service would not start at the next boot",
        "/opt/dcos/active leads to no generation",
        "nothing listens on 198.18.2.1:5051",
        "nothing listens on 198.18.2.1:5052",
        "/opt/dcos may be written by others than root",
    ]
    problems = postflight_problems(Machine(), spec.host("m1"), installed(), ())
    silent = {port.number for service in installed().on(spec.host("m1")) for port in service.ports.values()}
    assert silent - {number for number in silent if any(line.endswith(f":{number}") for line in problems)} == {
        2888  # of all masters the one whose ZooKeeper leads listens there
    }
