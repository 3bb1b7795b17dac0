"""`dcos` as a process: signals, pipes, terminals, help."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import click
import pytest

from dcos_runtime import __version__
from dcos_runtime.cli.app import dcos as root
from dcos_runtime.cli.tree import CommandTree

Dcos = Callable[..., Any]
COMMAND = [sys.executable, "-m", "dcos_runtime.cli.main"]


def commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, CommandTree):
        context = click.Context(command)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            yield from commands(child, (*path, name))


ALL = list(commands(root))


@pytest.mark.parametrize("path", [path for path, _ in ALL], ids=" ".join)
def test_every_command_has_help(path: tuple[str, ...], dcos: Dcos) -> None:
    result = dcos(*path, "--help")
    assert result.code == 0
    assert result.out.startswith(f"Usage: {' '.join(('dcos', *path))}")


@pytest.mark.parametrize("path", [path for path, command in ALL if path], ids=" ".join)
def test_every_command_takes_the_global_options(path: tuple[str, ...]) -> None:
    command = dict(ALL)[path]
    names = {name for parameter in command.params for name in parameter.opts}
    assert {"--master", "--url", "--log-level"} <= names


def test_every_list_and_show_speaks_json() -> None:
    wanted = [command for path, command in ALL if path and path[-1] in ("list", "show", "ps")]
    assert len(wanted) >= 7
    for command in wanted:
        assert "--json" in {name for parameter in command.params for name in parameter.opts}


def test_the_summaries_of_commands_not_yet_imported_are_their_own() -> None:
    for _, command in ALL:
        if isinstance(command, CommandTree):
            for name, entry in command.entries.items():
                child = command.get_command(click.Context(command), name)
                assert child is not None
                assert child.get_short_help_str(limit=100) == entry.summary


def test_help_imports_no_client_and_no_table_maker() -> None:
    script = (
        "import sys; from dcos_runtime.cli.main import main; main(['--help']);"
        "print(sorted(sys.modules.keys() & {'aiohttp', 'rich', 'urllib.request', 'msgspec', 'asyncio', 'tomllib'}))"
    )
    output = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "DCOS_DIR": "/nowhere"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert output.splitlines()[-1] == "[]"


def test_version_is_the_distributions(dcos: Dcos) -> None:
    assert dcos("--version").out == f"dcos {__version__}\n"


def test_a_fault_of_our_own_is_one_line_and_a_traceback_only_in_debug(
    dcos: Dcos, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(*_: Any) -> None:
        raise KeyError("surprise")

    monkeypatch.setattr("dcos_runtime.cli.clusters.target.find_target", fault)
    result = dcos("ps")
    assert result.code == 1
    assert "unexpected KeyError at test_cli_process.py" in result.err and "Traceback" not in result.err
    assert "Traceback" in dcos("--log-level", "debug", "ps").err


@contextlib.contextmanager
def following(cluster: Any, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """`dcos task log -f` as a process of its own that has printed its first line."""
    cluster.task("web.1", output=b"first\n")
    environment = os.environ | {"DCOS_URL": cluster.master.url}
    arguments = [*COMMAND, "task", "log", "-f", "web"]
    with subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, **options
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"first\n"
            yield process
        finally:
            process.kill()


def test_an_interrupt_ends_it_without_a_word(cluster: Any) -> None:
    with following(cluster) as process:
        process.send_signal(signal.SIGINT)
        assert process.wait(240) == 130
        assert process.stderr is not None and process.stderr.read() == b""


def test_a_reader_that_goes_away_ends_it_without_a_word(cluster: Any) -> None:
    with following(cluster) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        cluster.files["/sandboxes/web.1/stdout"] += b"more\n"
        assert process.wait(240) == 0
        assert process.stderr.read() == b""


def test_a_table_into_a_closed_pipe_is_no_failure(cluster: Any) -> None:
    for number in range(2000):
        cluster.task(f"web.{number}")
    environment = os.environ | {"DCOS_URL": cluster.master.url}
    with subprocess.Popen([*COMMAND, "ps"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline().startswith(b"NAME")
        process.stdout.close()
        assert process.wait(240) == 0
        assert process.stderr.read() == b""


def shell(cluster: Any, line: str) -> subprocess.CompletedProcess[bytes]:
    environment = os.environ | {"DCOS_URL": cluster.master.url, "DCOS": " ".join(COMMAND)}
    return subprocess.run(["/bin/sh", "-c", line], capture_output=True, env=environment, timeout=240, check=False)


def test_a_full_disk_is_told_in_a_line(cluster: Any) -> None:
    done = shell(cluster, "$DCOS ps >/dev/full")
    assert done.returncode == 1
    assert re.fullmatch(rb"dcos: No space left on device\n  hint: look at where the output goes[^\n]*\n", done.stderr)


def test_closed_streams_are_no_failure(cluster: Any) -> None:
    assert shell(cluster, "$DCOS ps >&-").returncode == 0
    done = shell(cluster, "$DCOS ps 2>&-")
    assert done.returncode == 0 and done.stdout.startswith(b"NAME")


def test_a_failure_stays_one_when_nobody_reads_about_it(cluster: Any) -> None:
    done = shell(cluster, "{ $DCOS marathon app show nope; echo $? >&2; } 2>&1 >/dev/null | cat")
    assert done.stdout.endswith(b"1\n")
    # As most people start it, and as an operator of containers does.
    for buffered in ("unset PYTHONUNBUFFERED", "export PYTHONUNBUFFERED=1"):
        assert shell(cluster, f"{buffered}; $DCOS marathon app show nope 2>/dev/full").returncode == 1
        assert shell(cluster, f"{buffered}; $DCOS no-such-verb 2>/dev/full").returncode == 2


def on_terminal(cluster: Any, *arguments: str, **environment: str) -> bytes:
    leader, follower = pty.openpty()
    variables = {"DCOS_URL": cluster.master.url, "TERM": "xterm-256color", "COLUMNS": "40"} | environment
    base = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    with subprocess.Popen(
        [*COMMAND, *arguments], stdout=follower, stderr=subprocess.PIPE, env=base | variables
    ) as process:
        os.close(follower)
        output = b""
        with contextlib.suppress(OSError):  # how Linux tells the end of a terminal
            while piece := os.read(leader, 65536):
                output += piece
        assert process.wait(240) == 0
    os.close(leader)
    return output


def test_a_terminal_gets_colours_and_the_same_uncut_text(cluster: Any, dcos: Dcos) -> None:
    cluster.task("web." + "x" * 200)
    plain = dcos("ps").lines
    assert b"\x1b[" in on_terminal(cluster, "ps")
    colourless = on_terminal(cluster, "ps", NO_COLOR="1")
    assert colourless.decode().splitlines() == plain


def test_every_letter_a_locale_cannot_show_is_escaped_instead_of_failing(cluster: Any) -> None:
    cluster.task("名前.1")
    environment = os.environ | {"DCOS_URL": cluster.master.url, "PYTHONIOENCODING": "ascii"}
    result = subprocess.run([*COMMAND, "ps"], capture_output=True, env=environment, timeout=240, check=False)
    assert (result.returncode, result.stderr) == (0, b"")
    assert rb"\u540d\u524d.1" in result.stdout


def test_the_shell_completes_commands() -> None:
    environment = os.environ | {"_DCOS_COMPLETE": "bash_complete", "COMP_WORDS": "dcos marathon ap", "COMP_CWORD": "2"}
    result = subprocess.run(COMMAND, capture_output=True, text=True, env=environment, timeout=240, check=True)
    assert result.stdout == "plain,app\n"
