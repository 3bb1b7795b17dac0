"""Where a URI's bytes come from: a web server, or a file of this machine that is on the allow-list."""

# ruff: noqa: PTH115, PTH118

from __future__ import annotations

import base64
import http.client
import os
import re
import ssl
import stat
from dataclasses import dataclass
from typing import IO, Any

from dcos_runtime.agent.fetching.errors import Budget, FetchError, copy
from dcos_runtime.wire import uris
from dcos_runtime.wire.uris import Web

MAX_REDIRECTS = 10
REDIRECTS = (301, 302, 303, 307, 308)
LONGEST_REASON = 200
LONGEST_LINE = 65536
_LENGTH = re.compile(r"[0-9]{1,18}")
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,16}[ \t]*(;[^\n]*)?\r?\n")


@dataclass(frozen=True)
class Rules:
    """``roots``: folders whose files may be fetched; ``never``: what may not, even below those (real paths, all).

    ``public_only``: only files that everybody may read. ``home``: where relative paths begin.
    """

    roots: tuple[str, ...]
    never: tuple[str, ...]
    public_only: bool
    home: str | None
    stall_seconds: float


def save(value: str, file: IO[bytes], rules: Rules, budget: Budget) -> None:
    """Writes all of what ``value`` names to ``file``."""
    scheme = uris.scheme(value)
    if scheme in ("http", "https"):
        _download(uris.web(value), file, rules.stall_seconds, budget, uris.secrets(value))
        return
    if scheme not in ("", "file"):
        raise FetchError(f"{scheme}:// is not supported; give http(s)://, file:/// or an absolute path")
    if scheme == "file" and uris.file_host(value) not in ("", "localhost"):
        raise FetchError("a file URI has three slashes: file:///path")
    path = uris.path(value)
    if not path.startswith("/"):
        if rules.home is None:
            raise FetchError(
                "a relative path, and the agent has no --frameworks_home; give an absolute one, file:///path or"
                " http(s)://…"
            )
        path = os.path.join(rules.home, path)
    with local(path, rules) as source:
        copy(source, file, budget)


# --- the web ----------------------------------------------------------------------------------------------------------


def _download(asked: Web, file: IO[bytes], stall_seconds: float, budget: Budget, secrets: list[str]) -> None:
    at = asked
    for _ in range(MAX_REDIRECTS + 1):
        connection = _connect(at, stall_seconds)
        try:
            response = _request(connection, at)
            if response.status in REDIRECTS and (location := response.getheader("Location")):
                at = _redirected(at, location)
                continue
            if response.status not in (200, 203):
                raise FetchError(f"HTTP {response.status}{_reason(response, secrets)}" + _hint(response, at))
            expected = _frame(response)
            copied = copy(response, file, budget)
            if expected is not None and copied != expected:
                raise FetchError(f"the body was cut short: {copied} of {expected} bytes came")
            return
        finally:
            connection.close()
    raise FetchError(f"more than {MAX_REDIRECTS} redirects")


class _Response(http.client.HTTPResponse):
    """Takes the sizes of chunks for what they are: digits, and nothing else that Python reads as a number."""

    def _read_next_chunk_size(self) -> int:
        line = self.fp.readline(LONGEST_LINE + 1)
        if not _CHUNK_SIZE.fullmatch(line):
            self._close_conn()  # type: ignore[attr-defined]
            raise ValueError("the size of a chunk")  # which http.client takes for a body cut short
        return int(line.partition(b";")[0], 16)


def _frame(response: Any) -> int | None:
    """How long the body is; ``None``: its chunks, or the end of the connection, tell. http.client passes over what it
    does not know, and would hand out the framing as the content."""
    codings = response.headers.get_all("Transfer-Encoding")
    if codings is not None:
        coding = ", ".join(text.strip() for text in codings)
        if coding.lower() != "chunked":
            raise FetchError(f"the body comes in a transfer coding {_shown(coding)!r} that is not known here")
        response.chunked, response.chunk_left, response.length = True, None, None
        return None
    lengths = response.headers.get_all("Content-Length")
    if lengths is None:
        return None
    found = {text.strip() for line in lengths for text in line.split(",")}
    for text in sorted(found):
        if not _LENGTH.fullmatch(text):
            raise FetchError(f"the server's Content-Length {_shown(text)!r} is no length")
    if len({int(text) for text in found}) > 1:
        raise FetchError(f"the server gives several lengths: {_shown(', '.join(sorted(found)))}")
    response.length = int(found.pop())
    return int(response.length)


