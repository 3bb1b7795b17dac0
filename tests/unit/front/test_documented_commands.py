"""Every verb is documented by a command, and every command and flag in the docs is one that the programs take."""

from __future__ import annotations

import dataclasses
import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest

from dcos_installer.golden.cli import image
from dcos_runtime.flags import Flags
from dcos_runtime.flags.master import MasterFlags
from tests.support import documented
from tests.support.documented import Command, Fence, Wrong, all_commands, all_fences, called

OTHERS_FLAGS = {
    "docs/agent.md": {
        "--no-new-keyring",
        "--no-sandbox",
        "--xfs_project_range",
    },  # conmon's, a browser's, Mesos' agent's
    "docs/bundle.md": {"--only-binary", "--require-hashes"},  # pip's
    "docs/inventory.md": {"--xfs_project_range"},  # Mesos' agent's
    "docs/kernel.md": {"--log_dir", "--quorum", "--unix-socket"},  # Mesos' master's, which do not exist here; curl's
    "docs/machines.md": {"--directory", "--no-new-keyring", "--now", "--system-call-filter"},  # others' programs'
    "docs/simulation.md": {"--http", "--lasting", "--stay"},  # the simulation's, which is no program that is installed
}


def programs() -> list[str]:
    return [*documented.TREES, *documented.DAEMONS]


def test_every_fence_says_what_it_holds_and_none_hides_commands() -> None:
    ours = re.compile(rf"^(\$ )?({'|'.join(programs())}|python3? -m|make) ", re.MULTILINE)
    for fence in all_fences():
        assert fence.language in documented.LANGUAGES, f"{fence.document}:{fence.line}: {fence.language!r}"
        if fence.language not in documented.SHELLS:
            assert not ours.search(fence.text), f"{fence.document}:{fence.line}: commands go into a fence of sh"


def test_every_documented_command_is_accepted_by_its_parser() -> None:
    refused = []
    for command in all_commands():
        try:
            called(command)
        except Wrong as error:
            refused.append(str(error))
    assert refused == []


def test_every_verb_is_documented_by_a_command() -> None:
    found = {called(command) for command in all_commands()}
    every = {*documented.DAEMONS, *documented.modules()}
    for program, tree in documented.TREES.items():
        every |= documented.verbs(program, tree)
    assert every - found == set()


def test_every_program_that_is_installed_is_held_to_its_docs() -> None:
    text = (documented.ROOT / "pyproject.toml").read_text()
    scripts = re.search(r"^\[project\.scripts\]\n(.*?)\n\n", text, re.MULTILINE | re.DOTALL)
    assert scripts is not None
    assert set(re.findall(r"^([\w-]+) =", scripts[1], re.MULTILINE)) == set(programs())


@pytest.mark.parametrize("program", documented.DAEMONS)
def test_a_daemons_page_has_one_table_of_flags(program: str) -> None:
    assert (documented.ROOT / documented.DAEMONS[program].document).read_text().count("| flag |") == 1


@pytest.mark.parametrize("path", documented.DOCUMENTS, ids=lambda path: path.name)
def test_every_flag_in_running_text_exists(path: Path) -> None:
    known = {option for program in programs() for option in documented.options(program)}
    named = documented.flags_in(path.read_text())
    others = OTHERS_FLAGS.get(str(path.relative_to(documented.ROOT)), set())
    assert named - known == others


def test_every_verb_in_running_text_exists() -> None:
    for path in documented.DOCUMENTS:
        for span in documented.spans(path.read_text()):
            program, _, rest = span.partition(" ")
            if program not in documented.TREES:
                continue
            command: click.Command = documented.TREES[program]
            options = {option for parameter in command.params for option in (*parameter.opts, "--help")}
            for word in rest.split():
                if isinstance(command, click.Group) and re.fullmatch(r"[a-z|-]+", word) and word[0] != "-":
                    found = [command.get_command(click.Context(command), name) for name in word.split("|")]
                    assert None not in found, f"{path.name}: `{span}`: there is no {word}"
                    command = found[0]  # type: ignore[assignment]  # a command, as the test before has found
                    options |= {option for parameter in command.params for option in parameter.opts}
                elif re.fullmatch(r"--[\w-]+.*", word):
                    name = word.partition("=")[0].strip("[]")
                    assert name in options, f"{path.name}: `{span}`: there is no {name}"


# --- the rule itself -------------------------------------------------------------------------------------------------


def fence(text: str, language: str = "sh") -> Fence:
    return Fence("docs/x.md", 1, language, text)


