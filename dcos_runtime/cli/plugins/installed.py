"""The plugins of one cluster, as DC/OS' own command lays them out: ``subcommands/<package>`` in the cluster's folder.

There ``package.json`` is the package's definition, ``env/plugin.toml`` names the commands, and ``env/bin/dcos-NAME``
are their programs. A plugin is built in another folder and renamed, so no command ever sees half of one. The one before
stays beside it as ``.NAME.former`` meanwhile: a process that finds only that one puts it back.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dcos_runtime.cli.errors import CliError

PREFIX = "dcos-"
DCOS = ""
"""Stands for `dcos` itself where others are named by their packages."""
_STAGE = "plugin-"
_FORMER = ".former"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*", re.ASCII)
_COMMAND = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII)


@dataclass(frozen=True)
class PluginCommand:
    """``path`` is the program; it is called with the command's name as its first argument."""

    name: str
    path: Path
    description: str


@dataclass(frozen=True)
class Plugin:
    """What a package brought. ``package`` is its definition, empty where none was kept."""

    name: str
    folder: Path
    commands: tuple[PluginCommand, ...]
    package: Mapping[str, Any]


class Plugins:
    """The plugins of the cluster with this folder."""

    def __init__(self, cluster_folder: Path) -> None:
        self._cluster = cluster_folder
        self._folder = cluster_folder / "subcommands"
        self._stages = cluster_folder / "tmp"

    def all(self) -> list[Plugin]:
        """By name. One that cannot be read is left out, so that other commands still work."""
        try:
            if any(self._folder.glob(f".*{_FORMER}")):
                with contextlib.suppress(CliError), self._locked():
                    pass
            folders = sorted(one for one in self._folder.iterdir() if one.is_dir() and not one.name.startswith("."))
        except OSError:
            return []
        return [plugin for one in folders if (plugin := _read(one)) is not None]

    def having(self, name: str) -> list[tuple[Plugin, PluginCommand]]:
        """The plugins that have a command of this name; that of the first is called (`_precedence`)."""
        return _having(self.all(), name) if _COMMAND.fullmatch(name) else []

    def find(self, name: str) -> Plugin | None:
        return next((plugin for plugin in self.all() if plugin.name == name), None)

    def home(self, name: str) -> Path:
        """The folder of a plugin. Raises `CliError` for a name that no package can have."""
        if not _NAME.fullmatch(name):
            raise CliError(f"{name!r} cannot be the name of a plugin")
        return self._folder / name

    def put(self, name: str, package: Mapping[str, Any], build: Callable[[Path], None]) -> Plugin:
        """Lets ``build`` fill a folder ``env``, and replaces a former plugin by it. Raises `CliError`."""
        home = self.home(name)
        with self._locked(), _as_cli_error("install the plugin at", home), self._stage() as stage:
            build(stage / "env")
            (stage / "package.json").write_text(json.dumps(package), encoding="utf-8")
            made = _read(stage)
            if made is None or not made.commands:
                raise CliError(
                    f"the plugin of {name} has no commands",
                    details=[f"there is no program bin/{PREFIX}NAME in it, and no plugin.toml that names one"],
                )
            self._replace(home, stage)
        plugin = _read(home)
        assert plugin is not None
        return plugin

    def write_settings(self, plugin: Plugin, settings: str) -> None:
        """Gives an installed plugin this ``plugin.toml``, whole or not at all. Raises `CliError`."""
        file = (plugin.folder / "env").resolve() / "plugin.toml"
        with self._locked(), _as_cli_error("write", file), self._stage() as stage:
            (stage / file.name).write_text(settings, encoding="utf-8")
            (stage / file.name).replace(file)

    def remove(self, name: str) -> None:
        """Raises `CliError` when there is none."""
        home = self.home(name)
        with self._locked(), _as_cli_error("remove", home):
            if not home.is_dir():
                raise CliError(
                    f"no plugin of {name} is installed for this cluster",
                    hints=["which are: dcos package list --cli"],
                )
            with self._stage() as stage:
                home.rename(stage / "gone")

    def _replace(self, home: Path, stage: Path) -> None:
        previous = home.with_name(f".{home.name}{_FORMER}")
        if home.exists():
            home.rename(previous)
        try:
            stage.rename(home)
        finally:
            self._recover()

    def _recover(self) -> None:
        """Completes what a killed process started: restores the previous plugin, or removes it if a new one exists."""
        for previous in self._folder.glob(f".*{_FORMER}"):
            home = previous.with_name(previous.name[1:].removesuffix(_FORMER))
            if home.exists():
                with self._stage() as gone:
                    previous.rename(gone / "former")
            else:
                previous.rename(home)

    @contextlib.contextmanager
    def _stage(self) -> Iterator[Path]:
        """A new folder on the same file system, which is removed at the end."""
        self._stages.mkdir(mode=0o700, exist_ok=True)
        stage = Path(tempfile.mkdtemp(prefix=_STAGE, dir=self._stages))
        try:
            yield stage
        finally:
            shutil.rmtree(stage, ignore_errors=True)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        with _as_cli_error("write", self._folder):
            self._folder.mkdir(mode=0o700, exist_ok=True)
            descriptor = os.open(self._folder / ".lock", os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            for left in self._stages.glob(f"{_STAGE}*"):  # of a process that was killed
                shutil.rmtree(left, ignore_errors=True)
            with _as_cli_error("write", self._folder):
                self._recover()
            yield
        finally:
            os.close(descriptor)


def hidden(plugins: Sequence[Plugin], own: Collection[str]) -> dict[tuple[str, str], str]:
    """The commands that cannot be called, by package and name, with what is called instead: the package whose command
    that is, or `DCOS`. ``own``: the names of built-in commands.
    """
    found = {}
    for name in {command.name for plugin in plugins for command in plugin.commands}:
        having = _having(plugins, name)
        for plugin, _ in having if name in own else having[1:]:
            found[plugin.name, name] = DCOS if name in own else having[0][0].name
    return found


def _having(plugins: Sequence[Plugin], name: str) -> list[tuple[Plugin, PluginCommand]]:
    found = [(plugin, command) for plugin in plugins for command in plugin.commands if command.name == name]
    return sorted(found, key=lambda one: _precedence(one[0].name, name))


def _precedence(package: str, command: str) -> tuple[bool, str]:
    """The package of that name goes before all others, which follow in the order of their names."""
    return package != command, package


def _read(folder: Path) -> Plugin | None:
    import tomllib

    environment = (folder / "env").resolve()
    try:
        package = json.loads((folder / "package.json").read_bytes())
    except (OSError, ValueError, RecursionError):
        package = {}
    try:
        settings = tomllib.loads((environment / "plugin.toml").read_text(encoding="utf-8"))
    except FileNotFoundError:
        settings = {}
    except (OSError, ValueError):
        return None
    commands = [_command_of(environment, one) for one in settings.get("commands") or ()]
    found = [one for one in commands if one is not None] or _programs(environment)
    return Plugin(folder.name, folder, tuple(found), package if isinstance(package, dict) else {})


def _command_of(environment: Path, entry: Any) -> PluginCommand | None:
    """A command that ``plugin.toml`` names; None if its program does not lie in the plugin."""
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str) or not isinstance(entry.get("path"), str):
        return None
    path = (environment / entry["path"]).resolve()
    if not path.is_relative_to(environment) or not _COMMAND.fullmatch(entry["name"]):
        return None
    return PluginCommand(entry["name"], path, str(entry.get("description") or ""))


def _programs(environment: Path) -> list[PluginCommand]:
    try:
        files = sorted((environment / "bin").iterdir())
    except OSError:
        return []
    names = [(one.name.removeprefix(PREFIX), one) for one in files if one.name.startswith(PREFIX) and one.is_file()]
    return [PluginCommand(name, path, "") for name, path in names if _COMMAND.fullmatch(name)]


@contextlib.contextmanager
def _as_cli_error(what: str, where: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CliError(f"cannot {what} {where}: {error.strerror or error}") from error
