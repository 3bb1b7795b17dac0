"""The command in odd surroundings: it works there as anywhere, or says at once what it cannot use and what to do."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dcos_installer.client import dcos_dir
from dcos_installer.data import inventories_dir
from dcos_installer.errors import StateError
from dcos_installer.state import open_state, state_home
from dcos_installer.surroundings import home, plain

PROGRAM = Path(sys.executable).parent / "dcos-installer"
LOCAL = inventories_dir() / "local.ini"
NOBODY_ANSWERS = """\
[masters]
m1 ansible_host=127.0.0.1 ansible_port=1 dcos_address=198.18.0.11
[agents]
a1 ansible_host=127.0.0.1 ansible_port=2 dcos_address=198.18.0.12
[all:vars]
dcos_provider=static
dcos_operator_networks=198.18.0.1
"""
ODD = 'it\'s a "lab" für 50%'
STRANGER = 61234
"""A user whom the password database does not know."""


def run(*arguments: str | Path, closed: tuple[int, ...] = (), **more: Any) -> subprocess.CompletedProcess[str]:
    """The command with nothing in its environment but what is given."""
    env = {"PATH": os.environ["PATH"], **more.pop("env", {})}
    closing = "".join(f" {number}{'<' if number == 0 else '>'}&-" for number in closed)
    shell = ["/bin/sh", "-c", f'umask "$1"; shift; exec "$@"{closing}', "-", more.pop("umask", "022")]
    return subprocess.run(
        [*shell, str(PROGRAM), *map(str, arguments)], capture_output=True, text=True, env=env, timeout=120, **more
    )


def _written(folder: Path) -> Path:
    path = folder / "nobody.ini"
    path.write_text(NOBODY_ANSWERS)
    return path


@pytest.mark.parametrize(
    "environment",
    [
        {"LC_ALL": "C"},
        {"LC_ALL": "no_SUCH.locale", "LANG": "POSIX"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "ascii:strict"},
        {"TERM": "dumb", "PYTHONSAFEPATH": "1", "PYTHONPATH": "/nonexistent"},
        {"HOME": "/nonexistent", "ANSIBLE_STRATEGY": "none", "ANSIBLE_STDOUT_CALLBACK": "none"},
    ],
)
def test_an_inventory_in_an_odd_folder_is_read_whatever_the_locale_and_the_environment(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    folder = tmp_path / ODD
    folder.mkdir()
    path = folder / "größe.ini"
    path.write_text(LOCAL.read_text() + "# größe ✓\n", encoding="utf-8")
    done = run("validate", path, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert "is valid: cluster local" in done.stdout


@pytest.mark.parametrize("closed", [(0,), (1,), (0, 1, 2)])
def test_closed_streams_change_nothing(tmp_path: Path, closed: tuple[int, ...]) -> None:
    done = run("validate", LOCAL, closed=closed)
    assert (done.returncode, done.stderr) == (0, "")
    failed = run("status", LOCAL, closed=closed, env={"XDG_STATE_HOME": str(tmp_path)})
    assert failed.returncode == 1 and "Traceback" not in failed.stderr


def test_a_reader_that_goes_away_is_no_failure_of_a_run(tmp_path: Path) -> None:
    """``plan | head -1``: the plan of hosts that do not answer fails for that reason, not for the reader's."""
    inventory = _written(tmp_path)
    with subprocess.Popen(
        [PROGRAM, "plan", inventory],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
    ) as process:
        assert process.stdout and process.stderr
        process.stdout.close()
        said = process.stderr.read()
    assert process.returncode == 1
    assert "cannot be reached by SSH" in said or "could not be asked" in said
    assert "BrokenPipeError" not in said and "Traceback" not in said


def test_in_a_folder_that_was_removed_a_relative_inventory_is_refused_and_an_absolute_one_read(tmp_path: Path) -> None:
    gone = tmp_path / "gone"

    def here() -> None:
        gone.mkdir(exist_ok=True)
        os.chdir(gone)
        gone.rmdir()

    done = run("validate", LOCAL, preexec_fn=here)
    assert done.returncode == 0, done.stderr
    refused = run("validate", "local.ini", preexec_fn=here)
    assert refused.returncode == 2
    assert "the current folder was removed: give the inventory as an absolute path" in refused.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody unknown")
def test_a_user_without_an_entry_and_without_a_home_is_told_what_to_set() -> None:
    for command in ("--help", "validate"):
        done = run(command, *([LOCAL] if command == "validate" else []), user=STRANGER)
        assert done.returncode == 0, done.stderr
    for command in ("plan", "status"):
        done = run(command, LOCAL, user=STRANGER)
        assert done.returncode == 1
        assert "this user has no home folder" in done.stderr and "set HOME, or XDG_STATE_HOME" in done.stderr
        assert "Traceback" not in done.stderr


def test_without_a_home_every_place_says_which_variable_would_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(self: Path) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "expanduser", unknown)
    for place, variable in ((state_home, "XDG_STATE_HOME"), (dcos_dir, "DCOS_DIR")):
        with pytest.raises(StateError) as caught:
            place({})
        assert f"or {variable} to" in caught.value.hint
    assert home({"HOME": "/h"}, "X") == Path("/h")


@pytest.mark.parametrize("name", ["$HOME", "a{{b}}", "{% raw %}", "a\nb", "a\x1bb", "a\udcffb"])
def test_folders_that_ansible_or_ssh_would_take_for_others_are_refused_before_anything_is_made(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(StateError, match="XDG_STATE_HOME"):
        state_home({"XDG_STATE_HOME": str(tmp_path / name)})
    assert plain(tmp_path / ODD, "test") == tmp_path / ODD
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("umask", ["000", "077"])
def test_whatever_the_umask_the_operators_state_is_his_alone(tmp_path: Path, umask: str) -> None:
    state = tmp_path / ODD
    inventory = _written(tmp_path)
    done = run("plan", inventory, umask=umask, env={"HOME": str(tmp_path), "XDG_STATE_HOME": str(state)})
    assert done.returncode == 1 and "Traceback" not in done.stderr
    found = open_state(inventory, state / "dcos")
    assert list(found.logs.iterdir())
    for path in (state / "dcos").rglob("*"):
        assert not stat.S_IMODE(path.lstat().st_mode) & 0o077, path


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"HOME": "/dev/null"}, "HOME"),
        ({"XDG_STATE_HOME": "/dev/null"}, "XDG_STATE_HOME"),
        ({"XDG_CACHE_HOME": "/dev/null/x"}, "XDG_CACHE_HOME"),
        ({"XDG_CACHE_HOME": '/tmp/a "b"'}, "XDG_CACHE_HOME"),
    ],
)
def test_a_place_that_cannot_hold_what_is_kept_there_is_refused_by_plan_with_its_variable(
    tmp_path: Path, variables: dict[str, str], named: str
) -> None:
    done = run("plan", LOCAL, env={"HOME": str(tmp_path), **variables})
    assert done.returncode == 1 and f"set {named} to a folder" in done.stderr, done.stderr
    assert list(tmp_path.iterdir()) == []
