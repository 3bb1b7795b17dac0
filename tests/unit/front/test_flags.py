"""What can be set of a daemon is declared in one place, as a value of a known kind, and read in one way."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import typing
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dcos_installer.config.variables import VARIABLES
from dcos_installer.services.catalog import installed
from dcos_runtime.flags import Flag, FlagError, Flags, flag, help_text, parse, values
from dcos_runtime.flags.agent import AgentFlags
from dcos_runtime.flags.cosmos import CosmosFlags
from dcos_runtime.flags.declaring import Check
from dcos_runtime.flags.groups import CLUSTER_PORTS
from dcos_runtime.flags.leading import PlainLeaderFlags
from dcos_runtime.flags.master import MasterFlags
from dcos_runtime.leading.main import Daemon
from dcos_runtime.shipped_services import shipped
from tests.support import documented

FOLDER = documented.ROOT / "dcos_runtime" / "flags"
PROGRAMS: dict[str, type[Flags]] = {name: daemon.flags for name, daemon in documented.DAEMONS.items()}
PROGRAMS["a new daemon"] = PlainLeaderFlags

OF_SEVERAL = {
    "master": "the init takes http://, too, and the package manager URLs of several",
    "work_dir": "what is kept there, and whether it is needed",
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


def test_a_variable_of_an_inventory_that_becomes_a_flag_is_declared_by_the_flag_alone() -> None:
    """Its name, default, bounds and help stand once, with the flag, unless an inventory says it in another form."""
    flags = {one.name: one for program in PROGRAMS.values() for one in program.declared()}
    becoming = {variable.name: variable for variable in VARIABLES if variable.repeats is not None}
    named_alike = {variable.name for variable in VARIABLES if variable.name.removeprefix("dcos_") in flags}
    assert named_alike <= becoming.keys() and len(becoming) >= 9
    for name, variable in becoming.items():
        one = variable.repeats
        assert one is not None and one in [each for program in PROGRAMS.values() for each in program.declared()]
        if name != "dcos_resources":  # says less than the flag, which takes reservations and JSON
            assert variable.help.startswith(one.help[:1].upper() + one.help[1:]), name
        if one.on_clusters is not None:
            assert variable.parse(one.on_clusters.text(one.default)) == one.default, name
    source = (documented.ROOT / "installer/dcos_installer/config/variables.py").read_text()
    repeated = [one.name for one in flags.values() if len(one.help) > 20 and one.help in source]
    assert repeated == [], "the help of these flags stands twice"


_PARTS = (
    "cpus",
    "mem",
    "ports",
    "zones",
    "rack",
    ":",
    ":",
    ";",
    "[80]",
    "[80-81,99]",
    "[9-1]",
    "{a,b}",
    "{",
    "{}",
    "4",
    "0",
)
_TEXTS = st.lists(
    st.sampled_from((*_PARTS, "0.0004", "1e3", "(web)", " ", "a b", "@", "=", ",", "NET_RAW", "ä")), max_size=9
)


@given(_TEXTS.map("".join))
@example("ports:[80];cpus:2")
@example("rack:r=1@x y;slots:[1-4]")
@example("NET_RAW, SYS_PTRACE")
@example("zones:{a,b}{a,b}{a,b}")
def test_what_an_inventory_takes_of_a_flag_the_daemon_takes_too(text: str) -> None:
    """It may take less; it never has a grammar of its own."""
    checks = documented.DAEMONS["dcos-agent"].checks
    for variable in VARIABLES:
        if variable.name in ("dcos_attributes", "dcos_resources", "dcos_agent_capabilities"):
            try:
                value = variable.parse(text)
            except ValueError:
                continue
            written = (
                value if isinstance(value, str) else attributes(value) if isinstance(value, dict) else ",".join(value)
            )
            assert variable.repeats is not None
            variable.repeats.kind.parse(written)
            checks.get(variable.repeats.name, str)(written)


def attributes(known: Mapping[str, str]) -> str:
    return ";".join(f"{name}:{value}" for name, value in known.items())


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
    assert f"--flag as {PROGRAMS[program].prefix}FLAG." in text
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
    told = "--url 'zk://***@h': it holds what looks like a user and a password, which this flag does not take"
    assert caught.value.problems == ("--key: no", told)


_HUSH = ("ЖЩ", "Ж/Щ", "Ж@Щ", "Ж,Щ", "Ж Щ", "Ж:Щ", "Ж\nЩ", "Ж=Щ", "Ж?Щ#Ж")
"""Passwords, with letters that no message has."""
_CARRIERS = (
    "zk://dcos:{}@h:1/x",
    "zk://dcos:{}@",
    "http://dcos:{}@h:1",
    "https://h/,https://dcos:{}@h",
    "U=https://u:{}@h/r",
)


def _checks(program: str) -> Mapping[str, Check]:
    return documented.DAEMONS[program].checks if program in documented.DAEMONS else Daemon.checks


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_flag_that_may_hold_a_credential_is_secret(program: str) -> None:
    """It says that it takes ``zk://``, or takes variables. One that takes other URLs refuses those with a user."""
    for one in PROGRAMS[program].declared():
        takes = [text for carrier in _CARRIERS for text in [carrier.format("hush")] if _taken(program, one, text)]
        is_url = re.search(r"://|\bURLs?\b", f"{one.kind.name} {one.help}") is not None and not one.kind.path
        if one.kind is values.VARIABLES or "zk://" in one.help or (takes and is_url):
            assert one.secret, f"{program}: --{one.name} may hold a password"


