"""`repair`: a ZooKeeper gets its files back, or is emptied; what is refused for good is not told how to resume."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from dcos_installer import cli, commands
from dcos_installer.errors import InstallerError
from dcos_installer.phases import repair_zookeeper
from dcos_installer.phases.checks.zookeeper_data import _LOOK, Fault, judged
from dcos_installer.phases.kit.base import HostsFailed, StepFailed
from dcos_installer.phases.kit.evidence import _UNIT_LOGS, with_unit_logs
from dcos_installer.phases.manager import run_phases
from dcos_installer.phases.repair_zookeeper import NotRepaired, RepairZooKeeper
from dcos_installer.state import ClusterState
from tests.support.installer.cheap_roots import cheap_roots
from tests.support.installer.folder_hosts import a_spec
from tests.support.installer.pretended import Daemons, PretendedContext, deployed, pretend, spec_of

pytestmark = pytest.mark.usefixtures(cheap_roots.__name__)

INSTALLER = Path(commands.__file__).parent
CLOSED = Fault("/var/lib/dcos/zookeeper/version-2/log.1 belongs to root, with mode 600", closed=True)
DAMAGED = Fault("java.io.IOException: Unreasonable length = 117")


class Member:
    """The ZooKeeper of one master: what is wrong with it until something is done about it."""

    def __init__(self, ctx: PretendedContext, name: str, faults: list[Fault | None]) -> None:
        assert isinstance(ctx.ask, Daemons)
        self.daemons, self.name, self.faults = ctx.ask, name, faults
        self.daemons.silent = {name}
        self.done: list[str] = []
        self.silent_after: set[str] = set()
        """Who is silent once something was done about it."""

    def fault(self, *_: object) -> Fault | None:
        return self.faults[0]

    def repaired(self, what: str) -> str:
        self.done.append(what)
        self.faults.pop(0)
        if self.faults[0] is None:
            self.daemons.silent = self.silent_after
        return "@1"


def repairing(monkeypatch: pytest.MonkeyPatch, ctx: PretendedContext, name: str, faults: list[Fault | None]) -> Member:
    member = Member(ctx, name, faults)
    monkeypatch.setattr(repair_zookeeper, "fault", member.fault)
    monkeypatch.setattr(repair_zookeeper, "give_back", lambda *_: member.repaired("give back"))
    monkeypatch.setattr(repair_zookeeper, "put_aside", lambda *_: member.repaired("put aside"))
    return member


def cluster(tmp_path: Path, masters: int) -> PretendedContext:
    return deployed(pretend(tmp_path, spec_of(tmp_path, masters=masters)))


@pytest.mark.parametrize("masters", [1, 3])
def test_files_that_are_not_its_users_are_given_back_and_nothing_is_emptied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, masters: int
) -> None:
    ctx = cluster(tmp_path, masters)
    member = repairing(monkeypatch, ctx, "m1", [CLOSED, None])
    run_phases(ctx, [RepairZooKeeper("m1")])
    assert member.done == ["give back"]
    assert any(
        "its ZooKeeper serves (follower); its files belong to its user again" in event.text for event in ctx.said
    )


def test_one_that_was_only_stopped_is_started_and_not_emptied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ctx = cluster(tmp_path, 3)
    member = repairing(monkeypatch, ctx, "m3", [None, None])
    run_phases(ctx, [RepairZooKeeper("m3")])
    assert member.done == ["give back"]


def test_one_that_complains_once_it_is_started_is_emptied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ctx = cluster(tmp_path, 3)
    member = repairing(monkeypatch, ctx, "m3", [None, DAMAGED, None])
    run_phases(ctx, [RepairZooKeeper("m3")])
    assert member.done == ["give back", "put aside"]


def test_files_are_given_back_without_a_majority_too_and_the_others_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a `chown` on every master: each is mended by itself, and they serve once two were."""
    ctx = cluster(tmp_path, 3)
    member = repairing(monkeypatch, ctx, "m1", [CLOSED, None])
    member.daemons.joining = {"m1", "m2"}
    member.daemons.silent = {"m1", "m2", "m3"}
    member.silent_after = {"m2", "m3"}
    run_phases(ctx, [RepairZooKeeper("m1")])
    assert member.done == ["give back"]
    assert any("runs, and waits for the others" in event.text and "m3 (" in event.text for event in ctx.said)


def test_one_that_is_damaged_besides_is_emptied_where_others_serve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ctx = cluster(tmp_path, 3)
    member = repairing(monkeypatch, ctx, "m2", [CLOSED, DAMAGED, None])
    run_phases(ctx, [RepairZooKeeper("m2")])
    assert member.done == ["give back", "put aside"]


