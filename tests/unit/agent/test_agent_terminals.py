"""Who holds a container's terminal: what is passed on, to whom, and when it ends."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from dcos_runtime.agent.container_user import ContainerUser
from dcos_runtime.agent.containers.base import LaunchError, alive
from dcos_runtime.agent.containers.sessions import USUAL_WINDOW, ExecCommand, TerminalSize, window_of
from dcos_runtime.agent.containers.spec import ContainerSpec, FirstProcess, Limits
from dcos_runtime.agent.core.model import Settings
from dcos_runtime.agent.core.refusal import group_refused
from dcos_runtime.agent.launchers import bundle, switchboard, terminals
from dcos_runtime.wire import codec
from dcos_runtime.wire.cluster import AgentInfo
from dcos_runtime.wire.containers import ContainerInfo
from dcos_runtime.wire.tasks import ExecutorInfo
from tests.support.agent.commands import said, until


def container(folder: Path, window: TerminalSize | None = USUAL_WINDOW) -> ContainerSpec:
    for name in ("stdout", "stderr"):
        (folder / name).touch()
    user = ContainerUser("me", os.geteuid(), os.getegid(), (os.getegid(),), "/")
    first = FirstProcess(argv=("true",), environment={}, user=user, terminal=window)
    return ContainerSpec(container_id="one", sandbox=folder, limits=Limits(cpus=1), process=first)


async def test_what_is_printed_is_kept_and_goes_to_all_who_read_and_the_last_one_out_ends_it(tmp_path: Path) -> None:
    async with terminals.held(container(tmp_path), tmp_path, by_runtime=False) as terminal:
        assert terminal is not None and terminal.path is not None
        inside = os.open(terminal.path, os.O_RDWR | os.O_NOCTTY)
    one, other = await terminals.attach(tmp_path), await terminals.attach(tmp_path)
    idle = await terminals.attach(tmp_path)  # reads nothing, and holds up nobody
    os.write(inside, b"some\n")
    await until(one.output, b"some\r\n")
    await until(other.output, b"some\r\n")
    one.close()
    assert other.input is not None
    await other.input.write(b"typed\n")
    assert os.read(inside, 100) == b"typed\n"
    for _ in range(400):
        os.write(inside, b"x" * 4000 + b"\n")
        await until(other.output, b"\n")
    os.close(inside)
    await said(other.output)
    await terminals.end(tmp_path)
    with pytest.raises(LaunchError, match="no terminal"):
        await terminals.attach(tmp_path)
    kept = (tmp_path / "stdout").read_bytes()
    assert kept.startswith(b"some\r\ntyped\r\n") and len(kept) == 13 + 400 * 4002
    idle.close()
    other.close()


async def test_it_goes_when_the_container_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="not made"):
        async with terminals.held(container(tmp_path), tmp_path, by_runtime=True) as terminal:
            assert terminal is not None and terminal.path is None and Path(terminal.console).exists()
            raise OSError("not made")
    await terminals.end(tmp_path)
    who = json.loads((tmp_path / switchboard.WHO).read_bytes())
    assert not alive(who["pid"], who["started"])


async def test_there_is_none_where_none_is_asked_for(tmp_path: Path) -> None:
    async with terminals.held(container(tmp_path, None), tmp_path, by_runtime=True) as terminal:
        assert terminal is None
    assert not (tmp_path / switchboard.WHO).exists()
    await terminals.end(tmp_path)


def test_a_runtime_is_told_of_it_and_a_command_beside_it_has_its_own(tmp_path: Path) -> None:
    document = bundle.configuration(container(tmp_path, TerminalSize(11, 22)), "/c", "/tini")
    assert document["process"]["terminal"] is True
    assert document["process"]["consoleSize"] == {"height": 11, "width": 22}
    joined = bundle.joining(document, ExecCommand(("true",)))
    assert joined["terminal"] is False and "consoleSize" not in joined


def test_a_container_says_which_size_it_has() -> None:
    def window(text: bytes) -> TerminalSize | None:
        return window_of(codec.decode(text, ContainerInfo))

    assert window(b'{"type": "MESOS"}') is None
    assert window(b'{"type": "MESOS", "tty_info": {}}') == USUAL_WINDOW
    sized = b'{"type": "MESOS", "tty_info": {"window_size": {"rows": 3, "columns": 4}}}'
    assert window(sized) == TerminalSize(3, 4)


def test_a_default_executor_has_none() -> None:
    info = b'{"executor_id": {"value": "e"}, "type": "DEFAULT", "container": {"type": "MESOS", "tty_info": {}}}'
    agent = Settings(info=AgentInfo(hostname="h"), software="", boot_id="", ip="198.18.0.5", launcher="linux")
    refused = group_refused(codec.decode(info, ExecutorInfo), [], agent)
    assert refused is not None and "give container.tty_info to its tasks" in refused.message
