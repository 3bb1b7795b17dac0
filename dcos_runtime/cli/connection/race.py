"""Which of several gateways accepts a connection first.

Each has a head start over the next, so that the first is used while it works. A machine that is off does not answer: if
the gateways were asked one after the other, every command would wait for its timeout. The idea is that of RFC 8305,
with several machines instead of several addresses of one.
"""

from __future__ import annotations

import errno
import os
import selectors
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from dcos_runtime import urls

HEAD_START_SECONDS = 0.25


@dataclass
class Finish:
    """``first``: the URL that accepted a connection, with its ``opened`` socket; ``failures``: the URLs that failed,
    and why. The others were not needed. As a context manager it closes the socket, unless that was taken.
    """

    first: str | None = None
    opened: socket.socket | None = None
    failures: dict[str, OSError] = field(default_factory=dict)

    def take(self, url: str) -> socket.socket | None:
        """The open connection to ``url``, once, if it is there."""
        if url != self.first:
            return None
        opened, self.opened = self.opened, None
        return opened

    def __enter__(self) -> Finish:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.opened is not None:
            self.opened.close()


def race(urls: Sequence[str], seconds: float, head_start: float = HEAD_START_SECONDS) -> Finish:
    """Connects to ``urls`` (distinct; http or https) until one accepts; after ``seconds`` those left have failed.

    A name stands for all its addresses, tried in their order.
    """
    finish = Finish()
    with _Race(finish) as running:
        deadline = time.monotonic() + seconds
        for url in urls:
            if running.start(url, min(time.monotonic() + head_start, deadline)):
                return finish
        running.go_on(deadline)
    return finish


class _Race:
    def __init__(self, finish: Finish) -> None:
        self._finish = finish
        self._selector = selectors.DefaultSelector()
        self._others: dict[str, list[tuple[int, Any]]] = {}

    def __enter__(self) -> _Race:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for key in list(self._selector.get_map().values()):
            _socket_of(key).close()
        self._selector.close()

    def start(self, url: str, until: float) -> bool:
        """Starts connecting to ``url``, and waits ``until`` then for a winner, or until no attempt is under way."""
        parts = urls.parse(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
        except OSError as error:
            self._finish.failures[url] = error
            return False
        self._others[url] = [(info[0], info[4]) for info in found]
        return self._next_address(url) or self._wait(until)

    def go_on(self, deadline: float) -> None:
        """Waits for a winner, or until no attempt is under way; at ``deadline`` the remaining ones have failed."""
        if not self._wait(deadline):
            for key in self._selector.get_map().values():
                self._finish.failures[key.data] = TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))

    def _wait(self, until: float) -> bool:
        while self._selector.get_map() and (left := until - time.monotonic()) > 0:
            for key, _ in self._selector.select(left):
                runner = _socket_of(key)
                self._selector.unregister(runner)
                if self._arrived(key.data, runner, runner.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)):
                    return True
        return False

    def _next_address(self, url: str) -> bool:
        """Tries the next address of ``url``. Returns whether it won at once. Without a further address ``url`` has
        failed.
        """
        family, address = self._others[url].pop(0)
        try:
            runner = socket.socket(family, socket.SOCK_STREAM)
        except OSError as error:
            return self._failed(url, error)
        runner.setblocking(False)
        try:
            code = runner.connect_ex(address)
        except OSError as error:
            runner.close()
            return self._failed(url, error)
        if code == errno.EINPROGRESS:
            self._selector.register(runner, selectors.EVENT_WRITE, url)
            return False
        return self._arrived(url, runner, code)

    def _arrived(self, url: str, runner: socket.socket, code: int) -> bool:
        if code != 0:
            runner.close()
            return self._failed(url, OSError(code, os.strerror(code)))
        runner.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._finish.first, self._finish.opened = url, runner
        return True

    def _failed(self, url: str, error: OSError) -> bool:
        if self._others[url]:
            return self._next_address(url)
        self._finish.failures[url] = error
        return False


def _socket_of(key: selectors.SelectorKey) -> socket.socket:
    assert isinstance(key.fileobj, socket.socket)
    return key.fileobj