def test_one_that_still_may_not_use_its_files_is_not_emptied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ctx = cluster(tmp_path, 3)
    member = repairing(monkeypatch, ctx, "m2", [CLOSED, CLOSED])
    with pytest.raises(NotRepaired, match="may still not use its own files") as refused:
        run_phases(ctx, [RepairZooKeeper("m2")])
    assert member.done == ["give back"] and not refused.value.final


@pytest.mark.parametrize(
    ("masters", "host", "silent", "final"),
    [(1, "m1", {"m1"}, True), (3, "a1", set(), True), (3, "m1", {"m1", "m2"}, False)],
)
def test_what_no_repetition_can_do_is_refused_for_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, masters: int, host: str, silent: set[str], final: bool
) -> None:
    ctx = cluster(tmp_path, masters)
    member = repairing(monkeypatch, ctx, host, [DAMAGED])
    member.daemons.silent = silent
    with pytest.raises(NotRepaired) as refused:
        run_phases(ctx, [RepairZooKeeper(host)])
    assert refused.value.final is final and refused.value.hint
    assert member.done == []


# --- what the look at a machine tells ---


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        ("said:\n", None),
        (
            "closed root 600 /z/version-2/log.1\nsaid:\n",
            Fault("/z/version-2/log.1 belongs to root, with mode 600", True),
        ),
        ("find: '/z/version-2': Permission denied\nsaid:\n", Fault("'/z/version-2': Permission denied", True)),
        (
            "said:\nzookeeper prepare: /z/conf: Permission denied\n",
            Fault("/z/conf: Permission denied", True),
        ),
        (
            "said:\nzookeeper prepare: /z/myid could not be written: Permission denied; what was there is untouched\n",
            Fault("/z/myid could not be written: Permission denied", True),
        ),
        ("said:\nzookeeper prepare: /z/conf: Not a directory\n", Fault("/z/conf: Not a directory")),
        (
            "said:\nexiting abnormally\njava.io.FileNotFoundException: /z/version-2/snapshot.0 (Permission denied)\n",
            Fault("java.io.FileNotFoundException: /z/version-2/snapshot.0 (Permission denied)", True),
        ),
        (
            "closed root 600 /z/version-2/log.1\nsaid:\nexiting abnormally\njava.io.IOException: Unreasonable length\n",
            Fault(
                "/z/version-2/log.1 belongs to root, with mode 600; it complains:"
                " java.io.IOException: Unreasonable length",
                True,
            ),
        ),
        (
            "said:\nexiting abnormally\njava.io.IOException: Unreasonable length\n",
            Fault("java.io.IOException: Unreasonable length"),
        ),
    ],
)
def test_files_that_may_not_be_used_are_told_from_damaged_ones(seen: str, told: Fault | None) -> None:
    assert judged(seen) == told
    if told is not None:
        assert ("damaged (" in told.text) is not told.closed


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can look as somebody else")
def test_the_look_finds_what_another_user_may_not_use_and_nothing_else() -> None:
    with tempfile.TemporaryDirectory() as folder:  # others may not pass through pytest's own
        _looked(Path(os.path.realpath(folder)))


def _looked(tmp_path: Path) -> None:
    tmp_path.chmod(0o711)
    (tmp_path / "journalctl").write_text("#!/bin/sh\necho nothing\n")
    (tmp_path / "journalctl").chmod(0o755)
    home = tmp_path / "zookeeper"
    (home / "version-2").mkdir(parents=True)
    (home / "damaged").mkdir(mode=0o700)
    (home / "version-2/log.1").write_text("x")
    (home / "version-2/lost").symlink_to("nowhere")
    (home / "notes").write_text("not ZooKeeper's")

    def look(user: str = "nobody") -> Fault | None:
        script = ["/bin/sh", "-eus", "--", str(home), user, "a.service", "-5min"]
        path = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
        done = subprocess.run(script, input=_LOOK, env=path, capture_output=True, text=True, timeout=240)
        assert done.returncode == 0, done.stderr
        return judged(done.stdout)

    def own(path: Path, uid: int, mode: int) -> None:
        os.chown(path, uid, uid)
        path.chmod(mode)

    nobody = 65534
    for path, mode in ((home, 0o750), (home / "version-2", 0o700), (home / "version-2/log.1", 0o600)):
        own(path, nobody, mode)
    assert look() is None
    assert look("nobody-at-all-of-that-name") is None
    for path, uid, mode in (
        (home / "version-2/log.1", 0, 0o600),
        (home / "version-2/log.1", nobody, 0o200),
        (home / "version-2", 0, 0o755),
        (home / "version-2", nobody, 0o600),
        (home, 0, 0o700),
    ):
        before = path.stat()
        own(path, uid, mode)
        found = look()
        assert found is not None and found.closed and str(path) in found.why, (path, uid, mode, found)
        own(path, before.st_uid, before.st_mode & 0o777)
    assert look() is None


# --- how to resume ---


