"""`dcos-universe check`: what it prints, and what it ends with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dcos_universe.check import RULES
from dcos_universe.commands.check import command, plain
from tests.support.universe.sources import FOLDER, good


def run(*words: str) -> Result:
    result = CliRunner().invoke(command, list(words))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_the_exit_code_says_whether_there_are_errors_or_under_strict_warnings(tmp_path: Path) -> None:
    good().write(tmp_path / "good")
    source = good()
    source.files["notes.txt"] = b""
    source.write(tmp_path / "odd")
    source = good()
    source.package["version"] = 3
    source.write(tmp_path / "bad")
    codes = [
        (
            run(str(tmp_path / name), "--no-cache").exit_code,
            run(str(tmp_path / name), "--no-cache", "--strict").exit_code,
        )
        for name in ("good", "odd", "bad")
    ]
    assert codes == [(0, 0), (0, 1), (1, 1)]


def test_the_report_names_file_place_and_remedy(tmp_path: Path) -> None:
    source = good()
    source.package["version"] = "1 0"
    source.write(tmp_path)
    output = run(str(tmp_path), "--no-cache").output.splitlines()
    assert output[0] == f"{FOLDER}/package.json"
    assert output[1].startswith("  error   /version: ")
    assert output[1].endswith("; allowed are letters, digits, dots and dashes [value]")
    assert output[-1] == "1 package, 1 revision: 1 error, 0 warnings"


def test_json_has_every_finding(tmp_path: Path) -> None:
    source = good()
    source.package["version"] = "1 0"
    source.write(tmp_path)
    result = json.loads(run(str(tmp_path), "--no-cache", "--json").output)
    (finding,) = result.pop("findings")
    assert result == {"packages": 1, "revisions": 1, "checked": 1, "errors": 1, "warnings": 0, "ok": False}
    assert finding == {
        "severity": "error",
        "rule": "value",
        "file": f"{FOLDER}/package.json",
        "path": ["version"],
        "what": '"1 0" does not match "^[-a-zA-Z0-9.]+$"',
        "remedy": "allowed are letters, digits, dots and dashes",
    }


def test_results_are_kept_in_the_user_s_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    good().write(tmp_path / "source")
    run(str(tmp_path / "source"))
    (kept,) = (tmp_path / "cache" / "dcos-universe").iterdir()
    assert "(1 unchanged)" in run(str(tmp_path / "source")).output
    assert "(1 unchanged)" in run(str(tmp_path / "source"), "--cache", str(kept)).output
    assert run(str(tmp_path / "source"), "--cache", "x", "--no-cache").exit_code == 2


def test_what_packages_hold_says_nothing_to_a_terminal(tmp_path: Path) -> None:
    source = good()
    source.package["\x1b[31mred\u202e"] = 1
    source.package["version"] = "\x1b]0;title\x07"
    source.write(tmp_path)
    output = run(str(tmp_path), "--no-cache").output
    assert "\x1b" not in output and "\x07" not in output and "\u202e" not in output
    assert plain("a\x1bb\u202e\n") == "a\\x1bb\\u202e\\n"


def test_rules_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    output = run("--rules").output
    assert all(rule in output and wants in output for rule, (_, wants) in RULES.items())
