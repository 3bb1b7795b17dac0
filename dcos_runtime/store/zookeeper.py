"""The store of an installed cluster: ZooKeeper, every write one transaction that also checks who leads.

Layout: ``<path>/epoch`` changes its version whenever another process takes over; ``<path>/<folder>/<rest, quoted>``
is the key ``folder/rest``. A write is ``check(epoch) + set/create/delete``, so a leader that was paused and came back
too late writes nothing. One that does not fit into a transaction is staged (`staging`), each step in a transaction of
that kind. kazoo is imported when first used only: daemons started by hand never pay for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import random
import re
import socket
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote, unquote

from dcos_runtime.store import Fenced, StoreError, access, check, staging
from dcos_runtime.store.access import AccessDenied, Acls, denied
from dcos_runtime.store.lease import Lease, boottime

T = TypeVar("T")

log = logging.getLogger(__name__)

SESSION_SECONDS = 10.0
MAX_TRANSACTION = 640 * 1024  # ZooKeeper refuses requests of 1 MB by closing the connection
_OPERATION = 256  # what an operation takes in it beside path and value, permissions included
_REMEMBERED = 500
"""ZooKeeper keeps so many of the newest ones in memory, each about three times, and cannot be told to keep less."""
_ROOM = 6_000_000
"""How many bytes of ours may be among those: a member's heap is small (roles/zookeeper)."""
_HOSTS_TO_TRY = 12
_PIPELINE = 32  # answers wait in ZooKeeper's memory: some of them may be of half a megabyte
_NO_FOLDER = "_"


@dataclass(frozen=True)
class ZooKeeperUrl:
    """``zk://[user:password@]host:port,host:port/path``; the credentials are not shown."""

    hosts: str
    path: str
    credentials: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"zk://{'***@' if self.credentials else ''}{self.hosts}{self.path}"

    def at(self, path: str) -> ZooKeeperUrl:
        return ZooKeeperUrl(self.hosts, path, self.credentials)


def parse_url(text: str) -> ZooKeeperUrl:
    """Raises ``ValueError`` with what is wrong (never with the credentials)."""
    match = re.fullmatch(r"zk://(?:([^@/]+)@)?([^/@]*)(/.*)?", text)
    if not match:
        raise ValueError("expected zk://host:port,host:port/path")
    credentials, hosts, path = match[1], match[2], (match[3] or "").rstrip("/")
    if credentials is not None and ":" not in credentials:
        raise ValueError("credentials are written user:password@")
    for host in hosts.split(","):
        if not re.fullmatch(r"[A-Za-z0-9._-]+(:\d{1,5})?|\[[0-9a-fA-F:]+\](:\d{1,5})?", host):
            raise ValueError(f"{host!r} is not host:port; expected zk://host:port,host:port/path")
    if not path:
        raise ValueError("a path is missing; expected zk://host:port,host:port/path, such as …/mesos")
    if "//" in path or any(part in (".", "..") for part in path.split("/")):
        raise ValueError(f"{path!r} is not a path in ZooKeeper")
    return ZooKeeperUrl(hosts, path, credentials)


