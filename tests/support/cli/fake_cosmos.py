"""A pretended package manager: Cosmos' API over packages that a test defines, for tests of the command line."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

from aiohttp import web

from dcos_runtime.cosmos.core import shown
from tests.support.cli.asked import Asked

ERROR = "application/vnd.dcos.package.error+json;charset=utf-8;version=v1"


def definition(name: str, version: str, *, app: bool = True, **more: Any) -> dict[str, Any]:
    """A package in the form of describe. Its app has the option ``greeting``."""
    template = '{"id": "/NAME", "cmd": "echo {{greeting}} VERSION"}'.replace("NAME", name).replace("VERSION", version)
    encoded = base64.b64encode(template.encode()).decode()
    return {
        "packagingVersion": "4.0",
        "name": name,
        "version": version,
        "maintainer": "ops@example.test",
        "description": f"The package {name}\nwith a second line",
        "tags": ["test"],
        "selected": True,
        "framework": False,
        "config": {"properties": {"greeting": {"type": "string", "default": "hello"}}},
        **({"marathon": {"v2AppMustacheTemplate": encoded}} if app else {}),
        **more,
    }


class FakeCosmos:
    """``packages`` in the order of their revisions; ``apps`` are the pretended init's."""

    def __init__(self, apps: dict[str, dict[str, Any]]) -> None:
        self.apps = apps
        self.packages: list[dict[str, Any]] = []
        self.repositories: list[dict[str, Any]] = [{"name": "Universe", "uri": "https://universe.example.test/repo"}]
        self.installed: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
        self.asked: list[Asked] = []
        self.refuse: dict[str, tuple[int, dict[str, Any]]] = {}
        """By path: responses that replace the usual ones."""

    def answer(self, asked: Asked) -> web.Response:
        self.asked.append(asked)
        if asked.path in self.refuse:
            status, error = self.refuse[asked.path]
            return web.Response(status=status, text=json.dumps(error), headers={"Content-Type": ERROR})
        operation = asked.path.strip("/").replace("/", ".")
        wanted = f"application/vnd.dcos.{operation}-request+json;charset=utf-8;version=v1"
        if asked.method != "POST" or asked.headers.get("Content-Type") != wanted:
            return web.Response(status=400, text=f"{asked.method} {asked.headers.get('Content-Type')}")
        accept = asked.headers.get("Accept", "")
        if not re.fullmatch(rf"application/vnd\.dcos\.{operation}-response\+json;charset=utf-8;version=v[123]", accept):
            return web.Response(status=400, text=accept)
        made = getattr(self, "_" + operation.replace(".", "_").replace("-", "_"), None)
        if made is None:
            return web.Response(status=404)
        body = made(asked.body)
        if "type" in body and "message" in body:
            return web.Response(status=400, text=json.dumps(body), headers={"Content-Type": ERROR})
        return web.Response(text=json.dumps(body), headers={"Content-Type": accept})

    def _found(self, body: dict[str, Any]) -> dict[str, Any] | None:
        ones = [one for one in self.packages if one["name"] == body["packageName"]]
        wanted = body.get("packageVersion")
        ones = [one for one in ones if wanted is None or one["version"] == wanted]
        return ones[-1] if ones else None

    def _package_search(self, body: dict[str, Any]) -> dict[str, Any]:
        newest = {one["name"]: one for one in self.packages if body.get("query", "") in one["name"]}
        kept = ("name", "description", "tags", "selected", "framework")
        return {
            "packages": [
                {**{key: one[key] for key in kept}, "currentVersion": one["version"], "versions": {}}
                for one in newest.values()
            ]
        }

    def _package_describe(self, body: dict[str, Any]) -> dict[str, Any]:
        found = self._found(body)
        if found is None:
            return {"type": "PackageNotFound", "message": f"Package [{body['packageName']}] not found", "data": {}}
        return {"package": found}

    def _package_list_versions(self, body: dict[str, Any]) -> dict[str, Any]:
        ones = [one for one in self.packages if one["name"] == body["packageName"]]
        return {"results": {one["version"]: str(number) for number, one in enumerate(ones)}}

    def _rendered(self, body: dict[str, Any]) -> dict[str, Any]:
        found = self._found(body)
        assert found is not None
        text = base64.b64decode(found["marathon"]["v2AppMustacheTemplate"]).decode()
        app: dict[str, Any] = json.loads(text.replace("{{greeting}}", body.get("options", {}).get("greeting", "hello")))
        app["labels"] = {"DCOS_PACKAGE_NAME": found["name"], "DCOS_PACKAGE_DEFINITION": "x" * 1000}
        return app | ({"id": body["appId"]} if body.get("appId") else {})

    def _package_render(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"marathonJson": self._rendered(body)}

    def _package_install(self, body: dict[str, Any]) -> dict[str, Any]:
        found = self._found(body)
        assert found is not None
        app = self._rendered(body)
        task = {"id": f"{app['id'][1:]}.instance-1._app.1", "host": "a1"}
        self.apps[app["id"]] = {**app, "instances": 1, "tasksRunning": 1, "deployments": [], "tasks": [task]}
        self.installed[app["id"]] = (found, body.get("options", {}))
        notes = {"postInstallNotes": found["postInstallNotes"]} if "postInstallNotes" in found else {}
        return {"packageName": found["name"], "packageVersion": found["version"], "appId": app["id"], **notes}

    def _package_list(self, body: dict[str, Any]) -> dict[str, Any]:
        return {
            "packages": [
                {"appId": app_id, "packageInformation": {"packageDefinition": package}}
                for app_id, (package, _) in self.installed.items()
                if body.get("packageName") in (None, package["name"]) and body.get("appId") in (None, app_id)
            ]
        }

    def _package_uninstall(self, body: dict[str, Any]) -> dict[str, Any]:
        ones = [app_id for app_id, (package, _) in self.installed.items() if package["name"] == body["packageName"]]
        ones = [one for one in ones if body.get("appId") in (None, one)]
        if len(ones) > 1 and not body.get("all"):
            data = {"packageName": body["packageName"], "appIds": ones}
            return {"type": "AmbiguousAppId", "message": "Multiple apps named [hello] are installed", "data": data}
        results = []
        for one in ones:
            package, _ = self.installed.pop(one)
            del self.apps[one]
            results.append(
                {
                    "packageName": package["name"],
                    "packageVersion": package["version"],
                    "appId": one,
                    "postUninstallNotes": package.get("postUninstallNotes"),
                    **({"underWay": "wait"} if package.get("framework") else {}),
                }
            )
        return {"results": results}

    def _package_repository_list(self, _body: dict[str, Any]) -> dict[str, Any]:
        return {"repositories": self.repositories}

    def _package_repository_add(self, body: dict[str, Any]) -> dict[str, Any]:
        self.repositories.insert(body.get("index", len(self.repositories)), {"name": body["name"], "uri": body["uri"]})
        return {"repositories": self.repositories}

    def _package_repository_delete(self, body: dict[str, Any]) -> dict[str, Any]:
        self.repositories = [one for one in self.repositories if one["name"] != body["name"]]
        return {"repositories": self.repositories}

    def _service_describe(self, body: dict[str, Any]) -> dict[str, Any]:
        package, options = self.installed[body["appId"]]
        ones = [one["version"] for one in self.packages if one["name"] == package["name"]]
        at = ones.index(package["version"])
        return {
            "package": package,
            "upgradesTo": ones[at + 1 :],
            "downgradesTo": ones[:at],
            "resolvedOptions": {"greeting": "hello", **options},
            "userProvidedOptions": options,
        }

    def _service_plan(self, body: dict[str, Any]) -> dict[str, Any]:
        package, options = self.installed[body["appId"]]
        chosen = {**({} if body["replace"] else options), **body["options"]}
        version = body.get("packageVersion", package["version"])
        after = self._rendered(
            {"packageName": package["name"], "packageVersion": version, "options": chosen, "appId": body["appId"]}
        )
        return {"marathonJson": after, "changes": shown.changes(self.apps[body["appId"]], after)}

    def _service_update(self, body: dict[str, Any]) -> dict[str, Any]:
        package, options = self.installed[body["appId"]]
        found = self._found({"packageName": package["name"], "packageVersion": body.get("packageVersion")})
        assert found is not None
        after = found if body.get("packageVersion") else package
        kept = {} if body["replace"] else options
        self.installed[body["appId"]] = (after, {**kept, **body["options"]})
        return {"package": after, "resolvedOptions": {}, "marathonDeploymentId": "D7"}
