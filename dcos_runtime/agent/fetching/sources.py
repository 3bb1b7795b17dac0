"""Where a URI's bytes come from: a web server, or a file of this machine that is on the allow-list."""

# ruff: noqa: PTH115, PTH118, PTH120

from __future__ import annotations

import base64
import errno
import http.client
import os
import re
import ssl
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import IO, Any

from dcos_runtime.agent.fetching.errors import (
    Budget,
    CacheError,
    FetchError,
    QuotingError,
    copy,
    describe,
    piece,
    without,
)
from dcos_runtime.network_errors import cause
from dcos_runtime.wire import uris
from dcos_runtime.wire.uris import Web

MAX_REDIRECTS = 10
_LONGER = "the body is damaged: one of its chunks does not end where its size says"
REDIRECTS = (301, 302, 303, 307, 308)
LONGEST_REASON = 200
LONGEST_LINE = 65536
_LINKS = 40
_LENGTH = re.compile(r"[0-9]{1,18}")
_TRAILERS = 100
_HEADER = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n\0]*\r?\n")
_FOLDED = re.compile(rb"[ \t][^\r\n\0]*\r?\n")
_END = (b"\r\n", b"\n")
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,16}[ \t]*(;[^\n]*)?\r?\n")


Announce = Callable[[int | None], None]
"""Gets the size in bytes before the first of them is written; ``None``: it cannot be known."""


def _unannounced(size: int | None) -> None:
    """Nobody wants to know the size."""


@dataclass(frozen=True)
class SourceRules:
    """``roots``: folders whose files may be fetched, each with its real path; ``never``: what may not, even below those
    (real paths).

    ``public_only``: only files that everybody may read. ``home``: where relative paths begin.
    """

    roots: Mapping[str, str]
    never: tuple[str, ...]
    public_only: bool
    home: str | None
    stall_seconds: float


def save(value: str, file: IO[bytes], rules: SourceRules, budget: Budget, announce: Announce = _unannounced) -> None:
    """Writes all of what ``value`` names to ``file``, after ``announce`` got its size."""
    scheme = uris.scheme(value)
    if scheme in ("http", "https"):
        _download(uris.web(value), file, rules.stall_seconds, budget, uris.secrets(value), announce)
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
        announce(os.fstat(source.fileno()).st_size)
        copy(source, file, budget)


# --- the web ----------------------------------------------------------------------------------------------------------


def _download(
    asked: Web, file: IO[bytes], stall_seconds: float, budget: Budget, secrets: list[str], announce: Announce
) -> None:
    """``secrets`` of the URI, and those of every redirect, stand in no error."""
    at, secrets = asked, list(secrets)
    try:
        for _ in range(MAX_REDIRECTS + 1):
            location = _fetched(at, file, stall_seconds, budget, secrets, announce)
            if location is None:
                return
            secrets += uris.secrets(location)
            at = _redirected(at, location)
        raise FetchError(f"more than {MAX_REDIRECTS} redirects")
    except CacheError:
        raise
    except Exception as error:
        why = error.without(secrets) if isinstance(error, QuotingError) else describe(error)
        raise FetchError(without(why, secrets)) from error


def _fetched(
    at: Web, file: IO[bytes], stall_seconds: float, budget: Budget, secrets: list[str], announce: Announce
) -> str | None:
    """Writes the whole body to ``file``, or returns the URL to which the server redirects."""
    connection = _connect(at, stall_seconds)
    try:
        response = _request(connection, at)
        if response.status in REDIRECTS and (location := response.getheader("Location")):
            # The header came as latin-1; servers that do not encode their paths send UTF-8.
            return str(location).encode("latin-1", "replace").decode("utf-8", "surrogateescape")
        if response.status not in (200, 203):
            raise FetchError(f"HTTP {response.status}{_reason(response, secrets)}" + _hint(response, at))
        expected = _frame(response)
        announce(expected)
        copied = copy(response, file, budget)
        if expected is not None and copied != expected:
            raise FetchError(f"the body is incomplete: {copied} of {expected} bytes arrived")
        return None
    finally:
        connection.close()


