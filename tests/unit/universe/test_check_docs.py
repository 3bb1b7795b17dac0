"""What docs/universe.md tells of the format and of `check` is what the program does."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from dcos_universe import parsing, reading
from dcos_universe.check import RULES
from dcos_universe.commands.check import command
from tests.support.documented import ROOT, Command, all_commands
from tests.support.universe.sources import good

TEXT = (ROOT / "docs" / "universe.md").read_text()
COMMANDS = [one for one in all_commands() if one.words[:2] == ("dcos-universe", "check")]


def test_the_table_of_rules_is_that_of_the_program() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (error|warning) \| (.+) \|$", TEXT, re.MULTILINE)
    assert {rule: (severity, wants) for rule, severity, wants in rows} == dict(RULES)


def test_the_files_of_the_format_are_those_that_are_read() -> None:
    found = re.findall(r"^\| `([a-z.]+)` \| ", TEXT, re.MULTILINE)
    assert [name for name in found if "." in name][:6] == [*_in_order(), reading.DIGESTS]
    assert f"larger than {reading.MAX_BYTES >> 20} MiB" in TEXT
    assert f"deeper than {parsing.MAX_DEPTH} objects" in TEXT


def _in_order() -> list[str]:
    return [reading.PACKAGE, reading.CONFIG, reading.RESOURCE, reading.TEMPLATE, reading.COMMAND]


@pytest.mark.parametrize("documented", COMMANDS, ids=lambda one: shlex.join(one.words[1:]))
def test_the_documented_commands_do_what_they_say(
    documented: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    source = good()
    source.package["name"] = "hello"
    source.write(tmp_path / "my-repository", "packages/H/hello/0")
    done = CliRunner().invoke(command, list(documented.words[2:]))
    assert done.exit_code == 0, done.output
    if "--json" in documented.words:
        document = json.loads(done.output)
        keys = re.search(
            r'prints one document: `\{([^`]*?), "findings": \[\{([^`]*?)\}', TEXT[TEXT.index("## Check") :]
        )
        assert keys is not None
        assert set(re.findall(r'"(\w+)"', keys[1])) | {"findings"} == set(document)
    elif "--rules" not in documented.words:
        assert done.output == "1 package, 1 revision: 0 errors, 0 warnings\n"


def test_check_is_documented() -> None:
    assert len(COMMANDS) >= 5
