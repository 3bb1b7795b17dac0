"""What happens to tasks: status updates, kills and their repetition, agents out of reach, failures and backoff."""

from __future__ import annotations

from dcos_runtime.core.frozen import Now
from dcos_runtime.marathon.core import ids
from dcos_runtime.marathon.core.app import App, UnreachableStrategy
from dcos_runtime.marathon.core.app_state import AppState, Delay, failure_of
from dcos_runtime.marathon.core.health import CheckRecord, Health, ignored
from dcos_runtime.marathon.core.instance import (
    ABSENT,
    ALIVE_STATES,
    LAUNCHING,
    TERMINAL_CONDITIONS,
    Condition,
    Goal,
    Instance,
    Task,
)
from dcos_runtime.marathon.core.limits import MAX_ADDRESSES
from dcos_runtime.marathon.core.state import State
from dcos_runtime.marathon.core.timing import CheckDue, Confirm, KillAgain, LookAtAbsent
from dcos_runtime.wire import calls
from dcos_runtime.wire.tasks import CheckStatusInfo, TaskState, TaskStatus

_RANK = {
    Condition.PROVISIONED: 0,
    Condition.STAGING: 1,
    Condition.STARTING: 2,
    Condition.RUNNING: 3,
    Condition.KILLING: 4,
}
_LONGEST_ADDRESS = 64
_FAILURES = ("Failed", "Error", "Dropped", "Gone", "Unknown")


