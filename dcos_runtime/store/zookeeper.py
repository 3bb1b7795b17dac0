"""One session with ZooKeeper: kazoo's blocking calls off the event loop, its state changes on it.

kazoo is imported only when it is first used, so daemons started by hand never load it.
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
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from dcos_runtime.flags.values import reached_port
from dcos_runtime.store.access import AccessDenied, Acls, denied
from dcos_runtime.store.lease import boottime

T = TypeVar("T")

log = logging.getLogger(__name__)

SESSION_SECONDS = 10.0
_HOSTS_TO_TRY = 12


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
    """Raises ``ValueError`` with what is wrong (never with the credentials).

    As in Mesos the path begins at the first slash, and the credentials end at the last @ before it.
    """
    match = re.fullmatch(r"zk://(?:([^/]+)@)?([^/@]*)(/.*)?", text, re.DOTALL)
    if not match:
        raise ValueError("expected zk://host:port,host:port/path")
    credentials, hosts, path = match[1], match[2], (match[3] or "").rstrip("/")
    if "@" in path:
        # Perhaps the password holds the slash, and no part of it may be quoted below.
        raise ValueError(
            "a / stands before an @: users and passwords have no /, paths no @; expected zk://user:password@host:port/path"
        )
    if credentials is not None and ":" not in credentials:
        raise ValueError("credentials are written user:password@")
    for host in hosts.split(","):
        found = re.fullmatch(r"(?:[A-Za-z0-9._-]+|\[[0-9a-fA-F:]+\])(?::([0-9]+))?", host)
        if not found:
            raise ValueError(f"{host!r} is not host:port; expected zk://host:port,host:port/path")
        reached_port(found[1] or "2181")
    if not path:
        raise ValueError("a path is missing; expected zk://host:port,host:port/path, such as …/mesos")
    if "//" in path or any(part in (".", "..") for part in path.split("/")):
        raise ValueError(f"{path!r} is not a path in ZooKeeper")
    return ZooKeeperUrl(hosts, path, credentials)


class ZooKeeperSession:
    """One ZooKeeper session: kazoo's blocking calls off the event loop, its state changes on it.

    After a session has expired another one begins; what the expired one had (ephemeral nodes, leadership) is lost.
    ``seconds`` is the timeout to ask for; see `timeout`. ``longest_wait``: the longest pause between two attempts to
    connect.
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

    @property
    def is_connected(self) -> bool:
        return bool(self.client.connected)

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
        """For how many seconds ZooKeeper keeps this session without a sign of life: as it granted when we connected."""
        return float(self.client._session_timeout) / 1000

    def denied(self, error: Exception, path: str) -> AccessDenied:
        """The error to raise for kazoo's ``NoAuthError`` and ``AuthFailedError``."""
        return denied(error, self.url.at(path), self.acls.closed)

    def listen(self, listener: Callable[[str], None]) -> None:
        """Calls ``listener`` in the event loop with ``CONNECTED``, ``SUSPENDED`` or ``LOST`` at each change."""
        self._listeners.append(listener)

    def _state_in_thread(self, state: str) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
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

        It is a daemon thread: kazoo may block for as long as ZooKeeper is away, and the process must not wait for that
        when it ends.
        """
        future: asyncio.Future[T] = self._loop.create_future()

        def resolve(result: T | None, error: BaseException | None) -> None:
            if not future.done():
                if error is not None:
                    future.set_exception(error)
                else:
                    future.set_result(result)  # type: ignore[arg-type]  # what kazoo hands over has no type

        def run() -> None:
            result, error = None, None
            try:
                result = work()
            except BaseException as caught:
                error = caught
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                self._loop.call_soon_threadsafe(resolve, result, error)

        threading.Thread(target=run, name="zookeeper", daemon=True).start()
        return await future

    async def remove(self, path: str) -> None:
        """Removes the node and all below it, if it is there. Raises `AccessDenied` and ``OSError``."""
        from kazoo.exceptions import KazooException, NoAuthError, NoNodeError

        try:
            await self.call(lambda: self.client.delete(path, recursive=True))
        except NoNodeError:
            return
        except NoAuthError as error:
            raise self.denied(error, path) from error
        except KazooException as error:
            raise OSError(f"ZooKeeper did not remove {path}: {type(error).__name__} {error}".rstrip()) from error

    @property
    def opened(self) -> float:
        """When the last connection was started, on the leases' clock. A request made now goes over that one or a
        later one.
        """
        return float(self._handler.begun)

    def confirm(self, checks: Sequence[tuple[str, int]]) -> asyncio.Future[None]:
        """A future that is done once a majority of ZooKeeper's members has written down that each path has its version
        (-1: any).

        It costs no thread. A read would not do, because a member that is cut off from the others answers reads for a
        while. The future raises kazoo's exceptions; for a path that is not there or has another version that is
        ``NoNodeError`` or ``BadVersionError``, with the path as its text. When it is done, the watches of all earlier
        changes have been called.
        """
        from kazoo.protocol.states import Callback

        future: asyncio.Future[None] = self._loop.create_future()

        def resolve(error: Exception | None) -> None:
            if future.done():
                return
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(None)

        def answered(answer: Any) -> None:
            error: Exception | None
            try:
                results = answer.get_nowait()
                error = fault(results)
                if error is not None and error in results:
                    error = type(error)(checks[results.index(error)][0])
            except Exception as failure:
                error = failure
            # Watches have a queue and a thread of their own: this goes behind those that are in the queue.
            self._handler.dispatch_callback(Callback("watch", watches_called, (error,)))

        def watches_called(error: Exception | None) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                self._loop.call_soon_threadsafe(resolve, error)

        transaction = self.client.transaction()
        for path, version in checks:
            transaction.check(path, version=version)
        transaction.commit_async().rawlink(answered)
        return future

    def reconnect(self) -> None:
        """Gives up the connection, because the member at its other end does not answer; that member is tried last."""
        silent = self._handler.cut()
        self._hosts.sort(key=lambda host: host == silent)
        self._try_hosts(quickly=True)

    def _try_hosts(self, quickly: bool) -> None:
        """Names each host to kazoo several times if ``quickly``, else once.

        kazoo waits for a member for the session's timeout divided by the number of hosts. That is long when a member is
        paused and a leader has to find another in time. But beginning a session may take long, because a majority
        writes it down; continuing one needs no writing.
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
            log.warning("ZooKeeper %s did not close the session in 5 s; it ends by its timeout", self.url.hosts)


