"""The shell that all daemons share: flags, logging, serving HTTP under uvloop, ending in an orderly way.

A daemon's ``main`` reads ``own_flags`` → ``configure_logging`` → ``run(body)``; the body opens its listeners with
`listening`, prints `ready_line`, and waits for `Life.ended`. Only that ``main`` prints and exits, by itself or in
`own_flags`.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

from dcos_runtime import __version__
from dcos_runtime.errors import Unstartable
from dcos_runtime.flags import FlagError, Flags, help_text, parse
from dcos_runtime.flags.declaring import Check
from dcos_runtime.stalls import Stalls

if TYPE_CHECKING:
    import ssl

    from aiohttp import web

F = TypeVar("F", bound=Flags)

_BAD_REQUESTS_SECONDS = 10.0
_LONGEST_LOGGED = 16 * 1024

log = logging.getLogger(__name__)

ALL_PATHS = "/{path:(?s:.*)}"
"""The one route of a daemon that matches paths itself: even a path with line ends gets the daemon's own response."""

STOP_SECONDS = 5.0
"""How long a daemon that was told to stop waits for requests in flight before it cuts them off."""


# --- flags -----------------------------------------------------------------------------------------------------------


class Leave(Exception):
    """The process ends without starting: print ``text`` (to stderr unless ``code`` is 0) and exit."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text

    @property
    def stream(self) -> TextIO:
        """The stream that ``text`` is printed to."""
        return sys.stderr if self.code else sys.stdout


def read_flags(
    wanted: type[F],
    summary: str,
    argv: Sequence[str] | None = None,
    environ: Mapping[str, str] | None = None,
    check: Callable[[F], None] | None = None,
    checks: Mapping[str, Check] | None = None,
) -> F:
    """The daemon's flags, from its command line unless ``argv`` is given.

    ``check`` checks flags against each other, and raises `FlagError`; ``checks``: see `flags.parse`. Raises
    `Leave` for ``--help``, ``--version`` (code 0) and a command line it refuses (2).
    """
    argv = sys.argv[1:] if argv is None else argv
    if "--help" in argv or "-h" in argv:
        raise Leave(0, help_text(wanted, summary))
    if "--version" in argv:
        raise Leave(0, f"{wanted.program} {__version__}")
    try:
        flags = parse(wanted, argv, environ, checks)
        if check is not None:
            check(flags)
        return flags
    except FlagError as error:
        raise Leave(2, f"{error}\n{wanted.program}: --help describes each flag") from error


def own_flags(
    wanted: type[F],
    summary: str,
    argv: Sequence[str] | None = None,
    check: Callable[[F], None] | None = None,
    checks: Mapping[str, Check] | None = None,
) -> F:
    """`read_flags` on behalf of a ``main``: where it raises `Leave`, the text is printed and the process exits."""
    try:
        return read_flags(wanted, summary, argv, check=check, checks=checks)
    except Leave as leave:
        try:
            print(leave.text, file=leave.stream, flush=True)
        except BrokenPipeError:  # the reader has closed the pipe, and Python would report that at the exit, too
            os.dup2(os.open(os.devnull, os.O_WRONLY), leave.stream.fileno())
        sys.exit(leave.code)


# --- logging ---------------------------------------------------------------------------------------------------------


class _Formatter(logging.Formatter):
    """Keeps a record on one line: many messages quote what a client sent."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        from dcos_runtime.wire.quoting import bounded

        return bounded(super().formatMessage(record), _LONGEST_LOGGED).replace("\n", "\n    ")


class _JournalFormatter(_Formatter):
    """Priority in front, no time: journald adds its own."""

    _PRIORITIES = ((logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))

    def format(self, record: logging.LogRecord) -> str:
        priority = next((number for level, number in self._PRIORITIES if record.levelno >= level), 7)
        lines = super().format(record).splitlines() or [""]
        return "\n".join(f"<{priority}>{line}" for line in lines)


