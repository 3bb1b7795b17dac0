"""The route to a machine: every hop with user, keys and known_hosts, as ssh itself would use them.

For our own machines the provider gives all settings. For others the operator's own SSH configuration applies, which
`ssh -G` prints: Include, Match, Host, ProxyJump and the rest are then exactly OpenSSH's.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dcos_installer.errors import InstallerError
from dcos_installer.process import run

if TYPE_CHECKING:
    from dcos_installer.machines import SshTarget

_MOST_HOPS = 8


@dataclass(frozen=True)
class Hop:
    """One SSH server on the route; the machine itself is the last."""

    address: str
    port: int
    user: str
    identity_files: tuple[Path, ...]
    known_hosts_files: tuple[Path, ...]
    known_as: str
    """Its name in known_hosts: the address, unless HostKeyAlias sets another."""
    use_agent: bool = True
    """Any key of the agent may be tried; otherwise only those of ``identity_files``."""
    proxy_command: str = ""

    @property
    def shown(self) -> str:
        return f"{self.address} port {self.port}"


def route(target: SshTarget) -> tuple[Hop, ...]:
    """The hops to ``target``, the first one first. Raises `InstallerError` when ssh's own configuration is wrong."""
    if target.known_hosts_file is not None and target.identity_file is not None:
        return (
            Hop(
                target.address,
                target.port,
                target.user,
                (target.identity_file,),
                (target.known_hosts_file,),
                known_as=target.address,
                use_agent=False,
            ),
        )
    words = ["-p", str(target.port), "-l", target.user, *(["-J", target.jump] if target.jump else [])]
    identity = (target.identity_file,) if target.identity_file is not None else None
    return _hops(target.address, words, identity, depth=0)


def _hops(address: str, words: Sequence[str], identity: tuple[Path, ...] | None, depth: int) -> tuple[Hop, ...]:
    if depth > _MOST_HOPS:
        raise InstallerError(
            f"the route to {address} has no end",
            why=f"your SSH configuration jumps more than {_MOST_HOPS} times (ProxyJump)",
            hint=f"look at ssh -G {address}; a jump host must not jump through itself",
        )
    said = _effective(address, words)

    def one(key: str, usual: str = "") -> str:
        return said.get(key, [usual])[0]

    host, port, user = one("hostname", address), int(one("port", "22")), one("user")
    tokens = {"%": "%", "h": host, "n": address, "p": str(port), "r": user, "u": _me().pw_name, "d": _me().pw_dir}
    hop = Hop(
        address=host,
        port=port,
        user=user,
        identity_files=identity or _files(said.get("identityfile", []), tokens),
        known_hosts_files=_files([*one("userknownhostsfile").split(), *one("globalknownhostsfile").split()], tokens),
        known_as=_expanded(one("hostkeyalias"), tokens) or host,
        use_agent=identity is None and one("identitiesonly") != "yes" and one("identityagent") != "none",
        proxy_command="" if one("proxycommand") in ("", "none") else _expanded(one("proxycommand"), tokens),
    )
    jumps = one("proxyjump")
    if jumps in ("", "none"):
        return (hop,)
    *before, last = jumps.split(",")
    via = ["-J", ",".join(before)] if before else []
    return (*_hops(*_jump(last, via), None, depth + 1), hop)


def _jump(text: str, via: Sequence[str]) -> tuple[str, list[str]]:
    """``[user@]host[:port]`` or ``ssh://…``, as in ProxyJump."""
    user, _, place = text.removeprefix("ssh://").rstrip("/").rpartition("@")
    words = [*via, *(["-l", user] if user else [])]
    if place.startswith("["):
        place, _, port = place[1:].partition("]")
        port = port.removeprefix(":")
    elif place.count(":") == 1:
        place, _, port = place.partition(":")
    else:
        port = ""
    return place, [*words, *(["-p", port] if port else [])]


def _effective(address: str, words: Sequence[str]) -> Mapping[str, list[str]]:
    said = run(["ssh", "-G", *words, "--", address], deadline=30, what=f"read how ssh reaches {address}")
    found: dict[str, list[str]] = {}
    for line in said.stdout.splitlines():
        key, _, value = line.partition(" ")
        found.setdefault(key.lower(), []).append(value)
    return found


def _files(texts: Sequence[str], tokens: Mapping[str, str]) -> tuple[Path, ...]:
    paths = [Path(_expanded(text, tokens)).expanduser() for text in texts if text != "none"]
    return tuple(path for path in paths if path.is_file())


def _expanded(text: str, tokens: Mapping[str, str]) -> str:
    parts = text.split("%")
    expanded, rest = parts[0], iter(parts[1:])
    for part in rest:
        if part == "":  # %%
            expanded += "%" + next(rest, "")
        else:
            expanded += tokens.get(part[0], "%" + part[0]) + part[1:]
    return expanded


def _me() -> pwd.struct_passwd:
    return pwd.getpwuid(os.geteuid())
