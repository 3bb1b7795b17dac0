"""Events are shown as plain lines, as JSON, and live."""

from __future__ import annotations

import io
import json
import threading
from pathlib import Path
from typing import get_args

from rich.console import Console

from dcos_installer.events import Event, Kind
from dcos_installer.report import JsonReport, LiveReport, PlainReport

CHECKOUT = Path(__file__).resolve().parents[3]

STORY = [
    Event("run-started", 1.0, text="deploy lab: 2 machines (nspawn)"),
    Event("phase-started", 2.0, "Make machines"),
    Event("change-started", 2.0, "Make machines", "a1", "create the machine"),
    Event("note", 2.1, "Make machines", "a1", "boots [1/2]"),
    Event("change-finished", 3.0, "Make machines", "a1", "create the machine", 1.0),
    Event("phase-finished", 3.0, "Make machines", seconds=1.0, data={"changes": 1}),
    Event("phase-skipped", 3.0, "Upload the bundle", text="every host has what it needs"),
    Event("phase-started", 3.0, "Plan"),
    Event("plan", 3.0, "Plan", "a1", "add 5 files", data={"changes": ["add 5 files"]}),
    Event("plan", 3.0, "Plan", "a2", "nothing to change", data={"changes": []}),
    Event("note", 3.0, "Plan", text="a1, a3 and 7 more: add 5 files"),
    Event("would-change", 3.0, "Plan", "a1", "apply its first generation"),
    Event("phase-finished", 3.5, "Plan", seconds=0.5),
    Event("phase-started", 4.0, "Change agents"),
    Event("change-failed", 5.0, "Change agents", "a1", "apply: no space left", 1.0),
    Event("phase-failed", 5.0, "Change agents", text="1 failed", seconds=1.0),
    Event("run-failed", 5.0, "Change agents", text="1 failed", seconds=4.0),
    Event("run-finished", 5.0, text="nothing to change", seconds=4.0),
]


def test_plain_lines_tell_the_phases_and_what_changed_in_them() -> None:
    lines: list[str] = []
    report = PlainReport(lines.append)
    for event in STORY:
        report.event(event)
    report.close()
    assert lines == [
        "deploy lab: 2 machines (nspawn)",
        "• Make machines",
        "    a1: boots [1/2]",
        "  ✓ a1: create the machine (1.0 s)",
        "  1.0 s",
        "• Upload the bundle: every host has what it needs",
        "• Plan",
        "    a1, a3 and 7 more: add 5 files",
        "  would: a1: apply its first generation",
        "  0.5 s",
        "• Change agents",
        "  ✗ a1: apply: no space left (1.0 s)",
        "  failed after 1.0 s",
        "nothing to change (4.0 s)",
    ]


def test_json_is_one_object_a_line_without_empty_fields() -> None:
    lines: list[str] = []
    report = JsonReport(lines.append)
    for event in STORY:
        report.event(event)
    assert len(lines) == len(STORY) and not any("\n" in line for line in lines)
    assert json.loads(lines[1]) == {"kind": "phase-started", "time": 2.0, "phase": "Make machines"}
    assert json.loads(lines[5])["data"] == {"changes": 1}


def test_the_live_display_keeps_finished_phases_and_shows_hosts_at_work() -> None:
    screen = io.StringIO()
    report = LiveReport(Console(file=screen, force_terminal=True, width=100), lambda: 12.0)
    for event in STORY[:4]:
        report.event(event)
    working = io.StringIO()
    Console(file=working, width=100).print(report._render())
    assert "Make machines" in working.getvalue() and "boots [1/2]" in working.getvalue()
    for event in STORY[4:]:
        report.event(event)
    report.close()
    shown = screen.getvalue()
    for text in ("deploy lab: 2 machines (nspawn)", "1 changed", "every host has what it needs", "no space left"):
        assert text in shown
    assert "nothing to change" in shown


def test_nothing_is_printed_while_the_display_would_have_to_wait_for_it() -> None:
    """The display holds a lock while it renders, and printing wants that lock: the other order hangs."""
    report = LiveReport(Console(file=io.StringIO(), force_terminal=True, width=100), lambda: 12.0)
    printed: list[object] = []

    def rendered_meanwhile(text: object, **_: object) -> None:
        beside = threading.Thread(target=report._render, daemon=True)
        beside.start()
        beside.join(240)
        assert not beside.is_alive(), f"the display waits while this is printed: {text}"
        printed.append(text)

    report.close()
    report._live.console.print = rendered_meanwhile  # type: ignore[method-assign, assignment]  # in its place, for this report only
    for event in STORY:
        report.event(event)
    assert len(printed) >= 4


def test_every_kind_of_event_is_documented() -> None:
    document = (CHECKOUT / "docs" / "installer.md").read_text()
    assert [kind for kind in get_args(Kind) if f"| `{kind}` |" not in document] == []
