"""A whole daemon with a leader: flags, listeners, election, routes, an orderly end.

`Daemon` is what a new one derives from; it gives flags, routes and what leads. The init is one, too.
"""

from __future__ import annotations

import functools
import ipaddress
import logging
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from dcos_runtime import daemon, tls
from dcos_runtime.daemon import Address, Life, listening, own_hostname, ready_line
from dcos_runtime.errors import Explained, explain
from dcos_runtime.flags import FlagError
from dcos_runtime.flags.declaring import Check
from dcos_runtime.flags.leading import LeaderFlags
from dcos_runtime.guard import guard
from dcos_runtime.guard.doors import Door, Doors
from dcos_runtime.leading.dialect import Dialect
from dcos_runtime.leading.http import Api
from dcos_runtime.leading.role import Peer, Role, S
from dcos_runtime.leading.routes import Pattern, Patterns
from dcos_runtime.leading.seat import Alone, Candidate, Leadership, Place, lead
from dcos_runtime.leading.standby import Secure, Standby
from dcos_runtime.store import StoreError
from dcos_runtime.store.election import Leader
from dcos_runtime.store.former import Former
from dcos_runtime.store.zookeeper import parse_url

log = logging.getLogger(__name__)

F = TypeVar("F", bound=LeaderFlags)


@dataclass(frozen=True)
class Here(Generic[F]):
    """This process, once it listens."""

    flags: F
    life: Life
    address: str
    """``host:port`` of the plain port, as others reach it."""
    host: str
    http_port: int
    https_port: int
    """0: it speaks no TLS."""
    files: tls.Files | None


class Daemon(Generic[S, F]):
    """What all of them do, in steps that a daemon may have its own way of. It gives `routes` and `begin`."""

    summary: str
    kind: str
    """In certificates."""
    flags: type[F]
    checks: Mapping[str, Check] = {"zk": parse_url}
    """What else the texts of flags have to pass."""
    realm = "dcos"
    """Told in challenges."""
    tls_kinds: Sequence[str] = ("gateway", "operator", "auth")
    """Whose certificates have any business here, beside those of its own kind."""
    dialect: Dialect = Dialect()

    # --- what a daemon gives ---

    def routes(self, role: Role[S], here: Here[F]) -> Sequence[Pattern]:
        raise NotImplementedError

    async def begin(self, leadership: Leadership, here: Here[F]) -> S:
        """Recovers what was stored, and makes what leads. Raises ``StoreError`` and ``OSError``."""
        raise NotImplementedError

    # --- what it may have its own way of ---

    def check(self, flags: F) -> None:
        """What one flag cannot tell by itself. Raises `FlagError`."""
        problems = []
        try:
            tls.files(flags.tls_ca, flags.tls_identity)
        except ValueError as error:
            problems.append(str(error))
        if bool(flags.token_key) != bool(flags.token_issuer):
            problems.append("--token_key and --token_issuer go together")
        if problems:
            raise FlagError(flags.program, problems)

    def prepare(self, flags: F) -> None:
        """Before anything listens. Raises ``OSError`` and `Unusable` for what prevents a start."""

    def guard(self, flags: F) -> guard.Guard:
        """Raises `guard.GuardUnusable`."""
        return guard.guard(
            self.realm,
            credentials=flags.http_credentials_file,
            token_key=flags.token_key,
            token_issuer=flags.token_issuer,
            auth_socket=flags.auth_socket,
            anonymous_reads=flags.anonymous_reads,
            tls_kinds={*self.tls_kinds, self.kind},
        )

    def place(self, flags: F) -> Place | None:
        """None: it stands alone."""
        if flags.zk is None:
            return None
        url = parse_url(flags.zk)
        return Place(url, f"{url.path}/leader", f"/dcos{url.path}", flags.zk_session_timeout)

    def file(self, flags: F) -> Path:
        """Where the state is when it stands alone. Raises `Unusable`."""
        if flags.work_dir is None:
            raise Unusable("there is no place for the state", hint="give --work_dir")
        return Path(flags.work_dir) / f"{self.kind}.db"

    # --- what is the same for all ---

    def main(self, argv: Sequence[str] | None = None) -> int:
        given = daemon.own_flags(self.flags, self.summary, argv, self.check, self.checks)
        daemon.configure_logging(given.logging_level)
        try:
            return daemon.run(lambda life: self.serve(given, life))
        except (OSError, StoreError, Unusable, guard.GuardUnusable, tls.TlsError) as error:
            print(f"{self.flags.program}: {explain(error)}", file=sys.stderr)
            return 1

    async def serve(self, flags: F, life: Life) -> None:
        """Raises for what prevents a start: ``OSError``, ``StoreError``, `Unusable`, and errors of guard and TLS."""
        role: Role[S] = Role()
        self.prepare(flags)
        known = self.guard(flags)
        files = tls.files(flags.tls_ca, flags.tls_identity)
        wanted = frozenset((Door.READ, Door.WRITE)) if flags.authenticate_http else frozenset()
        doors = Doors(None, known, wanted)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(known.close)
            standby = Standby(role, self.dialect)
            stack.push_async_callback(standby.close)
            patterns: list[Pattern] = []
            api = Api(role, Patterns(patterns, self.dialect.tell), doors, self.dialect, standby)
            address = await stack.enter_async_context(
                listening(api.application(), flags.http_address, flags.http_port, refused=self.dialect.tell)
            )
            secure: Address | None = None
            if files is not None:
                secure = await stack.enter_async_context(
                    listening(
                        api.application(),
                        flags.http_address,
                        self.https_port(flags),
                        tls=files.server(),
                        refused=self.dialect.tell,
                    )
                )
                log.info("listening for our own daemons on %s", secure.url)
                standby.secure = Secure(files.client(self.kind), secure.port)
            host = flags.hostname or reachable(flags.http_address)
            shown = f"[{host}]" if ":" in host else host
            here = Here(flags, life, f"{shown}:{address.port}", host, address.port, secure.port if secure else 0, files)
            patterns.extend(self.routes(role, here))
            seat = self._seat(flags, here)
            role.own = Peer(here.address, here.address, host)
            await lead(
                role,
                life,
                seat,
                functools.partial(self._begin, here),
                lambda: print(ready_line(self.flags.program, address), flush=True),
            )

    def https_port(self, flags: F) -> int:
        return flags.https_port or 0

    async def _begin(self, here: Here[F], leadership: Leadership) -> S:
        return await self.begin(leadership, here)

    def _seat(self, flags: F, here: Here[F]) -> Alone | Candidate:
        place = self.place(flags)
        if place is None:
            return Alone(self.file(flags))
        own = here.address.encode()
        former = None if flags.work_dir is None else Former(Path(flags.work_dir), lambda content: content == own)
        return Candidate(place, own, _peer_of, former)


class Unusable(Explained):
    """A flag's value turned out to be of no use when it was used."""

    usual_hint = "give the flag another value"


def reachable(address: str) -> str:
    """What to call ourselves for others when we listen on ``address``."""
    try:
        if ipaddress.ip_address(address).is_unspecified:
            return socket.gethostname()
    except ValueError:
        return address
    return own_hostname(address)


def _peer_of(leader: Leader) -> Peer | None:
    address = leader.content.decode(errors="replace")
    return Peer(address, address, address.rpartition(":")[0].strip("[]"))
