"""Shows events: as plain lines, as JSON lines, or live on a terminal. Writes with the function that `cli` gives it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from dcos_installer.events import Event
from dcos_runtime.counting import counted

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live

Write = Callable[[str], None]
"""Writes one line, given without its line end."""


class Report(Protocol):
    """Takes events from any thread. Call `close` before you print anything else."""

    def event(self, event: Event) -> None: ...

    def close(self) -> None: ...


class JsonReport:
    """One JSON object a line, each with ``kind`` and ``time``; docs/installer.md lists the kinds."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._mutex = threading.Lock()

    def event(self, event: Event) -> None:
        with self._mutex:
            self._write(json.dumps(event.as_json(), ensure_ascii=False))

    def close(self) -> None:
        pass


class PlainReport:
    """Lines for logs and pipes: each phase, what changed in it, how long it took."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._mutex = threading.Lock()

    def event(self, event: Event) -> None:
        line = plain_line(event)
        if line is not None:
            with self._mutex:
                self._write(line)

    def close(self) -> None:
        pass


def plain_line(event: Event) -> str | None:
    """The event as a line; None for events that only a live display shows."""
    host = f"{event.host}: " if event.host else ""
    match event.kind:
        case "run-started":
            return event.text
        case "phase-started":
            return f"• {event.phase}"
        case "phase-finished":
            return f"  {_seconds(event)}"
        case "phase-skipped":
            return f"• {event.phase}: {event.text}"
        case "phase-failed":
            return f"  failed after {_seconds(event)}"
        case "change-finished":
            return f"  ✓ {host}{event.text} ({_seconds(event)})"
        case "change-failed":
            return f"  ✗ {host}{event.text} ({_seconds(event)})"
        case "would-change":
            return f"  would: {host}{event.text}"
        case "note":
            return f"    {host}{event.text}"
        case "run-finished":
            return f"{event.text} ({_seconds(event)})"
        case _:
            return None


class LiveReport:
    """On a terminal: finished phases stay, the running one shows its hosts and its seconds."""

    _SHOWN_HOSTS = 12

    def __init__(self, console: Console, now: Callable[[], float]) -> None:
        from rich.live import Live

        self._now = now
        self._console = console
        self._mutex = threading.Lock()
        """For the displayed state. The display waits for it while it holds its own lock, so nothing is printed under
        it.
        """
        self._order = threading.Lock()
        """Events are taken and printed one after the other."""
        self._phase = ""
        self._started = 0.0
        self._hosts: dict[str, tuple[str, str]] = {}
        self._live: Live = Live(get_renderable=self._render, console=console, refresh_per_second=8, transient=True)
        self._live.start()

    def event(self, event: Event) -> None:
        with self._order:
            with self._mutex:
                kept = self._take(event)
            if kept:
                self._live.console.print(kept, highlight=False, soft_wrap=True)

    def close(self) -> None:
        self._live.stop()

    def _take(self, event: Event) -> str:
        """The line, as markup, that stays on the screen; empty if there is none."""
        match event.kind:
            case "run-started":
                return f"[bold]{_plain(event.text)}[/]"
            case "phase-started":
                self._phase, self._started, self._hosts = event.phase, self._now(), {}
            case "phase-skipped":
                return f"[dim]· {event.phase:<24} {_plain(event.text)}[/]"
            case "phase-finished":
                changed = sum(1 for mark, _ in self._hosts.values() if mark == "✓")
                count = f"{changed} changed" if changed else ""
                self._phase = ""
                return f"[green]✓[/] {event.phase:<24} [dim]{_seconds(event):>7}[/]  {count}"
            case "phase-failed":
                self._phase = ""
                return f"[red]✗[/] {event.phase:<24} [dim]{_seconds(event):>7}[/]"
            case "change-started":
                self._hosts[event.host] = ("…", event.text)
            case "change-finished":
                self._hosts[event.host] = ("✓", f"{event.text} ({_seconds(event)})")
            case "change-failed":
                self._hosts[event.host] = ("✗", event.text)
                return f"  [red]✗[/] {_plain(event.host)}: {_plain(event.text)}"
            case "would-change":
                return f"  would: {_plain(event.host)}: {_plain(event.text)}"
            case "note" if not event.host:
                return f"    {_plain(event.text)}"
            case "note":
                mark = self._hosts.get(event.host, ("…", ""))[0]
                self._hosts[event.host] = (mark, event.text)
            case "run-finished":
                return f"[bold]{_plain(event.text)}[/] [dim]({_seconds(event)})[/]"
            case _:
                pass
        return ""

    def _render(self) -> RenderableType:
        from rich.table import Table
        from rich.text import Text

        with self._mutex:
            phase, hosts = self._phase, list(self._hosts.items())
        if not phase:
            return Text("")
        table = Table.grid(padding=(0, 1))
        done = sum(1 for _, (mark, _) in hosts if mark != "…")
        named = sum(1 for name, _ in hosts if name)
        count = f"{done}/{counted(named, 'host')}" if named > 1 else ""
        table.add_row(Text(f"▸ {phase:<24}", style="bold"), Text(f"{self._now() - self._started:.1f} s {count}"))
        # Hosts still at work come first.
        hosts.sort(key=lambda item: item[1][0] != "…")
        for name, (mark, text) in hosts[: self._SHOWN_HOSTS]:
            table.add_row(Text(f"    {mark} {name}"), Text(text, overflow="ellipsis", no_wrap=True))
        if len(hosts) > self._SHOWN_HOSTS:
            table.add_row(Text(f"    and {len(hosts) - self._SHOWN_HOSTS} more"), Text(""))
        return table


def _seconds(event: Event) -> str:
    return f"{event.seconds or 0.0:.1f} s"


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)
