"""Networks by CNI plugins: reads their configurations, and has plugins add, check and remove a container's interface.

Contract: the Container Network Interface specification, versions 0.1.0 to 1.0.0
(https://www.cni.dev/docs/spec/). A plugin is a program: what to do is in its environment, the configuration on its
standard input, the result or the error on its standard output.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

VERSIONS = ("0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0")
"""Of the specification, oldest first."""

PLUGIN_SECONDS = 60.0
"""How long one call of a plugin may take."""

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


class NetworkError(OSError):
    """A network could not be joined or left. The text is for the framework's author."""


class NetworkConfig(msgspec.Struct, frozen=True):
    """A network of an operator's: its plugins, each with its configuration, in the order in which they add."""

    name: str
    version: str
    plugins: tuple[dict[str, Any], ...]

    def since(self, version: str) -> bool:
        """Whether it is of this version of the specification, or a later one."""
        return VERSIONS.index(self.version) >= VERSIONS.index(version)


@dataclass(frozen=True)
class CniAddress:
    """An address of a container, with the length of its network's prefix."""

    ip: str
    prefix: int

    @property
    def version(self) -> int:
        return ipaddress.ip_address(self.ip).version

    @property
    def subnet(self) -> str:
        return str(ipaddress.ip_interface(f"{self.ip}/{self.prefix}").network)


# --- configurations ---------------------------------------------------------------------------------------------------


def read(folder: Path) -> dict[str, NetworkConfig]:
    """The networks that the files of a folder configure, by name. Raises ``OSError``, and ``ValueError`` for what is no
    configuration.
    """
    found: dict[str, NetworkConfig] = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or not path.is_file():
            continue
        try:
            config = parse(json.loads(path.read_text()))
        except ValueError as error:
            raise ValueError(f"{path} is no configuration of a CNI network: {error}") from error
        if config.name in found:
            raise ValueError(f"{path} configures the CNI network {config.name!r} again; give it another name")
        found[config.name] = config
    return found


def parse(data: Any) -> NetworkConfig:
    """A configuration of one plugin, or a list of them. Raises ``ValueError``."""
    if not isinstance(data, dict) or not isinstance(name := data.get("name"), str) or not name:
        raise ValueError("expected a JSON object with a name")
    version = data.get("cniVersion", "0.1.0")
    if version not in VERSIONS:
        raise ValueError(f"cniVersion is {version!r}; {', '.join(VERSIONS)} are known here")
    plugins = data.get("plugins", [data])
    if not isinstance(plugins, list) or not plugins or not all(isinstance(one, dict) for one in plugins):
        raise ValueError("plugins has to be a list of objects")
    for plugin in plugins:
        kind = plugin.get("type")
        if not isinstance(kind, str) or not kind or "/" in kind:
            raise ValueError("type has to be the name of a plugin")
    return NetworkConfig(name, version, tuple(plugins))


def programs(config: NetworkConfig) -> list[str]:
    """The names of the plugins that a network needs; of those that plugins call themselves, the one for addresses."""
    found = []
    for plugin in config.plugins:
        found.append(plugin["type"])
        ipam = plugin.get("ipam")
        if isinstance(ipam, dict) and isinstance(ipam.get("type"), str) and ipam["type"]:
            found.append(ipam["type"])
    return found


