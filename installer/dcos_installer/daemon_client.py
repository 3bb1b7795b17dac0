"""Asks the cluster's daemons over HTTP, with mutual TLS, and ZooKeeper by its four-letter words."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from dcos_installer.errors import InstallerError
from dcos_runtime.network_errors import cause
from dcos_runtime.tls import identity_of

Ask = Callable[..., Any]
"""The interface of `Asker.__call__`."""

ANSWER_SECONDS = 10.0
"""Seconds to wait for an answer, of a daemon on a machine of usual speed."""


class NotWell(InstallerError):
    """A daemon did not answer, or answered with an error. ``status`` is the HTTP status, 0 without an answer."""

    def __init__(self, what: str, *, status: int = 0, **rest: Any) -> None:
        self.status = status
        super().__init__(what, **rest)


class CannotAsk(InstallerError):
    """No daemon can be asked, because the operator's certificate or CA cannot be used. The cluster may be healthy."""


class Asker:
    """Asks over TLS as the cluster's operator: the server needs a certificate of the cluster's CA for the address.
    ``folder`` is the operator's ``secrets/``, read at the first request. At a port of ``kinds`` the server must also be
    that kind of daemon. ``seconds``: the timeout of a request. ``patience``, asked at each request: the factor of all
    timeouts.
    """

    def __init__(
        self,
        folder: Path,
        kinds: Mapping[int, str] | None = None,
        seconds: float = ANSWER_SECONDS,
        patience: Callable[[], float] = lambda: 1.0,
    ) -> None:
        self._folder = folder
        self._kinds = kinds or {}
        self._seconds = seconds
        self._patience = patience
        self._version: tuple[int, ...] = ()
        self._openers: dict[str, urllib.request.OpenerDirector] = {}

    def __call__(
        self,
        url: str,
        *,
        method: str = "GET",
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        seconds: float | None = None,
    ) -> Any:
        """The response of ``url``: its JSON, its text when it is not JSON, None when it is empty. Raises `NotWell`.
        Raises `CannotAsk` before anything is sent. Redirects are not followed. Messages do not quote the request.
        ``zookeeper://HOST:PORT/WORD`` asks ZooKeeper.
        """
        seconds = (self._seconds if seconds is None else seconds) * self._patience()
        if url.startswith("zookeeper://"):
            return _zookeeper(url, seconds)
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data=data, method=method, headers={"Accept": "application/json"})
        if data is not None:
            request.add_header("Content-Type", "application/json")
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        try:
            with self._opener(url).open(request, timeout=seconds) as response:
                text = response.read().decode(errors="replace")
        except urllib.error.HTTPError as error:
            said = error.read().decode(errors="replace")[:500]
            raise NotWell(f"{method} {url} was answered with {error.code}", status=error.code, evidence=said) from None
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise NotWell(f"{method} {url} was not answered", why=cause(error)) from None
        try:
            return json.loads(text) if text.strip() else None
        except ValueError:
            return text

    def _opener(self, url: str) -> urllib.request.OpenerDirector:
        ca, identity = self._folder / "ca.crt", self._folder / "operator.pem"
        kind = self._kinds.get(urllib.parse.urlsplit(url).port or 443, "") if url.startswith("https:") else ""
        try:
            version = tuple(path.stat().st_mtime_ns for path in (ca, identity))
            if self._version != version:
                self._version, self._openers = version, {}
            if kind not in self._openers:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                context.minimum_version = ssl.TLSVersion.TLSv1_2
                if kind:
                    # Connections are instances of a class that is made here, because the handshake does not know the
                    # context's owner.
                    context.sslsocket_class = type("Connection", (_Connection,), {"kind": kind})
                _load(ca, lambda: context.load_verify_locations(cafile=ca))
                _load(identity, lambda: context.load_cert_chain(identity))
                self._openers[kind] = _opener(context)
            return self._openers[kind]
        except OSError as error:
            raise _cannot_ask(Path(error.filename or self._folder), error) from None


class _Connection(ssl.SSLSocket):
    """A connection whose handshake fails when the server is another kind of daemon."""

    kind: ClassVar[str]

    def do_handshake(self, block: bool = False) -> None:
        super().do_handshake(block)
        found = identity_of(self.getpeercert())
        if found is None or found.kind != self.kind:
            raise ssl.SSLCertVerificationError(
                1, f"the other side is {f'the {found}' if found else 'no daemon of this cluster'}, not a {self.kind}"
            )


def _load(path: Path, into: Callable[[], None]) -> None:
    try:
        into()
    except OSError as error:  # TLS errors do not name the file
        raise _cannot_ask(path, error) from None


def _cannot_ask(path: Path, error: OSError) -> CannotAsk:
    # A CA is created once: if its key is there, this certificate was there, too.
    lost = path.name == "ca.crt" and path.with_name("ca.key").exists()
    return CannotAsk(
        f"the cluster cannot be asked: {path} cannot be used: {error.strerror or error}",
        why="daemons are asked with the operator's own certificate, and must have one of the cluster's CA",
        hint=f"put {path.name} back from a backup" if lost else "dcos-installer deploy makes it",
    )


def _zookeeper(url: str, seconds: float) -> str:
    """ZooKeeper's answer to one of its four-letter words."""
    place, _, word = url.removeprefix("zookeeper://").partition("/")
    host, _, port = place.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=seconds) as connection:
            connection.sendall(word.encode())
            return connection.makefile("rb").read().decode(errors="replace")
    except OSError as error:
        raise NotWell(f"{url} was not answered", why=cause(error)) from None


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Redirects are not followed, because our credentials would be sent, too."""

    def redirect_request(self, *arguments: Any, **more: Any) -> None:
        return None


def _opener(context: ssl.SSLContext) -> urllib.request.OpenerDirector:
    # Machines are reached directly, without a proxy of the operator's environment.
    return urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context), _NoRedirects()
    )
