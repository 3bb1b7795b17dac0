"""Which container a connection to the agent comes from: the one of whose processes one has the other end open."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from dcos_runtime.agent import pools
from dcos_runtime.agent.containers import base
from dcos_runtime.agent.containers.base import Launcher
from dcos_runtime.agent.isolators.listening import sockets_of

if TYPE_CHECKING:
    from aiohttp import web

Address = tuple[str, int]

PROC = Path("/proc")

_MAPPED = b"0000000000000000FFFF0000"
"""Before an IPv4 address of an IPv6 socket in /proc/net/tcp6."""


class ExecutorPeers:
    """Knows connections by the containers that they were found to come from, once for each connection."""

    def __init__(self, launchers: Mapping[str, Launcher]) -> None:
        """``launchers``: by their names."""
        self._launchers = launchers
        self._known: WeakKeyDictionary[asyncio.BaseTransport, str] = WeakKeyDictionary()

    async def comes_from(self, request: web.Request, container_id: str, launcher: str) -> bool:
        """Whether a process of the container sent the request. False when that cannot be seen."""
        transport = request.transport
        if transport is None:
            return False
        if self._known.get(transport) == container_id:
            return True
        peer, own = (_address(transport.get_extra_info(name)) for name in ("peername", "sockname"))
        if peer is None or own is None or launcher not in self._launchers:
            return False
        found = await pools.run(pools.PEERS, partial(_has, self._launchers[launcher], container_id, peer, own))
        if found:
            self._known[transport] = container_id
        return found


def here(request: web.Request) -> bool:
    """Whether the request comes from this machine: from loopback, or from the very address that it was sent to."""
    transport = request.transport
    if transport is None:
        return False
    peer, own = (_address(transport.get_extra_info(name)) for name in ("peername", "sockname"))
    return peer is not None and own is not None and (ipaddress.ip_address(peer[0]).is_loopback or peer[0] == own[0])


def _address(given: object) -> Address | None:
    """IPv4, which is all that an agent listens on."""
    if not isinstance(given, tuple) or len(given) < 2:
        return None
    try:
        found = ipaddress.ip_address(str(given[0]))
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is None:
            return None
        found = found.ipv4_mapped
    return str(found), int(given[1])


def _has(launcher: Launcher, container_id: str, peer: Address, own: Address) -> bool:
    """Whether a process of the container has the socket at ``peer`` open. Blocks."""
    with contextlib.suppress(OSError):
        inode = client_socket(peer, own)
        for process in launcher.processes(container_id) if inode is not None else ():
            if inode in sockets_of(PROC / str(process.pid)):
                return base.alive(process.pid, process.started)  # a pid is given again
    return False


def client_socket(peer: Address, own: Address, proc: Path = PROC) -> int | None:
    """The inode of the socket at the other end of a connection from ``peer`` to ``own`` in our network, ``None`` when
    there is none. Raises ``OSError``.
    """
    local, remote = _in_table(peer), _in_table(own)
    for name, prefix in (("tcp", b""), ("tcp6", _MAPPED)):
        try:
            file = (proc / "self" / "net" / name).open("rb")
        except FileNotFoundError:  # a kernel without IPv6
            continue
        with file:
            for line in file:
                fields = line.split(maxsplit=10)
                if len(fields) > 9 and fields[1] == prefix + local and fields[2] == prefix + remote:
                    inode = int(fields[9])
                    return inode or None  # 0: the process has closed it
    return None


def _in_table(address: Address) -> bytes:
    """As in /proc/net/tcp: the address as a number of this machine's byte order, the port, both hexadecimal."""
    number = int.from_bytes(ipaddress.ip_address(address[0]).packed, sys.byteorder)
    return b"%08X:%04X" % (number, address[1])