# --- plugins ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CniPlugins:
    """The folders that plugins are looked for in, first to last."""

    folders: tuple[Path, ...]

    def missing(self, config: NetworkConfig) -> list[str]:
        """The plugins that a network needs and that are not there."""
        return [name for name in dict.fromkeys(programs(config)) if self.find(name) is None]

    def find(self, name: str) -> Path | None:
        paths = (folder / name for folder in self.folders)
        return next((path for path in paths if path.is_file() and os.access(path, os.X_OK)), None)

    def versions(self, name: str) -> list[str]:
        """The versions of the specification that a plugin knows. Raises `NetworkError`."""
        said = self._call(name, {"cniVersion": VERSIONS[-1]}, {"CNI_COMMAND": "VERSION"})
        known = said.get("supportedVersions", [])
        return [one for one in known if isinstance(one, str)] if isinstance(known, list) else []

    def add(self, at: Attachment) -> dict[str, Any]:
        """Has a container join a network, plugin by plugin. Returns the result. Raises `NetworkError`."""
        result: dict[str, Any] = {}
        for plugin in at.config.plugins:
            result = self._run("ADD", plugin, at, result or None)
        return result

    def check(self, at: Attachment, result: dict[str, Any]) -> None:
        """Raises `NetworkError` when a container's interface is not as it was made. Before version 0.4.0 of the
        specification no plugin can tell.
        """
        if at.config.since("0.4.0"):
            for plugin in at.config.plugins:
                self._run("CHECK", plugin, at, result)

    def delete(self, at: Attachment, result: dict[str, Any] | None) -> None:
        """Has a container leave a network, also one that it joined in part or not at all. ``result``: of `add`, if
        that is known. Raises `NetworkError`.
        """
        for plugin in reversed(at.config.plugins):
            self._run("DEL", plugin, at, result if at.config.since("0.4.0") else None)

    def _run(
        self, command: str, plugin: Mapping[str, Any], at: Attachment, previous: dict[str, Any] | None
    ) -> dict[str, Any]:
        config = {**plugin, "name": at.config.name, "cniVersion": at.config.version}
        if at.arguments:
            config["args"] = {**config.get("args", {}), **at.arguments}
        if previous is not None:
            config["prevResult"] = previous
        environment = {
            "CNI_COMMAND": command,
            "CNI_CONTAINERID": at.container_id,
            "CNI_NETNS": at.namespace,
            "CNI_IFNAME": at.interface,
        }
        try:
            return self._call(plugin["type"], config, environment, at.held)
        except NetworkError as error:
            what = {"ADD": "attach the container to", "DEL": "detach the container from"}.get(command, "check")
            text = f"The CNI plugin '{plugin['type']}' failed to {what} CNI network '{at.config.name}': {error}"
            raise NetworkError(text) from error

    def _call(
        self, name: str, config: Mapping[str, Any], environment: Mapping[str, str], held: Sequence[int] = ()
    ) -> dict[str, Any]:
        path = self.find(name)
        if path is None:
            raise NetworkError(f"it is not in {':'.join(map(str, self.folders))}")
        try:
            process = subprocess.Popen(
                [str(path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={"PATH": PATH, "CNI_PATH": ":".join(map(str, self.folders)), **environment},
                pass_fds=held,
                start_new_session=True,
            )
        except OSError as error:
            raise NetworkError(f"it could not be run: {error.strerror}") from error
        try:
            said, errors = process.communicate(json.dumps(config).encode(), PLUGIN_SECONDS)
        except subprocess.TimeoutExpired:
            raise NetworkError(f"it did not end within {PLUGIN_SECONDS:.0f} s") from None
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
        return _answer(process.returncode, said, errors)


@dataclass(frozen=True)
class Attachment:
    """One interface of a container in one network. ``namespace``: the file that its network namespace is bound to,
    empty when that is gone. ``arguments``: for plugins, by whom they are from. ``held``: open files that a plugin
    gets, and keeps open as long as it runs.
    """

    config: NetworkConfig
    container_id: str
    namespace: str
    interface: str
    arguments: Mapping[str, Any]
    held: tuple[int, ...] = ()


def _answer(code: int, said: bytes, errors: bytes) -> dict[str, Any]:
    """What a plugin has answered. Raises `NetworkError` with its words."""
    found: Any = {}
    if said.strip():
        try:
            found = json.loads(said)
        except ValueError:
            found = None
    if code == 0 and isinstance(found, dict):
        return found
    if isinstance(found, dict) and found.get("msg"):
        details = found.get("details")
        raise NetworkError(f"{found['msg']}; {details}" if details else str(found["msg"]))
    text = (said + b" " + errors).decode(errors="replace").strip()[-1000:]
    raise NetworkError(f"it ended with status {code}, and said {text!r}")


# --- results ----------------------------------------------------------------------------------------------------------


def addresses(result: Mapping[str, Any]) -> list[CniAddress]:
    """The addresses that a result gives a container, IPv4 and IPv6. Raises `NetworkError`."""
    given = [result[name].get("ip") for name in ("ip4", "ip6") if isinstance(result.get(name), dict)]
    listed = result.get("ips") or []
    try:
        given += [one["address"] for one in listed]
        found = [ipaddress.ip_interface(one) for one in given]
    except (KeyError, TypeError, ValueError) as error:
        raise NetworkError(f"the result of a CNI plugin holds an address that cannot be read: {error}") from error
    return [CniAddress(str(one.ip), one.network.prefixlen) for one in found]


def outside(result: Mapping[str, Any]) -> list[str]:
    """The names of the machine's interfaces that a result tells of: bridges, and the other ends of pairs."""
    listed = result.get("interfaces") or []
    return [one["name"] for one in listed if isinstance(one, dict) and one.get("name") and not one.get("sandbox")]


def resolving(result: Mapping[str, Any]) -> str | None:
    """The resolv.conf that a result asks for; ``None``: none of its own."""
    dns = result.get("dns")
    if not isinstance(dns, dict) or not dns.get("nameservers"):
        return None
    lines = [f"domain {dns['domain']}"] if dns.get("domain") else []
    lines += [f"search {' '.join(dns['search'])}"] if dns.get("search") else []
    lines += [f"options {' '.join(dns['options'])}"] if dns.get("options") else []
    lines += [f"nameserver {server}" for server in dns["nameservers"]]
    return "\n".join(lines) + "\n"
