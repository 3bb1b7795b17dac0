"""Flags of daemons with a leader. Names are Marathon's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from dcos_runtime.flags.declaring import flag
from dcos_runtime.flags.groups import LoggingFlags, StoreFlags, TlsFlags, UserFlags
from dcos_runtime.flags.values import BOOLEAN, FILE, PATH, PORT, TEXT


@dataclass(frozen=True, kw_only=True)
class LeaderFlags(StoreFlags, UserFlags, TlsFlags, LoggingFlags):
    """What `leading.main` reads of a daemon's flags. Each daemon declares the property in its own way."""

    http_address: str = flag(TEXT, "address to listen on", default="127.0.0.1")
    http_port: int = flag(PORT, "port of the API; 0 for any free one", default=0)
    tls_port: int = flag(
        PORT, "port of the API over mutual TLS; the same for all daemons of this kind", default=0, ours=True
    )
    authenticate_http: bool = flag(
        BOOLEAN, "requests to `http_port` need a principal, all but those that only ask for life", default=False
    )
    http_credentials_file: str | None = flag(
        FILE,
        'file of principals, accepted by HTTP Basic: `{"credentials": [{"principal": "…", "secret": "…"}]}`',
        ours=True,
    )
    hostname: str | None = flag(
        TEXT, "name or address that others reach this process by", instead="found out from `http_address`"
    )

    if TYPE_CHECKING:

        @property
        def work_dir(self) -> str | None: ...


@dataclass(frozen=True, kw_only=True)
class PlainLeaderFlags(LeaderFlags):
    """The flags of a daemon that needs no others; `plain_leader_flags` gives its ports."""

    prefix: ClassVar[str] = "DCOS_"

    work_dir: str = flag(PATH, "folder for what must survive a restart", required=True)


def plain_leader_flags(program: str, http_port: int, tls_port: int) -> type[PlainLeaderFlags]:
    """`PlainLeaderFlags` of a program with these default ports."""
    return PlainLeaderFlags.with_defaults(program, http_port=http_port, tls_port=tls_port)
