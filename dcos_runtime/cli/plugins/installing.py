"""Installs the plugin of a package for a cluster: downloaded, checked, installed, and asked for its description."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from dcos_runtime.cli.clusters import toml
from dcos_runtime.cli.clusters.target import Target
from dcos_runtime.cli.connection.gateway import Gateways
from dcos_runtime.cli.connection.http import Http, origin
from dcos_runtime.cli.errors import CliError
from dcos_runtime.cli.plugins.archives import unpack
from dcos_runtime.cli.plugins.download import download
from dcos_runtime.cli.plugins.installed import PREFIX, Plugin, Plugins
from dcos_runtime.cli.plugins.sources import PluginSource

INFO_SECONDS = 10.0
ZIP = b"PK\x03\x04"


def plugins_of(target: Target) -> Plugins:
    """Raises `CliError` for a cluster that is not known here, because it has no folder for plugins."""
    if target.cluster is None:
        raise CliError(
            f"plugins are kept with a known cluster, and {target.url} is of none",
            hints=["dcos cluster setup URL makes it known", "the app alone: --app"],
        )
    return Plugins(target.cluster.folder)


def install(
    name: str,
    package: Mapping[str, Any],
    files: list[PluginSource],
    target: Target,
    http: Http | Gateways,
    tell: Callable[[str], None],
) -> Plugin:
    """Raises `CliError`; a former plugin of the package then stays as it was."""
    plugins = plugins_of(target)
    brought = [(one, download(one, http, lambda url: _own(url, target), tell)) for one in files]
    home = plugins.home(name)

    def build(environment: Path) -> None:
        if brought[0][0].wheel:
            from dcos_runtime.cli.plugins import wheels

            wheels.build(environment, home / "env", [(one.file, content) for one, content in brought])
        else:
            _lay_down(environment, name, brought[0][0], brought[0][1])

    return _described(plugins, plugins.put(name, package, build))


def _lay_down(environment: Path, name: str, source: PluginSource, content: bytes) -> None:
    """A zip archive is unpacked, whatever kind the package names; any other file is the program itself."""
    environment.mkdir(mode=0o755)
    if content.startswith(ZIP):
        unpack(content, environment, source.file or "the plugin")
        return
    program = environment / "bin" / f"{PREFIX}{name}"
    program.parent.mkdir(mode=0o755)
    program.write_bytes(content)
    program.chmod(0o755)


def _own(url: str, target: Target) -> str | None:
    """A file that the cluster itself serves is fetched from its gateways, whatever host and scheme the URL names."""
    if not target.is_gateway:
        return url if origin(url) == origin(target.url) else None
    known = target.cluster.gateways() if target.cluster else [target.url]
    hosts = {origin(one).partition("://")[2] for one in [target.url, *known]}
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    place = origin(f"{scheme}://{host}").partition("://")[2]
    return f"{target.url}{slash}{path}" if place in hosts else None


def _described(plugins: Plugins, plugin: Plugin) -> Plugin:
    """The one-line description of each command, asked once and stored in ``plugin.toml`` as by DC/OS' command."""
    if all(one.description for one in plugin.commands):
        return plugin
    environment = (plugin.folder / "env").resolve()
    commands = []
    for one in plugin.commands:
        text = one.description or _info(one.path, one.name)
        commands.append({"name": one.name, "path": str(one.path.relative_to(environment)), "description": text})
    lines = [f"name = {toml.text(plugin.name)}\n"]
    lines += [
        "\n[[commands]]\n" + "".join(f"{key} = {toml.text(value)}\n" for key, value in one.items()) for one in commands
    ]
    plugins.write_settings(plugin, "".join(lines))
    return plugin


def _info(program: Path, name: str) -> str:
    """Without any credential, since it is only asked for a sentence."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("DCOS_")}
    try:
        done = subprocess.run(
            [str(program), name, "--info"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=kept,
            timeout=INFO_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    lines = done.stdout.decode("utf-8", "replace").strip().splitlines()
    return lines[0][:200] if done.returncode == 0 and lines else ""
