"""Mutual TLS between our own daemons: contexts from the cluster's CA, and the identity of the peer. A daemon's
certificate has a URI, ``dcos://<cluster-id>/<kind>/<host>``, and its host's address. A client checks by the address
that it speaks to the right machine, and a server learns from the URI which daemon speaks to it. `name_at` joins both
for nginx.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from dcos_runtime.errors import Explained

if TYPE_CHECKING:
    from aiohttp import web

SPOKEN_FOR = "X-Dcos-User"
"""The header in which gateways and standbys name the user whose request they pass on: see `guard.Guard`."""

_URI = re.compile(r"dcos://([0-9a-f-]{36})/([a-z]+)/([A-Za-z0-9.-]{1,253})")


class TlsError(Explained):
    """A certificate or key cannot be used. The text names the file and says why, and quotes nothing of it."""

    usual_hint = "give other files with --tls_ca and --tls_identity, or see whose they are"


@dataclass(frozen=True)
class Identity:
    """The holder of a certificate."""

    cluster: str
    kind: str
    host: str
    names: frozenset[str] = frozenset()
    """Every address and DNS name in the certificate: what its holder may call itself."""

    def __str__(self) -> str:
        return f"{self.kind} of {self.host}"

    @property
    def principal(self) -> str:
        """The principal of its own requests, which it sends for no user."""
        return principal(self.kind)


def principal(kind: str) -> str:
    """The principal of a daemon of this kind."""
    return f"dcos_{kind}"


def name_at(kind: str, address: str) -> str:
    """A DNS name in a certificate that holds kind and host: for clients such as nginx that compare one name and no
    address.
    """
    return f"{kind}.{address.replace('.', '-').replace(':', '-')}.dcos.internal"


class _Connection(ssl.SSLObject):
    """The client's end of a connection, whose handshake fails when the server is another kind of daemon."""

    kind: ClassVar[str]

    def do_handshake(self) -> None:
        super().do_handshake()
        found = identity_of(self.getpeercert())
        if found is None or found.kind != self.kind:
            raise ssl.SSLCertVerificationError(
                1, f"the other side is {f'the {found}' if found else 'nothing of this cluster'}, not a {self.kind}"
            )


@dataclass(frozen=True)
class TlsFiles:
    """The files of a daemon's part of the cluster's TLS."""

    ca: Path
    identity: Path

    def server(self) -> ssl.SSLContext:
        """For a listener that wants a certificate of the cluster from every client. Raises `TlsError`."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.verify_mode = ssl.CERT_REQUIRED
        return self._loaded(context)

    def client(self, kind: str | None = None) -> ssl.SSLContext:
        """For connections to our own daemons: their certificate must be the cluster's and name the address asked.

        With ``kind`` it must also be that of such a daemon: nothing is sent to another kind on the same host.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if kind is not None:
            # Connections are instances of a class that is made here, because the handshake does not know the context's
            # owner.
            context.sslobject_class = type("Connection", (_Connection,), {"kind": kind})
        return self._loaded(context)

    def _loaded(self, context: ssl.SSLContext) -> ssl.SSLContext:
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        path = self.ca
        try:
            context.load_verify_locations(cafile=path)
            path = self.identity
            context.load_cert_chain(path)
        except OSError as error:  # ssl.SSLError is one
            why = error.reason if isinstance(error, ssl.SSLError) else error.strerror
            raise TlsError(f"{path} cannot be used: {why or error}") from error
        return context


def files(ca: str | None, identity: str | None) -> TlsFiles | None:
    """From the flags --tls_ca and --tls_identity; None when neither is given. Raises ``ValueError`` for one alone."""
    if not ca and not identity:
        return None
    if not ca or not identity:
        raise ValueError("--tls_ca and --tls_identity go together")
    return TlsFiles(Path(ca), Path(identity))


def identity_of(certificate: Mapping[str, Any] | None) -> Identity | None:
    """From ``ssl``'s fields of a verified certificate (``getpeercert()``); None when it names no daemon of ours."""
    alternatives = (certificate or {}).get("subjectAltName", ())
    names = frozenset(value for kind, value in alternatives if kind in ("DNS", "IP Address"))
    found = []
    for kind, value in alternatives:
        if kind == "URI" and (match := _URI.fullmatch(value)):
            found.append(Identity(match[1], match[2], match[3], names))
    return found[0] if len(found) == 1 else None


def peer(request: web.Request) -> Identity | None:
    """The identity of the peer of this request's connection; None without TLS, or with a certificate that is not
    ours.
    """
    transport = request.transport
    return identity_of(transport.get_extra_info("peercert")) if transport is not None else None


def is_tls(request: web.Request) -> bool:
    """Whether the request came over TLS; such a listener of ours wants a certificate."""
    transport = request.transport
    return transport is not None and transport.get_extra_info("ssl_object") is not None
