"""What can be set of a daemon is declared in one place, as a value of a known kind, and read in one way."""

from __future__ import annotations

import ast
import re
import typing
from collections import defaultdict
from pathlib import Path

import pytest

from dcos_runtime.flags import FlagError, Flags, flag, help_text, parse, values
from dcos_runtime.flags.leading import LeadingFlags
from tests.support import documented

FOLDER = documented.ROOT / "dcos_runtime" / "flags"
PROGRAMS: dict[str, type[Flags]] = {name: daemon.flags for name, daemon in documented.DAEMONS.items()}
PROGRAMS["a new daemon"] = LeadingFlags

OF_SEVERAL = {
    "cluster": "the master shows it, dcos-auth tells it",
    "hostname": "by whom it is looked up differs",
    "http_port": "each has its own default",
    "https_port": "each has its own default",
    "ip": "an address to listen on, or one of --masters",
    "master": "the init takes http://, too",
    "port": "each has its own default",
    "token_issuer": "of tokens that are accepted, or made",
    "work_dir": "what is kept there, and whether it is needed",
    "zk": "what is kept there",
    "zk_session_timeout": "Mesos writes durations with a unit, Marathon without",
}
"""Names that mean something else in one daemon than in another: these are several flags."""


def declarations() -> dict[str, list[str]]:
    """Each name of a flag, and the classes that declare it, as the sources have them."""
    found = defaultdict(list)
    for path in sorted(FOLDER.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.ClassDef):
                continue
            for line in node.body:
                call = line.value if isinstance(line, ast.AnnAssign) else None
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "flag":
                    assert isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
                    found[line.target.id].append(node.name)
    return found


def test_every_flag_is_declared_once() -> None:
    declared = declarations()
    assert {one.name for flags in PROGRAMS.values() for one in flags.declared()} == declared.keys()
    assert {name for name, classes in declared.items() if len(classes) > 1} == OF_SEVERAL.keys()
    for program, flags in PROGRAMS.items():
        for one in flags.declared():
            owners = [each.__name__ for each in flags.__mro__ if each.__name__ in declared[one.name]]
            assert len(owners) == 1, f"{program}: --{one.name} is declared by {owners}"


def test_nothing_else_declares_or_repeats_a_flag() -> None:
    """No default, no unit and no text of a flag stands anywhere but in its declaration."""
    for path in (documented.ROOT / "dcos_runtime").rglob("*.py"):
        if path.parent != FOLDER:
            assert not re.search(r"\bflag\(\s*[A-Z]", path.read_text()), path
            assert not re.search(r"environ(\.get\(|\[)['\"](MESOS|MARATHON|DCOS_AUTH)_", path.read_text()), path


def test_the_installer_writes_flags_by_their_declarations() -> None:
    """No role spells a variable of the environment, or a unit, itself."""
    prefixes = "|".join(sorted({flags.prefix for flags in PROGRAMS.values()}))
    for path in (documented.ROOT / "roles").rglob("*.env.j2"):
        for line in path.read_text().splitlines():
            assert not re.match(rf"\s*({prefixes})[A-Z_]+=", line), f"{path.name}: {line}"


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_value_is_typed(program: str) -> None:
    for name, kind in typing.get_type_hints(PROGRAMS[program]).items():
        assert kind is not typing.Any and "Any" not in str(kind), f"{program}: --{name} is {kind}"


@pytest.mark.parametrize("program", PROGRAMS)
def test_times_are_durations_everywhere(program: str) -> None:
    times = re.compile(r"(timeout|interval|period|duration|delay|age|backoff_factor)s?$")
    for one in PROGRAMS[program].declared():
        is_time = one.kind.name.startswith("duration")
        if one.name == "max_agent_ping_timeouts":
            assert not is_time, "it is a number of them"
        else:
            assert is_time == bool(times.search(one.name)), f"{program}: --{one.name} is a {one.kind.name}"
        if is_time:
            assert one.default is None or isinstance(one.default, float), "seconds"
            assert one.kind.parse("90secs") == 90.0


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_is_written_is_read_again(program: str) -> None:
    for one in PROGRAMS[program].declared():
        if one.default is not None:
            assert one.kind.parse(one.kind.text(one.default)) == one.default, one.name


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_help_tells_every_flag_and_its_default(program: str) -> None:
    text = help_text(PROGRAMS[program], "What it is.")
    for one in PROGRAMS[program].declared():
        assert f"--[no-]{one.name}\n" in text or f"--{one.name}=VALUE\n" in text
        assert not re.search(r"[.:;]$", one.help), f"{one.name}: no mark at its end"
    assert "](" not in text


# --- the declarations themselves -------------------------------------------------------------------------------------


@pytest.fixture(name="small")
def small_flags() -> type[Flags]:
    import dataclasses

    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Small(Flags):
        program = "small"
        prefix = "SMALL_"
        folder: str = flag(values.FOLDER, "where", required=True)
        often: float = flag(values.DURATION, "how often", default=90.0)
        bold: bool = flag(values.BOOLEAN, "whether", default=False)
        key: str | None = flag(values.TEXT, "what nobody sees", secret=True)
        url: str | None = flag(values.TEXT, "with a password, perhaps")
        seal: str | None = flag(values.FILE, "a file's name")

    return Small


def test_values_come_from_the_command_line_before_the_environment(small: type[Flags], tmp_path: Path) -> None:
    (tmp_path / "often").write_text("2mins\n")
    flags: typing.Any = parse(
        small,
        [f"--often=file://{tmp_path / 'often'}", "--bold", "--seal=file:///s"],
        {"SMALL_FOLDER": "/a", "SMALL_OFTEN": "1secs", "SMALL_OTHER": "x"},
    )
    assert (flags.folder, flags.often, flags.bold, flags.key, flags.seal) == ("/a", 120.0, True, None, "/s")
    assert flags.shown() == {"folder": "/a", "often": "2mins", "bold": "true", "seal": "/s"}
    assert "often" in flags and "other" not in flags
    assert small.variable("often") == "SMALL_OFTEN"


def test_no_secret_is_shown(small: type[Flags]) -> None:
    flags = parse(small, ["--folder=/a", "--key=hush", "--url=zk://me:hush@h:1/x"], {})
    assert flags.shown()["key"] == "[secret]" and flags.shown()["url"] == "zk://***@h:1/x"

    def refuse(text: str) -> None:
        raise ValueError("no")

    with pytest.raises(FlagError) as caught:
        parse(small, ["--folder=/a", "--key=hush", "--url=zk://me:hush@h"], {}, {"key": refuse, "url": refuse})
    assert caught.value.problems == ("--key: no", "--url 'zk://***@h': no")


def test_every_problem_is_told_at_once(small: type[Flags]) -> None:
    with pytest.raises(FlagError) as caught:
        parse(small, ["--ofte=1secs", "--often=1", "--often=2", "--bold=perhaps", "--key", "x", "--no-often"], {})
    told = "\n".join(caught.value.problems)
    for part in ("did you mean --often", "given twice", "expected true or false", "--key wants a value", "'x'"):
        assert part in told
    assert "--folder is required: where" in told and "such as 10secs" in told and "unknown flag --no-often" in told
