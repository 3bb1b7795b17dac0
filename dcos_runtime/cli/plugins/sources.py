"""A package's entry for its plugin: the file for this machine, its URL and its digest."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult

from dcos_runtime import urls
from dcos_runtime.cli.errors import CliError

_SYSTEMS = {"linux": "linux", "darwin": "darwin", "win32": "windows"}
_MACHINES = {"x86_64": "x86-64", "amd64": "x86-64", "aarch64": "arm64", "arm64": "arm64"}
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True)
class PluginSource:
    """A file at ``url`` with this digest; ``wheel``: a wheel of Python. ``sha256`` None: the package names no
    digest.
    """

    url: str
    sha256: str | None
    wheel: bool = False

    @property
    def file(self) -> str:
        return urls.last_name(self.url, decoded=True)


def system() -> tuple[str, str]:
    """This machine in the terms of packages: ``linux``, ``x86-64``."""
    machine = platform.machine().lower()
    return _SYSTEMS.get(sys.platform, sys.platform), _MACHINES.get(machine, machine)


def sources(package: Mapping[str, Any], here: tuple[str, str] | None = None) -> list[PluginSource]:
    """The files of the package's plugin, none when it has none. Raises `CliError` when none is for this machine."""
    name = str(package.get("name"))
    binaries = _mapping(_mapping(_mapping(package.get("resource")).get("cli")).get("binaries"))
    if binaries:
        ours, machine = here or system()
        found = _mapping(_mapping(binaries.get(ours)).get(machine))
        if not found.get("url"):
            there = sorted(f"{one} {arch}" for one, ones in binaries.items() for arch in _mapping(ones))
            raise CliError(
                f"the plugin of {name} is not made for {ours} {machine}",
                details=[f"it is made for {', '.join(there) or 'nothing'}"],
                hints=["the app alone: --app"],
            )
        return [PluginSource(_address(str(found["url"]), name), _digest(found.get("contentHash"), name))]
    return [_wheel(str(one), name) for one in _mapping(package.get("command")).get("pip") or ()]


def _wheel(text: str, name: str) -> PluginSource:
    """pip's form of a URL with a digest: ``https://…/x.whl#sha256=…``."""
    address, _, fragment = text.partition("#")
    url = _address(address, name)
    if not urls.parse(url).path.endswith(".whl"):
        raise CliError(
            f"the plugin of {name} is {text!r}, which is not a wheel",
            details=["only wheels at addresses are installed: nothing is built here, and no index is asked"],
            hints=["the app alone: --app"],
        )
    digest = fragment.removeprefix("sha256=").lower() if fragment.startswith("sha256=") else None
    if digest is not None and not _SHA256.fullmatch(digest):
        raise CliError(f"the plugin of {name} names {fragment!r}, which is not a SHA-256")
    return PluginSource(url, digest, wheel=True)


def _address(url: str, name: str) -> str:
    parts = web_address(url)
    if parts is None or parts.username is not None:
        raise CliError(f"the plugin of {name} lies at {url!r}, which is not an address of the web")
    return url


def web_address(url: str) -> SplitResult | None:
    """The parts of a URL that can be fetched; None for any other text."""
    try:
        return urls.parse_web(url)
    except urls.BadUrl:
        return None


def _digest(hashes: Any, name: str) -> str | None:
    """The SHA-256; None when the package names no digest. Raises `CliError` for an unsupported kind of digest."""
    named = [one for one in hashes if isinstance(one, dict)] if isinstance(hashes, list) else []
    if not named:
        return None
    for one in named:
        value = str(one.get("value", "")).lower()
        if str(one.get("algo", "")).lower() == "sha256" and _SHA256.fullmatch(value):
            return value
    raise CliError(
        f"the plugin of {name} has no digest that can be checked",
        details=[f"it names {', '.join(sorted(str(one.get('algo')) for one in named))}; a sha256 is wanted"],
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
