"""The commands of docs/universe.md that build are run as they stand there."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.support.daemons.byhand import PROGRAMS
from tests.support.documented import all_fences
from tests.support.universe.trees import whole

PACKAGES = Path(__file__).resolve().parents[2] / "universe" / "packages"


def test_the_page_s_builds(tmp_path: Path) -> None:
    (fence,) = [
        one
        for one in all_fences()
        if one.document == "docs/universe.md" and "build my-repository build/tree --json" in one.text
    ]
    shutil.copytree(PACKAGES / "H" / "hello-world", tmp_path / "my-repository" / "packages" / "H" / "hello-world")
    (tmp_path / "build").mkdir()
    done = subprocess.run(
        ["/bin/sh", "-exu", "-c", fence.script],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{PROGRAMS}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("tree", "candidate", "files"):
        whole(tmp_path / "build" / name)
    assert (tmp_path / "build" / "tree" / "site" / "package" / "hello-world.html").exists()
    assert not (tmp_path / "build" / "files" / "index.html").exists()
