"""The init's /v2 API as the command line uses it, and its refusals as text a user can act on."""

from __future__ import annotations

import difflib
import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dcos_runtime.cli.connection.gateway import NOBODY_BEHIND, Gateways
from dcos_runtime.cli.connection.http import Http, NoResponse, NotJson, Response
from dcos_runtime.cli.errors import CliError, Unavailable
from dcos_runtime.cli.kernel.master import Master

FRAMEWORK_NAME = "marathon"

App = Mapping[str, Any]
Deployment = Mapping[str, Any]


@dataclass(frozen=True)
class AcceptedChange:
    """An accepted write. ``deployment`` carries it out; ``answer`` is the body."""

    deployment: str
    answer: Mapping[str, Any]


def find_marathon(master: Master) -> str:
    """The init's base URL: the ``webui_url`` of the connected framework named "marathon". Raises `CliError`."""
    state = master.state()
    framework = state.framework(FRAMEWORK_NAME)
    if framework is None:
        raise CliError(
            f"the master at {state.url} knows no init: no framework named {FRAMEWORK_NAME!r} is registered",
            hints=[
                "just started? it registers within some seconds: try again",
                f"on an installed cluster: systemctl status dcos-marathon; by hand: dcos-marathon --master={state.url}",
            ],
        )
    if not framework.webui_url:
        raise CliError(
            f"the init registered with the master at {state.url} without saying where it answers (no webui_url)"
        )
    return framework.webui_url.rstrip("/")


def app_path(app_id: str) -> str:
    """``web`` and ``/web`` mean the same app."""
    return "/" + app_id.strip().strip("/")


def task_prefix(app_id: str) -> str:
    """The prefix of the ids of an app's tasks: ``/a/b`` runs as ``a_b.<instance>``."""
    return app_path(app_id)[1:].replace("/", "_") + "."


class Marathon:
    """Reads and writes. Every method raises `CliError`."""

    def __init__(self, http: Http | Gateways, url: str, *, address_source: str) -> None:
        self._http = http
        self._address_source = address_source
        self.url = url

    def apps(self) -> list[App]:
        return _items(self._read("/v2/apps"), "apps")

    def app(self, app_id: str, version: str | None = None) -> App:
        """One app with its tasks; of another version, its definition only."""
        suffix = "" if version is None else f"/versions/{urllib.parse.quote(version, safe='')}"
        response = self._request("GET", _app_url(app_id) + suffix)
        self._known(response, app_id)
        answer = _object(response)
        app = answer.get("app", answer)
        if not isinstance(app, dict):
            raise _not_an_init(response)
        return app

    def add(self, app: Any) -> AcceptedChange:
        return self._change(self._request("POST", "/v2/apps", body=app))

    def update(self, app_id: str, changes: Mapping[str, Any], *, force: bool) -> AcceptedChange:
        # Asked first: a PUT of an unknown app would create one.
        self._known(self._request("GET", _app_url(app_id)), app_id)
        return self._write("PUT", app_id, _app_url(app_id), force=force, body=dict(changes))

    def restart(self, app_id: str, *, force: bool) -> AcceptedChange:
        return self._write("POST", app_id, _app_url(app_id) + "/restart", force=force)

    def remove(self, app_id: str, *, force: bool) -> AcceptedChange:
        return self._write("DELETE", app_id, _app_url(app_id), force=force)

    def deployments(self) -> list[Deployment]:
        return _items(self._read("/v2/deployments"), None)

    def stop_deployment(self, deployment_id: str, *, force: bool) -> AcceptedChange | None:
        """Undoes it by another deployment; with ``force`` only ends it, and returns None."""
        query = "?force=true" if force else ""
        response = self._request("DELETE", f"/v2/deployments/{urllib.parse.quote(deployment_id, safe='')}{query}")
        if response.status == 404:
            raise CliError(
                f"no deployment {deployment_id} is running",
                details=[f"running: {deployment['id']}" for deployment in self.deployments()],
                hints=["it may be finished: dcos marathon app list"],
            )
        return None if force and response.status == 202 else self._change(response)

    def tasks(self, app_id: str | None = None) -> list[Mapping[str, Any]]:
        """All of them, or one app's."""
        if app_id is None:
            return _items(self._read("/v2/tasks"), "tasks")
        response = self._request("GET", _app_url(app_id) + "/tasks")
        self._known(response, app_id)
        return _items(response, "tasks")

    def queue(self) -> dict[str, Mapping[str, Any]]:
        """The apps that wait to be launched, by id."""
        items = _items(self._read("/v2/queue"), "queue")
        return {str((item.get("app") or item.get("pod") or {}).get("id", "")): item for item in items}

    def info(self) -> Mapping[str, Any]:
        return _object(self._read("/v2/info"))

    def ping(self) -> str:
        return self._read("/ping").text()

    def _write(self, method: str, app_id: str, path: str, *, force: bool, body: Any = None) -> AcceptedChange:
        response = self._request(method, path + ("?force=true" if force else ""), body=body)
        self._known(response, app_id)
        return self._change(response)

    def _known(self, response: Response, app_id: str) -> None:
        """Raises when the app (or version) does not exist; the text names those with a similar id."""
        if response.status != 404:
            self._check(response)
            return
        known = [str(app.get("id", "")) for app in self.apps()]
        wanted = app_path(app_id)
        if wanted in known:
            raise CliError(response.complaint() or f"{response.url} answered 404")
        near = difflib.get_close_matches(wanted, known, n=3, cutoff=0.6)
        near += [one for one in known if one.endswith(wanted) and one not in near][:3]
        raise CliError(
            f"app {wanted} does not exist",
            hints=[f"did you mean {', '.join(near)}?"] if near else ["dcos marathon app list shows which do"],
        )

    def _read(self, path: str) -> Response:
        response = self._request("GET", path)
        self._check(response)
        return response

    def _request(self, method: str, path: str, body: Any = None) -> Response:
        try:
            return self._http.request(method, self.url + path, body)
        except NoResponse as error:
            raise Unavailable(
                f"cannot reach the init at {self.url}: {error}",
                details=[self._address_source],
                hints=["is it running, and is its port open for this machine?", f"curl {self.url}/ping"],
            ) from error

    def _check(self, response: Response) -> None:
        if response.status not in (200, 201, 202):
            raise _refusal(response)

    def _change(self, response: Response) -> AcceptedChange:
        self._check(response)
        answer = _object(response)
        deployment = response.headers.get("Marathon-Deployment-Id") or answer.get("deploymentId")
        if not deployment and answer.get("deployments"):
            deployment = answer["deployments"][0].get("id")
        if not isinstance(deployment, str):
            raise CliError(f"{response.url} accepted the change without naming its deployment: {response.text()[:200]}")
        return AcceptedChange(deployment, answer)


