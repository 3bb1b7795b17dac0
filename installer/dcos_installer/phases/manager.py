"""Runs phases in their order, reports their progress, and calls their clean-ups however the run ends."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from dcos_installer.errors import InstallerError
from dcos_installer.phases.kit.base import CleansUp, Conditional, Context, Phase

log = logging.getLogger(__name__)


def run_phases(ctx: Context, phases: Sequence[Phase]) -> None:
    """Runs ``phases``. The first error ends the run, and is raised after all `clean_up` calls."""
    begun: list[Phase] = []
    try:
        for phase in phases:
            ctx.phase = phase.title
            if isinstance(phase, Conditional) and (why := phase.should_run(ctx)):
                ctx.tell("phase-skipped", text=why)
                continue
            begun.append(phase)
            _run_one(ctx, phase)
    finally:
        for phase in reversed(begun):
            if isinstance(phase, CleansUp):
                _clean_up(ctx, phase)


def _run_one(ctx: Context, phase: Phase) -> None:
    started, changes = ctx.monotonic(), ctx.changes
    ctx.tell("phase-started")
    try:
        phase.run(ctx)
    except BaseException as error:
        text = error.what if isinstance(error, InstallerError) else str(error) or type(error).__name__
        ctx.tell("phase-failed", text=text, seconds=ctx.monotonic() - started)
        raise
    ctx.tell("phase-finished", seconds=ctx.monotonic() - started, changes=ctx.changes - changes)


def _clean_up(ctx: Context, phase: Phase) -> None:
    assert isinstance(phase, CleansUp)
    try:
        phase.clean_up(ctx)
    except Exception as error:
        # An error of the run matters more than one of a clean-up, which is reported and logged, not raised.
        log.warning("%s: could not clean up", getattr(phase, "title", phase), exc_info=True)
        ctx.tell("note", text=f"could not clean up: {error.what if isinstance(error, InstallerError) else error}")
