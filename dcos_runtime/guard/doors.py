"""Which requests the kernel's daemons answer, and to whom: one door for each of Mesos' realms.

A route is looked up first and brings its door along, so that no other spelling of a path leads around the question.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcos_runtime import tls
from dcos_runtime.flags import Flag, Flags, boolean
from dcos_runtime.guard.guard import OPEN, Denied, Guard

if TYPE_CHECKING:
    from aiohttp import web

READONLY = Flag("authenticate_http_readonly", "reads want a principal", False, boolean)
READWRITE = Flag("authenticate_http_readwrite", "writes want a principal", False, boolean)
FRAMEWORKS = Flag("authenticate_http_frameworks", "the scheduler API wants a principal", False, boolean)

_ADMITTED = "dcos admitted"


class Door(enum.Enum):
    """What a request is for."""

    OPEN = "open"  # health, version, the way to the leader: everybody's
    READ = "read"
    WRITE = "write"
    FRAMEWORK = "framework"
    UNKNOWN = "unknown"  # nothing is there; who may not pass is not told so


_REALMS = {
    Door.READ: "readonly",
    Door.WRITE: "readwrite",
    Door.FRAMEWORK: "scheduler",
    Door.UNKNOWN: "readonly",
}
_WANTED_BY = {READONLY.name: Door.READ, READWRITE.name: Door.WRITE, FRAMEWORKS.name: Door.FRAMEWORK}


@dataclass(frozen=True)
class Doors:
    """``wanted``: the doors that want a principal. Realms begin with ``realm`` ("mesos-master"), as those of Mesos do;
    without one it is the guard's, and so are the words of a refusal.

    ``own``: a kind of daemon whose certificate passes open doors over TLS and no other: a machine asks its own daemon
    how it is with that daemon's certificate.
    """

    realm: str | None = "mesos"
    guard: Guard = OPEN
    wanted: frozenset[Door] = frozenset()
    own: str = ""

    async def enter(self, request: web.Request, door: Door, path: str = "") -> str | None:
        """The request's principal; None when nobody needs to know. Raises `Denied`.

        ``path`` is that of the route, without prefix. A listener with TLS has no door that is open to everybody.
        """
        if _ADMITTED in request:
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
        request[_ADMITTED] = principal
        return principal

    def entered(self, request: web.Request) -> str | None:
        """As whom the request has passed its door."""
        principal: str | None = request.get(_ADMITTED)
        return principal

    async def expect(self, request: web.Request, door: Door, path: str = "") -> web.StreamResponse | None:
        """Answers ``Expect`` once the caller is known: nobody else is asked to go on with a body."""
        if request.headers.get("Expect", "").lower() != "100-continue":
            from aiohttp import web

            return web.Response(status=417, text="Only 100-continue can be expected here")
        try:
            await self.enter(request, door, path)
        except Denied as denied:
            return denied.response()
        if request.transport is not None:
            request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return None


def wanted(flags: Flags) -> frozenset[Door]:
    """From the daemon's flags, as many of them as it has."""
    return frozenset(door for name, door in _WANTED_BY.items() if name in flags and getattr(flags, name))


def problems(flags: Flags, sources: Sequence[str]) -> list[str]:
    """What is wrong with the flags of TLS and of this module; ``sources``: the flags that name whom to let in."""
    found = []
    try:
        tls.files(flags.tls_ca, flags.tls_identity)
    except ValueError as error:
        found.append(str(error))
    if bool(flags.token_key) != bool(flags.token_issuer):
        found.append("--token_key and --token_issuer go together")
    if wanted(flags) and not any(getattr(flags, name) for name in (*sources, "tls_ca")):
        named = " or ".join(f"--{name}" for name in sources)
        found.append(f"principals are wanted, and nobody has one: give {named}")
    if flags.anonymous_reads and Door.READ not in wanted(flags):
        found.append(f"--anonymous_reads says nothing without --{READONLY.name}: everybody may read everything")
    return found


def _has_token(request: web.Request) -> bool:
    return any(
        header.lower().startswith(("bearer ", "token=")) for header in request.headers.getall("Authorization", [])
    )
