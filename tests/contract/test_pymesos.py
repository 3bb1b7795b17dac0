"""Stock pymesos 0.3.15 from the package index, unchanged, as a framework of this kernel and as an executor."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.daemons.byhand import cluster

HERE = Path(__file__).parent
EXECUTOR = HERE.parent / "support" / "mesos" / "pymesos_executor.py"
SCHEDULER = HERE.parent / "support" / "mesos" / "pymesos_scheduler.py"
LOCK = HERE / "pymesos.lock"


def python38() -> str | None:
    """A Python 3.8 that really runs: one named by DCOS_TEST_PYTHON38, on the PATH, or among pyenv's."""
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser() / "versions"
    named = os.environ.get("DCOS_TEST_PYTHON38")
    for candidate in [named, shutil.which("python3.8"), *sorted(pyenv.glob("3.8*/bin/python3.8"))]:
        if candidate and Path(candidate).is_file():
            done = subprocess.run(
                [candidate, "-c", "import sys, venv; print(sys.version_info[:2])"], capture_output=True
            )
            if done.returncode == 0 and done.stdout.strip() == b"(3, 8)":
                return str(candidate)
    return None


@pytest.fixture(scope="session")
def pymesos_python() -> str:
    """The interpreter of a virtual environment with pymesos by its lock, kept between runs."""
    interpreter = python38()
    if interpreter is None:
        pytest.skip("NO PYTHON 3.8 HERE, SO STOCK PYMESOS DID NOT RUN: set DCOS_TEST_PYTHON38 to one")
    cache = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "dcos" / "tests"
    home = cache / f"pymesos-{hashlib.sha256(LOCK.read_bytes() + interpreter.encode()).hexdigest()[:12]}"
    python = home / "bin" / "python"
    if not (home / "ready").exists():
        shutil.rmtree(home, ignore_errors=True)
        subprocess.run([interpreter, "-m", "venv", home], check=True)
        install: list[str | Path] = [
            python,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--require-hashes",
            "--no-build-isolation",
            "-r",
            LOCK,
        ]
        subprocess.run(install, check=True)
        (home / "ready").touch()
    return str(python)


def test_stock_pymesos_runs_twenty_tasks(pymesos_python: str, tmp_path: Path) -> None:
    with cluster(tmp_path, agents=2, resources="cpus:1;mem:512;disk:1024") as made:
        master = made.master.url.removeprefix("http://")
        done = subprocess.run(
            [pymesos_python, str(SCHEDULER), master, "20", "echo $MESOS_TASK_ID"],
            capture_output=True,
            text=True,
            timeout=180,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        result = json.loads(done.stdout.splitlines()[-1])
        assert result["finished"] == 20
        for states in result["states"].values():
            assert states[-2:] == ["TASK_RUNNING", "TASK_FINISHED"], states
        outputs = sorted(
            path.read_text().strip()
            for path in tmp_path.glob("agent*/slaves/*/frameworks/*/executors/*/runs/latest/stdout")
        )
        assert outputs == sorted(f"py-{index}" for index in range(20))


def test_stock_pymesos_executors_run_ten_tasks(pymesos_python: str, tmp_path: Path) -> None:
    with cluster(tmp_path, agents=1, resources="cpus:2;mem:1024;disk:1024") as made:
        master = made.master.url.removeprefix("http://")
        executor = f"exec {pymesos_python} {EXECUTOR}"
        done = subprocess.run(
            [pymesos_python, str(SCHEDULER), master, "10", "hello", executor],
            capture_output=True,
            text=True,
            timeout=180,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        result = json.loads(done.stdout.splitlines()[-1])
        assert result["finished"] == 10
        for states in result["states"].values():
            assert states == ["TASK_RUNNING", "TASK_FINISHED"], states
        assert sorted(result["messages"]) == sorted(result["states"])
        (output,) = tmp_path.glob("agent*/slaves/*/frameworks/*/executors/stock/runs/latest/stdout")
        assert sorted(output.read_text().splitlines()) == sorted(f"py-{index} hello" for index in range(10))
