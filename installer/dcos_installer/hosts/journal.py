"""The log entries of our units on many machines, from their journals, merged by time."""

from __future__ import annotations

import heapq
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from dcos_installer.errors import InstallerError

if TYPE_CHECKING:
    from dcos_installer.config.model import HostSpec
    from dcos_installer.services.catalog import Catalog

_AHEAD = 1000
"""How many entries of a host are read ahead of other hosts' older ones."""
_SETTLE_SECONDS = 0.5
"""Seconds that a followed entry waits for older ones of other hosts."""
_FIRST_SECONDS = 5.0
"""Seconds to wait for all hosts before the first entry is shown."""
_FIELDS = "MESSAGE,PRIORITY,_SYSTEMD_UNIT,UNIT,_PID"


@dataclass(frozen=True)
class LogEntry:
    """One entry. ``time`` is seconds since 1970, by the machine's clock; ``service`` is the one of the unit."""

    time: float
    host: str
    service: str
    message: bytes
    priority: int | None = None
    pid: int | None = None


def units_of(services: Catalog, host: HostSpec, wanted: Sequence[str]) -> dict[str, str]:
    """The host's units of ours with their services; only those in ``wanted`` (services or units), unless that is empty.

    Raises `InstallerError` for a name that no service has.
    """
    known = {word: service.name for service in services for word in _names(service.name, service.unit_name)}
    for word in wanted:
        if word not in known:
            raise InstallerError(
                f"there is no service {word}",
                why="only logs of the cluster's own units are shown",
                hint=f"the services are {', '.join(service.name for service in services)}; for other units:"
                " dcos-installer exec INVENTORY HOST -- journalctl -u UNIT",
            )
    names = {known[word] for word in wanted}
    return {service.unit_name: service.name for service in services.on(host) if not names or service.name in names}


def _names(service: str, unit: str) -> tuple[str, ...]:
    return (service, unit, unit.removesuffix(".service"))


def command(units: Sequence[str], *, follow: bool, since: str | None, lines: int | None) -> list[str]:
    """The command for a machine, which prints a line of JSON for each entry."""
    words = ["journalctl", "--quiet", "--no-pager", "--all", "--output=json", f"--output-fields={_FIELDS}"]
    words += [f"--unit={unit}" for unit in units]
    words += [f"--lines={'all' if lines is None else lines}"]
    if since is not None:
        words.append(f"--since={since}")
    return [*words, "--follow"] if follow else words


