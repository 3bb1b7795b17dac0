"""The packages of our own: whole, sound, and needing nothing from outside the cluster."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import pack
from dcos_runtime.marathon.core.definition import DefinitionRules, complete
from dcos_universe.check import check
from dcos_universe.data import data_root
from dcos_universe.reading import read, revisions
from dcos_universe.render import render
from dcos_universe.validate import check_entry

ROOT = data_root()
PROGRAMS = Path(__file__).resolve().parents[3] / "universe/programs"
OURS = sorted(revisions(ROOT))


def named(folder: Path) -> str:
    return f"{folder.parent.name}-{folder.name}"


def test_all_of_them_are_there() -> None:
    assert {folder.parent.name for folder in OURS} == {"hello-world", "load-balancer", "marathon", "static-server"}


@pytest.mark.parametrize("folder", OURS, ids=named)
def test_a_package_fetches_nothing_by_itself(folder: Path) -> None:
    revision = read(folder)
    assert check_entry(revision.entry) == []
    assert revision.resource is None
    text = (folder / "marathon.json.mustache").read_text()
    addresses = set(re.findall(r"https?://[^\s\"'\\]+", text)) - {"http://HOST:8080"}
    assert addresses == set(), "what its app needs is on the machine, in the bundle, or in the package"


@pytest.mark.parametrize(("program", "folder"), [("load_balancer", "L/load-balancer/0")], ids=["load-balancer"])
def test_the_program_in_the_package_is_the_one_in_the_tree(program: str, folder: str) -> None:
    template = (ROOT / "packages" / folder / "marathon.json.mustache").read_text()
    packed = pack.unpacked(pack.program_in(template))
    assert packed == pack.contents(PROGRAMS / program), (
        f"universe/programs/pack.py universe/programs/{program} universe/packages/{folder}/marathon.json.mustache"
    )


def test_the_packed_program_runs_by_itself(tmp_path: Path) -> None:
    """With Python alone: the modules of the runtime that it imports are in it."""
    (tmp_path / "program.pyz").write_bytes(base64.b64decode(pack.packed(pack.contents(PROGRAMS / "load_balancer"))))
    done = subprocess.run(
        [sys.executable, "-I", "-S", "program.pyz"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "INIT_URLS": "http://[::g]/"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1 and "init.urls" in done.stderr and "Traceback" not in done.stderr


def test_packing_anew_what_is_the_same_changes_nothing(tmp_path: Path) -> None:
    template = tmp_path / "marathon.json.mustache"
    template.write_text('{"env": {"PROGRAM": "", "OTHER": ""}}')
    assert pack.renew(PROGRAMS / "load_balancer", template)
    before = template.read_text()
    assert not pack.renew(PROGRAMS / "load_balancer", template) and template.read_text() == before
    assert json.loads(before)["env"]["OTHER"] == ""


def test_they_are_what_the_checker_wants_of_others(tmp_path: Path) -> None:
    report = check(ROOT, cache=None)
    assert [str(finding) for finding in report.findings] == []


@pytest.mark.parametrize("folder", OURS, ids=named)
def test_with_nothing_chosen_its_app_is_one_that_the_init_takes(folder: Path) -> None:
    complete(render(read(folder)).app, None, DefinitionRules())


EVIL = "a \"b\" \\ 'c' {{{x}}} {{#y}}\n$(reboot) `reboot` é"


@pytest.mark.parametrize("folder", OURS, ids=named)
def test_whatever_a_text_holds_stays_that_text(folder: Path) -> None:
    """Every option that is a text of any kind, all of them at once."""
    revision = read(folder)
    chosen = _filled(revision.config or {})
    app = render(revision, chosen).app
    complete(app, None, DefinitionRules())
    plain = render(revision).app
    assert app["cmd"] == plain["cmd"], "options come to the command in its environment"
    assert set(app["env"]) == set(plain["env"])
    changed = [value for name, value in app["env"].items() if value != plain["env"][name]]
    assert changed and all(value == EVIL for value in changed)


def _filled(schema: dict[str, Any]) -> dict[str, Any]:
    """The options that may be any text, each with `EVIL`."""
    found: dict[str, Any] = {}
    for name, one in schema.get("properties", {}).items():
        if one.get("type") == "object" and (inner := _filled(one)):
            found[name] = inner
        elif one.get("type") == "string" and not {"pattern", "enum"} & set(one) and name not in NO_TEXT:
            found[name] = EVIL
    return found


NO_TEXT = {"role", "uri", "secret-uri", "certificate-uri", "group", "hosts", "framework-name", "zk"}
"""What the init or the gateway itself looks into, not the program."""
