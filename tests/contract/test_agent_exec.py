"""Commands in running containers, by both launchers: their surroundings, streams and terminal, and their end."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from dcos_runtime.agent.containers.base import Launcher, LaunchError
from dcos_runtime.agent.containers.sessions import ExecCommand, ExecSession, TerminalSize
from dcos_runtime.agent.core.model import Exit
from dcos_runtime.agent.launchers.joining import COMMANDS
from tests.support.agent.commands import LEAVES, said, until
from tests.support.agent.containers import SECONDS, create, destroyed, made, mentioning, spec
from tests.support.daemons.agents import cgroups_of, remove_cgroups

BUSY = f"6{SECONDS}"
"""Seconds for which processes of commands sleep: by them they are found."""


@pytest.fixture(params=["posix", "linux"])
async def container(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[Launcher, str, Path]]:
    """A launcher with one running container, ``one``, the name of its cgroup, and the launcher's folder."""
    launcher, root = await made(request.param, tmp_path)
    try:
        await create(launcher, spec(tmp_path, "one"))
        await launcher.start("one")
        yield launcher, root, tmp_path
        await destroyed(launcher, "one")
        assert not mentioning(SECONDS)
        assert not cgroups_of(root) or not [path for path in cgroups_of(root) if path.name in ("one", COMMANDS)]
    finally:
        remove_cgroups(root)


async def ran(launcher: Launcher, *argv: str, **environment: str) -> tuple[Exit | None, bytes, bytes]:
    session = await launcher.exec("one", ExecCommand(argv, environment))
    output, errors = await asyncio.gather(said(session.streams.output), said(session.streams.errors))
    ended = await session.wait()
    session.streams.close()
    return ended, output, errors


async def until_gone(mark: str) -> None:
    for _ in range(2400):
        if not mentioning(mark):
            return
        await asyncio.sleep(0.1)
    raise AssertionError(mentioning(mark))


async def test_a_command_runs_in_the_surroundings_of_the_container(container: tuple[Launcher, str, Path]) -> None:
    launcher, _, folder = container
    ended, output, errors = await ran(
        launcher, "sh", "-c", 'echo "$MESOS_SANDBOX $MINE"; pwd; id -u; echo e >&2; exit 7', MINE="x"
    )
    assert (ended, errors) == (Exit(code=7), b"e\n")
    sandbox = folder / "sandbox-one"
    inside = launcher.sandbox_inside(sandbox)
    assert output.decode() == f"{sandbox} x\n{inside}\n{os.geteuid()}\n"
    if launcher.name == "linux":
        _, seen, _ = await ran(launcher, "sh", "-c", "cat /proc/1/comm /proc/self/status")
        assert seen.startswith(b"tini") and b"NoNewPrivs:\t1" in seen and b"Seccomp:\t2" in seen


async def test_input_is_read_and_ends_and_a_reader_that_waits_holds_up_the_writer(
    container: tuple[Launcher, str, Path],
) -> None:
    launcher, _, _ = container
    session = await launcher.exec("one", ExecCommand(("cat",)))
    data = os.urandom(1 << 20)
    assert session.streams.input is not None

    async def fed() -> None:
        assert session.streams.input is not None
        await session.streams.input.write(data)
        await session.streams.end_input()

    feeding = asyncio.create_task(fed())
    assert not (await asyncio.wait([feeding], timeout=0.3))[0]  # a pipe holds less than that: evidence of the hold-up
    assert await said(session.streams.output) == data
    await feeding
    assert await session.wait() == Exit(code=0)
    session.streams.close()


async def test_a_terminal_has_a_size_that_changes_and_job_control(container: tuple[Launcher, str, Path]) -> None:
    launcher, _, _ = container
    session = await launcher.exec("one", ExecCommand(("sh", "-i"), {"PS1": "", "TERM": "dumb"}, TerminalSize(30, 90)))
    terminal = session.streams.output
    assert terminal is not None and session.streams.input is terminal
    await terminal.write(
        b"stty size; trap 'stty size; echo changed' WINCH; tty; ps -o tty= -p $$ 2>/dev/null; echo re''ady\n"
    )
    shown = await until(terminal, b"ready\r\n")
    assert b"30 90\r\n" in shown and b"/dev/pts/" in shown and b"job control" not in shown
    terminal.resize(TerminalSize(40, 120))
    await terminal.write(b"\n")
    assert b"40 120\r\n" in await until(terminal, b"changed\r\n")
    await terminal.write(f"sleep {BUSY}\n".encode())
    for _ in range(2400):
        if mentioning(f"sleep\0{BUSY}"):
            break
        await asyncio.sleep(0.1)
    await terminal.write(b"\x03")  # Ctrl-C ends the command in the foreground, not the shell
    await until_gone(f"sleep\0{BUSY}")
    await terminal.write(b"exit 3\n")
    await said(terminal)
    assert await session.wait() == Exit(code=3)
    session.streams.close()