class Tasks:
    """Changes instances by the updates of their tasks."""

    def __init__(self, state: State) -> None:
        self._state = state

    # --- status updates ---

    def update(self, status: TaskStatus, now: Now) -> None:
        """One status update, from the agent or the master. It is acknowledged once its changes are stored."""
        state = self._state
        instance = state.by_task.get(status.task_id.value)
        if instance is None:
            self._stray(status, status.task_id.value, now)
        else:
            app_state, before = state.app_of[instance.id], instance.condition
            if status.state in TERMINAL_CONDITIONS:
                self._publish_status(status, instance, now)
                self._ended(app_state, instance, status, now)
            elif status.state in ALIVE_STATES:
                self._alive(app_state, instance, instance.tasks[0], status, now)
                self._said_health(app_state, instance, status, now)
                if instance.condition is not before:
                    self._publish_status(status, instance, now)
        if (acknowledgement := calls.acknowledge(status)) is not None:
            state.send(acknowledgement)

    def _stray(self, status: TaskStatus, task_id: str, now: Now) -> None:
        """A task that belongs to no instance (any more): it is killed if it runs."""
        if status.state in TERMINAL_CONDITIONS:
            known = ids.parse_task(task_id)
            if known is not None:
                self._state.publish(
                    now,
                    "unknown_instance_terminated_event",
                    instanceId=known[1],
                    runSpecId=known[0],
                    condition=TERMINAL_CONDITIONS[status.state],
                )
        elif status.state in ALIVE_STATES and status.state is not TaskState.TASK_UNREACHABLE:
            self._state.send(calls.kill(task_id, status.agent_id.value if status.agent_id else None))

    def _alive(self, app_state: AppState, instance: Instance, task: Task, status: TaskStatus, now: Now) -> None:
        state = self._state
        condition = ALIVE_STATES[status.state]
        wall = now.wall
        if condition is Condition.UNREACHABLE:
            if task.condition in ABSENT:
                return
            task.condition = condition
            since = status.unreachable_time.nanoseconds / 1e9 if status.unreachable_time else wall
            instance.since = min(since, wall)
            self._changed(app_state, instance, now)
            if instance.goal is Goal.DECOMMISSIONED:
                state.forget_instance(app_state, instance)  # if the task comes back, it is a stray and is killed
            else:
                self._look_at_absent(app_state, instance, now)
            return
        if task.condition not in ABSENT and _RANK[condition] < _RANK[task.condition]:
            return  # this is the oldest unacknowledged state, and ours may be newer
        if instance.agent_id is None and status.agent_id is not None:
            instance.agent_id = status.agent_id.value
        task.ip_addresses = _addresses(status) or task.ip_addresses
        if status.check_status is not None and (result := _check_result(status.check_status)) != task.check:
            task.check = result
            state.save_instance(app_state, instance)
        if condition is task.condition:
            return
        state.timers.cancel(LookAtAbsent(instance.id))
        if condition is Condition.RUNNING:
            if task.started_at is None:
                task.started_at = status.timestamp or wall
            state.timers.cancel(Confirm(instance.id))
        task.condition = condition
        instance.since = wall
        self._changed(app_state, instance, now)
        if condition is Condition.RUNNING:
            self.start_probing(app_state, instance, now)
        if instance.to_kill and condition is not Condition.KILLING:
            self._kill_now(instance, now)

    def _ended(self, app_state: AppState, instance: Instance, status: TaskStatus, now: Now) -> None:
        """The task has ended: the instance is scheduled again, or removed if that was its goal."""
        state = self._state
        name = TERMINAL_CONDITIONS[status.state]
        if not instance.to_kill:
            if name in _FAILURES and app_state.current is not None:
                failure = failure_of(instance, status.state.value, status.message or "", now.wall)
                state.save_failure(app_state, failure)
            withdrawn = status.reason is TaskStatus.Reason.REASON_INVALID_OFFERS  # no failure
            unhealthy = status.state is TaskState.TASK_KILLED and status.healthy is False
            if unhealthy:  # its agent has ended it
                self._publish_unhealthy(app_state, instance, status.message or "", now)
            if unhealthy or (not withdrawn and status.state is not TaskState.TASK_KILLED):
                self.add_delay(app_state, instance, now)
        self._publish_change(instance, name, now)
        self.vacate(app_state, instance, now)

    def vacate(self, app_state: AppState, instance: Instance, now: Now) -> None:
        """The instance has no task any more."""
        state = self._state
        app_state.health.pop(instance.id, None)
        if instance.goal is Goal.DECOMMISSIONED or app_state.current is None:
            state.forget_instance(app_state, instance)
            return
        state.forget_task(instance)
        instance.tasks = []
        instance.since = now.wall
        instance.doomed = False
        instance.agent_id = instance.hostname = None
        instance.attributes = {}
        state.save_instance(app_state, instance)

    # --- backoff ---

    def add_delay(self, app_state: AppState, instance: Instance, now: Now) -> None:
        """Counts one more failure in a row, unless the task ran long enough, or others failed at the same time."""
        app = self._state.active(app_state)
        if app is None:
            return
        mono, wall = now
        viable = instance.started_at is not None and (wall - instance.started_at >= self._state.settings.viable_after)
        previous = app_state.delay
        if previous is not None and (
            previous.config_version != app.config_version
            or viable
            or mono > previous.until + app.max_launch_delay_seconds
        ):
            previous = None
        if previous is None:
            seconds = float(min(app.backoff_seconds, app.max_launch_delay_seconds))
        elif mono < previous.until:
            return  # many failures at once count as one: when an agent dies, all of its tasks fail
        else:
            seconds = min(previous.seconds * app.backoff_factor, float(app.max_launch_delay_seconds))
        app_state.delay = Delay(app.config_version, seconds, mono + seconds)
        self._state.touch((app_state.id,))

    # --- ending tasks ---

    def decommission(self, app_state: AppState, instance: Instance, now: Now) -> None:
        """Ends an instance."""
        state = self._state
        instance.goal = Goal.DECOMMISSIONED
        if not instance.has_task or instance.condition in ABSENT:
            state.forget_instance(app_state, instance)
            return
        state.save_instance(app_state, instance)
        self._kill_now(instance, now)

    def kill(self, app_state: AppState, instance: Instance, now: Now) -> None:
        """Kills only the instance's task; another one replaces it."""
        if instance.has_task and not instance.to_kill and instance.condition not in ABSENT:
            instance.doomed = True
            self._state.save_instance(app_state, instance)
            self._kill_now(instance, now)

    def kill_again(self, instance_id: str, now: Now) -> None:
        found = self._state.instance(instance_id)
        if found is not None and found[1].to_kill and found[1].condition not in ABSENT:
            self._kill_now(found[1], now)

    def _kill_now(self, instance: Instance, now: Now) -> None:
        state = self._state
        state.send(calls.kill(instance.task_id, instance.agent_id))
        state.timers.set(KillAgain(instance.id), now.mono + state.settings.kill_retry_timeout)
        if state.source.unlucky("a kill is said again at once"):
            state.timers.set(KillAgain(instance.id), now.mono)

    # --- agents that cannot be reached ---

    def absent_due(self, instance_id: str, now: Now) -> None:
        found = self._state.instance(instance_id)
        if found is not None and found[1].condition in ABSENT:
            self._look_at_absent(*found, now)

    def _look_at_absent(self, app_state: AppState, instance: Instance, now: Now) -> None:
        """Marks the instance inactive, or forgets it, by the app's unreachableStrategy, now or later."""
        state = self._state
        app = app_state.versions.get(instance.version) or app_state.current
        strategy = app.unreachable_strategy if app is not None else UnreachableStrategy()
        if isinstance(strategy, str):
            return
        away = now.wall - instance.since
        if away >= strategy.expunge_after_seconds:
            self._publish_change(instance, "UnreachableInactive", now)
            state.forget_instance(app_state, instance)
            return
        task = instance.tasks[0]
        if away >= strategy.inactive_after_seconds and task.condition is Condition.UNREACHABLE:
            task.condition = Condition.UNREACHABLE_INACTIVE
            self._changed(app_state, instance, now)
        inactive = task.condition is Condition.UNREACHABLE_INACTIVE
        after = strategy.expunge_after_seconds if inactive else strategy.inactive_after_seconds
        state.timers.set(LookAtAbsent(instance.id), now.mono + max(0.05, after - away))

    # --- launches that nothing is heard of ---

    def launch_due(self, instance_id: str, now: Now) -> None:
        """Asks the master about a launch without an update; ends one that takes too long."""
        state = self._state
        found = state.instance(instance_id)
        if found is None or found[1].condition not in LAUNCHING:
            return
        app_state, instance = found
        late = now.wall - (instance.staged_at or 0.0) >= state.settings.launch_timeout
        if late or state.source.unlucky("a launch is given up early"):
            self.add_delay(app_state, instance, now)
            self.kill(app_state, instance, now)
        elif instance.condition is Condition.PROVISIONED:
            state.send(calls.reconcile([(instance.task_id, instance.agent_id)]))
        state.timers.set(Confirm(instance.id), now.mono + state.settings.launch_confirm_timeout)

    # --- health ---

    def start_probing(self, app_state: AppState, instance: Instance, now: Now) -> None:
        app = app_state.versions.get(instance.version)
        if app is None or not app.health_checks:
            return
        app_state.health[instance.id] = Health(instance.task_id, [CheckRecord() for _ in app.health_checks])
        by_agent = _by_agent(app, instance)
        for index, check in enumerate(app.health_checks):
            if index == by_agent:
                continue
            wait = check.delay_seconds if check.protocol.startswith("MESOS_") else 0.0
            self._state.timers.set(CheckDue(instance.id, index), now.mono + wait)

    def probed(self, instance_id: str, index: int, ok: bool | None, cause: str, now: Now) -> None:
        """The result of a probe; ``ok`` None does not count."""
        state = self._state
        found = state.instance(instance_id)
        if found is None:
            return
        app_state, instance = found
        health, app = app_state.health.get(instance_id), app_state.versions.get(instance.version)
        if health is None or app is None or instance.condition is not Condition.RUNNING or ok is None:
            return
        check, record = app.health_checks[index], health.checks[index]
        if not ok and ignored(check, record, instance.started_at or now.wall, now.wall):
            record.not_yet(now.wall, cause)
            return
        self._judge(app_state, instance, index, ok, cause, now.wall, now)
        limit = check.max_consecutive_failures
        if limit and record.consecutive_failures >= limit and not instance.to_kill:
            self._publish_unhealthy(app_state, instance, cause, now)
            self.add_delay(app_state, instance, now)
            self.kill(app_state, instance, now)

    def _said_health(self, app_state: AppState, instance: Instance, status: TaskStatus, now: Now) -> None:
        """What a status says of the check that the agent makes. The agent counts, and kills. A failure that is said
        again, as in a reconciliation, is no further one.
        """
        health, app = app_state.health.get(instance.id), app_state.versions.get(instance.version)
        if status.healthy is None or health is None or app is None or instance.condition is not Condition.RUNNING:
            return
        index = _by_agent(app, instance)
        if index is None:
            return
        record, ok = health.checks[index], status.healthy
        at = status.timestamp or now.wall
        new = status.reason is TaskStatus.Reason.REASON_TASK_HEALTH_CHECK_STATUS_UPDATED and record.last_failure != at
        if record.known and ok is record.alive and (ok or not new):
            return
        self._judge(app_state, instance, index, ok, status.message or "unhealthy", at, now)

    def _judge(
        self, app_state: AppState, instance: Instance, index: int, ok: bool, cause: str, at: float, now: Now
    ) -> None:
        """Takes a result that counts, of ``at`` (wall)."""
        state, health = self._state, app_state.health[instance.id]
        check, record, before = (
            app_state.versions[instance.version].health_checks[index],
            health.checks[index],
            health.alive,
        )
        if ok:
            record.succeeded(at)
        else:
            record.failed(at, cause)
            state.publish(
                now,
                "failed_health_check_event",
                appId=app_state.id,
                taskId=instance.id,
                instanceId=instance.id,
                healthCheck={"protocol": check.protocol, "path": check.path, "portIndex": check.port_index},
            )
        if health.alive is not None and health.alive != health.published:
            health.published = health.alive
            self._publish_health(app_state, instance, health.alive, now)
        if health.alive != before:
            state.touch((app_state.id,))

    def _publish_unhealthy(self, app_state: AppState, instance: Instance, cause: str, now: Now) -> None:
        self._state.publish(
            now,
            "unhealthy_instance_kill_event",
            appId=app_state.id,
            taskId=instance.task_id,
            instanceId=instance.id,
            version=instance.version,
            reason=cause,
            host=instance.hostname,
            slaveId=instance.agent_id,
        )

    def _publish_health(self, app_state: AppState, instance: Instance, alive: bool, now: Now) -> None:
        self._state.publish(
            now,
            "health_status_changed_event",
            appId=app_state.id,
            instanceId=instance.id,
            version=instance.version,
            alive=alive,
        )
        self._state.publish(
            now,
            "instance_health_changed_event",
            instanceId=instance.id,
            runSpecId=app_state.id,
            healthy=alive,
            runSpecVersion=instance.version,
        )

    # --- telling ---

    def _changed(self, app_state: AppState, instance: Instance, now: Now) -> None:
        self._state.save_instance(app_state, instance)
        self._publish_change(instance, instance.condition.value, now)

    def _publish_change(self, instance: Instance, condition: str, now: Now) -> None:
        self._state.publish(
            now,
            "instance_changed_event",
            instanceId=instance.id,
            condition=condition,
            runSpecId=instance.app_id,
            agentId=instance.agent_id,
            host=instance.hostname,
            runSpecVersion=instance.version,
        )

    def _publish_status(self, status: TaskStatus, instance: Instance, now: Now) -> None:
        self._state.publish(
            now,
            "status_update_event",
            slaveId=instance.agent_id or "",
            taskId=instance.task_id,
            taskStatus=status.state.value,
            message=status.message or "",
            appId=instance.app_id,
            host=instance.hostname or "",
            ipAddresses=[{"ipAddress": address, "protocol": protocol} for address, protocol in instance.ip_addresses],
            ports=list(instance.host_ports),
            version=instance.version,
        )


def _by_agent(app: App, instance: Instance) -> int | None:
    """The index of the check that the agent of the instance's task makes."""
    return app.agent_check if instance.tasks and instance.tasks[0].checked else None


def _check_result(status: CheckStatusInfo) -> dict[str, dict[str, int | bool]]:
    """In Marathon's words (its ``CheckStatus``); empty: there is no result."""
    found: tuple[tuple[str, str, int | bool | None], ...] = (
        ("http", "statusCode", status.http.status_code if status.http is not None else None),
        ("tcp", "succeeded", status.tcp.succeeded if status.tcp is not None else None),
        ("exec", "exitCode", status.command.exit_code if status.command is not None else None),
    )
    return {kind: {name: value} for kind, name, value in found if value is not None}


def _addresses(status: TaskStatus) -> list[tuple[str, str]]:
    if status.container_status is None:
        return []
    found = [
        (address.ip_address, address.protocol.value if address.protocol else "IPv4")
        for network in status.container_status.network_infos
        for address in network.ip_addresses
        if address.ip_address and len(address.ip_address) <= _LONGEST_ADDRESS
    ]
    return found[:MAX_ADDRESSES]
