"""Requests of clients in the form of `/v2`: reads bodies, makes or refuses changes, writes responses."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec

from dcos_runtime.core.frozen import Now, Reply
from dcos_runtime.marathon.core import app as apps
from dcos_runtime.marathon.core import events, ids, shown
from dcos_runtime.marathon.core.app import App
from dcos_runtime.marathon.core.app_state import AppState
from dcos_runtime.marathon.core.changes import Changes, Conflict, Locked, NotFound, TooManyDeployments
from dcos_runtime.marathon.core.deployment import Deployment
from dcos_runtime.marathon.core.events import ClientRequest
from dcos_runtime.marathon.core.fields import Invalid
from dcos_runtime.marathon.core.instance import Instance
from dcos_runtime.marathon.core.state import State
from dcos_runtime.wire import codec, quoting

DEPLOYMENT_HEADER = "Marathon-Deployment-Id"
JSON = "application/json"

MAX_KILLED = 10_000
"""The most tasks that one request may kill."""


class BadRequest(Exception):
    """The request is invalid: 400, or another ``status``."""

    def __init__(self, message: str, details: Sequence[Mapping[str, Any]] = (), status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.details = list(details)
        self.status = status


def refusal(error: Exception) -> tuple[int, dict[str, Any]] | None:
    """Status and body of the response to this error; ``None`` if the error is not a refusal."""
    match error:
        case Invalid():
            details = [{"path": path, "errors": errors} for path, errors in error.details.items()]
            return 422, {"message": "Object is not valid", "details": details}
        case BadRequest():
            return error.status, _said(error.message) | ({"details": error.details} if error.details else {})
        case Locked():
            deployments = [{"id": deployment_id} for deployment_id in error.deployment_ids]
            return 409, _said(str(error)) | {"deployments": deployments}
        case NotFound():
            return 404, _said(str(error))
        case Conflict():
            return 409, _said(str(error))
        case TooManyDeployments():
            return 403, _said(str(error))
    return None


def _said(message: str) -> dict[str, Any]:
    return {"message": quoting.bounded(message)}


class Requests:
    """Each request either changes the state and is answered once that is stored, or changes nothing."""

    def __init__(self, state: State, changes: Changes) -> None:
        self._state = state
        self._changes = changes

    def handle(self, event: ClientRequest, now: Now) -> Reply | None:
        """Handles a request. Returns the response to a refused one."""
        try:
            status, body, headers = self._handle(event, now)
        except Exception as error:
            refused = refusal(error)
            if refused is None:
                raise
            return _reply(event.request, *refused)
        self._state.effect(_reply(event.request, status, body, headers))
        return None

    def _handle(self, event: ClientRequest, now: Now) -> _Answer:
        changes = self._changes
        match event:
            case events.CreateApp():
                app, deployment = changes.create(_object(event.body), event.force, now)
                self._posted(event, app, now)
                return _created(app, deployment)
            case events.UpdateApp():
                return self._update(event, now)
            case events.UpdateApps():
                items = _objects(event.body)
                return _deployed(
                    changes.update_many(
                        items, partial=event.partial, may_create=event.may_create, force=event.force, now=now
                    )
                )
            case events.DeleteApp():
                return _deployed(changes.delete(event.app_id, event.force, now))
            case events.RestartApp():
                return _deployed(changes.restart(event.app_id, event.force, now))
            case events.ResetDelay():
                changes.reset_delay(event.app_id)
                return 204, None, ()
            case events.CancelDeployment():
                undo = changes.cancel(event.deployment, event.force, now)
                return (202, None, ()) if undo is None else _deployed(undo)
            case events.KillTasks():
                app_state = self._app_state(event.app_id)
                chosen = [one for one in shown.listed(app_state) if event.host in (None, "*", one.hostname)]
                return self._kill(event, chosen, now)
            case events.KillTask():
                return self._kill(event, self._named(event), now)
            case events.KillListed():
                return self._kill(event, self._listed(event.body), now)

    def _update(self, event: events.UpdateApp, now: Now) -> _Answer:
        deployment, new = self._changes.update(
            event.app_id,
            _object(event.body),
            partial=event.partial,
            may_create=event.may_create,
            force=event.force,
            now=now,
        )
        self._posted(event, self._changes.app(event.app_id), now)
        return _deployed(deployment, 201 if new else 200, event.app_id if new else None)

    def _posted(self, event: events.CreateApp | events.UpdateApp, app: App, now: Now) -> None:
        self._state.publish(
            now, "api_post_event", clientIp=event.client, uri=event.uri, appDefinition=apps.to_json(app)
        )

    # --- tasks ---

    def _kill(
        self, event: events.KillTasks | events.KillTask | events.KillListed, chosen: Collection[Instance], now: Now
    ) -> _Answer:
        """Returns the deployment with ``scale``, else the tasks as they were."""
        if event.scale and event.wipe:
            raise BadRequest("You cannot use scale and wipe at the same time.")
        if event.scale:
            return _deployed(self._changes.kill_and_scale(chosen, event.force, now))
        tasks = [shown.task(self._state.apps[instance.app_id], instance) for instance in chosen]
        self._changes.kill(chosen, event.wipe, now)
        return 200, {"task": tasks[0]} if isinstance(event, events.KillTask) else {"tasks": tasks}, ()

    def _app_state(self, app_id: str) -> AppState:
        return self._state.apps[self._changes.app(app_id).id]

    def _named(self, event: events.KillTask) -> list[Instance]:
        app_state = self._app_state(event.app_id)
        known = ids.parse_instance(event.task)
        chosen = [one for one in shown.listed(app_state) if known is not None and one.id == known[1]]
        if not chosen:
            raise NotFound(f"Task '{quoting.shown(event.task, 300)}' does not exist")
        return chosen

    def _listed(self, body: bytes) -> list[Instance]:
        texts = _object(body).get("ids")
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise BadRequest("Invalid JSON", [{"path": "/ids", "errors": ["error.expected.jsarray"]}])
        if len(texts) > MAX_KILLED:
            raise BadRequest(f"{len(texts)} tasks are more than the {MAX_KILLED} of one request", status=422)
        chosen: dict[str, Instance] = {}
        for text in texts:
            known = ids.parse_instance(text)
            if known is None:
                raise BadRequest(f"Invalid task id '{quoting.shown(text, 300)}'.")
            if (found := self._state.instance(known[1])) is not None and found[1].has_task:
                chosen[known[1]] = found[1]
        return list(chosen.values())


# --- bodies and answers -----------------------------------------------------------------------------------------------

_Answer = tuple[int, Any, tuple[tuple[str, str], ...]]
"""Status, body (``None``: none) and headers."""


def _json(body: bytes) -> Any:
    """Raises `BadRequest` when it is not JSON."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise BadRequest("Invalid JSON", [{"path": "/", "errors": [codec.why_no_json(fault, body)]}]) from None


