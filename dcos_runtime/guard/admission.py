"""Which requests a daemon answers, and to whom: each route has a realm, as in Mesos.

A route is looked up first and names its realm, so that another spelling of a path cannot bypass the check of who
sends it.
"""

from __future__ import annotations

import enum
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from dcos_runtime import tls
from dcos_runtime.guard.guard import OPEN, Denied, Guard

if TYPE_CHECKING:
    from aiohttp import web


@functools.cache
def _admitted() -> web.RequestKey[str | None]:
    """The key under which a request holds its principal. A text would do, but aiohttp warns of it at every request."""
    from aiohttp import web

    return web.RequestKey("admitted", str)


class Realm(enum.Enum):
    """The realm of a route: the kind of access that its requests need."""

    OPEN = "open"  # health, version, redirects to the leader: no principal needed
    READ = "read"
    WRITE = "write"
    FRAMEWORK = "framework"
    UNKNOWN = "unknown"  # unknown paths; a client without a principal is not told that they are unknown


_NAMES = {
    Realm.READ: "readonly",
    Realm.WRITE: "readwrite",
    Realm.FRAMEWORK: "scheduler",
    Realm.UNKNOWN: "readonly",
}


@dataclass(frozen=True)
class Admission:
    """``guarded``: the realms that require a principal. The names of realms begin with ``realm`` ("mesos-master"), as
    in Mesos. Without one, the guard's realm and its wording of a refusal are used. ``own``: a kind of daemon whose
    certificate is accepted over TLS in the open realm, and in no other: a machine asks its own daemon for its health
    with that daemon's certificate.
    """

    realm: str | None = "mesos"
    guard: Guard = OPEN
    guarded: frozenset[Realm] = frozenset()
    own: str = ""

    async def admit(self, request: web.Request, realm: Realm, path: str = "") -> str | None:
        """The request's principal; None when the realm requires none. Raises `Denied`. ``path`` is that of the route,
        without prefix. On a listener with TLS no realm is open to all.
        """
        if _admitted() in request:
            return self.principal_of(request)
        over_tls = tls.is_tls(request)
        if realm is Realm.OPEN:
            peer = tls.peer(request)
            if not over_tls or (peer is not None and peer.kind == self.own):
                return None
        required = bool(self.guarded) if realm is Realm.UNKNOWN else realm in self.guarded
        if realm is Realm.READ and self.guard.is_open(request.method, path):
            required = False
        try:
            name = None if over_tls or self.realm is None else f"{self.realm}-{_NAMES.get(realm, realm.value)}"
            principal = await self.guard.principal(request, required=required, realm=name)
        except Denied as denied:
            if denied.status == 401 and self.realm is not None and not _has_token(request):
                raise Denied(401, "401 Unauthorized.", denied.challenge) from denied  # the words of Mesos
            raise
        request[_admitted()] = principal
        return principal

    def principal_of(self, request: web.Request) -> str | None:
        """The principal with which the request was admitted."""
        principal: str | None = request.get(_admitted())
        return principal

    async def expect(self, request: web.Request, realm: Realm, path: str = "") -> web.StreamResponse | None:
        """Answers ``Expect`` once the sender is known, so that only known senders are asked to send a body."""
        try:
            await self.admit(request, realm, path)
        except Denied as denied:
            return denied.response()
        if request.headers.get("Expect", "").lower() != "100-continue":
            from aiohttp import web

            return web.Response(status=417, text="Only 100-continue can be expected here")
        if request.transport is not None:
            request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return None


class _Wanting(Protocol):
    """The flags that say which realms require a principal."""

    @property
    def authenticate_http_readonly(self) -> bool: ...

    @property
    def authenticate_http_readwrite(self) -> bool: ...


class _Flags(Protocol):
    """The flags of `flags.groups.TlsFlags` and ``GuardFlags``."""

    @property
    def tls_ca(self) -> str | None: ...

    @property
    def tls_identity(self) -> str | None: ...

    @property
    def token_key(self) -> str | None: ...

    @property
    def token_issuer(self) -> str | None: ...

    @property
    def anonymous_reads(self) -> tuple[str, ...]: ...


def guarded(flags: _Wanting, frameworks: bool = False) -> frozenset[Realm]:
    """The realms that require a principal; ``frameworks``: the realm of the scheduler API is one of them."""
    asked = {
        Realm.READ: flags.authenticate_http_readonly,
        Realm.WRITE: flags.authenticate_http_readwrite,
        Realm.FRAMEWORK: frameworks,
    }
    return frozenset(realm for realm, required in asked.items() if required)


def problems(
    flags: _Flags,
    realms: frozenset[Realm],
    sources: Mapping[str, str | None],
    wanting: str = "authenticate_http_readonly",
) -> list[str]:
    """What is wrong with the flags of TLS and of the guard, where ``realms`` require a principal. ``sources``: the
    values of the flags that name whom to let in, by name. ``wanting``: the flag by which reads want a principal.
    """
    found = []
    try:
        tls.files(flags.tls_ca, flags.tls_identity)
    except ValueError as error:
        found.append(str(error))
    if bool(flags.token_key) != bool(flags.token_issuer):
        found.append("--token_key and --token_issuer go together")
    if realms and not any((*sources.values(), flags.tls_ca)):
        named = " or ".join(f"--{name}" for name in sources)
        found.append(f"principals are required, and none are defined: give {named}")
    if flags.anonymous_reads and Realm.READ not in realms:
        found.append(f"--anonymous_reads says nothing without --{wanting}: everybody may read everything")
    return found


def _has_token(request: web.Request) -> bool:
    return any(
        header.lower().startswith(("bearer ", "token=")) for header in request.headers.getall("Authorization", [])
    )