class _Headers:
    """The lines from which http.client reads a response's headers; anything but a header is an error. http.client would
    stop at an invalid line, and miss the header with the body's length.
    """

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self._some = False

    def readline(self, limit: int = -1) -> bytes:
        line: bytes = self.stream.readline(limit)
        if len(line) > LONGEST_LINE or line in _END:
            return line  # too long a line is refused by http.client
        if not line.endswith(b"\n"):
            raise FetchError("the answer is incomplete: the connection ended within its headers")
        if not _HEADER.fullmatch(line) and not (self._some and _FOLDED.fullmatch(line)):
            name = line.partition(b":")[0].decode("latin-1").strip()
            raise QuotingError("the answer is damaged: a line of its headers is no header: '", name, "'")
        self._some = True
        return line


class _Response(http.client.HTTPResponse):
    """Reads chunks strictly: their sizes are hexadecimal digits only, each chunk is followed by a line end, and an
    empty line ends them. Headers are checked as above. Interim responses (early hints) are skipped.
    """

    def begin(self) -> None:
        try:
            super().begin()
        finally:
            if isinstance(self.fp, _Headers):
                self.fp = self.fp.stream

    def _read_status(self) -> tuple[str, int, str]:
        if isinstance(self.fp, _Headers):
            self.fp = self.fp.stream  # the former ones belonged to an interim response
        while True:
            status: tuple[str, int, str] = super()._read_status()  # type: ignore[misc]  # http.client's own, which its types leave out
            if not 100 < status[1] < 200 or status[1] == http.HTTPStatus.SWITCHING_PROTOCOLS:
                self.fp = _Headers(self.fp)  # type: ignore[assignment]  # begin() reads lines of it, and gives it back
                return status
            while self.fp.readline(LONGEST_LINE + 1) not in (*_END, b""):
                pass

    def _get_chunk_left(self) -> int | None:
        if self.chunk_left == 0:
            if (behind := self.fp.read(2)) != b"\r\n":
                raise http.client.IncompleteRead(behind) if len(behind) < 2 else FetchError(_LONGER)
            self.chunk_left = None
        left: int | None = super()._get_chunk_left()  # type: ignore[misc]  # as above
        return left

    def _read_and_discard_trailer(self) -> None:
        for _ in range(_TRAILERS):
            line = self.fp.readline(LONGEST_LINE + 1)
            if line in _END:
                return
            if len(line) <= LONGEST_LINE and not line.endswith(b"\n"):
                raise FetchError("the body is incomplete: the empty line behind its last chunk did not come")
            if len(line) > LONGEST_LINE:
                break
        raise FetchError("the body is damaged: what stands behind its last chunk does not end")

    def _read_next_chunk_size(self) -> int:
        line = self.fp.readline(LONGEST_LINE + 1)
        if not _CHUNK_SIZE.fullmatch(line):
            self._close_conn()  # type: ignore[attr-defined]  # http.client's own, which its types leave out
            if not line.endswith(b"\n") and len(line) <= LONGEST_LINE:
                raise http.client.IncompleteRead(line)
            size = line.decode("latin-1").strip()
            raise QuotingError("the body is damaged: '", piece(size), "' stands where the size of a chunk should be")
        return int(line.partition(b";")[0], 16)


def _frame(response: Any) -> int | None:
    """The length of the body; ``None``: chunks, or the end of the connection, delimit it. http.client ignores codings
    that it does not know, and would return the framing as content.
    """
    codings = response.headers.get_all("Transfer-Encoding")
    if codings is not None:
        coding = ", ".join(text.strip() for text in codings)
        if coding.lower() != "chunked":
            raise QuotingError("the body comes in a transfer coding '", coding, "' that is not known here")
        response.chunked, response.chunk_left, response.length = True, None, None
        return None
    lengths = response.headers.get_all("Content-Length")
    if lengths is None:
        return None
    found = {text.strip() for line in lengths for text in line.split(",")}
    for text in sorted(found):
        if not _LENGTH.fullmatch(text):
            raise QuotingError("the server's Content-Length '", text, "' is no length")
    if len({int(text) for text in found}) > 1:
        raise QuotingError("the server gives several lengths: ", ", ".join(sorted(found)))
    response.length = int(found.pop())
    return int(response.length)


