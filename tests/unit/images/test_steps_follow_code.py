"""A step is made anew when the code that makes it has changed: its key follows every module that runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dcos_images import code, steps
from dcos_images.code import code_digest, code_of
from dcos_images.definition import ImageDefinition
from dcos_images.host import BuildHost
from dcos_images.including import load_definition
from dcos_images.lock import Lock
from dcos_images.packages import Job
from dcos_images.steps import MADE_BY, Keys, keys_of
from dcos_images.store import DebStore, LockedPackage
from tests.support.images.workshop import SmallRuntime

PACKAGE = Path(code.__file__).parent
MODULES = sorted(path.stem for path in PACKAGE.glob("*.py") if path.stem != "__init__")


def job(host: BuildHost, folder: Path) -> Job:
    definition: ImageDefinition = load_definition("vm")
    lock = Lock("vm", "bookworm", "amd64", "", (LockedPackage("systemd", "1", "amd64", "0" * 64, 1),))
    release = definition.release("bookworm")
    runtime = SmallRuntime().ensure(release, "amd64")
    return Job(definition, release, host, lock, DebStore(folder), folder, folder / "log", runtime)


@pytest.mark.parametrize("module", MODULES)
def test_a_change_of_a_module_makes_anew_the_steps_that_run_it(
    host: BuildHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    before = keys_of(job(host, tmp_path))
    source = code.source_of
    monkeypatch.setattr(code, "source_of", lambda name: source(name) + (b"\n# changed\n" if name == module else b""))
    monkeypatch.setattr(steps, "code_digest", code_digest.__wrapped__)
    after = keys_of(job(host, tmp_path))
    changed = {step for step in Keys.__dataclass_fields__ if getattr(before, step) != getattr(after, step)}
    runs_it = {step for step, made_by in MADE_BY.items() if module in code_of(made_by)}
    # What is made of a step is made anew with it.
    after_packages = {"packages", "initrd", "tree", "image"} if "packages" in runs_it else set()
    after_packages |= {"tree"} if "runtime" in runs_it else set()
    after_others = {"image"} if runs_it else set()
    assert changed == runs_it | after_packages | after_others


def test_the_code_of_a_step_is_all_that_python_imports_for_it() -> None:
    script = (
        "import importlib, sys\n"
        "importlib.import_module('dcos_images.' + sys.argv[1])\n"
        "print(*(name.removeprefix('dcos_images.') for name in sys.modules if name.startswith('dcos_images.')))\n"
    )
    for made_by in MADE_BY.values():
        done = subprocess.run([sys.executable, "-c", script, made_by], check=True, capture_output=True, text=True)
        assert set(done.stdout.split()) == code_of(made_by)


def test_what_only_finds_boots_or_clears_images_makes_no_step_anew() -> None:
    running = {name for made_by in MADE_BY.values() for name in code_of(made_by)}
    assert running.isdisjoint({"trial", "housekeeping", "including", "reading", "images", "cache"})


def test_every_step_says_what_makes_it() -> None:
    assert set(MADE_BY) == set(Keys.__dataclass_fields__)
