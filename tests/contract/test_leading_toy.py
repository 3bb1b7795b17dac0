"""A daemon with a leader in a few lines: three processes of it, of which any may be killed, asked through any."""

from __future__ import annotations

import re
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from kazoo.client import KazooClient
from kazoo.exceptions import NoNodeError

from tests.support.daemons.authority import Authority
from tests.support.daemons.byhand import Daemon, ask, free_port, wait_for
from tests.support.daemons.zookeeper_server import ZooKeeperServer

TOY = Path(__file__).resolve().parents[1] / "support" / "toy" / "main.py"
MOST_LINES = 60
SESSION = "15secs"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ZooKeeperServer]:
    server = ZooKeeperServer(tmp_path_factory.mktemp("zookeeper"))
    server.start()
    yield server
    server.kill()


class Trio:
    """Three processes of the toy, in one election; with an ``authority`` they pass requests on over mutual TLS."""

    def __init__(self, folder: Path, hosts: str, name: str, authority: Authority | None) -> None:
        self.path = f"/{name}"
        self.hosts = hosts
        self.authority = authority
        self.tls_port = free_port()
        self.daemons = [self._daemon(folder, number) for number in range(3)]

    def _daemon(self, folder: Path, number: int) -> Daemon:
        address = f"127.0.0.{number + 1}"  # one port for all of a kind, so an address for each
        flags = [
            f"--http_address={address}",
            f"--http_port={free_port()}",
            f"--hostname={address}",
            f"--work_dir={folder / f'work{number}'}",
            f"--zk=zk://{self.hosts}{self.path}",
            f"--zk_session_timeout={SESSION}",
        ]
        if self.authority is not None:
            identity = self.authority.identity("counters", address, address)
            flags += [f"--tls_port={self.tls_port}", f"--tls_ca={self.authority.ca}", f"--tls_identity={identity}"]
        root = str(TOY.parents[3])
        argv = (sys.executable, "-m", "tests.support.toy.main", *flags)
        return Daemon(f"toy{number}", argv, folder / f"toy{number}.log", {"PYTHONPATH": root})

    def leader(self) -> Daemon:
        """As ZooKeeper tells. Raises ``AssertionError`` when nobody leads in time."""
        contents = wait_for(self.candidates, 60, "a leader")
        return next(daemon for daemon in self.daemons if daemon.url.endswith(contents[0]))

    def candidates(self) -> list[str]:
        """Their addresses, the leading one first. Empty also while they change: who waits for them looks again."""
        client = KazooClient(self.hosts, timeout=60)
        client.start(240)
        try:
            folder = f"{self.path}/leader"
            return [client.get(f"{folder}/{name}")[0].decode() for name in sorted(client.get_children(folder))]
        except NoNodeError:  # nobody came yet, or one went between the two looks
            return []
        finally:
            client.stop()
            client.close()


@pytest.fixture(params=["plain", "tls"])
def trio(server: ZooKeeperServer, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Trio]:
    authority = Authority(tmp_path / "authority") if request.param == "tls" else None
    trio = Trio(tmp_path, server.hosts, tmp_path.name.replace("[", "-").replace("]", ""), authority)
    for daemon in trio.daemons:
        daemon.start()
    # Each of them stands before anything is asked: who is started last would be told of a leader that it does not know.
    wait_for(lambda: len(trio.candidates()) == 3, 60, "three candidates")
    yield trio
    for daemon in trio.daemons:
        daemon.stop()


def answered(url: str) -> bool:
    return ask(f"{url}/counts")[0] == 200


class Readers:
    """Reads and raises through each of ``daemons`` all the time, and keeps what is answered."""

    def __init__(self, *daemons: Daemon) -> None:
        self.reads: list[int] = []
        self.raised = 0
        self.unknown = 0
        self.problems: list[str] = []
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=work, args=(daemon.url,), daemon=True)
            for daemon in daemons
            for work in (self._read, self._raise)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(480)
        assert not any(thread.is_alive() for thread in self._threads)

    def _read(self, url: str) -> None:
        while not self._over.wait(0.02):
            status, answer = ask(f"{url}/counts")
            self.reads.append(status)
            # A process that was just elected says so at once, however long it takes to recover.
            if status != 200 and not (status == 503 and "not finished recovery" in str(answer)):
                self.problems.append(f"a read was answered {status}: {answer}")

    def _raise(self, url: str) -> None:
        while not self._over.wait(0.02):
            status, answer = ask(f"{url}/counts/clicks", "POST")
            if status == 200:
                self.raised += 1
            elif status not in (502, 503):
                self.problems.append(f"a change was answered {status}: {answer}")
            elif "not known" in str(answer):
                self.unknown += 1


