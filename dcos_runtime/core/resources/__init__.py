"""Typed resources: kinds, values, their arithmetic, and their conversion from and to the wire."""

from __future__ import annotations

from dcos_runtime.core.resources.holdings import Holdings
from dcos_runtime.core.resources.intervals import Interval
from dcos_runtime.core.resources.kind import Disk, DiskSource, Kind, Reservation, plain
from dcos_runtime.core.resources.messages import Format, parse, wire
from dcos_runtime.core.resources.reading import Read, read
from dcos_runtime.core.resources.text import decimal, text, view
from dcos_runtime.core.resources.validation import MAX_PORT, MAX_RESOURCES, invalid, not_offerable, out_of_range
from dcos_runtime.core.resources.value import EMPTY, MAX_SCALAR, THOUSANDTHS, Resources, Thing, fixed, total
from dcos_runtime.wire.roles import lineage, role_error

__all__ = [
    "EMPTY",
    "MAX_PORT",
    "MAX_RESOURCES",
    "MAX_SCALAR",
    "THOUSANDTHS",
    "Disk",
    "DiskSource",
    "Format",
    "Holdings",
    "Interval",
    "Kind",
    "Read",
    "Reservation",
    "Resources",
    "Thing",
    "decimal",
    "fixed",
    "invalid",
    "lineage",
    "not_offerable",
    "out_of_range",
    "parse",
    "plain",
    "read",
    "role_error",
    "text",
    "total",
    "view",
    "wire",
]
