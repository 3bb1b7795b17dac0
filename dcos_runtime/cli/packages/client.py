"""The package manager's API (Cosmos) as the command line uses it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dcos_runtime.cli.connection.gateway import NOBODY_BEHIND, Gateways
from dcos_runtime.cli.connection.http import Http, NoResponse, NotJson, Response
from dcos_runtime.cli.errors import CliError, Unavailable
from dcos_runtime.cli.packages.refusals import refusal

Package = Mapping[str, Any]
Options = Mapping[str, Any]

# A repository may have to be fetched again before the response.
TIMEOUT_SECONDS = 120.0


@dataclass(frozen=True)
class Installed:
    """One app that a package made. ``package`` is the definition that it was made from."""

    app_id: str
    package: Package

    @property
    def name(self) -> str:
        return str(self.package.get("name", ""))

    @property
    def version(self) -> str:
        return str(self.package.get("version", ""))


@dataclass(frozen=True)
class ServiceDescription:
    """The possible versions of an installed package: `/service/describe`."""

    package: Package
    upgrades: Sequence[str]
    downgrades: Sequence[str]
    options: Options
    """All options in effect, with defaults."""
    chosen: Options
    """The options that the user gave at the installation."""


def media_type(operation: str, kind: str, version: str = "v1") -> str:
    """``application/vnd.dcos.package.search-request+json;charset=utf-8;version=v1``."""
    return f"application/vnd.dcos.{operation}-{kind}+json;charset=utf-8;version={version}"


class CosmosClient:
    """Every method raises `CliError`. ``services`` is what the paths of `/service/…` begin with."""

    def __init__(self, http: Http | Gateways, url: str, *, services: str = "", address_source: str) -> None:
        self._http = http
        self._services = services
        self._address_source = address_source
        self.url = url

    def search(self, query: str | None) -> list[Package]:
        body = {} if query is None else {"query": query}
        return _items(self._read("/package/search", "package.search", body), "packages")

    def describe(self, name: str, version: str | None = None) -> Package:
        """A package's definition: of the version, else the newest."""
        answer = self._read("/package/describe", "package.describe", _named(name, version), version="v3")
        package = _object(answer).get("package")
        if not isinstance(package, dict):
            raise _not_cosmos(answer)
        return package

    def versions(self, name: str) -> dict[str, int]:
        """Every version with the number of its revision, the newest first."""
        body = {"packageName": name, "includePackageVersions": True}
        answer = self._read("/package/list-versions", "package.list-versions", body)
        results = _object(answer).get("results")
        if not isinstance(results, dict):
            raise _not_cosmos(answer)
        try:
            found = {str(version): int(number) for version, number in results.items()}
        except (TypeError, ValueError):
            raise _not_cosmos(answer) from None
        return dict(sorted(found.items(), key=lambda one: one[1], reverse=True))

    def render(self, name: str, version: str | None, options: Options, app_id: str | None) -> Mapping[str, Any]:
        """The app that an installation would make."""
        body = _named(name, version) | {"options": dict(options)} | ({"appId": app_id} if app_id else {})
        answer = self._read("/package/render", "package.render", body)
        app = _object(answer).get("marathonJson")
        if not isinstance(app, dict):
            raise _not_cosmos(answer)
        return app

    def install(self, name: str, version: str | None, options: Options, app_id: str | None) -> Mapping[str, Any]:
        """Tells ``appId`` when there is an app, ``postInstallNotes`` and ``cli``."""
        body = _named(name, version) | {"options": dict(options)} | ({"appId": app_id} if app_id else {})
        return _object(self._change("/package/install", "package.install", body, version="v2"))

    def uninstall(self, name: str, app_id: str | None, *, everything: bool) -> list[Mapping[str, Any]]:
        """One result an app: ``packageName``, ``packageVersion``, ``appId``, ``postUninstallNotes``."""
        body: dict[str, Any] = {"packageName": name}
        body |= {"appId": app_id} if app_id else {}
        body |= {"all": True} if everything else {}
        return _items(self._change("/package/uninstall", "package.uninstall", body), "results")

    def installed(self, name: str | None = None, app_id: str | None = None) -> list[Installed]:
        body = ({"packageName": name} if name else {}) | ({"appId": app_id} if app_id else {})
        answer = self._read("/package/list", "package.list", body)
        found = []
        for one in _items(answer, "packages"):
            information = one.get("packageInformation")
            package = information.get("packageDefinition") if isinstance(information, dict) else None
            found.append(Installed(str(one.get("appId", "")), package if isinstance(package, dict) else {}))
        return found

    def repositories(self) -> list[Mapping[str, Any]]:
        """In the order in which they are looked into."""
        return _items(self._read("/package/repository/list", "package.repository.list", {}), "repositories")

    def add_repository(self, name: str, uri: str, index: int | None) -> None:
        body = {"name": name, "uri": uri} | ({} if index is None else {"index": index})
        self._change("/package/repository/add", "package.repository.add", body)

    def delete_repository(self, name: str) -> None:
        self._change("/package/repository/delete", "package.repository.delete", {"name": name})

    def service(self, app_id: str) -> ServiceDescription:
        answer = self._read(f"{self._services}/service/describe", "service.describe", {"appId": app_id})
        body = _object(answer)
        package = body.get("package")
        if not isinstance(package, dict):
            raise _not_cosmos(answer)
        return ServiceDescription(
            package,
            [str(one) for one in body.get("upgradesTo") or ()],
            [str(one) for one in body.get("downgradesTo") or ()],
            body.get("resolvedOptions") or {},
            body.get("userProvidedOptions") or {},
        )

    def plan_service(
        self, app_id: str, version: str | None, options: Options, *, replace: bool
    ) -> list[Mapping[str, Any]]:
        """What `update_service` with the same arguments would change of the app: ``path``, ``from`` and ``to``."""
        body = _change_of(app_id, version, options, replace=replace)
        return _items(self._read(f"{self._services}/service/plan", "service.plan", body), "changes")

    def update_service(
        self, app_id: str, version: str | None, options: Options, *, replace: bool, force: bool = False
    ) -> str:
        """The deployment that carries the change out. ``replace``: options that were chosen before are forgotten.
        ``force``: a deployment of the app that is not finished is replaced.
        """
        body = _change_of(app_id, version, options, replace=replace)
        body |= {"force": True} if force else {}
        answer = self._change(f"{self._services}/service/update", "service.update", body)
        deployment = _object(answer).get("marathonDeploymentId")
        if not isinstance(deployment, str):
            raise _not_cosmos(answer)
        return deployment

    def _read(self, path: str, operation: str, body: Mapping[str, Any], *, version: str = "v1") -> Response:
        return self._ask(path, operation, body, version=version, repeatable=True)

    def _change(self, path: str, operation: str, body: Mapping[str, Any], *, version: str = "v1") -> Response:
        return self._ask(path, operation, body, version=version, repeatable=False)

    def _ask(self, path: str, operation: str, body: Mapping[str, Any], *, version: str, repeatable: bool) -> Response:
        headers = {
            "Content-Type": media_type(operation, "request"),
            "Accept": media_type(operation, "response", version),
        }
        try:
            response = self._http.request(
                "POST", self.url + path, dict(body), headers=headers, repeatable=repeatable, timeout=TIMEOUT_SECONDS
            )
        except NoResponse as error:
            raise Unavailable(
                f"cannot reach the package manager at {self.url}: {error}",
                details=[self._address_source],
                hints=["is it running, and is its port open for this machine?"],
            ) from error
        if response.status == 200:
            return response
        found = refusal(response)
        if found is not None:
            raise found
        if response.status in NOBODY_BEHIND:
            raise Unavailable(
                f"the package manager cannot answer now: {response.url} answered {response.status}: "
                f"{response.complaint() or 'nothing'}",
                hints=["try again in some seconds"],
            )
        if response.status == 404:
            raise CliError(
                f"no package manager answers at {response.url}",
                details=[self._address_source],
                hints=["this cluster may have no package manager: dcos-installer upgrade INVENTORY brings it"],
            )
        raise CliError(f"{response.url} answered {response.status}: {response.complaint() or 'nothing'}")


def _named(name: str, version: str | None) -> dict[str, Any]:
    return {"packageName": name} | ({"packageVersion": version} if version else {})


def _change_of(app_id: str, version: str | None, options: Options, *, replace: bool) -> dict[str, Any]:
    body = {"appId": app_id, "options": dict(options), "replace": replace}
    return body | ({"packageVersion": version} if version else {})


def _object(response: Response) -> Mapping[str, Any]:
    try:
        body = response.json()
    except NotJson:
        raise _not_cosmos(response) from None
    if not isinstance(body, dict):
        raise _not_cosmos(response)
    return body


def _items(response: Response, key: str) -> list[Mapping[str, Any]]:
    items = _object(response).get(key)
    if isinstance(items, list) and all(isinstance(item, dict) for item in items):
        return items
    raise _not_cosmos(response)


def _not_cosmos(response: Response) -> CliError:
    return CliError(
        f"{response.url} does not answer as a package manager does: {response.text()[:200] or 'an empty answer'}"
    )