def _taken(program: str, one: Flag, text: str) -> bool:
    try:
        one.kind.parse(text)
        _checks(program).get(one.name, str)(text)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("carrier", _CARRIERS)
def test_no_flag_shows_a_credential_whatever_is_wrong_with_it(program: str, carrier: str, tmp_path: Path) -> None:
    wanted = PROGRAMS[program]
    required = {wanted.prefix + one.name.upper(): "file:///x" for one in wanted.declared() if one.required}
    for one in wanted.declared():
        some = _HUSH if one.secret or "://" in one.help or "URL" in one.help else _HUSH[1:3]
        for number, password in enumerate(some):
            text = carrier.format(password)
            held = tmp_path / f"{one.name}-{number}"
            held.write_text(text)
            for argv in ([f"--{one.name}={text}"], [f"--{one.name}", text], [f"--{one.name}=file://{held}"], [text]):
                try:
                    shown = str(parse(wanted, argv, required, _checks(program)).shown())
                except FlagError as error:
                    shown = str(error)
                assert not set("ЖЩ") & set(shown), f"{program} {argv}: {shown}"


def test_the_ports_of_the_cluster_are_those_of_its_services() -> None:
    """For daemons that are started by hand; on clusters the installer tells them."""
    ports = {
        number
        for name in shipped()
        for number in (*installed()[name].reserved_ports, *installed().numbers[name].values())
    }
    assert {port for low, high in CLUSTER_PORTS for port in range(low, high + 1)} == ports
    assert AgentFlags.find("daemon_ports").default == CLUSTER_PORTS
    closed = CosmosFlags(work_dir="").closed_ports
    assert set(CLUSTER_PORTS) <= set(closed) and (22, 22) in closed


@pytest.mark.parametrize(
    "words",
    [
        ["--zk=zk://u:pa", "S3CRET@m1:2181/mesos"],
        ["--zk=zk://u:pa", "more", "S3CRET", "words"],
        ["--zk", "S3CRET"],
        ["--zk:zk:/u:S3CRET@m1/mesos"],
        ["-zk=zk:/u:S3CRET@m1/mesos"],
    ],
)
def test_a_credential_in_words_that_are_no_flag_is_not_told(words: list[str]) -> None:
    with pytest.raises(FlagError) as caught:
        parse(MasterFlags, words, {})
    assert "S3CRET" not in "\n".join(caught.value.problems)
    with pytest.raises(FlagError, match="'other'"):
        parse(MasterFlags, [*words, "--port=1", "other"], {})


def test_every_problem_is_told_at_once(small: type[Flags]) -> None:
    with pytest.raises(FlagError) as caught:
        parse(small, ["--ofte=1secs", "--often=1", "--often=2", "--bold=perhaps", "--key", "x", "--no-often"], {})
    told = "\n".join(caught.value.problems)
    for part in ("did you mean --often", "given twice", "expected true or false", "--key wants a value"):
        assert part in told
    assert "unexpected argument; flags" in told and "'x'" not in told, "it may be the secret that --key misses"
    assert "--folder is required: where" in told and "such as 10secs" in told and "unknown flag --no-often" in told


def test_whoever_has_read_enough_of_a_help_gets_no_trace() -> None:
    program = Path(sys.executable).with_name("dcos-auth")
    with subprocess.Popen([program, "--help"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert (process.stderr.read(), process.wait(240)) == (b"", 0)