def counted(url: str) -> int:
    """Of a leader's answer: none leads while the one that led was starved for longer than its session."""
    _, counts = wait_for(lambda: (answer := ask(f"{url}/counts"))[0] == 200 and answer, 60, f"an answer of {url}")
    return int(counts["clicks"])


def test_the_shell_of_a_daemon_with_a_leader_is_short() -> None:
    source = TOY.read_text()
    assert len(source.splitlines()) <= MOST_LINES
    (told,) = re.findall(r"```python\n(.*?)```", (TOY.parents[3] / "docs" / "leading.md").read_text(), re.DOTALL)
    assert told in source, "docs/leading.md shows another one"


def test_standbys_answer_on_when_the_leader_is_killed_and_nothing_that_was_answered_is_lost(trio: Trio) -> None:
    leader = trio.leader()
    standbys = [daemon for daemon in trio.daemons if daemon is not leader]
    for daemon in standbys:
        wait_for(lambda url=daemon.url: answered(url), 60, f"an answer through {daemon.name}")  # type: ignore[misc]  # mypy infers no lambda with a default
    readers = Readers(*standbys)
    try:
        wait_for(lambda: readers.raised > 10 and len(readers.reads) > 10, 60, "answers of the first leader")
        leader.kill()
        wait_for(lambda: trio.leader() is not leader, 60, "the next leader")
        before, reads = readers.raised, len(readers.reads)
        wait_for(lambda: readers.raised > before + 10 and len(readers.reads) > reads + 10, 60, "its answers")
    finally:
        readers.stop()
    found = counted(standbys[0].url)
    assert readers.raised <= found <= readers.raised + readers.unknown
    # A session takes longer to end than a read waits for an answer only on a starved machine; then it says so.
    assert all("ask again" in problem for problem in readers.problems), readers.problems[:3]
    # The one that was killed takes its place again, and passes on.
    leader.start()
    wait_for(lambda: answered(leader.url), 60, "an answer through the one that was killed")
    assert counted(leader.url) == found


def test_a_leader_that_is_told_to_end_answers_what_it_was_asked_and_gives_its_place_up(trio: Trio) -> None:
    leader = trio.leader()
    standbys = [daemon for daemon in trio.daemons if daemon is not leader]
    for daemon in standbys:
        wait_for(lambda url=daemon.url: answered(url), 60, f"an answer through {daemon.name}")  # type: ignore[misc]  # mypy infers no lambda with a default
    readers = Readers(*standbys)
    try:
        wait_for(lambda: readers.raised > 10, 60, "answers of the first leader")
        leader.send(signal.SIGTERM)
        assert leader.process is not None and leader.process.wait(240) == 0
        assert leader.url.rpartition("/")[2] not in wait_for(trio.candidates), "it left its session to end by itself"
        before = readers.raised
        wait_for(lambda: readers.raised > before + 10, 60, "answers of the next leader")
    finally:
        readers.stop()
    # On a starved machine the next one may not lead before a read has waited long enough; then it says so.
    assert all("ask again" in problem for problem in readers.problems), readers.problems[:3]
    assert readers.raised <= counted(standbys[0].url) <= readers.raised + readers.unknown
    assert "ending: SIGTERM" in leader.log.read_text()


def test_alone_it_keeps_its_state_in_a_file(tmp_path: Path) -> None:
    argv = (sys.executable, "-m", "tests.support.toy.main", f"--http_port={free_port()}", f"--work_dir={tmp_path}")
    daemon = Daemon("alone", argv, tmp_path / "log", {"PYTHONPATH": str(TOY.parents[3])})
    try:
        for count in (1, 2):
            daemon.start()
            assert ask(f"{daemon.url}/counts/a", "POST") == (200, count)
            assert ask(f"{daemon.url}/counts/a")[0] == 405
            daemon.stop()
            assert daemon.process is not None and daemon.process.returncode == 0
    finally:
        daemon.stop()
