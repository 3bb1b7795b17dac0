"""Election: how a process stands for it, and how others find the leader; with ZooKeeper, or alone.

The nodes are those of Mesos: ephemeral and sequential, ``json.info_<10 digits>`` below the path of a ``zk://`` URL,
with a content that the caller gives (a master writes its MasterInfo as JSON). The lowest number leads. Clients of Mesos
take the minimum over **all** children of that path, so nothing else may be put there.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from dataclasses import dataclass
from typing import Protocol

import msgspec

from dcos_runtime.flags.values import reached_port
from dcos_runtime.store import access
from dcos_runtime.store.lease import BEAT, ENOUGH, Forever, Lease, LeaseOver
from dcos_runtime.store.previous import PreviousProcess
from dcos_runtime.store.zookeeper import ZooKeeperSession, ZooKeeperUrl, parse_url

log = logging.getLogger(__name__)

PREFIX = "json.info_"
DETECTOR_SECONDS = 5.0
"""The timeout of a detector's session. A silent member of ZooKeeper keeps an agent from learning of a new leader for
two thirds of it.
"""
_PATIENCE = 0.3
"""How long a member of ZooKeeper may take to answer a leader, as a share of the session's timeout."""
_NODE = re.compile(re.escape(PREFIX) + r"([0-9]{10})")


@dataclass(frozen=True)
class Leader:
    """The leader as its node describes it. ``node`` differs between two terms of the same process."""

    node: str
    content: bytes


class Detector(Protocol):
    """Finds the leader. Used by agents, frameworks and standby masters."""

    @property
    def current(self) -> Leader | None: ...

    async def changed(self, known: Leader | None) -> Leader | None:
        """Waits until another process than ``known`` leads, and returns it. ``None``: no leader is known."""
        ...

    async def close(self) -> None: ...


# --- alone -----------------------------------------------------------------------------------------------------------


class Standalone:
    """The `Detector` of a process without ZooKeeper: the leader is the one it was given, for ever."""

    def __init__(self, content: bytes) -> None:
        self._leader = Leader("standalone", content)
        self.lease: Lease | Forever = Forever()

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


def _sequence(node: str) -> int | None:
    match = _NODE.fullmatch(node)
    return int(match[1]) if match else None


def _first(children: list[str]) -> str | None:
    return min((child for child in children if _sequence(child) is not None), default=None)


