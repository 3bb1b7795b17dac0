"""The origin of an error, in a form that is the same on every machine, because a core has no log for a traceback."""

from __future__ import annotations

_INNERMOST = 4


def where(error: BaseException) -> str:
    """The functions that it went through, innermost last."""
    found = []
    trace = error.__traceback__
    while trace is not None:
        found.append(f"{trace.tb_frame.f_code.co_name} (line {trace.tb_lineno})")
        trace = trace.tb_next
    return ", ".join(found[-_INNERMOST:])
