"""What is the agent's own shows in no container, by whatever name, link or mount it is reached."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dcos_runtime.agent import settings
from dcos_runtime.agent.containers.showing import shown_in
from dcos_runtime.flags import parse
from dcos_runtime.flags.agent import AgentFlags
from dcos_runtime.flags.values import FILE, FOLDER

FOR_EVERYBODY = {"tls_ca", "token_key", "frameworks_home"}
"""Certificates, a public key, and files that are offered to tasks."""


def test_what_is_below_a_bound_folder_shows_through_links_and_before_it_is_there(tmp_path: Path) -> None:
    opt = tmp_path / "opt"
    (opt / "agent").mkdir(parents=True)
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "lib").symlink_to(opt / "agent")
    (opt / "out").symlink_to(tmp_path / "var")
    (tmp_path / "optional").mkdir()
    for path, shows in (
        ("opt", True),
        ("opt/agent", True),
        ("opt/not/there/yet", True),
        ("opt/../opt/agent", True),
        ("var/lib/work", True),
        ("opt/out/work", False),
        ("var", False),
        ("optional/x", False),
        (".", False),
    ):
        assert (shown_in(tmp_path / path, ["/dev", str(opt)]) == str(opt)) is shows, path


MOUNTED = """
import json, subprocess, sys
from pathlib import Path
from dcos_runtime.agent.containers.showing import shown_in
folder, opt = Path(sys.argv[1]), Path(sys.argv[1], "opt")
subprocess.run(["mount", "-t", "tmpfs", "none", opt / "own disk"], check=True)
subprocess.run(["mount", "--bind", opt / "data", folder / "var"], check=True)
subprocess.run(["mount", "--bind", folder / "srv", opt / "srv"], check=True)
paths = ("opt/own disk/work", "var/work", "srv/work", "opt/srv/work")
print(json.dumps([shown_in(folder / path, [str(opt)]) is not None for path in paths]))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts want root")
def test_mounts_count_as_in_a_container_where_none_below_the_folder_is(tmp_path: Path) -> None:
    for name in ("opt/own disk", "opt/data", "opt/srv", "var", "srv"):
        (tmp_path / name).mkdir(parents=True)
    argv = ["unshare", "--mount", sys.executable, "-c", MOUNTED, str(tmp_path)]
    ran = subprocess.run(argv, stdout=subprocess.PIPE, check=True)
    assert json.loads(ran.stdout) == [False, True, False, False]


def test_every_file_and_folder_that_flags_name_is_the_agents_own_or_for_everybody() -> None:
    named = {one.name for one in AgentFlags.declared() if one.kind in (FILE, FOLDER)}
    given = [f"--{name}=/opt/{name}" for name in sorted({*named, "runtime_dir"} - FOR_EVERYBODY)]
    read = parse(AgentFlags, ["--master=h:1", "--work_dir=/opt/work", *given])
    own = settings.own_paths(read)
    assert set(own) == named - FOR_EVERYBODY | {"work_dir", "runtime_dir"}
    assert all(str(path).startswith("/opt/") for path in own.values())
    flags = parse(AgentFlags, ["--master=h:1", "--work_dir=w"])
    assert settings.own_paths(flags)["runtime_dir"] == Path.cwd() / "w/run"
