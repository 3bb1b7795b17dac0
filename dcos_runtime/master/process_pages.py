"""Pages of Mesos that every process has, leader or not: `/files/*`, `/logging/toggle`. The texts are Mesos'."""

from __future__ import annotations

import re

from aiohttp import web

from dcos_runtime.daemon import text_response
from dcos_runtime.flags.values import UNITS
from dcos_runtime.master.answering import json_response
from dcos_runtime.operating import LoggingLevel
from dcos_runtime.wire.quoting import shown

_SHOWN = 40
_MOST = 1 << 31


# --- files -----------------------------------------------------------------------------------------------------------
# A master has none: it logs to stderr. A Mesos without ``--log_dir`` has none either.


async def browse(request: web.Request) -> web.StreamResponse:
    return _without_path(request) or text_response("", 404)


async def read(request: web.Request) -> web.StreamResponse:
    if refusal := _without_path(request):
        return refusal
    for name in ("offset", "length"):
        text = request.query.get(name)
        if text is None:
            continue
        try:
            number = whole_number(text)
        except ValueError as error:
            return text_response(f"Failed to parse {name}: {error}.\n", 400)
        if number < -1:
            return text_response(f"Negative {name} provided: {number}.\n", 400)
    return text_response("", 404)


async def download(request: web.Request) -> web.StreamResponse:
    return _without_path(request) or text_response("404 Not Found.", 404)


async def attached(request: web.Request) -> web.StreamResponse:
    """`/files/debug`: which paths stand for which files."""
    return json_response(b"{}", request)


def _without_path(request: web.Request) -> web.Response | None:
    return None if request.query.get("path") else text_response("Expecting 'path=value' in query.\n", 400)


# --- the level of logging --------------------------------------------------------------------------------------------


async def toggle(request: web.Request, level: LoggingLevel) -> web.StreamResponse:
    """The level without a query; ``?level=1&duration=5mins`` changes it for a time, by any method."""
    wanted, lasting = request.query.get("level"), request.query.get("duration")
    if wanted is None and lasting is None:
        return text_response(f"{level.now}\n")
    for name, text in (("level", wanted), ("duration", lasting)):
        if text is None:
            return text_response(f"Expecting '{name}=value' in query.\n", 400)
    assert wanted is not None and lasting is not None
    try:
        number = whole_number(wanted)
        if not 0 <= number < _MOST:
            raise ValueError(f"Invalid level '{shown(wanted, _SHOWN)}'")
        seconds = duration(lasting)
    except ValueError as error:
        return text_response(f"{error}.\n", 400)
    level.set(number, seconds)
    return web.Response()


# --- values of queries -----------------------------------------------------------------------------------------------


def whole_number(text: str) -> int:
    """Raises ``ValueError``."""
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise ValueError(_no_number(text))
    return int(text)


def duration(text: str) -> float:
    """A duration in seconds. Raises ``ValueError``."""
    split = re.match(r"[0-9.]*", text)
    assert split is not None
    number, unit = split.group(), text[split.end() :]
    if not unit:
        raise ValueError(f"Invalid duration '{shown(text, _SHOWN)}'")
    if not re.fullmatch(r"[0-9]+(\.[0-9]*)?|\.[0-9]+", number):
        raise ValueError(_no_number(number))
    if unit not in UNITS:
        known = ("ns", "us", "ms", "secs", "mins", "hrs", "days")
        listed = ", ".join(f"'{name}'" for name in known)
        raise ValueError(f"Unknown duration unit '{shown(unit, _SHOWN)}'; supported units are {listed}, and 'weeks'")
    return float(number) * UNITS[unit]


def _no_number(text: str) -> str:
    return f"Failed to convert '{shown(text, _SHOWN)}' to number"
