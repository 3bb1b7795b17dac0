"""Clients' changes: apps created, changed, restarted and removed, tasks killed, deployments undone or dropped. Each
method either changes the state or raises.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec

from dcos_runtime.core.frozen import Now
from dcos_runtime.marathon.core import app as apps
from dcos_runtime.marathon.core import definition, ids, limits, taskinfo
from dcos_runtime.marathon.core import deployment as deployments
from dcos_runtime.marathon.core.app import App, VersionInfo
from dcos_runtime.marathon.core.deployment import Change, Deployment, plan_steps
from dcos_runtime.marathon.core.fields import MOST_PROBLEMS, Invalid
from dcos_runtime.marathon.core.instance import Instance
from dcos_runtime.marathon.core.state import State
from dcos_runtime.marathon.core.tasks import Tasks
from dcos_runtime.marathon.core.timing import DelayOver
from dcos_runtime.wire.quoting import shown


class NotFound(Exception):
    """There is no app, group, task or deployment of this name."""


class Conflict(Exception):
    """An app or group of this id exists already."""


class Locked(Exception):
    """Deployments under way concern the same apps."""

    def __init__(self, deployment_ids: Sequence[str]) -> None:
        super().__init__(
            "App is locked by one or more deployments. Override with the option '?force=true'. "
            "View details at '/v2/deployments/<DEPLOYMENT_ID>'."
        )
        self.deployment_ids = list(deployment_ids)


class TooManyDeployments(Exception):
    """The limit of simultaneous deployments is reached."""


def no_app(app_id: str, version: str | None = None) -> NotFound:
    return NotFound(f"App '{shown(app_id, 300)}' does not exist" + (f" in version {shown(version)}" if version else ""))


class Changes:
    """Carries out clients' changes on the state."""

    def __init__(self, state: State, tasks: Tasks) -> None:
        self._state = state
        self._tasks = tasks

    # --- apps ---

    def app(self, app_id: str) -> App:
        """The app as clients see it. Raises `NotFound`."""
        app_state = self._state.apps.get(app_id)
        if app_state is None or app_state.current is None:
            raise no_app(app_id)
        return app_state.current

    def create(self, data: Mapping[str, Any], force: bool, now: Now) -> tuple[App, Deployment]:
        """Raises `Invalid`, `Conflict`, `Locked`."""
        app = definition.complete(data, None, self._state.settings.rules)
        if self._current(app.id) is not None:
            raise Conflict(f"An app with id [{app.id}] already exists.")
        deployment = self._deploy({app.id: app}, force, now)
        return self.app(app.id), deployment

    def update(
        self, app_id: str, data: Mapping[str, Any], *, partial: bool, may_create: bool, force: bool, now: Now
    ) -> tuple[Deployment, bool]:
        """The deployment, and whether the app is new. Raises `Invalid`, `NotFound`, `Locked`."""
        new = self._current(app_id) is None
        target = self._target(app_id, data, partial=partial, may_create=may_create)
        return self._deploy({app_id: target}, force, now), new

    def update_many(
        self, items: Sequence[Mapping[str, Any]], *, partial: bool, may_create: bool, force: bool, now: Now
    ) -> Deployment:
        """All of them in one deployment, in the order of their dependencies. Raises the errors of `update`."""
        targets: dict[str, App | None] = {}
        problems: dict[str, list[str]] = {}
        if len(items) > limits.MAX_APPS_AT_ONCE:
            text = f"{len(items)} apps are more than the {limits.MAX_APPS_AT_ONCE} that one request may change"
            raise Invalid({"/": [text]})
        for index, item in enumerate(items):
            if len(problems) >= MOST_PROBLEMS:
                break
            given = item.get("id")
            if not isinstance(given, str):
                problems[f"({index})/id"] = ["App Update must have app id set"]
                continue
            app_id = ids.absolute(given)
            try:
                targets[app_id] = self._target(app_id, item, partial=partial, may_create=may_create)
            except Invalid as error:
                problems.update({f"({index}){path}": texts for path, texts in error.details.items()})
        if problems:
            raise Invalid(problems)
        return self._deploy(targets, force, now)

    def delete(self, app_id: str, force: bool, now: Now) -> Deployment:
        self.app(app_id)
        return self._deploy({app_id: None}, force, now)

    def restart(self, app_id: str, force: bool, now: Now) -> Deployment:
        """Replaces every instance, as an update would."""
        return self._deploy({app_id: self.app(app_id)}, force, now, restart=True)

    def reset_delay(self, app_id: str) -> None:
        """Ends the backoff of a waiting app. Raises `NotFound` when the app does not wait."""
        app_state = self._state.apps.get(app_id)
        if app_state is None or app_state.current is None or not app_state.scheduled():
            raise NotFound(f"Application {shown(app_id, 300)} not found in tasks queue.")
        app_state.delay = None
        self._state.timers.cancel(DelayOver(app_id))
        self._state.touch((app_id,))

    # --- tasks ---

    def kill(self, instances: Collection[Instance], wipe: bool, now: Now) -> None:
        """Kills these tasks; others replace them, with ``wipe`` under new instance ids."""
        for instance in instances:
            found = self._state.instance(instance.id)
            if found is not None:
                (self._tasks.decommission if wipe else self._tasks.kill)(*found, now)

    def kill_and_scale(self, instances: Collection[Instance], force: bool, now: Now) -> Deployment:
        """Ends these instances, and lowers the instance counts of their apps. Raises `Locked`."""
        by_app: dict[str, list[str]] = {}
        for instance in instances:
            if instance.has_task and not instance.to_kill:
                by_app.setdefault(instance.app_id, []).append(instance.id)
        targets: dict[str, App | None] = {}
        for app_id, doomed in by_app.items():
            app = self.app(app_id)
            targets[app_id] = msgspec.structs.replace(app, instances=max(0, app.instances - len(doomed)))
        return self._deploy(targets, force, now, kill=by_app)

    # --- deployments ---

    def cancel(self, deployment_id: str, force: bool, now: Now) -> Deployment | None:
        """Undoes a deployment by a new one; with ``force`` only ends it. Raises `NotFound`."""
        deployment = self._state.deployments.get(deployment_id)
        if deployment is None:
            raise NotFound(f"DeploymentPlan {shown(deployment_id)} does not exist")
        if force:
            self._end(deployment, "The deployment has been cancelled", (), now)
            return None
        targets = {change.app: self._before(change) for change in deployment.changes}
        return self._deploy(targets, True, now, undo=True)

    def _before(self, change: Change) -> App | None:
        app_state = self._state.apps.get(change.app)
        return app_state.versions.get(change.before) if app_state is not None and change.before is not None else None

    def _end(self, deployment: Deployment, reason: str, kept: Collection[str], now: Now) -> None:
        """Drops a deployment. Apps that it was removing are removed at once, unless ``kept``."""
        state = self._state
        plan = state.plan(deployment)
        state.forget_deployment(deployment)
        for change in deployment.changes:
            if change.after is None and change.app not in kept and change.app in state.apps:
                state.forget_app(state.apps[change.app])
        state.publish(now, "deployment_failed", id=deployment.id, plan=plan, reason=reason)

    # --- how a change becomes a deployment ---

    def _current(self, app_id: str) -> App | None:
        app_state = self._state.apps.get(app_id)
        return app_state.current if app_state is not None else None

    def _target(self, app_id: str, data: Mapping[str, Any], *, partial: bool, may_create: bool) -> App:
        rules = self._state.settings.rules
        existing = self._current(app_id)
        if existing is None and not may_create:
            raise no_app(app_id)
        if existing is None or not partial:
            return definition.complete(data, app_id, rules)
        given = {key for key, value in data.items() if value is not None and key != "id"}
        if "version" not in given:
            return definition.merged(existing, data, rules)
        if given != {"version"}:
            raise Invalid({"/version": ["The 'version' field may only be combined with the 'id' field."]})
        previous = self._state.apps[app_id].versions.get(str(data["version"]))
        if previous is None:
            raise no_app(app_id, str(data["version"]))
        return previous

    def _deploy(
        self,
        targets: Mapping[str, App | None],
        force: bool,
        now: Now,
        *,
        restart: bool = False,
        undo: bool = False,
        kill: Mapping[str, list[str]] | None = None,
    ) -> Deployment:
        """Takes over the target definitions under a new version and begins the deployment. Unchanged apps are left out,
        except with ``restart``. ``undo``: instances that already have the target's configuration are not replaced.
        """
        state = self._state
        version = ids.next_version(now.wall, self._newest_version())
        before: dict[str, App | None] = {}
        after: dict[str, App | None] = {}
        for app_id, target in self._with_ports(targets).items():
            current = self._current(app_id)
            if target is None and current is None:
                continue
            asked = restart or undo or kill
            if (
                not asked
                and target is not None
                and current is not None
                and target.unversioned() == current.unversioned()
            ):
                continue
            before[app_id] = current
            after[app_id] = None if target is None else _versioned(target, current, version, restart, undo)
        steps = plan_steps(before, after)
        deployment = Deployment(
            id=state.source.uuid(),
            version=version,
            changes=[
                Change(
                    app=app_id,
                    before=_version_of(before[app_id]),
                    after=_version_of(after[app_id]),
                    kill=(kill or {}).get(app_id, []),
                )
                for app_id in after
            ],
            steps=steps,
        )
        if not after:
            return deployment
        self._check_sizes(deployment, after)
        self._make_room(deployment, force, now)
        for app_id, app in after.items():
            if app is not None:
                state.save_app(app)
            else:
                state.app(app_id).current = None
            state.publish(now, "group_change_success", groupId=ids.group(app_id), version=version)
        state.save_deployment(deployment)
        state.forget_former(limits.MAX_STORED)
        step = deployments.step_json(deployment.current)
        state.publish(now, "deployment_info", plan=state.plan(deployment), currentStep=step)
        return deployment

    def _check_sizes(self, deployment: Deployment, after: Mapping[str, App | None]) -> None:
        """Raises `Invalid` for definitions that the store would refuse, or that would fill it up."""
        state = self._state
        sizes = {app_id: len(apps.encode(app)) for app_id, app in after.items() if app is not None}
        for app in after.values():
            if app is not None and (problem := limits.too_large(app) or taskinfo.too_large(app)):
                raise Invalid({"/": [f"{app.id}: {problem}"]})
        limits.at_once(sizes)
        limits.deployment(len(deployments.encode(deployment)), len(after))
        before = state.current_size()
        limits.in_all(before + sum(size - state.current_size(app_id) for app_id, size in sizes.items()), before)

    def _make_room(self, deployment: Deployment, force: bool, now: Now) -> None:
        state = self._state
        conflicts = [other for other in state.deployments.values() if set(other.apps) & set(deployment.apps)]
        if conflicts and not force:
            raise Locked([other.id for other in conflicts])
        limit = state.settings.max_running_deployments
        if len(state.deployments) - len(conflicts) >= limit:
            raise TooManyDeployments(f"Max number ({limit}) of running deployments is achieved. Wait for some to end.")
        for other in conflicts:
            self._end(other, f"superseded by deployment {deployment.id}", deployment.apps, now)

    def _with_ports(self, targets: Mapping[str, App | None]) -> dict[str, App | None]:
        state = self._state
        taken = {
            port
            for app_state in state.apps.values()
            if app_state.id not in targets and app_state.current is not None
            for port in app_state.current.service_ports
        }
        result: dict[str, App | None] = {}
        for app_id, target in targets.items():
            if target is not None:
                target = definition.with_service_ports(target, self._current(app_id), taken, state.settings.rules)
                taken.update(target.service_ports)
            result[app_id] = target
        return result

    def _newest_version(self) -> str:
        return max((version for app_state in self._state.apps.values() for version in app_state.versions), default="")


def _versioned(target: App, current: App | None, version: str, restart: bool, undo: bool) -> App:
    """``target`` under the new version; its configuration's version stays when only the number of instances changes."""
    if undo:
        config = target.config_version
    elif current is not None and not restart and target.same_config(current):
        config = current.config_version
    else:
        config = version
    info = VersionInfo(last_scaling_at=version, last_config_change_at=config)
    return msgspec.structs.replace(target, version=version, version_info=info)


def _version_of(app: App | None) -> str | None:
    return None if app is None else app.version