def _reason(response: Any, secrets: list[str]) -> str:
    """The server's text about a failure, unless it repeats a secret that we sent."""
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
        raise QuotingError("", at.host_header, " does not answer") from None
    except OSError as error:
        raise QuotingError("", at.host_header, f": {cause(error)}") from error
    headers = {"User-Agent": "dcos-agent fetcher", "Accept": "*/*"}
    if at.user is not None:
        credentials = f"{at.user}:{at.password}".encode(errors="surrogateescape")
        headers["Authorization"] = "Basic " + base64.b64encode(credentials).decode()
    connection.response_class = _Response
    connection.request("GET", at.target, headers=headers)
    return connection.getresponse()


def _redirected(before: Web, location: str) -> Web:
    """Where a redirect leads. Credentials go along only to the same scheme, host and port."""
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
        scheme = uris.scheme(location) or "something"
        raise QuotingError("it is redirected to ", scheme, "://…, which is not followed") from None
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


def local(path: str, rules: SourceRules) -> IO[bytes]:
    """A file of this machine that a task may have.

    Nothing is looked at that is neither in a root nor on the way to one, and all of that gets one answer: a task is not
    told what there is. The file is found without side effects first; what was really found decides once more. A task
    that is root inside its container is not root outside: with ``public_only``, only files that everybody may read are
    fetched.
    """
    found = _find(path, rules)
    try:
        real = os.readlink(f"/proc/self/fd/{found}")
        state = os.fstat(found)
        if not any(_below(real, root) for root in rules.roots.values()) or not _is_open(real, rules):
            raise _not_for_tasks(path, real, rules)
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


def _find(path: str, rules: SourceRules) -> int:
    """A descriptor (``O_PATH``) of what the path leads to, links and ``..`` resolved one by one. Raises `FetchError`
    before it looks at a place that is not open to tasks, and ``OSError``.
    """
    steps, links = _steps(path, rules), 0
    at, here = "/", os.open("/", os.O_PATH | os.O_CLOEXEC)
    try:
        while steps:
            name = steps.pop()
            place = {".": at, "..": os.path.dirname(at)}.get(name) or os.path.join(at, name)
            if not _is_open(place, rules):
                raise _not_for_tasks(path, place if links else path, rules)
            found = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=here)
            if not stat.S_ISLNK(os.fstat(found).st_mode):
                os.close(here)
                at, here = place, found
                continue
            try:
                target = os.readlink("", dir_fd=found)
            finally:
                os.close(found)
            links += 1
            if links > _LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
            steps += _steps(target, rules)
            if target.startswith("/"):
                root = os.open("/", os.O_PATH | os.O_CLOEXEC)
                os.close(here)
                at, here = "/", root
        return os.dup(here)
    except OSError as error:
        error.filename = path
        raise
    finally:
        os.close(here)


def _steps(path: str, rules: SourceRules) -> list[str]:
    """The names in the path, the last one first. A root that is itself reached by links is taken for where it is."""
    for root, real in rules.roots.items():
        if _below(path, root):
            path = real + path[len(root.rstrip("/")) :]
            break
    names = path.split("/")
    return [name or "." for name in reversed(names[1:] if path.startswith("/") else names)]


def _is_open(place: str, rules: SourceRules) -> bool:
    """Whether tasks may have what is there, or it is on the way to that."""
    roots = rules.roots.values()
    there = any(_below(place, root) or _below(root, place) for root in roots)
    return there and not any(_below(place, closed) for closed in rules.never)


def _not_for_tasks(path: str, place: str, rules: SourceRules) -> FetchError:
    allowed = ", ".join(sorted(set(rules.roots.values()))) or "none"
    return FetchError(
        f"this file is not for tasks: local files come from {allowed} only (--fetcher_local_roots)"
        + ("" if place == path else f", and this leads to {piece(place)}")
    )


def _below(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip("/") + "/")
