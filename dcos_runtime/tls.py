"""Mutual TLS between our own daemons: contexts from the cluster's CA, and the identity of the other side.

A daemon's certificate names it in a URI, ``dcos://<cluster-id>/<kind>/<host>``, and carries its host's address, so that
a client knows by the address that it speaks to the right machine, and a server by the URI what speaks to it. `name_at`
says both again for nginx.
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
    """A certificate or key cannot be used. The text names the file and says why, never what is in it."""

    usual_hint = "give other files with --tls_ca and --tls_identity, or see whose they are"


@dataclass(frozen=True)
class Identity:
    """What a certificate says of its holder."""

    cluster: str
    kind: str
    host: str
    names: frozenset[str] = frozenset()
    """Every address and DNS name in the certificate: what its holder may call itself."""

    def __str__(self) -> str:
        return f"{self.kind} of {self.host}"

    @property
    def principal(self) -> str:
        """The principal of its own requests, those on behalf of no user."""
        return principal(self.kind)


def principal(kind: str) -> str:
    """The principal of a daemon of this kind."""
    return f"dcos_{kind}"


def name_at(kind: str, address: str) -> str:
    """The DNS name in a certificate that says kind and host in one: for clients that can compare one name and no
    address, as nginx does.
    """
    return f"{kind}.{address.replace('.', '-').replace(':', '-')}.dcos.internal"


class _Connection(ssl.SSLObject):
    """A client's end that takes the handshake for failed when another kind of daemon is at the other."""

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
    """Where a daemon's part of the cluster's TLS lies."""

    ca: Path
    identity: Path

    def server(self) -> ssl.SSLContext:
        """For a listener that wants a certificate of the cluster from everybody. Raises `TlsError`."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.verify_mode = ssl.CERT_REQUIRED
        return self._loaded(context)

    def client(self, kind: str | None = None) -> ssl.SSLContext:
        """For connections to our own daemons: their certificate must be the cluster's and name the address asked.

        With ``kind`` it must be that of such a daemon as well: nothing is sent to another one on the same host.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if kind is not None:
            # Instances of a class made here, as the handshake knows nothing of the context's owner.
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
    """From what ``ssl`` tells of a verified certificate (``getpeercert()``); None when it names nothing of ours."""
    alternatives = (certificate or {}).get("subjectAltName", ())
    names = frozenset(value for kind, value in alternatives if kind in ("DNS", "IP Address"))
    found = []
    for kind, value in alternatives:
        if kind == "URI" and (match := _URI.fullmatch(value)):
            found.append(Identity(match[1], match[2], match[3], names))
    return found[0] if len(found) == 1 else None


def peer(request: web.Request) -> Identity | None:
    """Who is on the other side of this request's connection; None without TLS, or with a certificate not of ours."""
    transport = request.transport
    return identity_of(transport.get_extra_info("peercert")) if transport is not None else None


def is_tls(request: web.Request) -> bool:
    """Whether the request came over TLS; such a listener of ours wants a certificate."""
    transport = request.transport
    return transport is not None and transport.get_extra_info("ssl_object") is not None
