"""Flags of daemons with a leader. Names are Marathon's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from dcos_runtime.flags.declaring import flag, varied
from dcos_runtime.flags.groups import HostnameFlags, LoggingFlags, StoreFlags, TlsFlags, TlsPortFlags, UserFlags
from dcos_runtime.flags.values import BOOLEAN, FILE, PATH, PORT, TEXT


@dataclass(frozen=True, kw_only=True)
class LeaderFlags(HostnameFlags, TlsPortFlags, StoreFlags, UserFlags, TlsFlags, LoggingFlags):
    """What `leading.main` reads of a daemon's flags. Each daemon declares the property in its own way."""

    http_address: str = flag(TEXT, "address to listen on", default="127.0.0.1")
    http_port: int = flag(PORT, "port of the API; 0 for any free one", default=0)
    tls_port: int = varied(TlsPortFlags, "tls_port", more="the same for all daemons of this kind")
    authenticate_http: bool = flag(
        BOOLEAN, "requests to `http_port` need a principal, all but those that only ask for life", default=False
    )
    http_credentials_file: str | None = flag(
        FILE,
        'file of principals, accepted by HTTP Basic: `{"credentials": [{"principal": "…", "secret": "…"}]}`',
        ours=True,
    )
    hostname: str | None = varied(HostnameFlags, "hostname", instead="found out from `http_address`")

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
