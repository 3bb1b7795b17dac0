"""Who leads: contending for leadership, and finding the leader — with ZooKeeper, or standing alone.

The nodes are those of the original: ephemeral-sequential ``json.info_<10 digits>`` under the path of a ``zk://`` URL,
with a content given by the caller (a master writes its MasterInfo as JSON); the lowest sequence leads. Clients of the
original take the minimum over **all** children of that path: nothing else may be put there.
"""

from __future__ import annotations

import asyncio
import logging
import re
from dataclasses import dataclass
from typing import Protocol

import msgspec

from dcos_runtime.store.zookeeper import SESSION_SECONDS, Session, ZooKeeperUrl, parse_url

log = logging.getLogger(__name__)

PREFIX = "json.info_"
_NODE = re.compile(re.escape(PREFIX) + r"(\d{10})")


@dataclass(frozen=True)
class Leader:
    """The leader as it tells of itself. ``node`` differs between two terms of the same process."""

    node: str
    content: bytes


class Detector(Protocol):
    """Tells who leads. Used by agents, frameworks and standby masters."""

    @property
    def current(self) -> Leader | None: ...

    async def changed(self, known: Leader | None) -> Leader | None:
        """Waits until the leader is another than ``known`` (``None``: nobody that can be reached) and tells it."""
        ...

    async def close(self) -> None: ...


class Contender(Protocol):
    """Stands for election, once."""

    async def elected(self) -> str:
        """Waits until this process leads. The name of its node."""
        ...

    async def lost(self) -> str:
        """Waits until leadership is, or may be, lost, and tells why. The caller ends its process: it may not go on."""
        ...


# --- alone -----------------------------------------------------------------------------------------------------------


class Standalone:
    """The `Detector` and `Contender` of a process without ZooKeeper: the leader is the one it was told of, for ever."""

    def __init__(self, content: bytes) -> None:
        self._leader = Leader("standalone", content)

    @property
    def current(self) -> Leader | None:
        return self._leader

    async def changed(self, known: Leader | None) -> Leader | None:
        if known != self._leader:
            return self._leader
        await asyncio.Event().wait()
        return None

    async def elected(self) -> str:
        return self._leader.node

    async def lost(self) -> str:
        await asyncio.Event().wait()
        return ""

    async def close(self) -> None:
        pass


# --- with ZooKeeper --------------------------------------------------------------------------------------------------


class _Suspense:
    """Calls ``lost`` when a session is gone, or has been silent for so long that it must be taken for gone."""

    def __init__(self, session: Session) -> None:
        self._seconds = session.seconds
        self._timer: asyncio.TimerHandle | None = None
        self.lost = asyncio.Event()
        self.why = ""
        session.listen(self._state)

    def _state(self, state: str) -> None:
        if state == "CONNECTED":
            if self._timer:
                self._timer.cancel()
                self._timer = None
        elif state == "LOST":
            self._lose("the ZooKeeper session expired")
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(
                self._seconds, self._lose, f"ZooKeeper could not be reached for {self._seconds:g} s"
            )

    def _lose(self, why: str) -> None:
        self.why = why
        self.lost.set()


def _sequence(node: str) -> int | None:
    match = _NODE.fullmatch(node)
    return int(match[1]) if match else None


def _first(children: list[str]) -> str | None:
    return min((child for child in children if _sequence(child) is not None), default=None)


class ZooKeeperDetector:
    """The `Detector` of a ``zk://`` path. It owns the session when it made it itself (see `detector`)."""

    def __init__(self, session: Session, path: str, owns_session: bool = False) -> None:
        self._session = session
        self._path = path
        self._owns_session = owns_session
        self._leader: Leader | None = None
        self._news = asyncio.Condition()
        self._wake = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._silence: asyncio.TimerHandle | None = None
        session.listen(self._state)
        self._task = asyncio.create_task(self._watch(), name=f"leader detection at {path}")

    @property
    def current(self) -> Leader | None:
        return self._leader

    async def changed(self, known: Leader | None) -> Leader | None:
        async with self._news:
            await self._news.wait_for(lambda: self._leader != known)
            return self._leader

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        if self._silence:
            self._silence.cancel()
        if self._owns_session:
            await self._session.close()

    def _state(self, state: str) -> None:
        self._wake.set()
        if state == "CONNECTED":
            if self._silence:
                self._silence.cancel()
                self._silence = None
        elif self._silence is None:
            # A short silence changes nothing; a long one means that we may know a leader that is none any more.
            self._silence = self._loop.call_later(self._session.seconds, self._forget)

    def _forget(self) -> None:
        self._silence = None
        self._forgetting = asyncio.create_task(self._publish(None))

    def _changed_in_thread(self, _event: object) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake.set)

    async def _publish(self, leader: Leader | None) -> None:
        if leader != self._leader:
            log.info("the leader at %s is %s", self._path, leader.node if leader else "not known")
            async with self._news:
                self._leader = leader
                self._news.notify_all()

    async def _watch(self) -> None:
        from kazoo.exceptions import KazooException

        while True:
            await self._session.connected()
            self._wake.clear()
            try:
                leader = await self._session.call(self._read)
            except KazooException as error:
                log.warning("could not read the leader at %s (%s)", self._path, type(error).__name__)
                await asyncio.sleep(0.5)
                continue
            await self._publish(leader)
            await self._wake.wait()

    def _read(self) -> Leader | None:
        from kazoo.exceptions import NoNodeError

        client = self._session.client
        while True:
            try:
                children = client.get_children(self._path, watch=self._changed_in_thread)
            except NoNodeError:
                if client.exists(self._path, watch=self._changed_in_thread) is None:
                    return None
                continue
            node = _first(children)
            if node is None:
                return None
            try:
                return Leader(node, client.get(f"{self._path}/{node}")[0])
            except NoNodeError:
                continue


