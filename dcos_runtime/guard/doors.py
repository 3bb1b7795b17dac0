"""Which requests a daemon answers, and to whom: one door for each of Mesos' realms.

A route is looked up first and brings its door along, so that another spelling of a path cannot bypass the check of who
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


class Door(enum.Enum):
    """The kind of access that a request needs."""

    OPEN = "open"  # health, version, redirects to the leader: no principal needed
    READ = "read"
    WRITE = "write"
    FRAMEWORK = "framework"
    UNKNOWN = "unknown"  # unknown paths; a client without a principal is not told that they are unknown


_REALMS = {
    Door.READ: "readonly",
    Door.WRITE: "readwrite",
    Door.FRAMEWORK: "scheduler",
    Door.UNKNOWN: "readonly",
}


@dataclass(frozen=True)
class Doors:
    """``wanted``: the doors that want a principal. Realms begin with ``realm`` ("mesos-master"), as those of Mesos do.
    Without one, the guard's realm and its wording of a refusal are used. ``own``: a kind of daemon whose certificate
    passes open doors over TLS, and no other door: a machine asks its own daemon for its health with that daemon's
    certificate.
    """

    realm: str | None = "mesos"
    guard: Guard = OPEN
    wanted: frozenset[Door] = frozenset()
    own: str = ""

    async def enter(self, request: web.Request, door: Door, path: str = "") -> str | None:
        """The request's principal; None when the door wants none. Raises `Denied`. ``path`` is that of the route,
        without prefix. A listener with TLS has no door that is open to everybody.
        """
        if _admitted() in request:
            return self.entered(request)
        over_tls = tls.is_tls(request)
        if door is Door.OPEN:
            peer = tls.peer(request)
            if not over_tls or (peer is not None and peer.kind == self.own):
                return None
        required = bool(self.wanted) if door is Door.UNKNOWN else door in self.wanted
        if door is Door.READ and self.guard.is_open(request.method, path):
            required = False
        try:
            realm = None if over_tls or self.realm is None else f"{self.realm}-{_REALMS.get(door, door.value)}"
            principal = await self.guard.principal(request, required=required, realm=realm)
        except Denied as denied:
            if denied.status == 401 and self.realm is not None and not _has_token(request):
                raise Denied(401, "401 Unauthorized.", denied.challenge) from denied  # the words of Mesos
            raise
        request[_admitted()] = principal
        return principal

    def entered(self, request: web.Request) -> str | None:
        """The principal with which the request has passed its door."""
        principal: str | None = request.get(_admitted())
        return principal

    async def expect(self, request: web.Request, door: Door, path: str = "") -> web.StreamResponse | None:
        """Answers ``Expect`` once the sender is known, so that only known senders are asked to send a body."""
        try:
            await self.enter(request, door, path)
        except Denied as denied:
            return denied.response()
        if request.headers.get("Expect", "").lower() != "100-continue":
            from aiohttp import web

            return web.Response(status=417, text="Only 100-continue can be expected here")
        if request.transport is not None:
            request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return None


class _Wanting(Protocol):
    """The flags that say which doors want a principal."""

    @property
    def authenticate_http_readonly(self) -> bool: ...

    @property
    def authenticate_http_readwrite(self) -> bool: ...


class _Flags(Protocol):
    """The flags of `flags.shared.TlsFlags` and ``GuardFlags``."""

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


def wanted(flags: _Wanting, frameworks: bool = False) -> frozenset[Door]:
    """The doors that want a principal; ``frameworks``: the door of the scheduler API is one of them."""
    asked = {
        Door.READ: flags.authenticate_http_readonly,
        Door.WRITE: flags.authenticate_http_readwrite,
        Door.FRAMEWORK: frameworks,
    }
    return frozenset(door for door, wants in asked.items() if wants)


def problems(
    flags: _Flags,
    doors: frozenset[Door],
    sources: Mapping[str, str | None],
    wanting: str = "authenticate_http_readonly",
) -> list[str]:
    """What is wrong with the flags of TLS and of the guard, where ``doors`` want a principal. ``sources``: the
    values of the flags that name whom to let in, by name. ``wanting``: the flag by which reads want a principal.
    """
    found = []
    try:
        tls.files(flags.tls_ca, flags.tls_identity)
    except ValueError as error:
        found.append(str(error))
    if bool(flags.token_key) != bool(flags.token_issuer):
        found.append("--token_key and --token_issuer go together")
    if doors and not any((*sources.values(), flags.tls_ca)):
        named = " or ".join(f"--{name}" for name in sources)
        found.append(f"principals are wanted, and nobody has one: give {named}")
    if flags.anonymous_reads and Door.READ not in doors:
        found.append(f"--anonymous_reads says nothing without --{wanting}: everybody may read everything")
    return found


def _has_token(request: web.Request) -> bool:
    return any(
        header.lower().startswith(("bearer ", "token=")) for header in request.headers.getall("Authorization", [])
    )
