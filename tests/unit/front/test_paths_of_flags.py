"""Every path that a daemon is told is text that can be shown: its state, its messages and the API hold it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dcos_runtime.flags import Flag, FlagError, parse
from dcos_runtime.flags.cosmos import STORE
from dcos_runtime.flags.values import CGROUP, FILE, FOLDER, FOLDERS, PATH
from tests.support.documented import DAEMONS

KINDS = (CGROUP, FILE, FOLDER, FOLDERS, PATH, STORE)
FLAGS = [(program, flag) for program, daemon in DAEMONS.items() for flag in daemon.flags.declared()]
PATHS = [(program, flag) for program, flag in FLAGS if flag.kind in KINDS]


def problem(program: str, name: str, text: str) -> str:
    daemon = DAEMONS[program]
    try:
        parse(daemon.flags, [f"--{name}={text}"], {}, daemon.checks)
    except FlagError as error:
        return "\n".join(one for one in error.problems if one.startswith(f"--{name} '"))
    return ""


@pytest.mark.parametrize(("program", "flag"), FLAGS, ids=[f"{program} --{flag.name}" for program, flag in FLAGS])
def test_every_flag_that_names_a_file_or_a_folder_is_of_a_kind_that_looks_at_it(program: str, flag: Flag) -> None:
    if re.match(r"(the )?((UNIX )?socket|folders?|file|cgroup)\b", flag.help) or flag.name.endswith(("_dir", "_file")):
        assert flag.kind in KINDS, flag.help


@pytest.mark.parametrize(("program", "name"), [(program, flag.name) for program, flag in PATHS])
def test_a_path_that_is_no_text_or_cannot_be_shown_is_refused_by_name(program: str, name: str) -> None:
    front = {"artifact_store": "folder:"}.get(name, "")
    for path, why in (("/srv/x4\udce9", "is not UTF-8"), ("/srv/a\u202eb", "cannot be shown"), ("/a\x07", "be shown")):
        text = path[1:] if name == "cgroups_root" else front + path
        told = problem(program, name, text)
        assert repr(text) in told and why in told and told.endswith("; rename it, or give another"), told
    good = "/srv/Müll häufen 好"
    good = good[1:].replace(" ", "") if name == "cgroups_root" else front + good
    assert "UTF-8" not in problem(program, name, good) and "shown" not in problem(program, name, good)


def test_what_is_no_text_is_refused_in_every_flag_and_never_shown_of_a_secret() -> None:
    for program, flag in FLAGS:
        with pytest.raises(FlagError) as caught:
            parse(DAEMONS[program].flags, [f"--{flag.name}=s3cr\udce9t"], {})
        told = "\n".join(one for one in caught.value.problems if one.startswith(f"--{flag.name}"))
        assert told, f"{program} --{flag.name}"
        assert not flag.secret or "s3cr" not in told


def test_a_value_out_of_a_file_is_utf_8(tmp_path: Path) -> None:
    (tmp_path / "value").write_bytes(b"h\xe9")
    assert "content of this file is not UTF-8" in problem("dcos-agent", "hostname", f"file://{tmp_path}/value")


def agent(argv: list[str], folder: Path | str, **environ: str) -> str:
    program = "from dcos_runtime.flags.agent import AgentFlags as F; from dcos_runtime.flags import parse; import sys\n"
    program += "try: parse(F, ['--master=h:1', *sys.argv[1:]], {})\nexcept ValueError as error: print(error)"
    done = subprocess.run(
        [sys.executable, "-c", program, *argv],
        cwd=folder,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_folder_in_front_of_a_relative_path_is_looked_at_too(tmp_path: Path) -> None:
    strange = os.fsdecode(os.fsencode(tmp_path) + b"/x\xe9")
    os.mkdir(strange)  # noqa: PTH102  # no text, as a Path it would be one
    assert agent(["--work_dir=work"], tmp_path) == ""
    told = agent(["--work_dir=work"], strange)
    assert "--work_dir 'work'" in told and repr(strange) in told and "not UTF-8" in told
    assert agent([f"--work_dir={tmp_path}"], strange) == ""


def test_a_process_whose_locale_is_not_utf_8_says_how_to_start_it(tmp_path: Path) -> None:
    odd = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    told = agent(["--work_dir=/tmp/x3ä"], tmp_path, **odd)
    assert "--work_dir '/tmp/x3" in told and "start it with LC_ALL=C.UTF-8" in told
    assert agent(["--work_dir=/tmp/x3"], tmp_path, **odd) == ""
