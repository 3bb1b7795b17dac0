"""What tasks listen on beside the ports they were offered: found by what the kernel lists, said once, and cheap."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from msgspec.structs import replace

from dcos_runtime.agent import settings
from dcos_runtime.agent.containers.base import ContainerPlace, Lasting
from dcos_runtime.agent.containers.spec import JoinedNetwork, Limits
from dcos_runtime.agent.isolators.listening import ListeningIsolator, PortWatcher, listening, sockets_of
from dcos_runtime.flags import FlagError, parse
from dcos_runtime.flags.agent import AgentFlags
from dcos_runtime.flags.values import Ranges
from tests.support.agent.containers import spec

LISTENS, CONNECTED = "0A", "01"


class Machine:
    """A pretended /proc: sockets by inode, and who has them open."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sockets: dict[int, tuple[int, str]] = {}
        self.now = 0.0
        (folder / "self" / "net").mkdir(parents=True)
        self.write()

    def write(self) -> None:
        """The kernel lists those that listen first."""
        lines = ["  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"]
        for inode, (port, state) in sorted(self.sockets.items(), key=lambda item: item[1][1] != LISTENS):
            lines.append(
                f"   0: 0100007F:{port:04X} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000     0        0"
                f" {inode} 1 0000000000000000 100 0 0 10 0"
            )
        (self.folder / "self" / "net" / "tcp").write_text("\n".join(lines) + "\n")

    def opens(self, pid: int, inode: int, port: int, state: str = LISTENS) -> None:
        self.sockets[inode] = (port, state)
        self.write()
        folder = self.folder / str(pid) / "fd"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / str(inode)).symlink_to(f"socket:[{inode}]")

    def closes(self, inode: int) -> None:
        del self.sockets[inode]
        self.write()


def watched(machine: Machine, only: Ranges = ((1, 65535),)) -> tuple[PortWatcher, list[tuple[str, Ranges]]]:
    said: list[tuple[str, Ranges]] = []
    watcher = PortWatcher(lambda *found: said.append(found), only, proc=machine.folder, clock=lambda: machine.now)
    for name in ("a", "b"):
        watcher.watch(name, ((31000, 31001),), lambda container: [{"a": 10, "b": 20}[container]])
    return watcher, said


def test_a_port_beyond_those_offered_is_said_once_and_when_it_is_over(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    watcher, said = watched(machine)
    machine.opens(10, 1, 31000)
    machine.opens(10, 2, 9000)
    machine.opens(10, 3, 9001)
    machine.opens(10, 4, 9002, CONNECTED)
    machine.opens(20, 5, 31001)
    for _ in range(3):
        watcher.look()
    assert said == [("a", ((9000, 9001),))]
    assert watcher.unallocated("a") == ((9000, 9001),) and watcher.unallocated("b") == watcher.unallocated("c") == ()
    assert watcher.metrics() == {"containerizer/ports/containers_beyond_offered": 1.0}
    machine.closes(2)
    machine.closes(3)
    watcher.look()
    assert said[1:] == [("a", ())]
    machine.opens(20, 6, 31000)  # a's is not b's, but both were offered it here
    machine.opens(20, 7, 80)
    watcher.change("b", ((80, 80),))
    watcher.look()
    assert said[2:] == [("b", ((31000, 31001),))]


def test_only_the_ports_that_count_are_looked_at_and_a_container_that_is_gone_is_not(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    watcher, said = watched(machine, only=((31000, 32000),))
    machine.opens(10, 1, 9000)
    machine.opens(20, 2, 31500)
    watcher.forget("b")
    watcher.look()
    assert said == []
    machine.opens(10, 3, 31600)
    watcher.look()
    assert said == [("a", ((31600, 31600),))]


def test_open_files_are_read_only_for_sockets_that_are_new(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    watcher, _ = watched(machine)
    watcher.look()
    assert watcher.reads == 0, "nothing listens"
    machine.opens(10, 1, 9000)
    machine.opens(99, 2, 22)  # the machine's own
    watcher.look()
    assert watcher.reads == 2, "of both containers"
    machine.now = 30.0
    for _ in range(10):
        watcher.look()
    assert watcher.reads == 4, "once more: a process may have come meanwhile"
    machine.opens(10, 3, 9001)
    watcher.look()
    assert watcher.reads == 5 and watcher.unallocated("a") == ((9000, 9001),)


def test_a_container_in_a_network_of_its_own_is_not_looked_at_and_a_former_agents_is(tmp_path: Path) -> None:
    watcher = PortWatcher(proc=Machine(tmp_path).folder)
    isolator, place = ListeningIsolator(watcher, lambda _: []), ContainerPlace("c", tmp_path)
    given = spec(tmp_path, "c")
    isolator.prepare(replace(given, network=JoinedNetwork(tmp_path, tmp_path, "c")), place, {})
    assert not watcher._watched
    isolator.recover(place, None)
    assert not watcher._watched
    limits = Limits(cpus=1, ports=((5, 6),))
    isolator.recover(place, Lasting(tmp_path, limits))
    assert watcher._watched["c"].offered == ((5, 6),)
    isolator.prepare(given, place, {})
    isolator.update(place, limits)
    assert watcher._watched["c"].offered == ((5, 6),)
    isolator.cleanup(place)
    assert not watcher._watched


def test_this_kernel_lists_what_listens_as_it_is_read_here() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        port = server.getsockname()[1]
        found = {inode for inode, listens in listening().items() if listens == port}
        assert len(found) == 1 and found <= sockets_of(Path(f"/proc/{os.getpid()}"))
    assert port not in listening().values()


def test_the_ports_that_count_are_given_in_one_way() -> None:
    given = ["--master=127.0.0.1:1", "--work_dir=/w", "--container_ports_isolated_range=[1-35000]"]
    flags = parse(AgentFlags, given, {})
    settings.check(flags)
    assert flags.container_ports_isolated_range == ((1, 35000),)
    with pytest.raises(FlagError, match="not both"):
        settings.check(parse(AgentFlags, [*given, "--check_agent_port_range_only"], {}))