class ZooKeeperContender:
    """The `Contender` at a ``zk://`` path: keeps one node with ``content`` there for as long as its session lives."""

    def __init__(self, session: Session, path: str, content: bytes) -> None:
        self._session = session
        self._path = path
        self._content = content
        self._node: str | None = None
        self._wake = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._suspense = _Suspense(session)
        session.listen(lambda _: self._wake.set())

    async def elected(self) -> str:
        """Raises ``ConnectionError`` when the session was lost before: contend anew with another session."""
        from kazoo.exceptions import KazooException, SessionExpiredError

        while True:
            await self._session.connected()
            self._wake.clear()
            try:
                if self._node is None:
                    self._node = await self._session.call(self._enter)
                    log.info("contending at %s as %s", self._path, self._node)
                first = await self._session.call(self._look)
            except SessionExpiredError as error:
                raise ConnectionError("the ZooKeeper session expired while waiting to be elected") from error
            except KazooException as error:
                log.warning("could not contend at %s (%s)", self._path, type(error).__name__)
                await asyncio.sleep(0.5)
                continue
            if self._suspense.lost.is_set():
                raise ConnectionError(f"{self._suspense.why} while waiting to be elected")
            if first == self._node:
                return first
            await self._wake.wait()

    async def lost(self) -> str:
        watch = asyncio.create_task(self._overtaken())
        silence = asyncio.create_task(self._suspense.lost.wait())
        try:
            await asyncio.wait((watch, silence), return_when=asyncio.FIRST_COMPLETED)
            return watch.result() if watch.done() else self._suspense.why
        finally:
            watch.cancel()
            silence.cancel()

    async def _overtaken(self) -> str:
        """Waits until our node is not the first any more. A lost connection is not its business."""
        from kazoo.exceptions import KazooException

        while True:
            self._wake.clear()
            try:
                if await self._session.call(self._look) != self._node:
                    return f"our node {self._node} at {self._path} leads no more"
            except KazooException:
                await asyncio.sleep(0.1)
                await self._session.connected()
                continue
            await self._wake.wait()

    def _changed_in_thread(self, _event: object) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake.set)

    # What follows runs in the session's threads.

    def _enter(self) -> str:
        client = self._session.client
        client.ensure_path(self._path, acl=self._session.public_acl)
        # A create whose answer was lost may have left a node of ours: take that one rather than stand twice.
        for child in client.get_children(self._path):
            if _sequence(child) is not None:
                stat = client.exists(f"{self._path}/{child}")
                if stat is not None and stat.ephemeralOwner == self._session.id:
                    client.set(f"{self._path}/{child}", self._content)
                    return str(child)
        created = client.create(
            f"{self._path}/{PREFIX}", self._content, ephemeral=True, sequence=True, acl=self._session.public_acl
        )
        return str(created).rpartition("/")[2]

    def _look(self) -> str | None:
        return _first(self._session.client.get_children(self._path, watch=self._changed_in_thread))


# --- what a --master flag means --------------------------------------------------------------------------------------


class _MasterAddress(msgspec.Struct):
    class Address(msgspec.Struct):
        port: int
        ip: str | None = None
        hostname: str | None = None

    address: Address


def master_address(leader: Leader) -> tuple[str, int]:
    """Where the leading master is reached: its IP (else its name) and port. Raises ``ValueError``."""
    try:
        address = msgspec.json.decode(leader.content, type=_MasterAddress).address
    except msgspec.MsgspecError as error:
        raise ValueError(f"{leader.node} holds no MasterInfo: {error}") from error
    host = address.ip or address.hostname
    if not host:
        raise ValueError(f"{leader.node} holds a MasterInfo without ip and hostname")
    return host, address.port


def parse_master(text: str) -> ZooKeeperUrl | tuple[str, int]:
    """``host:port``, ``http://host:port`` or ``zk://…``, as --master flags take them. Raises ``ValueError``."""
    if text.startswith("zk://"):
        return parse_url(text)
    match = re.fullmatch(r"(?:http://)?(\[[0-9a-fA-F:]+\]|[^:/\[\]@]+)(?::(\d{1,5}))?/?", text)
    if not match or int(match[2] or 0) > 65535:
        raise ValueError("expected host:port, http://host:port or zk://host:port,host:port/path")
    return match[1].strip("[]"), int(match[2] or 5050)


def detector(master: ZooKeeperUrl | tuple[str, int], session_seconds: float = SESSION_SECONDS) -> Detector:
    """The `Detector` for a parsed --master flag; `master_address` reads what it tells."""
    if isinstance(master, ZooKeeperUrl):
        session = Session(master, session_seconds)
        session.start()
        return ZooKeeperDetector(session, master.path, owns_session=True)
    host, port = master
    return Standalone(msgspec.json.encode({"address": {"hostname": host, "port": port}}))
