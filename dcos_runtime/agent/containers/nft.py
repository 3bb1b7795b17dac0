"""The agent's nftables table: ports of the machine that lead to containers, and what their networks may do.

One table an agent. Rules of a container are elements of it, added and removed in one transaction each; `Rules.rebuild`
loads the whole again. Other programs' tables stay as they are, and what these drop stays dropped.
"""

from __future__ import annotations

import logging
import shutil
import subprocess
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from dcos_runtime.agent.containers.cni import NetworkError

log = logging.getLogger(__name__)

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
SECONDS = 60.0


@dataclass(frozen=True)
class Mapped:
    """A port of the machine's, at all its IPv4 addresses, that leads to a container's."""

    protocol: str
    host_port: int
    ip: str
    port: int

    @property
    def key(self) -> str:
        return f"{self.protocol} . {self.host_port}"

    @property
    def element(self) -> str:
        return f"{self.key} : {self.ip} . {self.port}"


@dataclass(frozen=True)
class Joined:
    """What of a container concerns the table: its ports; the machine's ``interfaces`` behind which it is; the
    ``subnets`` of its addresses.
    """

    mapped: tuple[Mapped, ...] = ()
    interfaces: tuple[str, ...] = ()
    subnets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bridge:
    """The agent's own bridge and its network: what comes from there leaves the machine with the machine's address."""

    name: str
    subnet: str


def program() -> str | None:
    return shutil.which("nft", path=PATH)


def script(table: str, bridge: Bridge | None, joined: Iterable[Joined], only_ours: bool) -> str:
    """The whole table, in place of the one that is there. ``only_ours``: the machine forwards packets since the agent
    wanted that, and only those of containers.

    Local addresses (127.0.0.0/8) lead to containers, too, and what comes from containers for such an address, or with
    one, is dropped: the daemons of the machine listen there.
    """
    everything = list(joined)
    mapped = {one.key: one.element for each in everything for one in each.mapped}
    interfaces = {f'"{name}"' for each in everything for name in each.interfaces}
    subnets = {subnet for each in everything for subnet in each.subnets}
    if bridge is not None:
        interfaces.add(f'"{bridge.name}"')
        subnets.add(bridge.subnet)
    to_container = "meta l4proto { tcp, udp } fib daddr type local dnat ip to meta l4proto . th dport map @mapped"
    lines = [
        f"table ip {table}",
        f"delete table ip {table}",
        f"table ip {table} {{",
        f"set inside {{ type ifname; {_elements(sorted(interfaces))} }}",
        f"set subnets {{ type ipv4_addr; flags interval; auto-merge; {_elements(sorted(subnets))} }}",
        "map mapped {"
        f" type inet_proto . inet_service : ipv4_addr . inet_service; {_elements(sorted(mapped.values()))} }}",
        "chain guard { type filter hook prerouting priority raw; policy accept;",
        "iifname @inside ip daddr 127.0.0.0/8 drop",
        "iifname @inside ip saddr 127.0.0.0/8 drop",
        "}",
        "chain arriving { type nat hook prerouting priority dstnat; policy accept;",
        to_container,
        "}",
        "chain local { type nat hook output priority -100; policy accept;",
        to_container,
        "}",
        "chain leaving { type nat hook postrouting priority srcnat; policy accept;",
        "ct status dnat ip saddr 127.0.0.0/8 masquerade",
        "ct status dnat ip saddr @subnets ip daddr @subnets masquerade",
        *([f'ip saddr {bridge.subnet} oifname != "{bridge.name}" masquerade'] if bridge is not None else ()),
        "}",
        "chain forwarded { type filter hook forward priority filter; policy accept;",
        "ct state established,related accept",
        "iifname @inside accept",
        "oifname @inside ct status dnat accept",
        *([f'oifname "{bridge.name}" drop'] if bridge is not None else ()),
        "oifname @inside accept",
        *(["drop"] if only_ours else ()),
        "}",
        "}",
    ]
    return "\n".join(lines) + "\n"


def _elements(values: Sequence[str]) -> str:
    return f"elements = {{ {', '.join(values)} }}" if values else ""


@dataclass
class Rules:
    """The table of one agent. Methods block, and are called from any thread."""

    table: str
    bridge: Bridge | None
    only_ours: bool = False
    _joined: dict[str, Joined] = field(default_factory=dict)
    """By container."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def rebuild(self, joined: dict[str, Joined]) -> None:
        """Loads the table, with these containers in it. Raises `NetworkError`."""
        with self._lock:
            self._joined = dict(joined)
            self._load()

    def add(self, container_id: str, joined: Joined) -> None:
        """A port that another container has leads to this one from now on: that one has ended, or its port would not
        have been offered. Raises `NetworkError`.
        """
        with self._lock:
            taken = {one.key for one in joined.mapped}
            lines = []
            for other, had in list(self._joined.items()):
                kept = tuple(one for one in had.mapped if one.key not in taken)
                if len(kept) < len(had.mapped):
                    log.info("ports of container %s, which has ended, lead to container %s", other, container_id)
                    gone = [one.key for one in had.mapped if one.key in taken]
                    lines.append(self._changed("delete", "mapped", gone))
                    self._joined[other] = Joined(kept, had.interfaces, had.subnets)
            self._joined[container_id] = joined
            lines += [
                self._changed("add", "inside", [f'"{name}"' for name in joined.interfaces]),
                self._changed("add", "subnets", joined.subnets),
                self._changed("add", "mapped", [one.element for one in joined.mapped]),
            ]
            self._apply("".join(lines))

    def remove(self, container_id: str) -> None:
        """Does nothing for an unknown container. Raises `NetworkError`."""
        with self._lock:
            had = self._joined.pop(container_id, None)
            if had is None:
                return
            others = {name for one in self._joined.values() for name in one.interfaces}
            others |= {self.bridge.name} if self.bridge is not None else set()
            gone = [f'"{name}"' for name in had.interfaces if name not in others]
            self._apply(
                self._changed("delete", "mapped", [one.key for one in had.mapped])
                + self._changed("delete", "inside", gone)
            )

    def _changed(self, verb: str, what: str, elements: Sequence[str]) -> str:
        return f"{verb} element ip {self.table} {what} {{ {', '.join(elements)} }}\n" if elements else ""

    def _apply(self, lines: str) -> None:
        if not lines:
            return
        try:
            run(lines)
        except NetworkError as error:  # somebody removed the table, or changed it
            log.warning("the nftables table %s is loaded again: %s", self.table, error)
            self._load()

    def _load(self) -> None:
        run(script(self.table, self.bridge, self._joined.values(), self.only_ours))


def run(lines: str) -> None:
    """Carries out one transaction of nftables'. Raises `NetworkError`."""
    path = program()
    if path is None:
        raise NetworkError("nft is not there; install the package nftables")
    try:
        done = subprocess.run(
            [path, "-f", "-"],
            input=lines.encode(),
            capture_output=True,
            timeout=SECONDS,
            check=False,
            env={"PATH": PATH},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NetworkError(f"nft could not be run: {error}") from error
    if done.returncode:
        raise NetworkError(f"nft refused rules of a container: {done.stderr.decode(errors='replace').strip()[:500]}")
