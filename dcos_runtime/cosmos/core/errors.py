"""Cosmos' errors: ``{"type", "message", "data"}``; clients tell them apart by ``type`` and look into ``data``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dcos_runtime.wire.quoting import shown


class CosmosError(Exception):
    """An error response. ``type`` is Cosmos' own word."""

    def __init__(
        self,
        type: str,
        message: str,
        data: Mapping[str, Any] | None = None,
        *,
        status: int = 400,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.type = type
        self.message = message
        self.data = None if data is None else dict(data)
        self.status = status
        self.headers = dict(headers or {})

    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = {"type": self.type, "message": self.message}
        if self.data is not None:
            body["data"] = self.data
        return body


# --- packages --------------------------------------------------------------------------------------------------------


def package_not_found(name: str) -> CosmosError:
    return CosmosError("PackageNotFound", f"Package [{shown(name)}] not found", {"packageName": name})


def version_not_found(name: str, version: str) -> CosmosError:
    text = f"Version [{shown(version)}] of package [{shown(name)}] not found"
    return CosmosError("VersionNotFound", text, {"packageName": name, "packageVersion": version})


def no_template(name: str, version: str) -> CosmosError:
    text = f"Package: [{name}] version: [{version}] does not have a Marathon template defined and can not be rendered"
    return CosmosError("ServiceMarathonTemplateNotFound", text, {"packageName": name, "packageVersion": version})


def options_not_allowed() -> CosmosError:
    return CosmosError("OptionsNotAllowed", "No schema available to validate the provided options")


def options_mismatch(errors: Sequence[Mapping[str, Any]]) -> CosmosError:
    return CosmosError("JsonSchemaMismatch", "Options JSON failed validation", {"errors": list(errors)})


def template_wrong(message: str) -> CosmosError:
    """A template cannot be read, or its result is not an app."""
    return CosmosError("MarathonTemplateMustBeJsonObject", message)


def not_convertible() -> CosmosError:
    text = "A v4 package cannot be converted into a v2 DescribeResponse"
    return CosmosError("ConversionFromPackageToV2DescribeResponse", text)


# --- what is installed -----------------------------------------------------------------------------------------------


def already_installed() -> CosmosError:
    return CosmosError("PackageAlreadyInstalled", "Package is already installed", {}, status=409)


def id_taken(app: str, package: str | None) -> CosmosError:
    """Cosmos says `PackageAlreadyInstalled` of any app; here that is said of the same package only."""
    whose = f"the package [{shown(package)}]" if package else "an app that is of no package"
    data = {"appId": app, **({"packageName": package} if package else {})}
    return CosmosError("AppIdTaken", f"The id [{shown(app)}] is that of {whose}", data, status=409)


def already_started() -> CosmosError:
    return CosmosError("ServiceAlreadyStarted", "The DC/OS service has already been started", {}, status=409)


def not_installed(name: str) -> CosmosError:
    return CosmosError("PackageNotInstalled", f"Package [{shown(name)}] is not installed", {"packageName": name})


def not_installed_as(name: str, app: str) -> CosmosError:
    text = f"Package [{shown(name)}] with id [{shown(app)}] is not installed"
    return CosmosError("UninstallNonExistentAppForPackage", text, {"packageName": name, "appId": app})


def ambiguous(name: str, apps: Iterable[str]) -> CosmosError:
    ids = list(apps)
    text = f"Multiple apps named [{name}] are installed: [{', '.join(ids)}]"
    return CosmosError("AmbiguousAppId", text, {"packageName": name, "appIds": ids})


def several_frameworks(name: str, version: str | None, framework: str, ids: Sequence[str]) -> CosmosError:
    which = f"[{name}]" if version is None else f"[{name}] version [{version}]"
    text = (
        f"Uninstalled package {which}\nUnable to shutdown [{name}] service framework with name [{framework}] "
        f"because there are multiple framework ids matching this name: [{', '.join(ids)}]"
    )
    data: dict[str, Any] = {"packageName": name, "frameworkName": framework, "ids": list(ids)}
    return CosmosError("MultipleFrameworkIds", text, data if version is None else {**data, "packageVersion": version})


def incomplete(name: str, why: str) -> CosmosError:
    text = f"Incomplete uninstall of package [{name}] due to Mesos unavailability: {why}; it goes on by itself"
    return CosmosError("IncompleteUninstall", text, {"packageName": name}, status=503, headers={"Retry-After": "5"})


def uninstall_not_started(app: str, why: str) -> CosmosError:
    text = f"Failed to start an uninstall for the service '{app}': {why}"
    return CosmosError("FailedToStartUninstall", text, {"appId": app, "explanation": why})


def app_not_found(app: str) -> CosmosError:
    text = f"Unable to locate service with marathon appId: '{shown(app)}'"
    return CosmosError("MarathonAppNotFound", text, {"appId": app})


def busy(app: str, what: str) -> CosmosError:
    text = f"The service '{app}' is {what}; try again when that is done"
    return CosmosError("ConcurrentAccess", text, {"appId": app}, status=409)


def app_id_changed(new: str, old: str) -> CosmosError:
    text = f"The new appId {new} must be equal to the old appId {old}"
    return CosmosError("AppIdChanged", text, {"newAppId": new, "oldAppId": old})


def options_not_stored() -> CosmosError:
    return CosmosError("OptionsNotStored", "The options of the current service were not stored")


def no_such_way(current: str, wanted: str, ways: Sequence[str]) -> CosmosError:
    text = f"Version [{shown(wanted)}] does not take the place of [{current}]"
    text += f"; these do: [{', '.join(ways)}]" if ways else "; no version of the repositories does"
    data = {"currentVersion": current, "updateVersion": wanted, "validVersions": list(ways)}
    return CosmosError("BadVersionUpdate", text, data)


# --- repositories ----------------------------------------------------------------------------------------------------


def repository_present(name: str | None, uri: str | None) -> CosmosError:
    if name is not None and uri is not None:
        text = f"Repository name [{name}] and URI [{uri}] are both already present in the list"
    elif name is not None:
        text = f"Repository name [{name}] is already present in the list"
    else:
        text = f"Repository URI [{uri}] is already present in the list"
    return CosmosError("RepositoryAlreadyPresent", text, _name_or_uri(name, uri))


def repository_missing(name: str | None, uri: str | None) -> CosmosError:
    if name is not None and uri is not None:
        text = f"Neither repository name [{shown(name)}] nor URI [{shown(uri)}] are present in the list"
    elif name is not None:
        text = f"Repository name [{shown(name)}] is not present in the list"
    else:
        text = f"Repository URI [{shown(uri or '')}] is not present in the list"
    return CosmosError("RepositoryNotPresent", text, _name_or_uri(name, uri))


def _name_or_uri(name: str | None, uri: str | None) -> dict[str, str]:
    return {key: value for key, value in (("name", name), ("uri", uri)) if value is not None}


def index_out_of_bounds(attempted: int, most: int) -> CosmosError:
    suggestion = "can be at most 0" if most == 0 else f"must be between 0 and {most} inclusive."
    text = f"Index ({attempted}) is out of range. Index value {suggestion}"
    return CosmosError("RepositoryAddIndexOutOfBounds", text, {"attempted": attempted, "max": most})


def unsupported_uri(uri: str) -> CosmosError:
    text = f"Repository URI [{shown(uri)}] uses an unsupported scheme. Only http and https are supported"
    return CosmosError("UnsupportedRepositoryUri", text, {"uri": uri})


def uri_syntax(name: str, uri: str, why: str) -> CosmosError:
    text = f"URI for repository [{shown(name)}] has invalid syntax: {shown(uri)}"
    return CosmosError("RepositoryUriSyntax", text, {"repository": {"name": name, "uri": uri}, "cause": why})


def uri_connection(name: str, uri: str, why: str) -> CosmosError:
    text = f"Could not access data at URI for repository [{shown(name)}]: {shown(uri)}: {why}"
    return CosmosError("RepositoryUriConnection", text, {"repository": {"name": name, "uri": uri}, "cause": why})


def nameless() -> CosmosError:
    return CosmosError("RepoNameOrUriMissing", "Must specify either the name or URI of the repository")


# --- others ----------------------------------------------------------------------------------------------------------


def forbidden(destination: str, why: str) -> CosmosError:
    text = f"Unable to complete request: {shown(destination, 300)} is not fetched: {why}"
    return CosmosError(
        "Forbidden", text, {"serviceName": "ResourceProxyHandler", "destination": destination}, status=403
    )


def unreachable(destination: str, why: str) -> CosmosError:
    text = f"Could not access data at URI {shown(destination, 300)}: {why}"
    return CosmosError("EndpointUriConnection", text, {"destination": destination, "cause": why}, status=502)


def not_mirrored(destination: str, why: str) -> CosmosError:
    return CosmosError("ResourceNotMirrored", why, {"destination": destination}, status=404)


def not_stored(destination: str, why: str) -> CosmosError:
    text = f"{shown(destination, 300)} cannot be put into the cluster's store of artifacts: {why}"
    return CosmosError("ArtifactNotStored", text, {"destination": destination, "cause": why}, status=502)


def wrong_artifact(destination: str, why: str) -> CosmosError:
    text = f"{shown(destination, 300)} is not what the package means, and was not kept: {why}"
    return CosmosError("ArtifactMismatch", text, {"destination": destination, "cause": why}, status=502)


def too_large(destination: str, most: int) -> CosmosError:
    text = f"{shown(destination, 300)} is larger than {most} bytes"
    return CosmosError("ResourceTooLarge", text, {"destination": destination, "max": most}, status=502)


def service_unavailable(service: str, why: str = "") -> CosmosError:
    text = f"Unable to complete request due to service [{service}] unavailability" + (f": {why}" if why else "")
    data = {"serviceName": service}
    return CosmosError("ServiceUnavailable", text, data, status=503, headers={"Retry-After": "1"})


def marathon_bad_gateway(status: int) -> CosmosError:
    text = f"Received response status code {status} from Marathon"
    return CosmosError("MarathonBadGateway", text, {"marathonStatus": status}, status=502)


def locked(app: str, deployments: Sequence[str]) -> CosmosError:
    text = f"App [{shown(app)}] is being changed by a deployment that is not finished"
    return CosmosError("AppLocked", text, {"deployments": list(deployments)}, status=409)


def being_removed(app: str, deployments: Sequence[str]) -> CosmosError:
    text = f"Another app with the id [{shown(app)}] is still being removed"
    return CosmosError("AppBeingRemoved", text, {"deployments": list(deployments)}, status=409)


def marathon_refused(message: str, details: Any) -> CosmosError:
    return CosmosError("MarathonBadResponse", message, {"errors": details} if details is not None else None)


def manager_missing(manager: str) -> CosmosError:
    text = f"the custom manager: '{shown(manager)}', is not installed for this package"
    return CosmosError("CustomPackageManagerNotFound", text, {"managerId": manager})


def manager_failed(manager: str, status: int, content: str) -> CosmosError:
    said = shown(content, 1000)
    text = f"Custom manager [{shown(manager)}] returned error code [{status}] and response [{said}]"
    return CosmosError(
        "CustomPackageManagerError", text, {"managerId": manager, "statusCode": status, "responseContent": said}
    )


def not_valid(what: str, name: str, why: str) -> CosmosError:
    """A part of the request has the wrong form; ``what`` is ``header``, ``body`` or ``param``."""
    item = {"type": what, **({"name": name} if name else {})}
    return CosmosError(
        "not_valid", f"{what} {name}: {why}" if name else f"{what}: {why}", {"invalidItem": item, "specifics": why}
    )


def not_present(what: str, name: str) -> CosmosError:
    item = {"type": what, **({"name": name} if name else {})}
    return CosmosError("not_present", f"Item '{name or what}' not present but required", {"invalidItem": item})