def _reason(response: Any, secrets: list[str]) -> str:
    """What the server says of a failure, unless that repeats a secret it was sent."""
    text = str(response.reason).strip()
    if not text or any(secret.lower() in text.lower() for secret in secrets):
        return ""
    return f" {_shown(text)}"


def _shown(text: str) -> str:
    """Text of a server as it may stand in a message."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:LONGEST_REASON])


def _connect(at: Web, stall_seconds: float) -> http.client.HTTPConnection:
    try:
        host = at.host if at.host.isascii() else at.host.encode("idna").decode()
    except UnicodeError:
        raise FetchError("the host's name cannot be written in ASCII") from None
    if at.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, at.port, timeout=stall_seconds, context=context)
    return http.client.HTTPConnection(host, at.port, timeout=stall_seconds)


def _request(connection: http.client.HTTPConnection, at: Web) -> Any:
    try:
        connection.connect()
    except ssl.SSLError:
        raise
    except TimeoutError:
        raise FetchError(f"{at.host_header} does not answer") from None
    except OSError as error:
        raise FetchError(f"{at.host_header}: {error.strerror or error}") from error
    headers = {"User-Agent": "dcos-agent fetcher", "Accept": "*/*"}
    if at.user is not None:
        credentials = f"{at.user}:{at.password}".encode(errors="surrogateescape")
        headers["Authorization"] = "Basic " + base64.b64encode(credentials).decode()
    connection.response_class = _Response
    connection.request("GET", at.target, headers=headers)
    return connection.getresponse()


def _redirected(before: Web, location: str) -> Web:
    """Where a redirect leads. Credentials go along only to the same scheme, host and port."""
    # The header came as latin-1; servers that do not encode their paths send UTF-8.
    location = location.encode("latin-1", "replace").decode("utf-8", "surrogateescape")
    if not uris.scheme(location):
        authority = f"{before.scheme}://{before.host_header}"
        if location.startswith("//"):
            location = f"{before.scheme}:{location}"
        elif location.startswith("/"):
            location = authority + location
        elif location.startswith("?"):
            location = authority + before.target.partition("?")[0] + location
        else:
            location = authority + before.target.partition("?")[0].rpartition("/")[0] + "/" + location
    try:
        to = uris.web(location)
    except ValueError:
        told = uris.scheme(location) or "something"
        raise FetchError(f"it is redirected to {told}://…, which is not followed") from None
    if before.scheme == "https" and to.scheme != "https":
        raise FetchError("it is redirected from https to http, where anybody on the way could change it")
    if to.user is None and to.origin == before.origin:
        return Web(to.scheme, to.host, to.port, to.target, before.user, before.password)
    return to


def _hint(response: Any, at: Web) -> str:
    if response.status == 401:
        return " (wrong user or password)" if at.user is not None else " (give user:password@ in the URI)"
    return ""


# --- this machine -----------------------------------------------------------------------------------------------------


def local(path: str, rules: Rules) -> IO[bytes]:
    """A file of this machine that a task may have.

    It is opened without side effects first; what was really opened, links resolved, decides. A task that runs as root
    inside its container is not root outside it: with ``public_only``, what not everybody may read stays here.
    """
    found = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        real = os.readlink(f"/proc/self/fd/{found}")
        state = os.fstat(found)
        if not any(_below(real, root) for root in rules.roots) or any(_below(real, place) for place in rules.never):
            allowed = ", ".join(rules.roots) or "none"
            raise FetchError(
                f"this file is not for tasks: local files come from {allowed} only (--fetcher_local_roots)"
                + ("" if real == path else f", and this is {real}")
            )
        if not stat.S_ISREG(state.st_mode):
            raise FetchError("not a plain file")
        if rules.public_only and not state.st_mode & 0o004:
            raise FetchError("only files that everybody may read are fetched for tasks that run as root (chmod o+r it)")
        try:
            return os.fdopen(os.open(f"/proc/self/fd/{found}", os.O_RDONLY | os.O_CLOEXEC), "rb")
        except OSError as error:
            error.filename = path
            raise
    finally:
        os.close(found)


def _below(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip("/") + "/")