@pytest.mark.parametrize("final", [True, False])
@pytest.mark.parametrize("verb", ["deploy", "destroy", "repair"])
def test_a_command_that_fails_for_good_is_not_told_how_to_resume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str, final: bool
) -> None:
    def job(*_: object, **__: object) -> commands.Job:
        return commands.Job(verb, a_spec(), ClusterState(tmp_path), lambda event: None)

    def fails(*_: object) -> None:
        raise StepFailed("a phase", "m1", "a step", InstallerError("it failed", hint="a hint", final=final))

    monkeypatch.setattr(cli, "_job", job)
    for opening in ("open_destroy", "open_repair"):
        monkeypatch.setattr(commands, opening, job)
    monkeypatch.setattr(commands, "run", fails)
    arguments = {"deploy": [], "destroy": ["--yes"], "repair": ["m1"]}[verb]
    done = CliRunner().invoke(cli.cli, [verb, "an.ini", *arguments])
    assert done.exit_code == 1 and "full log: " in done.output and "what to do: a hint" in done.output
    assert (f"to resume: dcos-installer {verb}" in done.output) is not final


def test_several_that_fail_are_final_only_together() -> None:
    final, other = InstallerError("a", final=True), InstallerError("b")
    assert HostsFailed("all", {"m1": final}).final
    assert not HostsFailed("all", {"m1": final, "m2": other}).final
    assert not HostsFailed("all", {"m1": final, "m2": OSError()}).final


def test_every_fault_of_our_own_is_final() -> None:
    """An error that can only be reported is none that a repetition mends."""
    found = 0
    for path in INSTALLER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            words: dict[str | None, Any] = {word.arg: word.value for word in node.keywords}
            hint = words.get("hint")
            if isinstance(hint, ast.Constant) and str(hint.value).startswith("report this"):
                found += 1
                assert "final" in words, f"{path}:{node.lineno}"
    assert found > 3


# --- evidence ---


def unit_logs(tmp_path: Path, *arguments: str) -> str:
    tools = tmp_path / "tools"
    tools.mkdir(exist_ok=True)
    for name, text in {
        "systemctl": 'case $1 in list-units) echo "dcos-a.service loaded active running A"; echo "dcos-b.service loaded'
        ' failed failed B"; echo "dcos-c.service loaded activating auto-restart C";; *) echo failed;; esac',
        "journalctl": 'for word in "$@"; do case $word in --unit=*) echo "last of ${word#*=}";; esac; done',
    }.items():
        (tools / name).write_text(f"#!/bin/sh\n{text}\n")
        (tools / name).chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", "-eus", "--", *arguments],
        input=_UNIT_LOGS,
        env={"PATH": f"{tools}:{os.environ['PATH']}"},
        text=True,
        capture_output=True,
        timeout=240,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize(
    ("also", "but", "told"),
    [
        ("", "", ["b", "c"]),
        ("dcos-b.service", "", ["b", "c"]),
        ("dcos-a.service dcos-b.service", "", ["a", "b", "c"]),
        ("", "dcos-b.service", ["c"]),
        ("dcos-a.service", "dcos-b.service dcos-c.service", ["a"]),
    ],
)
def test_the_lines_of_each_unit_are_told_once(tmp_path: Path, also: str, but: str, told: list[str]) -> None:
    said = unit_logs(tmp_path, also, but)
    assert [line.strip() for line in said.splitlines() if line.startswith("    ")] == [
        f"last of dcos-{name}.service" for name in told
    ]


def test_a_failure_that_holds_its_units_lines_gets_those_of_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ctx = cluster(tmp_path, 1)
    asked: list[list[str]] = []

    def script(_: object, text: str, arguments: list[str], **__: object) -> subprocess.CompletedProcess[str]:
        asked.append(arguments)
        return subprocess.CompletedProcess([], 0, stdout="dcos-b.service is failed\n    last of b\n")

    host = ctx.spec.host("m1")
    monkeypatch.setattr(type(ctx.remote(host)), "script", script)
    error = InstallerError("dcos-a.service failed", evidence="last of a", final=True)
    error.logs_of = "dcos-a.service"
    told = with_unit_logs(ctx, host, error)
    assert asked == [["", "dcos-a.service"]]
    assert isinstance(told, InstallerError) and told.final
    assert told.evidence.splitlines() == ["last of a", "dcos-b.service is failed", "    last of b"]


def test_the_unit_that_failed_travels_with_its_error() -> None:
    code = (
        "from dcos_installer.ansible.host.systemd import UnitFailed\n"
        "from dcos_installer.ansible.host.apply import RolledBack\n"
        "from dcos_installer.ansible.runner import _result\n"
        "told = RolledBack(UnitFailed('a.service', 'it failed', '', 'its lines'), 3, '').fields()\n"
        "assert _result('m1', {'error': told}, None).logs_of == 'a.service'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=240)
