"""A whole daemon with a leader: flags, listeners, election, routes, an orderly end.

A new daemon derives from `Daemon`, and gives flags, routes and a shell. The init and the package manager do so; the
master, which answers on several listeners, has a `serve` of its own on the same parts (docs/leading.md).
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
from dcos_runtime.guard import admission, guard
from dcos_runtime.guard.admission import Admission, Realm
from dcos_runtime.leading.dialect import Dialect
from dcos_runtime.leading.http import Api
from dcos_runtime.leading.position import Peer, Position, S
from dcos_runtime.leading.routes import Pattern, Patterns
from dcos_runtime.leading.seat import Alone, Candidate, Leadership, Place, take_part
from dcos_runtime.leading.standby import PeerTls, Standby
from dcos_runtime.store import StoreError
from dcos_runtime.store.election import Leader
from dcos_runtime.store.previous import PreviousProcess
from dcos_runtime.store.zookeeper import parse_url

log = logging.getLogger(__name__)

F = TypeVar("F", bound=LeaderFlags)


@dataclass(frozen=True)
class Here(Generic[F]):
    """What is known of this process once it listens."""

    flags: F
    life: Life
    address: str
    """``host:port`` of the plain port, as others reach it."""
    host: str
    http_port: int
    tls_port: int
    """0: it speaks no TLS."""
    files: tls.TlsFiles | None


class Daemon(Generic[S, F]):
    """What all daemons with a leader do, in steps. Each gives `routes` and `start`, and may override other steps."""

    summary: str
    kind: str
    """What its certificates call it."""
    flags: type[F]
    checks: Mapping[str, Check] = {"zk": parse_url}
    """Further checks of the texts of flags, by the flag's name."""
    realm = "dcos"
    """The realm in ``WWW-Authenticate``."""
    dialect: Dialect = Dialect()

    # --- what a daemon gives ---

    def routes(self, position: Position[S], here: Here[F]) -> Sequence[Pattern]:
        raise NotImplementedError

    async def start(self, leadership: Leadership, here: Here[F]) -> S:
        """Recovers what was stored, and makes the shell that leads. Raises ``StoreError`` and ``OSError``."""
        raise NotImplementedError

    # --- what it may override ---

    def problems(self, flags: F) -> list[str]:
        """What is wrong with the flags together, a sentence for each problem."""
        sources = {
            "http_credentials_file": flags.http_credentials_file,
            "token_key": flags.token_key,
            "auth_socket": flags.auth_socket,
        }
        return admission.problems(flags, _guarded(flags), sources, "authenticate_http")

    def prepare(self, flags: F) -> None:
        """Called before anything listens. Raises ``OSError`` and `Unusable` for what prevents a start."""

    def guard(self, flags: F) -> guard.Guard:
        """Raises `guard.GuardUnusable`."""
        return guard.guard(
            self.realm,
            flags,
            credentials=flags.http_credentials_file,
            tls_kinds={self.kind},  # standbys pass requests on
            kind=self.kind,
        )

    def place(self, flags: F) -> Place | None:
        """Where it stands for election; None: it stands alone, with its state in `file`."""
        if flags.zk is None:
            return None
        url = parse_url(flags.zk)
        return Place(url, f"{url.path}/leader", f"/dcos{url.path}", flags.zk_session_timeout)

    def file(self, flags: F) -> Path:
        """The file of the state when it stands alone. Raises `Unusable`."""
        if flags.work_dir is None:
            raise Unusable("there is no place for the state", hint="give --work_dir")
        return Path(flags.work_dir) / f"{self.kind}.db"

    # --- what is the same for all ---

    def check(self, flags: F) -> None:
        """Raises `FlagError`."""
        if problems := self.problems(flags):
            raise FlagError(flags.program, problems)

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
        position: Position[S] = Position()
        self.prepare(flags)
        known = self.guard(flags)
        files = tls.files(flags.tls_ca, flags.tls_identity)
        admission = Admission(None, known, _guarded(flags))
        async with AsyncExitStack() as stack:
            stack.push_async_callback(known.close)
            standby = Standby(position, self.dialect)
            stack.push_async_callback(standby.close)
            patterns: list[Pattern] = []
            api = Api(position, Patterns(patterns, self.dialect.error), admission, self.dialect, standby)
            address = await stack.enter_async_context(
                listening(api.application(), flags.http_address, flags.http_port, refused=self.dialect.error)
            )
            with_tls: Address | None = None
            if files is not None:
                with_tls = await stack.enter_async_context(
                    listening(
                        api.application(),
                        flags.http_address,
                        flags.tls_port,
                        tls=files.server(),
                        refused=self.dialect.error,
                    )
                )
                log.info("listening for our own daemons on %s", with_tls.url)
                standby.peer_tls = PeerTls(files.client(self.kind), with_tls.port)
            host = flags.hostname or reachable(flags.http_address)
            shown = f"[{host}]" if ":" in host else host
            here = Here(
                flags, life, f"{shown}:{address.port}", host, address.port, with_tls.port if with_tls else 0, files
            )
            patterns.extend(self.routes(position, here))
            seat = self._seat(flags, here)
            position.own = Peer(here.address, here.address, host)
            await take_part(
                position,
                life,
                seat,
                functools.partial(self._start, here),
                lambda: print(ready_line(self.flags.program, address), flush=True),
            )

    async def _start(self, here: Here[F], leadership: Leadership) -> S:
        return await self.start(leadership, here)

    def _seat(self, flags: F, here: Here[F]) -> Alone | Candidate:
        place = self.place(flags)
        if place is None:
            return Alone(self.file(flags))
        own = here.address.encode()
        previous = (
            None if flags.work_dir is None else PreviousProcess(Path(flags.work_dir), lambda content: content == own)
        )
        return Candidate(place, own, _peer_of, previous)


def _guarded(flags: LeaderFlags) -> frozenset[Realm]:
    """The realms that require a principal."""
    return frozenset((Realm.READ, Realm.WRITE)) if flags.authenticate_http else frozenset()


class Unusable(Explained):
    """A flag's value proved unusable when it was used, after the flags were read."""

    usual_hint = "give the flag another value"


def secret_in(flag: str, path: str | Path) -> str:
    """The secret that a flag's file holds, without blanks around it. Raises `Unusable`."""
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        why = error.strerror or str(error)
    except UnicodeDecodeError as error:
        why = f"its byte {error.start} is not UTF-8"
    raise Unusable(f"--{flag}={path} cannot be read", why=why, hint="give a file that this process's user may read")


def reachable(address: str) -> str:
    """The name or address that others reach this process by, when it listens on ``address``."""
    try:
        if ipaddress.ip_address(address).is_unspecified:
            return socket.gethostname()
    except ValueError:
        return address
    return own_hostname(address)


def _peer_of(leader: Leader) -> Peer | None:
    address = leader.content.decode(errors="replace")
    return Peer(address, address, address.rpartition(":")[0].strip("[]"))