class Lines:
    """Splits a host's output into entries."""

    def __init__(self, host: str, units: Mapping[str, str], put: Callable[[LogEntry], None]) -> None:
        self._host, self._units, self._put = host, units, put
        self._rest = b""

    def take(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if (entry := parsed(self._host, self._units, line)) is not None:
                self._put(entry)


def parsed(host: str, units: Mapping[str, str], line: bytes) -> LogEntry | None:
    """One line of journalctl's JSON; None for another line."""
    try:
        fields = json.loads(line)
        moment = int(fields["__REALTIME_TIMESTAMP"]) / 1e6
    except (ValueError, LookupError, TypeError):
        return None
    unit = next((fields[key] for key in ("_SYSTEMD_UNIT", "UNIT") if fields.get(key) in units), "")
    return LogEntry(
        moment,
        host,
        units.get(unit, unit),
        _bytes(fields.get("MESSAGE")),
        _number(fields.get("PRIORITY")),
        _number(fields.get("_PID")),
    )


def _bytes(message: Any) -> bytes:
    if isinstance(message, list):  # not text: a list of bytes, or of the field's several values
        if all(isinstance(one, int) and 0 <= one < 256 for one in message):
            return bytes(message)
        return b"\n".join(_bytes(one) for one in message)
    return message.encode(errors="replace") if isinstance(message, str) else b""


def _number(text: Any) -> int | None:
    return int(text) if isinstance(text, str) and text.isdecimal() else None


class MergedLogs:
    """Entries of many hosts, each in its own order, shown in the order of their times.

    Complete journals are merged exactly. Followed ones never end: an entry is shown half a second after it has come.
    """

    def __init__(self, hosts: Sequence[str], show: Callable[[LogEntry], None], *, follow: bool) -> None:
        self._show, self._follow = show, follow
        self._changed = threading.Condition()
        self._waiting: dict[str, deque[tuple[float, LogEntry]]] = {host: deque() for host in hosts}
        self._live = set(hosts)
        self._silent = set(hosts)
        self._began = time.monotonic()
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._guarded, daemon=True)
        self._thread.start()

    def put(self, entry: LogEntry) -> None:
        """Takes a host's next entry; waits while it is far ahead of others. Raises errors of ``show``."""
        with self._changed:
            mine = self._waiting[entry.host]
            while len(mine) >= _AHEAD and self._failed is None:
                self._changed.wait()
            if self._failed is not None:
                raise self._failed
            mine.append((time.monotonic(), entry))
            self._silent.discard(entry.host)
            if len(mine) == 1 or len(mine) >= _AHEAD:
                self._changed.notify_all()

    def end(self, host: str) -> None:
        """The host has no further entries."""
        with self._changed:
            self._live.discard(host)
            self._silent.discard(host)
            self._changed.notify_all()

    def finish(self) -> None:
        """Waits until everything was shown. Raises errors of ``show``."""
        self._thread.join()
        if self._failed is not None:
            raise self._failed

    def _guarded(self) -> None:
        try:
            while entries := self._next():
                for entry in entries:
                    self._show(entry)
        except BaseException as error:
            with self._changed:
                self._failed = error
                self._changed.notify_all()

    def _next(self) -> list[LogEntry]:
        """The next entries to show; none: all were shown."""
        with self._changed:
            while True:
                found = self._due() if self._follow and self._live else self._oldest()
                if found:
                    self._changed.notify_all()
                    return found
                if not self._live and not any(self._waiting.values()):
                    return []
                self._changed.wait(_SETTLE_SECONDS / 4 if self._follow else None)

    def _oldest(self) -> list[LogEntry]:
        """The oldest entries, as long as every host that is not at its end has an entry here."""
        heads = [(queue[0][1].time, host) for host, queue in self._waiting.items() if queue]
        if any(not self._waiting[host] for host in self._live):
            return []
        heapq.heapify(heads)
        found = []
        while heads:
            _, host = heapq.heappop(heads)
            queue = self._waiting[host]
            found.append(queue.popleft()[1])
            if queue:
                heapq.heappush(heads, (queue[0][1].time, host))
            elif host in self._live:
                break
        return found

    def _due(self) -> list[LogEntry]:
        now = time.monotonic()
        if self._silent and now < self._began + _FIRST_SECONDS:
            return []
        found = []
        for queue in self._waiting.values():
            while queue and queue[0][0] <= now - _SETTLE_SECONDS:
                found.append(queue.popleft()[1])
        return sorted(found, key=lambda entry: entry.time)


def as_line(entry: LogEntry, width: int) -> str:
    """The entry for display: time, host, service, message, without control characters. Each line of the message has its
    own line.
    """
    moment = datetime.fromtimestamp(entry.time).astimezone().isoformat(timespec="milliseconds")
    text = entry.message.decode(errors="backslashreplace")
    prefix = f"{moment} {entry.host.ljust(width)} {entry.service}: "
    return "".join(f"{prefix}{_printable(line)}\n" for line in text.split("\n"))


def as_json(entry: LogEntry) -> bytes:
    """A line of JSON: ``message``, or ``message_base64`` if it is not text."""
    from dcos_installer.hosts.output import as_text

    data: dict[str, Any] = {"service": entry.service, **as_text("message", entry.message)}
    data |= {"priority": entry.priority, "pid": entry.pid}
    fields = {"time": entry.time, "kind": "log-entry", "host": entry.host, "data": data}
    return json.dumps(fields, ensure_ascii=False).encode() + b"\n"


def _printable(line: str) -> str:
    if line.isprintable():
        return line
    return "".join(one if one.isprintable() or one == "\t" else repr(one)[1:-1] for one in line)
