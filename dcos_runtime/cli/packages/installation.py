"""One installation: what a package brings, confirmed and carried out in the order of DC/OS' own command."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import Any

from dcos_runtime.cli.errors import USAGE, CliError
from dcos_runtime.cli.marathon.client import app_path
from dcos_runtime.cli.marathon.wait import PACKAGE_LABEL
from dcos_runtime.cli.output import print_json, print_line, print_note
from dcos_runtime.cli.packages.client import Options, Package
from dcos_runtime.cli.packages.options import confirm
from dcos_runtime.cli.packages.plan import App, difference
from dcos_runtime.cli.packages.reach import Reach
from dcos_runtime.cli.packages.refusals import refused
from dcos_runtime.cli.packages.template import has_app
from dcos_runtime.cli.plugins.installed import Plugin, Plugins
from dcos_runtime.cli.plugins.sources import PluginSource, sources


class Installation:
    """The installation of one package. ``own``: the names of built-in commands; ``app`` and ``cli``: the wanted parts,
    if the package has them.
    """

    def __init__(
        self,
        reach: Reach,
        package: Package,
        options: Options,
        app_id: str | None,
        own: Collection[str],
        *,
        app: bool,
        cli: bool,
    ) -> None:
        self._reach = reach
        self._package = package
        self._options = options
        self._app_id = app_id
        self._own = own
        self._app = app and has_app(package)
        self._cli = cli
        self.name = str(package.get("name", ""))
        self.version = str(package.get("version", ""))

    @cached_property
    def files(self) -> list[PluginSource]:
        """The plugin's files. Raises `CliError` when the plugin does not support this machine."""
        return sources(self._package) if self._cli else []

    def check(self, *, only_cli: bool, only_app: bool, of_app: Sequence[str]) -> None:
        """Raises `CliError` when a wanted part does not exist, before anything is done. ``of_app``: given options that
        mean nothing without an app.
        """
        if only_cli and not self.files:
            raise CliError(f"{self.name} {self.version} has no command-line plugin", hints=["the app alone: --app"])
        if only_app and not self._app:
            raise CliError(f"{self.name} {self.version} has no app", hints=["its command-line plugin alone: --cli"])
        if of_app and not self._app:
            raise CliError(
                f"{self.name} {self.version} has no app, and {' and '.join(of_app)} would change nothing",
                hints=["install its command-line plugin without: leave these out"],
                exit_code=USAGE,
            )
        if not self._app and not self.files:
            raise CliError(f"{self.name} {self.version} has nothing to install: neither an app nor a plugin")
        if self.files:
            from dcos_runtime.cli.plugins.installing import plugins_of

            if only_cli or not self._app:
                plugins_of(self._reach.target)
            elif self._reach.target.cluster is None:
                print_note(f"the command-line plugin is left out: {self._reach.target.url} is of no known cluster")
                self.files.clear()

    def tell_plan(self, *, as_json: bool) -> None:
        """The app and the files of the plugin that would be installed."""
        app = self._rendered() if self._app else None
        if app is not None:
            self._refuse_second(app)
        plugin = self.files_as_json()
        if as_json:
            print_json({"package": self.name, "version": self.version, "app": app, "plugin": plugin})
            return
        print_line(f"{self.name} {self.version}")
        if app is not None:
            print_line(f"would make the app {app.get('id')}:")
            for line in difference(None, app):
                print_line(line)
        for one in self.files:
            print_line(f"would install the plugin {one.url} (sha256 {one.sha256 or 'not given by the package'})")

    def files_as_json(self) -> list[dict[str, str | None]]:
        return [{"url": one.url, "sha256": one.sha256} for one in self.files]

    def _refuse_second(self, app: App) -> None:
        """Raises the `CliError` with which the installation of this app would be refused, where its id is in use."""
        app_id = app_path(str(app.get("id", "")))
        there = next((one for one in self._reach.marathon.apps() if one.get("id") == app_id), None)
        if there is None:
            return
        package = (there.get("labels") or {}).get(PACKAGE_LABEL)
        if package == self.name:
            raise refused("PackageAlreadyInstalled", f"{self.name} is already installed as {app_id}")
        raise refused("AppIdTaken", f"the id {app_id} is that of {f'the package {package}' if package else 'an app'}")

    def tell_before(self) -> None:
        if self._app and (notes := str(self._package.get("preInstallNotes") or "")):
            _tell(notes)

    def agree(self, *, yes: bool) -> None:
        """Asks whether files without a digest are to run here. Raises `CliError` where they are not, before anything is
        done.
        """
        undigested = [one for one in self.files if one.sha256 is None]
        if not undigested:
            return
        for one in undigested:
            print_note(f"warning: the package names no digest of {one.url}: it cannot be verified")
        if yes and any(not one.url.startswith("https://") for one in undigested):
            raise CliError(
                "a plugin without a digest that comes over plain HTTP is not installed without a question",
                hints=["leave out --yes to be asked", "the app alone: --app"],
            )
        confirm("Run it on this machine all the same?", yes=yes)

    def carry_out(self, *, wait: bool, timeout: float, as_json: bool) -> None:
        done: dict[str, Any] = {"packageName": self.name, "packageVersion": self.version}
        if self._app:
            done |= self._install_app(wait=wait, timeout=timeout)
        if self.files:
            done["commands"] = self.install_plugin()
        notes = str(done.get("postInstallNotes") or self._package.get("postInstallNotes") or "")
        if as_json:
            print_json(done)
        elif self._app and notes:
            _tell(notes)

    def _install_app(self, *, wait: bool, timeout: float) -> Mapping[str, Any]:
        print_note(f"Installing Marathon app for package [{self.name}] version [{self.version}]")
        answer = self._reach.cosmos.install(self.name, self.version, self._options, self._app_id)
        app_id = answer.get("appId")
        if isinstance(app_id, str) and wait:
            from dcos_runtime.cli.marathon.wait import wait_until_running

            wait_until_running(self._reach.master, self._reach.marathon, app_id, None, timeout)
            print_note(f"{app_id} runs")
        return {key: value for key, value in answer.items() if key in ("appId", "postInstallNotes")}

    def install_plugin(self) -> list[str]:
        from dcos_runtime.cli.marathon.wait import teller
        from dcos_runtime.cli.plugins.installing import install

        print_note(f"Installing CLI subcommand for package [{self.name}] version [{self.version}]")
        with teller(f"bringing the plugin of {self.name}", lines=False) as tell:
            plugin = install(self.name, self._package, self.files, self._reach.target, self._reach.http, tell)
        return self._tell_commands(plugin)

    def _tell_commands(self, plugin: Plugin) -> list[str]:
        """The plugin's commands that can be called."""
        from dcos_runtime.cli.plugins.installed import DCOS, hidden
        from dcos_runtime.cli.plugins.installing import plugins_of

        out_of_reach = hidden(plugins_of(self._reach.target).all(), self._own)
        names = sorted(one.name for one in plugin.commands if (plugin.name, one.name) not in out_of_reach)
        if names:
            print_note(f"New commands available: {', '.join(names)}")
        for (package, name), by in sorted(out_of_reach.items()):
            if package == plugin.name:
                whose = "is a command of dcos itself" if by == DCOS else f"is the command of the package {by}"
                print_note(f"warning: the package's command {name} cannot be called: dcos {name} {whose}")
            elif by == plugin.name:
                print_note(f"warning: dcos {name} is the command of {by} now, and no more that of {package}")
        return names

    def _rendered(self) -> Mapping[str, Any]:
        return self._reach.cosmos.render(self.name, self.version, self._options, self._app_id)


def plugin_of_upgrade(reach: Reach, name: str, version: str, own: Collection[str]) -> Installation | None:
    """The installation of this version's command-line plugin, where another version's is installed for this cluster.
    None where there is nothing to do, or where the version has no plugin for this machine, which is printed.
    """
    cluster = reach.target.cluster
    if cluster is None:
        return None
    there = Plugins(cluster.folder).find(name)
    if there is None or there.package.get("version") == version:
        return None
    stays = f"the command-line plugin of {name} stays at {there.package.get('version') or 'its version'}"
    try:
        made = Installation(reach, reach.cosmos.describe(name, version), {}, None, own, app=False, cli=True)
        if made.files:
            return made
        print_note(f"warning: {stays}: {version} has none")
    except CliError as error:
        print_note(f"warning: {stays}: {error}")
    return None


def _tell(notes: str) -> None:
    for line in notes.strip().splitlines():
        print_note(line)