def _handler(connect_seconds: float) -> Any:
    """kazoo's handler of connections, but it waits at most ``connect_seconds`` for a machine that may be off; kazoo's
    own waits for the whole timeout of the session.
    """
    from kazoo.handlers import threading as kazoo_threading

    parent: Any = kazoo_threading.SequentialThreadingHandler

    class Handler(parent):  # type: ignore[misc]  # kazoo has no types
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
            """Cuts the last connection off, and returns the host that it led to."""
            if self.connection is not None:
                with contextlib.suppress(OSError):
                    self.connection.shutdown(socket.SHUT_RDWR)
            return self.host

    return Handler()


def _own_first(hosts: Sequence[str]) -> list[str]:
    """The member on this machine, then the others in random order.

    So a leader depends on its own machine and on a majority, and not also on one certain other machine.
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


def fault(results: Sequence[Any]) -> Exception | None:
    """Why a transaction was not done: the error of the part that failed. Those of the other parts only say that they
    were undone because of it.
    """
    from kazoo.exceptions import RolledBackError, RuntimeInconsistency

    faults = [result for result in results if isinstance(result, Exception)]
    return next(
        (fault for fault in faults if not isinstance(fault, RolledBackError | RuntimeInconsistency)),
        faults[0] if faults else None,
    )