def test_commands_are_read_out_of_pipes_lists_comments_and_substitutions() -> None:
    text = "A=1 echo '{\"a b\": 1}' | dcos marathon app add --wait  # a remark\ndcos ps; make test &\n"
    text += 'dcos marathon deployment stop "$(dcos marathon deployment list -q web)"\n'
    found = [shlex.join(command.words) for command in documented.commands_of(fence(text))]
    assert found == [
        "echo '{\"a b\": 1}'",
        "dcos marathon app add --wait",
        "dcos ps",
        "make test",
        "dcos marathon deployment list -q web",
        "dcos marathon deployment stop '$(dcos marathon deployment list -q web)'",
    ]
    printed = documented.commands_of(fence("$ dcos ps\nNAME HOST\n", "console"))
    assert [command.words for command in printed] == [("dcos", "ps")]
    assert list(documented.commands_of(fence("dcos ps", "text"))) == []


@pytest.mark.parametrize(
    "line",
    [
        "dcos nod list",
        "dcos node list --quite",
        "dcos marathon app scale web",
        "dcos marathon app scale web many",
        "dcos-installer deploi inventories/local.ini",
        "dcos-installer plan --dif inventories/local.ini",
        "dcos-installer plan",
        "dcos-master --work_dirs=/tmp/m",
        "dcos-master",
        "dcos-agent --work_dir=/tmp/a --master=127.0.0.1:5050 --launcher=docker",
        "dcos-auth --work_dir=/tmp/a --token_private_key=/tmp/k",
        "dcos-unknown",
        "python -m dcos_runtime.replai x",
        "python -m dcos_runtime.replay",
        "python setup.py",
        "make tests",
    ],
)
def test_what_no_parser_takes_is_told(line: str) -> None:
    (command,) = documented.commands_of(fence(line))
    with pytest.raises(Wrong):
        called(command)


def test_a_verb_or_a_flag_that_goes_away_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    tree = documented.TREES["dcos-installer"]
    monkeypatch.setattr(tree, "commands", {name: one for name, one in tree.commands.items() if name != "repair"})
    refused = []
    for command in all_commands():
        try:
            called(command)
        except Wrong as error:
            refused.append(str(error))
    assert refused and all("repair" in one for one in refused)
    with pytest.raises(Wrong):
        called(Command("docs/x.md", 1, ("dcos-installer", "repair", "x.ini", "m1")))


def test_a_flag_that_goes_away_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    command = Command("docs/x.md", 1, ("dcos-master", "--work_dir=/tmp/m", "--port=5050"))
    assert called(command) == "dcos-master"
    known = documented.DAEMONS["dcos-master"]
    fields = [field for field in dataclasses.fields(MasterFlags) if field.name != "port"]
    fewer = dataclasses.make_dataclass(
        "Fewer",
        [(field.name, Any, dataclasses.field(default=field.default, metadata=field.metadata)) for field in fields],
        bases=(Flags,),
        namespace={"program": MasterFlags.program},
        kw_only=True,
    )
    without = dataclasses.replace(known, flags=fewer)
    monkeypatch.setattr(documented, "DAEMONS", {**documented.DAEMONS, "dcos-master": without})
    with pytest.raises(Wrong, match="unknown flag --port"):
        called(command)
    listed = documented.table_of_flags((documented.ROOT / without.document).read_text())
    assert listed - {flag.name for flag in without.declared} == {"port"}
    assert "--port" not in documented.options("dcos-master")


def test_every_command_of_the_installers_page_is_run_on_machines() -> None:
    """Some by the test of that page, others where what they take away is wanted to be gone."""
    code = "".join(path.read_text() for path in (documented.ROOT / "tests" / "machines").glob("*.py"))
    page = re.search(r"verbs = \((.*)\)", code)
    assert page is not None
    run = set(re.findall(r'"([a-z-]+)"', page[1]))
    run |= set(re.findall(r"\.(?:documented|switch_as_documented)\(\s*\"([a-z-]+)\"", code))
    found = {called(command).split()[1] for command in all_commands() if command.words[0] == "dcos-installer"}
    images = (documented.ROOT / "tests" / "vm" / "test_images.py").read_text()
    assert 'PAGE = "docs/images.md"' in images
    slots = (documented.ROOT / "tests" / "vm" / "test_slots_guest.py").read_text()
    assert 'PAGE = "docs/slots.md"' in slots
    assert found - run - {"image", "upgrade"} == set()


def test_every_verb_for_images_is_on_their_page() -> None:
    """`tests/vm/test_images.py` runs each command of it."""
    page = [command for command in all_commands() if command.document == "docs/images.md"]
    verbs = {called(command).split()[2] for command in page if called(command).startswith("dcos-installer image ")}
    assert verbs == set(image.commands)