class ZooKeeperDetector:
    """The `Detector` of a ``zk://`` path. With ``owns_session`` it closes the session, too (see `detector`)."""

    def __init__(self, session: ZooKeeperSession, path: str, owns_session: bool = False) -> None:
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
            # A short silence changes nothing. After a long one another process may lead.
            self._silence = self._loop.call_later(self._session.seconds, self._forget)

    def _forget(self) -> None:
        self._silence = None
        self._forgetting = asyncio.create_task(self._publish(None))

    def _changed_in_thread(self, _event: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._wake.set)

    async def _publish(self, leader: Leader | None) -> None:
        if leader != self._leader:
            log.info("the leader at %s is %s", self._path, leader.node if leader else "not known")
            async with self._news:
                self._leader = leader
                self._news.notify_all()

    async def _watch(self) -> None:
        from kazoo.exceptions import KazooException, NoAuthError

        while True:
            await self._session.connected()
            self._wake.clear()
            try:
                leader = await self._session.call(self._read)
            except NoAuthError as error:
                log.error("%s", self._session.denied(error, self._path))
                await asyncio.sleep(5)
                continue
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
    """Stands for election at a ``zk://`` path: keeps one node with ``content`` there for as long as its session lives.

    With credentials, the folder is closed to everybody else, who may read it if it is ``public``.
    ``previous``: the process before this one, whose node is removed first.
    """

    def __init__(
        self,
        session: ZooKeeperSession,
        path: str,
        content: bytes,
        public: bool = False,
        previous: PreviousProcess | None = None,
    ) -> None:
        self.lease = Lease()
        self._session = session
        self._path = path
        self._content = content
        self._public = public
        self._previous = previous
        self._node: str | None = None
        self._fence: tuple[tuple[str, int], ...] = ()
        self._term: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        session.listen(self._state)

    async def elected(self) -> str:
        """Waits until this process is elected, and returns its node. If the session is lost meanwhile, it stands again.
        Raises `AccessDenied`.
        """
        from kazoo.exceptions import AuthFailedError, KazooException, NoAuthError, NoNodeError, SessionExpiredError

        is_new = False
        while True:
            await self._session.connected()
            self._wake.clear()
            try:
                if self._node is None:
                    self._node = await self._session.call(self._enter)
                    log.info("contending at %s as %s", self._path, self._node)
                nodes = await self._session.call(self._look)
                if nodes and nodes[0] == self._node:
                    await self._confirm()
                    # We have sent nothing for long: see `Lease.confirm`. If the lease ended before the first beats
                    # count, a leader would be suspended although ZooKeeper answers it all the time.
                    short = self.lease.remaining() < self._session.timeout * ENOUGH
                    if not self.lease.valid() or (short and not is_new):
                        is_new = True
                        self._session.reconnect()
                        await asyncio.sleep(0.02)
                        continue
                    self._term = asyncio.create_task(self._lead(), name=f"leading at {self._path}")
                    return nodes[0]
                if self._node not in nodes:
                    self._node = None  # somebody removed it, or the session ended and a new one began
                    continue
            except (NoAuthError, AuthFailedError) as error:
                raise self._session.denied(error, self._path) from error
            except (SessionExpiredError, NoNodeError) as error:
                log.warning("contending at %s again (%s)", self._path, type(error).__name__)
                self._node = None
                await asyncio.sleep(0.1)
                continue
            except KazooException as error:
                log.warning("could not contend at %s (%s)", self._path, type(error).__name__)
                await asyncio.sleep(0.1)
                continue
            await self._wake.wait()
            is_new = False

    @property
    def standing(self) -> str:
        """The path of our node, once `elected`."""
        return f"{self._path}/{self._node}"

    def guard(self, path: str, version: int) -> None:
        """From now on, leadership is confirmed only while ``path`` has this version: so only while nobody else has
        taken over the store.
        """
        self._fence = ((path, version),)

    async def lost(self) -> str:
        await self.lease.over.wait()
        return self.lease.why

    async def close(self) -> None:
        """Our node stays until the session is closed, which its owner does."""
        if self._term is not None:
            self._term.cancel()
            await asyncio.gather(self._term, return_exceptions=True)

    def _state(self, state: str) -> None:
        if state == "LOST":
            if self._term is not None:
                self.lease.revoke("the ZooKeeper session expired")
            self._node = None
        self._wake.set()

    # --- while leading ---

    async def _lead(self) -> None:
        """Waits until the lease is over, for any reason."""
        node = self._node
        parts = [asyncio.create_task(part) for part in (self._beat(), self._watch(node), self._report())]
        try:
            done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
            for part in done:
                part.result()
        except Exception as error:
            log.exception("watching over the leadership at %s failed", self._path)
            self.lease.revoke(f"its leadership could not be watched over: {error}")
        finally:
            for part in parts:
                part.cancel()

    async def _confirm(self) -> None:
        """Confirms the leadership once. Raises kazoo's exceptions; ``NoNodeError`` when our node is gone."""
        opened, asked = self._session.opened, self.lease.now()
        await self._session.confirm([(self.standing, -1), *self._fence])
        self.lease.confirm(asked, self._session.timeout, opened)

    async def _beat(self) -> None:
        """Confirms the leadership again and again, which renews a lease, and makes a suspended one valid. When a member
        does not answer, the next one is tried.
        """
        from kazoo.exceptions import BadVersionError, KazooException, NoNodeError

        while not self.lease.over.is_set():
            beat = asyncio.create_task(self._confirm())
            try:
                while not (await asyncio.wait((beat,), timeout=self._session.timeout * _PATIENCE))[0]:
                    log.warning("ZooKeeper does not answer; trying another of its members")
                    self._session.reconnect()
                await beat
            except NoNodeError as error:
                if str(error) == self.standing:
                    self.lease.revoke(f"our node at {self._path} was taken away")
                else:
                    self.lease.revoke(f"{error}, which names the owner of the store, was removed")
                return
            except BadVersionError as error:
                self.lease.revoke(f"another has taken over since: {error} was changed")
                return
            except KazooException as error:
                log.warning("could not confirm the leadership at %s (%s)", self._path, type(error).__name__)
                await asyncio.sleep(0.05)
                await self._session.connected()
                continue
            finally:
                beat.cancel()
            if not self.lease.valid():
                # Nobody has led since. ZooKeeper's leader hears of a new connection at once, and the lease counts from
                # it.
                self._session.reconnect()
                await asyncio.sleep(0.05)
                continue
            await asyncio.sleep(self._session.timeout * BEAT)

    async def _report(self) -> None:
        """Logs when the leadership is suspended, and when it goes on."""
        while not self.lease.over.is_set():
            if (left := self.lease.remaining()) > 0:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(left + 0.001):
                        await self.lease.over.wait()
                continue
            since = self.lease.now() - self.lease.suspended_for()
            log.warning("leadership at %s is suspended: ZooKeeper has not confirmed it in time", self._path)
            try:
                await self.lease.hold()
            except LeaseOver:
                return
            log.warning(
                "leading at %s again after %.1f s; no other process did in between",
                self._path,
                self.lease.now() - since,
            )

    async def _watch(self, own: str | None) -> None:
        """Waits until our node is not the first any more, through lost connections."""
        from kazoo.exceptions import KazooException

        while not self.lease.over.is_set():
            self._wake.clear()
            try:
                nodes = await self._session.call(self._look)
            except KazooException:
                await asyncio.sleep(0.1)
                await self._session.connected()
                continue
            if not nodes or nodes[0] != own:
                self.lease.revoke(f"our node {own} at {self._path} leads no more")
                return
            await self._wake.wait()

    def _changed_in_thread(self, _event: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._wake.set)

    # What follows runs in the session's threads.

    def _enter(self) -> str:
        client, acls = self._session.client, self._session.acls
        access.close_system(client, acls)
        access.make_folder(client, self._path, acls, public=self._public)
        access.close_tree(client, self._path, acls, public=self._public)
        if self._previous is not None:
            self._previous.remove(client, self._path, self._session.id)
            self._previous.remember(self._path, self._session.id)
        # An earlier create whose answer was lost may have made a node of ours: use that one, and do not stand twice.
        for child in client.get_children(self._path):
            if _sequence(child) is not None:
                stat = client.exists(f"{self._path}/{child}")
                if stat is not None and stat.ephemeralOwner == self._session.id:
                    client.set(f"{self._path}/{child}", self._content)
                    return str(child)
        acl = acls.public if self._public else acls.private
        created = client.create(f"{self._path}/{PREFIX}", self._content, ephemeral=True, sequence=True, acl=acl)
        return str(created).rpartition("/")[2]

    def _look(self) -> list[str]:
        """The nodes of the candidates, the leader's first. Other nodes in the folder are left out."""
        children = self._session.client.get_children(self._path, watch=self._changed_in_thread)
        return sorted(child for child in children if _sequence(child) is not None)


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
    match = re.fullmatch(r"(?:http://)?(\[[0-9a-fA-F:]+\]|[^:/\[\]@]+)(?::([0-9]+))?/?", text)
    if not match:
        raise ValueError("expected host:port, http://host:port or zk://host:port,host:port/path")
    return match[1].strip("[]"), reached_port(match[2] or "5050")


def detector(master: ZooKeeperUrl | tuple[str, int], session_seconds: float = DETECTOR_SECONDS) -> Detector:
    """The `Detector` for a parsed --master flag; `master_address` reads its result."""
    if isinstance(master, ZooKeeperUrl):
        session = ZooKeeperSession(master, session_seconds, longest_wait=2.0)  # there are thousands of such clients
        session.start()
        return ZooKeeperDetector(session, master.path, owns_session=True)
    host, port = master
    return Standalone(msgspec.json.encode({"address": {"hostname": host, "port": port}}))
