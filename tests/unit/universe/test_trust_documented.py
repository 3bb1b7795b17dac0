"""The commands of docs/universe.md on signing, bills of materials and mirrors do what it says, one after the other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dcos_universe.cli import cli
from dcos_universe.errors import UniverseError
from tests.support import documented
from tests.support.universe.publisher import replace, write_package

SECTIONS = ("Signing", "SBOM", "Mirror")


def commands() -> list[tuple[str, ...]]:
    """All that is typed in these sections, in order."""
    name = "docs/universe.md"
    text = (documented.ROOT / name).read_text()
    found = []
    for section in text.split("\n## ")[1:]:
        if section.partition("\n")[0] in SECTIONS:
            for fence in documented.fences(section, name):
                found += [command.words for command in documented.commands_of(fence)]
    return found


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DCOS_UNIVERSE_PASSPHRASE", raising=False)
    write_package(tmp_path / "my-repository", "hello-world")
    descriptor = os.open(tmp_path / "passphrase", os.O_WRONLY | os.O_CREAT, 0o600)
    os.write(descriptor, b"correct horse battery\n")
    os.close(descriptor)
    return tmp_path


def run(*words: str, code: int = 0) -> Result:
    done = CliRunner().invoke(cli, words)
    if isinstance(done.exception, UniverseError):
        assert code == 1, str(done.exception)
        return done
    assert done.exit_code == code, f"{words}: {done.output} {done.exception!r}"
    return done


def test_the_commands_of_the_page_in_its_order(here: Path) -> None:
    typed = commands()
    assert [words[1] for words in typed if words[0] == "dcos-universe"].count("root") >= 8
    for words in typed:
        assert words[0] == "dcos-universe"
        if words[1] == "sign" and not Path("build/tree").exists():
            run("build", "my-repository", "build/tree")
        run(*words[1:])
    shown = json.loads(run("root", "show", "trust", "--json").output)
    assert shown["version"] == 2 and shown["complete"]
    assert shown["roles"]["root"]["threshold"] == 2
    sbom = json.loads((here / "build/tree/sbom/hello-world/0.cdx.json").read_text())
    assert sbom["bomFormat"] == "CycloneDX" and sbom["metadata"]["component"]["name"] == "hello-world"


def signed_as_documented() -> tuple[str, ...]:
    """Signs a tree by the page's commands. Returns the words that verify it."""
    for words in commands():
        if words[1] == "verify":
            break
        if words[1] == "sign":
            run("build", "my-repository", "build/tree")
        run(*words[1:])
    return ("verify", "build/tree", "--root", "trust/1.root.json")


def test_exit_codes_and_json_of_verify(here: Path) -> None:
    verify = signed_as_documented()
    assert json.loads(run(*verify, "--json").output)["ok"]
    rung = run(*verify, "--warn-days", "8", "--json", code=3)
    assert "timestamp" in rung.output
    replace(here / "build/tree/universe.json", b"{}")
    refused = json.loads(run(*verify, "--json", code=1).output)
    assert not refused["ok"] and refused["unsigned"] == ["universe.json is not what was signed"]
    assert "tampered" in str(run(*verify, code=1).exception)
    replace(here / "build/tree/metadata/timestamp.json", b"{}")
    assert json.loads(run(*verify, "--json", code=1).output)["reason"] == "tampered"


def _program(*words: str) -> tuple[int, str, str]:
    """Exit code and outputs of the real program."""
    program = [sys.executable, "-c", "from dcos_universe.cli import main; main()", *words]
    done = subprocess.run(program, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout, done.stderr


def test_the_program_ends_with_the_code_of_its_verb(here: Path) -> None:
    verify = signed_as_documented()
    assert _program(*verify)[0] == 0
    code, _, found = _program(*verify, "--warn-days", "8")
    assert (code, "expires soon" in found) == (3, True)
    replace(here / "build/tree/universe.json", b"{}")
    for more in ((), ("--json",)):
        code, shown, found = _program(*verify, *more)
        assert (code, "universe.json is not what was signed" in shown + found) == (1, True)
    assert _program("digests", "my-repository", "--missing")[0] == 0
    write_package(here / "my-repository", "bare", resource={"assets": {"uris": {"a": "http://198.18.0.9/a.tgz"}}})
    code, shown, _ = _program("digests", "my-repository", "--missing")
    assert code == 1 and "http://198.18.0.9/a.tgz" in shown
    assert _program("--help")[0] == 0 and _program("--nothing")[0] == 2


def test_passphrases_are_never_asked_for_where_nobody_is(here: Path) -> None:
    done = run("root", "key", "alice.pem", code=1)
    assert "--passphrase-file" in str(done.exception)
    (here / "passphrase").chmod(0o644)
    done = run("root", "key", "alice.pem", "--passphrase-file", "passphrase", code=1)
    assert "others may use it" in str(done.exception)
    assert not (here / "alice.pem").exists()


@pytest.mark.parametrize("pair", ["root", "root=", "boss=x.pub", "=x", "timestamp=no-such-file.pub"])
def test_what_is_no_key_of_a_role_is_told(here: Path, pair: str) -> None:
    done = CliRunner().invoke(cli, ["root", "init", "trust", "--key", pair])
    assert done.exit_code != 0 and not (here / "trust").exists()
