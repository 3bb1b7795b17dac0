"""What ended a request, in plain words: the texts of aiohttp, OpenSSL and Python name their own internals instead.

``Cannot connect to host 198.18.0.9:80 ssl:default [Connect call failed ('198.18.0.9', 80)]`` is `with_host`'s
``198.18.0.9:80: connection refused``.
"""

from __future__ import annotations

import asyncio
import errno
import http.client
import os
import re
import socket
import ssl
import sys
import urllib.error
from typing import Any

CUT_SHORT = "the connection broke in the middle of the answer"
CLOSED = "it closed the connection"
NO_HTTP = "it does not answer as HTTP does"
LATE = "no answer in time"

_CLOSED = frozenset({errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED, errno.ESHUTDOWN})
_SAID_BY_ASYNCIO = re.compile(r"\[Errno ([0-9]+)\]")


def cause(error: BaseException, seconds: float | None = None) -> str:
    """Why there is no answer, or no whole one: in a line that is never empty and does not say who was asked.

    ``seconds``: how long an answer was waited for, where the caller knows. An error of another kind gives its own text.
    """
    found = _of_aiohttp(error, seconds)
    if found:
        return found
    if isinstance(error, ssl.SSLCertVerificationError):
        # Without a message of OpenSSL's it is one that we raise ourselves.
        return f"its certificate is not trusted: {getattr(error, 'verify_message', '') or _text(error)}"
    if isinstance(error, ssl.SSLError):
        return f"no TLS connection: {(error.reason or _text(error)).replace('_', ' ').lower()}"
    if isinstance(error, socket.gaierror):
        return f"its name cannot be resolved: {_small(error.strerror or _text(error))}"
    if isinstance(error, urllib.error.URLError) and isinstance(error.reason, BaseException):
        return cause(error.reason, seconds)
    if isinstance(error, http.client.RemoteDisconnected):
        return f"{CLOSED} without an answer"
    if isinstance(error, http.client.IncompleteRead | asyncio.IncompleteReadError):
        return CUT_SHORT
    if isinstance(error, http.client.HTTPException):
        return NO_HTTP
    if isinstance(error, TimeoutError) and (error.errno is None or seconds is not None):
        return LATE if seconds is None else f"no answer within {seconds:g} seconds"
    if isinstance(error, OSError):
        return _of_the_system(error)
    return _text(error)


def with_host(error: BaseException) -> str:
    """As `cause`, with ``host:port`` in front where the error knows them: for a reader who does not know which host was
    asked, or who would think that it was the URL before a redirect.
    """
    path = getattr(error, "path", None)
    host, port = getattr(error, "host", None), getattr(error, "port", None)
    if isinstance(path, str) and path:
        return f"{path}: {cause(error)}"
    if isinstance(host, str) and host:
        shown = f"[{host}]" if ":" in host else host
        return f"{shown}{f':{port}' if port else ''}: {cause(error)}"
    return cause(error)


def _of_aiohttp(error: BaseException, seconds: float | None) -> str:
    """Empty for every error but aiohttp's own. The ``dcos`` command, which starts without it, has none."""
    aiohttp: Any = sys.modules.get("aiohttp")
    if aiohttp is None or not isinstance(error, aiohttp.ClientError):
        return ""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return cause(error.certificate_error, seconds)
    if isinstance(error, aiohttp.ClientConnectorError):
        return cause(error.os_error, seconds)
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return "no connection in time"
    if isinstance(error, aiohttp.ServerTimeoutError):
        return LATE if seconds is None else f"no answer within {seconds:g} seconds"
    if isinstance(error, aiohttp.ServerFingerprintMismatch):
        return "its certificate is another one than expected"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return f"{CLOSED} without an answer"
    if isinstance(error, aiohttp.ClientPayloadError):
        return "its answer cannot be unpacked" if "decode" in str(error) else CUT_SHORT
    if isinstance(error, aiohttp.TooManyRedirects):
        return "it redirects too often"
    if isinstance(error, aiohttp.ClientResponseError):
        return NO_HTTP if error.__cause__ is not None else f"it answers {error.status}"
    if isinstance(error, aiohttp.InvalidURL):
        return f"{str(error.url)!r} is not a URL that can be asked"
    if isinstance(error, aiohttp.NonHttpUrlClientError):
        return f"{str(error)!r} is not a URL of http or https"
    if isinstance(error, OSError):
        return _of_the_system(error)
    return CLOSED if isinstance(error, aiohttp.ClientConnectionError) else _text(error)


def _of_the_system(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return _small(os.strerror(errno.ECONNREFUSED))
    if isinstance(error, ConnectionError) or error.errno in _CLOSED:
        return CLOSED
    if error.errno is not None and error.errno > 0:
        return _small(os.strerror(error.errno))
    # Several addresses of one name: asyncio puts all the errors into one text.
    numbers = dict.fromkeys(int(number) for number in _SAID_BY_ASYNCIO.findall(str(error)))
    if numbers:
        return ", ".join(_small(os.strerror(number)) for number in numbers)
    behind = error.__cause__
    return cause(behind) if isinstance(behind, OSError) and behind is not error else _text(error)


def _small(text: str) -> str:
    """``Connection refused`` as it stands behind a colon."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def _text(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
