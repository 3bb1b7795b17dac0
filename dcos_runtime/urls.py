"""The one place where a URL from outside is taken apart and judged.

Python's own ``urlsplit`` passes hosts and ports that nobody can connect to, and raises at surprising moments: some
faults when the text is split, others when the port is read. Here a URL is either whole, or a `BadUrl` that says why.
Source of the forms: RFC 3986, 3.2 (authority).
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

_ODD = re.compile(r"[\x00-\x20\x7f\\]")
_NAME = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=%-]+")
_BRACKETS = re.compile(r"\[([^\[\]]*)\](?::.*)?")


class BadUrl(ValueError):
    """The text is not a URL that can be used; the message says why, without quoting it (it may hold a password)."""


def parse(url: str) -> SplitResult:
    """The parts of a URL of any scheme. A host and a port are valid if there are any: ``hostname`` and ``port`` of the
    result never raise. Raises `BadUrl`.
    """
    if _ODD.search(url):
        raise BadUrl("it holds what no URL may: spaces, control characters or a backslash")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise BadUrl("its host is not valid") from None
    around = parts.netloc.rpartition("@")[2]
    if "[" in around or "]" in around:
        _check_address(around)
    elif around and (host := around.partition(":")[0]):
        _check_name(host)
    try:
        _ = parts.port
    except ValueError:
        raise BadUrl("its port is not a number from 1 to 65535") from None
    return parts


def parse_web(url: str) -> SplitResult:
    """As `parse`, for a URL that can be fetched: http or https, a host, and a port other than 0. Raises `BadUrl`."""
    parts = parse(url)
    if parts.scheme not in ("http", "https"):
        raise BadUrl(f"its scheme is {parts.scheme or 'missing'}, not http or https")
    if not parts.hostname:
        raise BadUrl("it names no host")
    if parts.port == 0:
        raise BadUrl("its port is 0")
    return parts


def join(base: str, reference: str) -> str:
    """The absolute URL of a reference, such as a ``Location``, which is not checked further. Raises `BadUrl`."""
    try:
        return urljoin(base, reference)
    except ValueError:
        raise BadUrl("its host is not valid") from None


def last_name(url: str, *, decoded: bool = False) -> str:
    """The last part of the path; empty where there is none, or the text is no URL. ``decoded``: without %XX."""
    try:
        path = parse(url).path
    except BadUrl:
        return ""
    return (unquote(path) if decoded else path).rstrip("/").rpartition("/")[2]


def _check_address(around: str) -> None:
    found = _BRACKETS.fullmatch(around)
    if found is None:
        raise BadUrl("its host is not valid: an IPv6 address is written [2001:db8::1]")
    try:
        ipaddress.IPv6Address(found[1])
    except ValueError:
        raise BadUrl("its host is not valid: what is in brackets is no IPv6 address") from None


def _check_name(host: str) -> None:
    try:
        name = host.encode("idna").decode("ascii")
    except UnicodeError:
        raise BadUrl("its host is not valid") from None
    if not _NAME.fullmatch(name):
        raise BadUrl("its host is not valid")