def _app_url(app_id: str) -> str:
    path = app_path(app_id)
    if path == "/":
        raise CliError("an app id must have a name", hints=["dcos marathon app list shows those that exist"])
    return "/v2/apps" + urllib.parse.quote(path)


def _refusal(response: Response) -> CliError:
    """An error response as text: 409 with the conflicting deployments, 422 with every fault on a line of its own."""
    message = response.complaint()
    body = _body(response)
    if response.status == 409 and body.get("deployments"):
        ids = [str(one.get("id", one)) if isinstance(one, dict) else str(one) for one in body["deployments"]]
        return CliError(
            "the app is locked by a deployment that is still running",
            details=[f"deployment {one}" for one in ids],
            hints=[
                f"wait for it: dcos marathon deployment watch {ids[0]}",
                "or override it: the same command with --force",
            ],
        )
    if response.status == 409:
        return CliError(message or "the init refuses: conflict", hints=_exists_hints(message))
    if response.status in (400, 422):
        return CliError(f"the init refuses this: {message or response.status}", details=_faults(body.get("details")))
    if response.status == 403:
        return CliError(f"the init refuses: {message or 'forbidden'}")
    if response.status in NOBODY_BEHIND:
        return Unavailable(
            f"the init cannot answer now: {response.url} answered {response.status}: {message or 'nothing'}",
            hints=["try again in some seconds"],
        )
    return CliError(f"{response.url} answered {response.status}: {message or 'nothing'}")


def _exists_hints(message: str) -> Sequence[str]:
    return ["change it with: dcos marathon app update ID < FILE"] if "already exists" in message else []


def _faults(details: Any) -> list[str]:
    """``[{"path": "/cpus", "errors": ["must be positive"]}]`` as ``/cpus: must be positive``; a plain text as it is."""
    if isinstance(details, str):
        return [details]
    lines = []
    for detail in details if isinstance(details, list) else []:
        if not isinstance(detail, dict):
            lines.append(str(detail))
            continue
        errors = detail.get("errors", [])
        path = detail.get("path") or detail.get("attribute") or "/"
        lines += [f"{path}: {error}" for error in (errors if isinstance(errors, list) else [errors])]
    return lines


def _body(response: Response) -> Mapping[str, Any]:
    try:
        body = response.json()
    except NotJson:
        return {}
    return body if isinstance(body, dict) else {}


def _object(response: Response) -> Mapping[str, Any]:
    body = _body(response)
    if not body:
        raise _not_an_init(response)
    return body


def _items(response: Response, key: str | None) -> list[Mapping[str, Any]]:
    try:
        body = response.json()
        items = body if key is None else body[key]
        if isinstance(items, list) and all(isinstance(item, dict) for item in items):
            return items
    except (NotJson, KeyError, TypeError):
        pass
    raise _not_an_init(response)


def _not_an_init(response: Response) -> CliError:
    return CliError(f"{response.url} does not answer as the init does: {response.text()[:200] or 'an empty answer'}")