def not_json(request: int, body: bytes) -> Reply:
    """The response to a body that is not valid JSON."""
    try:
        _json(body)
    except BadRequest as bad:
        return _reply(request, bad.status, {"message": bad.message, "details": bad.details})
    raise AssertionError("it is JSON")


def _object(body: bytes) -> dict[str, Any]:
    data = _json(body)
    if not isinstance(data, dict):
        raise BadRequest("Invalid JSON", [{"path": "/", "errors": ["error.expected.jsobject"]}])
    return data


def _objects(body: bytes) -> list[dict[str, Any]]:
    data = _json(body)
    if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
        raise BadRequest("Invalid JSON", [{"path": "/", "errors": ["error.expected.jsarray"]}])
    return data


def _created(app: App, deployment: Deployment) -> _Answer:
    body = apps.to_json(app)
    body |= {"tasksStaged": 0, "tasksRunning": 0, "tasksHealthy": 0, "tasksUnhealthy": 0}
    body["deployments"] = [{"id": deployment.id}]
    return 201, body, ((DEPLOYMENT_HEADER, deployment.id), ("Location", app.id))


def _deployed(deployment: Deployment, status: int = 200, location: str | None = None) -> _Answer:
    headers = ((DEPLOYMENT_HEADER, deployment.id), *((("Location", location),) if location is not None else ()))
    return status, {"version": deployment.version, "deploymentId": deployment.id}, headers


def _reply(request: int, status: int, body: Any, headers: tuple[tuple[str, str], ...] = ()) -> Reply:
    return Reply(request, status, b"" if body is None else codec.encode(body), JSON, headers)