async def test_a_terminal_of_a_container_outlives_who_made_it(container: tuple[Launcher, str, Path]) -> None:
    launcher, root, folder = container
    argv = ("/bin/sh", "-c", f"stty -echo; stty size; cat; echo over; : {SECONDS}")
    given = spec(folder, "typed", argv)
    process = msgspec.structs.replace(given.process, terminal=TerminalSize(30, 90))
    await create(launcher, msgspec.structs.replace(given, process=process))
    first = await launcher.attach("typed")
    await launcher.start("typed")
    await until(first.output, b"30 90\r\n")
    again, _ = await made(launcher.name, folder, root)
    await again.recover("typed", None)
    second = await again.attach("typed")
    assert second.input is not None
    second.input.resize(TerminalSize(40, 120))
    await second.input.write(b"one\n")
    await asyncio.gather(until(first.output, b"one\r\n"), until(second.output, b"one\r\n"))
    first.close()
    await second.end_input()
    assert (await said(second.output)).endswith(b"over\r\n")
    ended = await again.wait("typed")
    assert ended is not None and ended.code == 0
    second.close()
    with pytest.raises(LaunchError, match="no terminal"):
        await again.attach("one")
    await destroyed(again, "typed")
    assert (folder / "sandbox-typed" / "stdout").read_bytes() == b"30 90\r\none\r\nover\r\n"


async def started(launcher: Launcher, then: str, window: TerminalSize | None = None) -> ExecSession:
    session = await launcher.exec("one", ExecCommand(("sh", "-c", LEAVES % {"seconds": BUSY} + then), {}, window))
    await until(session.streams.output, b"started")
    return session


@pytest.mark.parametrize("window", [None, TerminalSize(24, 80)])
async def test_all_that_a_command_has_started_ends_with_it(
    container: tuple[Launcher, str, Path], window: TerminalSize | None
) -> None:
    launcher, root, folder = container
    session = await started(launcher, "exit 0", window)
    assert await session.wait() == Exit(code=0)
    await until_gone(BUSY)
    session.streams.close()
    session = await started(launcher, f"exec sleep {BUSY}", window)
    await session.end()
    await until_gone(BUSY)
    assert mentioning(SECONDS)
    assert not list(folder.rglob(f"{COMMANDS}*"))
    assert not [path for path in cgroups_of(root) if path.name.startswith(COMMANDS)]


async def test_a_command_ends_with_its_container_and_counts_as_its_processes(
    container: tuple[Launcher, str, Path],
) -> None:
    launcher, _, _ = container
    session = await started(launcher, f"exec sleep {BUSY}")
    assert session.pid in {process.pid for process in launcher.processes("one")}
    await destroyed(launcher, "one")
    await asyncio.wait_for(session.wait(), 240)
    await until_gone(BUSY)
    session.streams.close()
    with pytest.raises(LaunchError, match="does not run"):
        await launcher.exec("one", ExecCommand(("true",)))


AGENT = """
import asyncio, sys
from pathlib import Path
from dcos_runtime.agent.containers.sessions import ExecCommand
from tests.support.agent.commands import LEAVES, until
from tests.support.agent.containers import made

async def main():
    launcher, _ = await made(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
    script = LEAVES % {"seconds": sys.argv[4]} + "exec sleep " + sys.argv[4]
    session = await launcher.exec("one", ExecCommand(("sh", "-c", script)))
    await until(session.streams.output, b"started")
    print("started", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_a_command_ends_when_its_agent_is_killed(container: tuple[Launcher, str, Path]) -> None:
    launcher, root, folder = container
    agent = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", AGENT, launcher.name, str(folder), root, BUSY),
        cwd=Path(__file__).parents[2],
        stdout=asyncio.subprocess.PIPE,
    )
    assert agent.stdout is not None
    assert await agent.stdout.readline() == b"started\n"
    agent.kill()
    await agent.wait()
    again, _ = await made(launcher.name, folder, root)
    await again.recover("one", None)  # ends what an attendant of a container cannot find
    await until_gone(BUSY)
    assert not [path for path in cgroups_of(root) if path.name.startswith(COMMANDS)]
    assert mentioning(SECONDS)


async def test_what_cannot_be_started_says_why(container: tuple[Launcher, str, Path]) -> None:
    launcher, root, folder = container
    for program, window in (("no-such-program", None), ("/etc", None), ("nope", TerminalSize(1, 1))):
        with pytest.raises(LaunchError, match=program):
            await launcher.exec("one", ExecCommand((program,), {}, window))
    with pytest.raises(LaunchError, match="does not run"):
        await launcher.exec("two", ExecCommand(("true",)))
    assert not list(folder.rglob(f"{COMMANDS}*"))
    assert not [path for path in cgroups_of(root) if path.name.startswith(COMMANDS)]
    session = await launcher.exec("one", ExecCommand(("sh", "-c", "exit 5"), piped=False))
    assert await session.wait() == Exit(code=5) and session.streams.output is None