class _BadRequests(logging.Filter):
    """Logs invalid HTTP requests, and bodies that cannot be read, in one line, and at most every ten seconds: a client
    can send any number of them.
    """

    def __init__(self) -> None:
        super().__init__()
        self._next = 0.0
        self._left_out = 0

    def filter(self, record: logging.LogRecord) -> bool:
        from aiohttp.http_exceptions import HttpProcessingError
        from aiohttp.web import RequestPayloadError

        error = record.exc_info[1] if record.exc_info else None
        if not isinstance(error, HttpProcessingError | RequestPayloadError):
            return True
        if time.monotonic() < self._next:
            self._left_out += 1
            return False
        left_out, self._left_out = self._left_out, 0
        self._next = time.monotonic() + _BAD_REQUESTS_SECONDS
        record.levelno, record.levelname = logging.INFO, "INFO"
        record.msg = f"{record.getMessage()}: {type(error).__name__}" + (f"; {left_out} others" if left_out else "")
        record.args, record.exc_info, record.exc_text = None, None, None
        return True


def configure_logging(level: str = "INFO", environ: Mapping[str, str] | None = None) -> None:
    """Logs plain lines to stderr: for journald when systemd started us, else with the time."""
    environ = os.environ if environ is None else environ
    handler = logging.StreamHandler(sys.stderr)
    if "JOURNAL_STREAM" in environ:
        handler.setFormatter(_JournalFormatter("%(name)s: %(message)s"))
    else:
        handler.setFormatter(_Formatter("%(asctime)s %(levelname).1s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger("kazoo").setLevel(logging.WARNING)
    logging.getLogger("aiohttp.server").addFilter(_BadRequests())


# --- life ------------------------------------------------------------------------------------------------------------


class Life:
    """How a daemon ends: by a signal, for a reason of its own, or because one of its background tasks failed.
    ``stalls``: how long its loop stood still, for its metrics.
    """

    def __init__(self) -> None:
        self.stalls = Stalls()
        self._over = asyncio.Event()
        self._tasks: set[asyncio.Task[Any]] = set()
        self.code = 0
        self.reason = ""

    def end(self, code: int, reason: str) -> None:
        """Asks the daemon to end with this exit code. The first reason counts."""
        if not self._over.is_set():
            self.code = code
            self.reason = reason
            log.log(logging.ERROR if code else logging.INFO, "ending: %s", reason)
            self._over.set()

    async def ended(self) -> None:
        await self._over.wait()

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Runs ``work`` beside the daemon; should it raise, the daemon ends with code 1."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("%s failed", task.get_name(), exc_info=error)
            self.end(1, f"{task.get_name()} failed: {error}")

    async def _cancel_tasks(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=STOP_SECONDS)


def run(body: Callable[[Life], Awaitable[None]]) -> int:
    """Runs ``body`` under uvloop until it returns; SIGTERM and SIGINT end its `Life` with code 0. The exit code."""
    import uvloop

    # Even if it is started with umask 000, other users must not be able to write its state.
    os.umask(os.umask(0o022) | 0o022)

    async def whole() -> int:
        life = Life()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, life.end, 0, signal.Signals(number).name)
        life.stalls.start()
        try:
            await body(life)
        finally:
            await life._cancel_tasks()
        return life.code

    return uvloop.run(whole())


# --- HTTP ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Address:
    """Where a listener is reached."""

    ip: str
    port: int
    tls: bool = False

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self}"

    def __str__(self) -> str:
        return f"[{self.ip}]:{self.port}" if ":" in self.ip else f"{self.ip}:{self.port}"