class Session:
    """One ZooKeeper session: kazoo's blocking calls off the event loop, its state changes on it.

    A session that expired does not come back as itself: what it held (ephemeral nodes, leadership) is lost.
    ``seconds`` is the timeout to ask for; see `timeout`. ``longest_wait``: between two rounds of trying to connect.
    """

    def __init__(self, url: ZooKeeperUrl, seconds: float = SESSION_SECONDS, longest_wait: float = 0.25) -> None:
        from kazoo.client import KazooClient

        self.url = url
        self.seconds = seconds
        self.acls = Acls.of(url.credentials)
        self._hosts = _own_first(url.hosts.split(","))
        self._handler = _handler(seconds / 10)
        make: Any = KazooClient
        self.client: Any = make(
            hosts=",".join(self._hosts),
            randomize_hosts=False,
            timeout=seconds,
            handler=self._handler,
            auth_data=[("digest", url.credentials)] if url.credentials else None,
            connection_retry={"max_tries": -1, "delay": 0.05, "max_delay": longest_wait, "backoff": 2},
            command_retry={"max_tries": 0},
            logger=logging.getLogger("kazoo"),
        )
        self._listeners: list[Callable[[str], None]] = []
        self._connected = asyncio.Event()
        self._refused = False
        self._closed = False
        self._loop = asyncio.get_running_loop()
        self.client.add_listener(self._state_in_thread)

    def start(self) -> None:
        """Begins to connect, and to reconnect for ever; see `connected`."""
        self.client.start_async()

    async def connected(self) -> None:
        """Waits until there is a connection. Raises `AccessDenied` when there will never be one."""
        await self._connected.wait()
        if self._refused:
            raise AccessDenied(f"ZooKeeper at {self.url.hosts} does not take this process's credentials at all")

    @property
    def id(self) -> int:
        return self.client.client_id[0] if self.client.client_id else 0

    @property
    def timeout(self) -> float:
        """How many seconds ZooKeeper keeps this session without a sign of life: what it granted, once connected."""
        return float(self.client._session_timeout) / 1000

    def denied(self, error: Exception, path: str) -> AccessDenied:
        """What to raise for kazoo's ``NoAuthError`` and ``AuthFailedError``."""
        return denied(error, self.url.at(path), self.acls.closed)

    def listen(self, listener: Callable[[str], None]) -> None:
        """Calls ``listener`` in the event loop with ``CONNECTED``, ``SUSPENDED`` or ``LOST`` at each change."""
        self._listeners.append(listener)

    def _state_in_thread(self, state: str) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._state, state)

    def _state(self, state: str) -> None:
        log.log(logging.INFO if state == "CONNECTED" else logging.WARNING, "ZooKeeper %s: %s", self.url.hosts, state)
        self._refused = str(self.client.client_state) == "AUTH_FAILED"
        if state != "SUSPENDED":
            self._try_hosts(quickly=state == "CONNECTED")
        if state == "CONNECTED" or self._refused:
            self._connected.set()
        else:
            self._connected.clear()
        for listener in self._listeners:
            listener(state)

    async def call(self, work: Callable[[], T]) -> T:
        """Runs blocking kazoo calls in a thread of their own.

        The thread is a daemon: kazoo may block for as long as ZooKeeper is away, and no exit may wait for that.
        """
        future: asyncio.Future[T] = self._loop.create_future()

        def settle(result: T | None, error: BaseException | None) -> None:
            if not future.done():
                if error is not None:
                    future.set_exception(error)
                else:
                    future.set_result(result)  # type: ignore[arg-type]

        def run() -> None:
            result, error = None, None
            try:
                result = work()
            except BaseException as caught:
                error = caught
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                self._loop.call_soon_threadsafe(settle, result, error)

        threading.Thread(target=run, name="zookeeper", daemon=True).start()
        return await future

    @property
    def opened(self) -> float:
        """When the last connection was begun, on the leases' clock: what is asked for now goes over it, or a later."""
        return float(self._handler.begun)

    def confirm(self, checks: Sequence[tuple[str, int]]) -> asyncio.Future[None]:
        """Done once a majority of ZooKeeper's members has written down that each path has its version (-1: any).

        Costs no thread. A read would not do: a member that was cut off from the others answers reads for a while. The
        future raises kazoo's exceptions: ``NoNodeError`` and ``BadVersionError`` when something is not as said.
        """
        future: asyncio.Future[None] = self._loop.create_future()

        def settle(error: Exception | None) -> None:
            if future.done():
                return
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(None)

        def answered(answer: Any) -> None:
            error: Exception | None
            try:
                error = _fault(answer.get_nowait())
            except Exception as failure:
                error = failure
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                self._loop.call_soon_threadsafe(settle, error)

        transaction = self.client.transaction()
        for path, version in checks:
            transaction.check(path, version=version)
        transaction.commit_async().rawlink(answered)
        return future

    def reconnect(self) -> None:
        """Gives up the connection: the member at its other end does not answer, and is tried again last."""
        silent = self._handler.cut()
        self._hosts.sort(key=lambda host: host == silent)
        self._try_hosts(quickly=True)

    def _try_hosts(self, quickly: bool) -> None:
        """kazoo gives a member the session's time, divided by the number of hosts, to answer.

        That is long for one that is paused, when a leader has to find another in time; so each host is named several
        times. To begin a session may take long: a majority writes that down. To go on with one takes no writing.
        """
        times = -(-_HOSTS_TO_TRY // len(self._hosts)) if quickly else 1
        self.client.set_hosts(",".join(self._hosts * times))

    async def close(self) -> None:
        """Ends the session, so that its ephemeral nodes go at once. Closing again does nothing."""
        if self._closed:
            return
        self._closed = True

        def stop() -> None:
            self.client.stop()
            self.client.close()

        try:
            await asyncio.wait_for(self.call(stop), 5.0)
        except TimeoutError:
            log.warning("ZooKeeper %s did not let go in 5 s; the session ends by its timeout", self.url.hosts)


def _handler(connect_seconds: float) -> Any:
    """kazoo's own way of doing things, but that it gives a machine that is off the whole session's time to answer."""
    from kazoo.handlers import threading as kazoo_threading

    parent: Any = kazoo_threading.SequentialThreadingHandler

    class Handler(parent):  # type: ignore[misc]
        connection: socket.socket | None = None
        host = ""
        begun = float("-inf")

        def create_connection(self, *args: Any, **options: Any) -> socket.socket:
            self.begun = boottime()
            options["timeout"] = min(options.get("timeout") or connect_seconds, connect_seconds)
            made: socket.socket = super().create_connection(*args, **options)
            self.connection, self.host = made, f"{options['hostname']}:{options['address'][1]}"
            return made

        def cut(self) -> str:
            """Cuts the last connection off; to which host it was."""
            if self.connection is not None:
                with contextlib.suppress(OSError):
                    self.connection.shutdown(socket.SHUT_RDWR)
            return self.host

    return Handler()


def _own_first(hosts: Sequence[str]) -> list[str]:
    """The member on this machine, then the others in random order.

    With the own member first a leader depends on its own machine and on a majority, not on one other machine as well.
    """
    shuffled = random.sample(hosts, len(hosts))
    return sorted(shuffled, key=lambda host: not _is_own(host))


def _is_own(host: str) -> bool:
    name = host.rpartition(":")[0] or host
    try:
        address = ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False  # a name: not worth a look-up here
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True


class ZooKeeperStore:
    """A `Store` under ``path``. Nothing can be read or written before `take_over`."""

    def __init__(self, session: Session, path: str, patience: float | None = None, lease: Lease | None = None) -> None:
        """What ZooKeeper does not answer waits until the ``lease`` is over; without one, for ``patience`` seconds."""
        self._session = session
        self._path = path.rstrip("/")
        self._patience = session.seconds if patience is None else patience
        self._lease = lease
        self._epoch: int | None = None
        self._known: set[str] = set()
        self._lock = asyncio.Lock()
        # The size of our newest transactions; the leader before us may have left some that are not small.
        self._written: deque[int] = deque([_ROOM * 3 // 4], maxlen=_REMEMBERED)

    @property
    def fence(self) -> tuple[str, int]:
        """The node and its version that tell that nobody has taken over since."""
        if self._epoch is None:
            raise StoreError(f"{self._path}: there is no epoch before take_over()")
        return f"{self._path}/epoch", self._epoch

    async def take_over(self, holder: str, standing: str | None = None) -> int:
        """Makes the caller, named ``holder``, the one writer from now on. The new epoch. Raises `StoreError`.

        ``standing`` is its node in the election: whoever has lost that meanwhile, and be it while it was paused, takes
        nothing from its successor (`Fenced`).
        """
        async with self._lock:
            self._epoch = await self._patiently(lambda: self._take_over(holder, standing), "take over")
            return self._epoch

    async def load(self) -> dict[str, bytes]:
        async with self._lock:
            entries = await self._patiently(self._load, "read")
            self._known = set(entries)
            left = staging.remains(entries)
            for key, part in left.take.items():
                await self._step({**part, key: None})
            for key in left.drop:
                await self._step({key: None})
            return entries

    async def write(self, changes: Mapping[str, bytes | None]) -> None:
        frozen = dict(changes)
        check(frozen)
        if any(key.startswith(f"{staging.FOLDER}/") for key in frozen):
            raise StoreError(f"{staging.FOLDER}/ is not for keys")
        parts = staging.cut(frozen, self._size, MAX_TRANSACTION)
        async with self._lock:
            if len(parts) == 1:
                await self._step(parts[0])
                return
            for number, part in enumerate(parts):
                await self._step({staging.part_key(number): staging.pack(part)})
            await self._step({staging.WHOLE: b"%d" % len(parts)})
            for number, part in enumerate(parts):
                await self._step({**part, staging.part_key(number): None})
            await self._step({staging.WHOLE: None})

    async def _step(self, changes: Mapping[str, bytes | None]) -> None:
        """One transaction, and before it, when ZooKeeper would have to remember too much, many that hold nothing."""
        size = sum(self._size(key, value) for key, value in changes.items())
        if sum(self._written) + size > _ROOM and self._written:
            await self._patiently(self._make_room, "write")
            self._written.clear()
        await self._patiently(lambda: self._write(changes), "write")
        self._written.append(size)

    def _size(self, key: str, value: bytes | None) -> int:
        return len(self._node(key)) + len(value or b"") + _OPERATION

    async def close(self) -> None:
        """The session is its owner's to close."""

    async def _patiently(self, work: Callable[[], T], what: str) -> T:
        """Tries again through connection losses, for as long as the lease or the patience lasts.

        kazoo holds a call back while there is no connection, so a write given up here may still be done later: the
        caller's process has to end, as `StoreError` says.
        """
        from kazoo.exceptions import AuthFailedError, KazooException, NoAuthError, SessionExpiredError

        doing = asyncio.create_task(self._until_done(work, what), name=f"{what} {self._path}")
        ends = [asyncio.create_task(self._lease.over.wait(), name="the lease")] if self._lease is not None else []
        try:
            await asyncio.wait(
                (doing, *ends),
                timeout=self._patience if self._lease is None else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if doing.done():
                return doing.result()
        except SessionExpiredError as error:
            raise StoreError(f"{self._path}: the ZooKeeper session expired") from error
        except (NoAuthError, AuthFailedError) as error:
            raise self._session.denied(error, self._path) from error
        except KazooException as error:
            raise StoreError(f"{self._path}: could not {what}: {type(error).__name__} {error}") from error
        finally:
            for task in (doing, *ends):
                task.cancel()
        if self._lease is not None:
            raise StoreError(f"{self._path}: could not {what}: {self._lease.why}")
        raise StoreError(f"{self._path}: ZooKeeper could not be reached for {self._patience:g} s")

    async def _until_done(self, work: Callable[[], T], what: str) -> T:
        from kazoo.exceptions import ConnectionLoss, OperationTimeoutError

        while True:
            await self._session.connected()
            try:
                return await self._session.call(work)
            except (ConnectionLoss, OperationTimeoutError) as error:
                log.warning("%s: could not %s (%s)", self._session.url, what, type(error).__name__)
            await asyncio.sleep(0.1)

    # What follows runs in the session's threads, one call at a time.

    def _node(self, key: str) -> str:
        folder, slash, rest = key.partition("/")
        if not slash:
            folder, rest = _NO_FOLDER, key
        elif folder in ("", _NO_FOLDER, "epoch", ".", "..") or not rest:
            raise StoreError(f"{key!r} cannot be a key")
        return f"{self._path}/{quote(folder, safe='')}/{_quoted(rest)}"

    def _take_over(self, holder: str, standing: str | None) -> int:
        from kazoo.exceptions import NodeExistsError, NoNodeError

        client, acls = self._session.client, self._session.acls
        path = f"{self._path}/epoch"
        while True:
            try:
                if not access.is_closed(client, path, acls):
                    # Made when ZooKeeper was open to all. The epoch is closed last: once it is, all else is.
                    access.make_folder(client, self._path, acls)
                    for folder in client.get_children(self._path):
                        if folder != "epoch":
                            access.close_tree(client, f"{self._path}/{folder}", acls)
                    access.close_tree(client, path, acls)
                return self._next_epoch(holder, standing)
            except NoNodeError:
                access.close_system(client, acls)
                access.make_folder(client, self._path, acls)
                with contextlib.suppress(NodeExistsError):
                    client.create(path, b"", acl=acls.private)

    def _next_epoch(self, holder: str, standing: str | None) -> int:
        from kazoo.exceptions import NoNodeError

        transaction = self._session.client.transaction()
        if standing is not None:
            transaction.check(standing, version=-1)
        transaction.set_data(f"{self._path}/epoch", holder.encode())
        results = transaction.commit()
        if standing is not None and isinstance(results[0], NoNodeError):
            raise Fenced(f"{self._path}: our node {standing} is gone; another may lead, and nothing was taken from it")
        if (fault := _fault(results)) is not None:
            raise fault
        return int(results[-1].version)

    def _load(self) -> dict[str, bytes]:
        from kazoo.exceptions import NoNodeError

        client = self._session.client
        entries: dict[str, bytes] = {}
        for folder in client.get_children(self._path):
            if folder == "epoch":
                continue
            names = client.get_children(f"{self._path}/{folder}")
            prefix = "" if folder == _NO_FOLDER else unquote(folder) + "/"
            for start in range(0, len(names), _PIPELINE):
                slice_ = names[start : start + _PIPELINE]
                reads = [client.get_async(f"{self._path}/{folder}/{name}") for name in slice_]
                for name, read in zip(slice_, reads, strict=True):
                    try:
                        entries[prefix + unquote(name)] = read.get()[0]
                    except NoNodeError:  # a former leader's last write; the epoch bars any later one
                        continue
        return entries

    def _make_room(self) -> None:
        """Has ZooKeeper forget our large transactions: it remembers the newest ones, however large they are."""
        client, path = self._session.client, f"{self._path}/epoch"
        asked = []
        for _ in range(_REMEMBERED):
            transaction = client.transaction()
            transaction.check(path, version=-1)
            asked.append(transaction.commit_async())
        for answer in asked:
            answer.get()

    def _write(self, changes: Mapping[str, bytes | None]) -> None:
        from kazoo.exceptions import (
            BadVersionError,
            NodeExistsError,
            NoNodeError,
            RolledBackError,
            RuntimeInconsistency,
        )

        if self._epoch is None:
            raise StoreError(f"{self._path}: written before take_over()")
        client = self._session.client
        for _ in range(3):
            transaction = client.transaction()
            transaction.check(f"{self._path}/epoch", version=self._epoch)
            for key, value in changes.items():
                node = self._node(key)
                if value is None:
                    if key in self._known:
                        transaction.delete(node)
                elif key in self._known:
                    transaction.set_data(node, value)
                else:
                    transaction.create(node, value, acl=self._session.acls.private)
            # When the connection is lost here, it may have been done: the next attempt then meets NodeExists or NoNode.
            results: list[Any] = transaction.commit()
            faults = [
                result
                for result in results
                if isinstance(result, Exception) and not isinstance(result, RolledBackError | RuntimeInconsistency)
            ]
            if isinstance(results[0], BadVersionError | NoNodeError):
                raise Fenced(f"{self._path}: another leader has taken over; nothing was written")
            if not faults and not any(isinstance(result, Exception) for result in results):
                self._known.update(key for key, value in changes.items() if value is not None)
                self._known.difference_update(key for key, value in changes.items() if value is None)
                return
            if not all(isinstance(fault, NoNodeError | NodeExistsError) for fault in faults):
                raise StoreError(f"{self._path}: ZooKeeper refused the write: {faults or results!r}")
            self._look_again(changes)
        raise StoreError(f"{self._path}: another process writes the same keys")

    def _look_again(self, changes: Mapping[str, bytes | None]) -> None:
        client = self._session.client
        for key in changes:
            node = self._node(key)
            client.ensure_path(node.rpartition("/")[0], acl=self._session.acls.private)
            (self._known.add if client.exists(node) else self._known.discard)(key)


def _fault(results: Sequence[Any]) -> Exception | None:
    """Why a transaction was not done. The other parts of it only tell that they were undone because of that."""
    from kazoo.exceptions import RolledBackError, RuntimeInconsistency

    faults = [result for result in results if isinstance(result, Exception)]
    return next(
        (fault for fault in faults if not isinstance(fault, RolledBackError | RuntimeInconsistency)),
        faults[0] if faults else None,
    )


def _quoted(text: str) -> str:
    """One node name: no slash, and never ``.`` or ``..``, which ZooKeeper refuses."""
    name = quote(text, safe="")
    return name.replace(".", "%2E") if name in (".", "..") else name
