"""The upgrade of an installed package."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dcos_runtime.cli.errors import USAGE, CliError
from dcos_runtime.cli.marathon.client import app_path
from dcos_runtime.cli.packages.client import CosmosClient, Options
from dcos_runtime.cli.packages.plan import changed
from dcos_runtime.cli.packages.reach import Reach


def the_app(cosmos: CosmosClient, name: str | None, app_id: str | None) -> str:
    """The one app that the user means. Raises `CliError` when there is no such app, or several."""
    if app_id is not None and name is None:
        return app_path(app_id)
    if name is None:
        raise CliError("which one? PACKAGE or --app-id=ID", hints=["dcos package list"], exit_code=USAGE)
    found = [one for one in cosmos.installed(name=name) if app_id is None or app_path(one.app_id) == app_path(app_id)]
    if not found:
        which = f" as {app_path(app_id)}" if app_id is not None else ""
        raise CliError(
            f"{name} is not installed{which}",
            hints=["what is: dcos package list", f"a plugin without an app: dcos package install --cli {name}"],
        )
    if len(found) > 1:
        raise CliError(
            f"{name} is installed {len(found)} times",
            details=[f"{one.app_id} {one.version}" for one in found],
            hints=["say which one: --app-id=ID"],
        )
    return found[0].app_id


class Upgrade:
    """The upgrade of one app to ``version`` (None: the newest possible) with ``options`` merged into the former ones.

    Raises `CliError` when there is nothing to change.
    """

    def __init__(self, reach: Reach, app_id: str, version: str | None, options: Options, *, replace: bool) -> None:
        self._cosmos = reach.cosmos
        self._app_id = app_id
        self._options = options
        self._replace = replace
        self._service = self._cosmos.service(app_id)
        self.package = str(self._service.package.get("name", ""))
        self.now = str(self._service.package.get("version", ""))
        self.version = version or self._newest(changes=bool(options) or replace)
        allowed = [self.now, *self._service.upgrades, *self._service.downgrades]
        if self.version not in allowed:
            raise CliError(
                f"{self.package} {self.now} cannot become {self.version}",
                details=[
                    f"upgrades to: {', '.join(self._service.upgrades) or 'nothing'}",
                    f"downgrades to: {', '.join(self._service.downgrades) or 'nothing'}",
                ],
            )

    def _newest(self, *, changes: bool) -> str:
        if self._service.upgrades:
            ranks = self._cosmos.versions(self.package)
            best = max(self._service.upgrades, key=lambda one: ranks.get(one, -1))
            if best != self.now and ranks.get(best, -1) > ranks.get(self.now, -1):
                return best
        if changes:
            return self.now
        raise CliError(
            f"{self._app_id} is {self.package} {self.now}, and no newer version may take its place",
            hints=[
                f"all versions: dcos package describe {self.package} --package-versions",
                "to change options only: --options FILE",
            ],
        )

    def difference(self) -> list[str]:
        """What changes of the app as it is, place by place: what is there, and what will be. Raises `CliError` for what
        `carry_out` would be refused.
        """
        return changed(self._cosmos.plan_service(self._app_id, self._other, self._options, replace=self._replace))

    def carry_out(self, *, force: bool = False) -> str:
        """Returns the id of the deployment. ``force``: it replaces one of the app that is not finished."""
        return self._cosmos.update_service(self._app_id, self._other, self._options, replace=self._replace, force=force)

    @property
    def _other(self) -> str | None:
        """None for the version that is installed, which needs no repository."""
        return None if self.version == self.now else self.version

    def as_json(self) -> Mapping[str, Any]:
        return {"appId": self._app_id, "packageName": self.package, "from": self.now, "to": self.version}
