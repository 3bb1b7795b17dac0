"""The command line: what it prints, where, and how it exits. Nothing here needs root, SSH or a machine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from dcos_installer import secrets
from dcos_installer.cli import _tell_administrator, cli
from dcos_installer.commands import Job
from dcos_installer.data import inventories_dir
from dcos_installer.errors import InstallerError
from dcos_installer.state import ClusterState
from tests.support.installer.folder_hosts import a_spec

PROGRAM = Path(sys.executable).parent / "dcos-installer"
LOCAL = inventories_dir() / "local.ini"


def _run(home: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "XDG_STATE_HOME": str(home / "state")}
    return subprocess.run(
        [PROGRAM, *arguments], capture_output=True, text=True, env=environment, stdin=subprocess.DEVNULL, timeout=240
    )


def test_a_valid_inventory_is_said_to_be_valid_and_nothing_is_written(tmp_path: Path) -> None:
    done = _run(tmp_path, "validate", LOCAL)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{LOCAL} is valid: cluster local, 1 master, 3 agents, provider nspawn\n"
    assert list(tmp_path.iterdir()) == []


def test_a_broken_inventory_is_told_on_stderr_with_every_line_and_leaves_no_state(tmp_path: Path) -> None:
    broken = tmp_path / "broken.ini"
    broken.write_text("[masters]\nm1 dcos_cpus=0\n[agents]\na1 ansible_host=198.18.0.21 dcos_mem=lots\n")
    for command in ("validate", "plan", "deploy"):
        done = _run(tmp_path, command, broken)
        assert (done.returncode, done.stdout) == (1, "")
        assert f"{broken}:2: dcos_cpus=0 is not valid" in done.stderr
        assert f"{broken}:4: dcos_mem=lots is not valid" in done.stderr
        assert "Traceback" not in done.stderr
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("command", ["status", "unlock", "start", "reboot"])
def test_commands_on_a_cluster_that_was_never_deployed_say_so(tmp_path: Path, command: str) -> None:
    done = _run(tmp_path, command, LOCAL)
    assert done.returncode == 1
    assert "has deployed nothing from" in done.stderr
    assert "what to do: deploy it first: dcos-installer deploy" in done.stderr


def test_destroying_what_was_never_deployed_is_no_failure(tmp_path: Path) -> None:
    done = _run(tmp_path, "destroy", "--yes", LOCAL)
    assert (done.returncode, done.stdout) == (0, "nothing to destroy\n")


def test_a_wrong_command_line_is_told_with_usage(tmp_path: Path) -> None:
    done = _run(tmp_path, "deploy")
    assert done.returncode == 2
    assert "Missing argument 'INVENTORY'" in done.stderr


def test_every_command_is_documented() -> None:
    from dcos_installer.cli import cli

    document = (inventories_dir().parent / "docs" / "installer.md").read_text()
    assert [name for name in cli.commands if f"`{name}" not in document] == []


def test_validating_imports_nothing_heavy() -> None:
    code = (
        "import sys; from dcos_installer.cli import cli; cli(['validate', sys.argv[1]], standalone_mode=False); "
        "print([name for name in ('ansible', 'ansible_runner', 'rich', 'jinja2', 'testinfra', 'aiohttp') "
        "if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, LOCAL], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_administrators_password_is_shown_once_on_the_terminal_and_never_as_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = a_spec()
    for as_json in (False, True):
        job = Job("deploy", spec, ClusterState(tmp_path / str(as_json)), lambda event: None)
        who = secrets.make(job.state, spec).administrator
        assert who is not None
        _tell_administrator(replace(job, dry_run=True), as_json)
        assert capsys.readouterr().out == ""
        _tell_administrator(job, as_json)
        said = capsys.readouterr().out
        assert (who.password in said) is not as_json
        assert as_json or str(job.state.secrets / "administrator.json") in said
        _tell_administrator(job, as_json)
        assert capsys.readouterr().out == ""


def test_help_and_a_refusal_do_not_load_what_only_commands_on_hosts_need() -> None:
    code = (
        "import sys; from dcos_installer.cli import cli; cli(['exec', '--help'], standalone_mode=False); "
        "sys.exit(bool({'ansible', 'fabric', 'paramiko', 'invoke', 'pydantic'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


def test_one_module_alone_knows_fabric_and_paramiko() -> None:
    home = inventories_dir().parent / "installer" / "dcos_installer"
    knows = re.compile(r"^\s*(?:import|from) (?:fabric|paramiko|invoke)\b", re.MULTILINE)
    found = {path.relative_to(home).as_posix() for path in home.rglob("*.py") if knows.search(path.read_text())}
    assert found == {"hosts/connection.py"}


def test_an_upgrade_that_is_resumed_takes_all_that_it_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, ...]] = []

    def opened(inventory: Path, sink: object, arguments: tuple[str, ...]) -> Job:
        told.append(arguments)
        raise InstallerError("not today", why="it is a test", hint="none")

    monkeypatch.setattr("dcos_installer.commands.open_upgrade", opened)
    for more in ([], ["--seconds", "90"]):
        words = ["a1", "--image", "vm", "--definitions", str(LOCAL.parent), *more]
        done = CliRunner().invoke(cli, ["upgrade", str(LOCAL), *words])
        assert done.exit_code == 1 and "not today" in done.stderr
        assert told[-1] == tuple(words)