@contextlib.asynccontextmanager
async def listening(
    application: web.Application,
    ip: str,
    port: int,
    *,
    tls: ssl.SSLContext | None = None,
    stop_seconds: float = STOP_SECONDS,
    refused: Callable[[int, str], web.Response] | None = None,
    members_only: bool = False,
    name_holder: bool = True,
) -> AsyncIterator[Address]:
    """Serves ``application`` on exactly ``ip``:``port`` (0: any free port); yields the address it got.

    A handler is cancelled when its client goes away, so that no stream outlives its reader. Raises `Unstartable` with
    the address and the system's ``errno`` when it cannot be bound, and names the process that holds the port, unless
    the caller does (``name_holder``: all processes are looked at). On leaving, requests in flight get ``stop_seconds``.
    Handlers get packed bodies as they came (`bodies.read`). ``refused`` makes the response, of status and text, to an
    invalid request; the default is plain text. With ``tls``, clients that do not complete the handshake in time are cut
    off (`handshakes`). So are all clients that send or read too slowly (`connections`). ``members_only``: clients are
    our own daemons, which keep connections open, any number from one address. Mutual TLS implies it.
    """
    from aiohttp import web

    from dcos_runtime.listening import connections, handshakes, holders

    runner = web.AppRunner(
        application,
        handler_cancellation=True,
        access_log=None,
        shutdown_timeout=stop_seconds,
    )
    await runner.setup()
    # Not through a site of aiohttp, which cannot set these limits.
    assert runner.server is not None
    idle = connections.Idle(None if members_only or tls else connections.MOST_IDLE)
    make = connections.factory(runner.server, idle, refused or _in_text, access_log=None, auto_decompress=False)
    server: asyncio.Server | None = None
    shaking: handshakes.Handshakes | None = None
    try:
        try:
            listener = socket.create_server(
                (ip, port), family=socket.AF_INET6 if ":" in ip else socket.AF_INET, backlog=1024
            )
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            by = await asyncio.to_thread(holders.of_port, port) if taken and name_holder else ""
            raise Unstartable(
                f"cannot listen on {ip}:{port}",
                why=f"it is taken by {by}" if by else os.strerror(error.errno or 0),
                hint="end it, or give another port" if taken else "give an address of this machine, and a port",
                errno=error.errno,
            ) from error
        bound = listener.getsockname()
        if tls is None:
            server = await asyncio.get_running_loop().create_server(make, sock=listener, backlog=1024)
        else:
            shaking = handshakes.Handshakes(listener, tls, make, shutdown_seconds=STOP_SECONDS)
        yield Address(str(bound[0]), int(bound[1]), tls is not None)
    finally:
        if server is not None:
            server.close()
        if shaking is not None:
            await shaking.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(runner.cleanup(), stop_seconds + 2.0)


def ready_line(program: str, address: Address) -> str:
    """The one line on stdout that says that a daemon is ready, and where it listens."""
    return f"{program} listening on {address.url}"


def json_response(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """``value`` (a wire message, or plain data) as ASCII JSON."""
    from aiohttp import web

    from dcos_runtime.wire import codec

    return web.Response(body=codec.encode(value), status=status, content_type="application/json", headers=headers)


def text_response(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """``text/plain; charset=utf-8``, the form of every error of the kernel's APIs, which may quote the request."""
    from aiohttp import web

    from dcos_runtime.wire.quoting import bounded

    return web.Response(text=bounded(text) if status >= 400 else text, status=status, headers=headers)


def not_allowed(request: web.Request, *methods: str) -> web.Response:
    """The 405 of a path of the kernel's APIs that takes these ``methods`` only, as Mesos words it."""
    from dcos_runtime.wire.quoting import shown

    expected = ", ".join(f"'{method}'" for method in methods)
    text = f"405 Method Not Allowed. Expecting one of {{ {expected} }}, but received '{shown(request.method, 20)}'."
    return text_response(text, 405, {"Allow": ", ".join(methods)})


def _in_text(status: int, text: str) -> web.Response:
    return text_response(text, status)


def machine() -> dict[str, float | int]:
    """Load, processors and memory of the machine, as in Mesos' `/system/stats.json`."""
    load = os.getloadavg()
    page = os.sysconf("SC_PAGE_SIZE")
    return {
        "avg_load_15min": load[2],
        "avg_load_1min": load[0],
        "avg_load_5min": load[1],
        "cpus_total": os.cpu_count() or 1,
        "mem_free_bytes": os.sysconf("SC_AVPHYS_PAGES") * page,
        "mem_total_bytes": os.sysconf("SC_PHYS_PAGES") * page,
    }


def own_hostname(ip: str) -> str:
    """The name to tell others for a daemon bound to ``ip``: its reverse name when that leads back, else ``ip``."""
    with contextlib.suppress(OSError):
        name = socket.gethostbyaddr(ip)[0]
        if ip in {info[4][0] for info in socket.getaddrinfo(name, None)}:
            return name
    return ip
