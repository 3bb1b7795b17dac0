"""Checks and health checks of tasks: when each is run, what its result means, what of that is told.

A task has one of each kind at most. The core says when one is run and when it has taken too long; the shell runs it. As
Mesos' command executor has it (src/checks, src/launcher/executor.cpp): a health check's update is sent with every
failure after the grace period, and with the first success and each that follows a failure; a check's update whenever
its result has changed. No check is run while its task is being killed.
"""

from __future__ import annotations

import logging

from dcos_runtime.agent.core import statuses
from dcos_runtime.agent.core.book import Book
from dcos_runtime.agent.core.check_terms import CheckKind, empty_status, status_of, succeeded
from dcos_runtime.agent.core.effects import RunCheck, StopCheck
from dcos_runtime.agent.core.events import Checked
from dcos_runtime.agent.core.records import Stage, TaskHealth
from dcos_runtime.agent.core.task import CheckRun, Task
from dcos_runtime.agent.core.timing import CheckOverdue, NextCheck
from dcos_runtime.core.frozen import Log, Now
from dcos_runtime.wire.tasks import TaskStatus

Reason = TaskStatus.Reason

LATE = 1.0
"""Seconds after which time that has passed is taken for time in which this agent did nothing."""


class Checking(Book):
    """The rules of checks; `task_life` says when they begin and end, and kills what is unhealthy."""

    # --- when ---------------------------------------------------------------------------------------------------------

    def start_checks(self, task: Task, now: Now) -> None:
        """The task's process runs: each of its checks is first run after its delay."""
        for kind, terms in task.terms.checks.items():
            self.timers.set(NextCheck(task.record.container_id, kind), now.mono + terms.delay)
        self._set_grace(task, now)

    def resume_checks(self, task: Task, now: Now) -> None:
        """After a restart of the agent: those that are due come within one interval, spread over it, because many tasks
        go on at once.
        """
        started = task.container.started
        age = 0.0 if started is None else max(0.0, now.wall - started)
        for kind, terms in task.terms.checks.items():
            left = max(0.0, terms.delay - age)
            wait = left if left > 0 else self.source.uniform(0.0, terms.interval)
            self.timers.set(NextCheck(task.record.container_id, kind), now.mono + wait)
        self._set_grace(task, now)

    def _set_grace(self, task: Task, now: Now) -> None:
        terms = task.terms.checks.get(CheckKind.HEALTH)
        if terms is not None and task.container.started is not None:
            left = task.container.started + terms.grace - now.wall
            task.grace_until = now.mono + min(terms.grace, max(0.0, left))

    def check_due(self, key: NextCheck, now: Now) -> None:
        """It is time to run a check."""
        task = self._by_handle[key.container_id]
        container = task.container
        task.check_runs += 1
        timeout = task.terms.checks[key.kind].timeout
        until = now.mono + timeout if timeout else None
        task.checking[key.kind] = CheckRun(task.check_runs, until)
        if until is not None:
            self.timers.set(CheckOverdue(key.container_id, key.kind), until)
        self.emit(RunCheck(key.container_id, container.launcher, key.kind, task.check_runs, container.pid or 0))

    def stop_checks(self, task: Task) -> None:
        """No check of the task is run any more, and the result of none that is under way counts."""
        container_id = task.record.container_id
        for kind in task.terms.checks:
            self.timers.cancel(NextCheck(container_id, kind))
            self.timers.cancel(CheckOverdue(container_id, kind))
            if (run := task.checking.pop(kind, None)) is not None:
                self.emit(StopCheck(container_id, kind, run.number))

    # --- results ------------------------------------------------------------------------------------------------------

    def check_overdue(self, key: CheckOverdue, now: Now) -> bool:
        """A check has not ended in its time, and counts as one that failed. Whether the task has to be killed."""
        task = self._by_handle[key.container_id]
        run = task.checking[key.kind]
        if run.until is not None and now.mono - run.until > LATE:
            # This agent stood still. The result may be there, and has not been looked at.
            task.checking[key.kind] = CheckRun(run.number, now.mono + LATE)
            self.timers.set(key, now.mono + LATE)
            return False
        self.emit(StopCheck(key.container_id, key.kind, run.number))
        why = f"timed out after {task.terms.checks[key.kind].timeout:g} s"
        return self.take_result(task, Checked(key.container_id, key.kind, run.number, why=why), now)

    def take_result(self, task: Task, event: Checked, now: Now) -> bool:
        """A check has ended. Whether the task has to be killed because of that."""
        run = task.checking.get(event.kind)
        if run is None or run.number != event.number or task.container.stage is not Stage.RUNNING:
            return False  # of a check that was given up
        container_id, terms = task.record.container_id, task.terms.checks[event.kind]
        del task.checking[event.kind]
        self.timers.cancel(CheckOverdue(container_id, event.kind))
        self.timers.set(NextCheck(container_id, event.kind), now.mono + terms.interval)
        if event.unknown:
            return False
        if event.kind is CheckKind.CHECK:
            self._tell_check(task, event, now)
            return False
        return self._judge(task, event, now)

    def _tell_check(self, task: Task, event: Checked, now: Now) -> None:
        """Tells the framework of a result that differs from the one before."""
        terms = task.terms.checks[CheckKind.CHECK]
        status = empty_status(terms.type) if event.value is None else status_of(terms.type, event.value)
        before = task.record.status
        if before is None or before.check_status == status:
            return
        if event.value is None:
            self.emit(Log(logging.WARNING, f"the check of task {task.record.task_id} failed: {event.why}"))
        reason = Reason.REASON_TASK_CHECK_STATUS_UPDATED
        self.tell(task, before.state, now, reason=reason, healthy=before.healthy, check_status=status)

    def _judge(self, task: Task, event: Checked, now: Now) -> bool:
        """The result of a health check. Whether the task has to be killed."""
        record, terms = task.record, task.terms.checks[CheckKind.HEALTH]
        health = record.health or TaskHealth()
        if succeeded(terms.type, event.value):
            if not health.passed or health.failures:
                record.health = TaskHealth(passed=True)
                self._tell_health(task, True, now)
            return False
        why = event.why or statuses.check_text(terms.type, event.value)
        if not health.passed and terms.grace > 0 and now.mono <= task.grace_until:
            text = f"the health check of task {record.task_id} failed within its grace period: {why}"
            self.emit(Log(logging.INFO, text))
            return False
        record.health = TaskHealth(passed=health.passed, failures=health.failures + 1)
        text = f"the health check of task {record.task_id} failed {record.health.failures} times in a row: {why}"
        self.emit(Log(logging.WARNING, text))
        self._tell_health(task, False, now)
        return record.health.failures >= terms.failures

    def _tell_health(self, task: Task, healthy: bool, now: Now) -> None:
        before = task.record.status
        assert before is not None  # it is running, and that was told
        reason = Reason.REASON_TASK_HEALTH_CHECK_STATUS_UPDATED
        self.tell(task, before.state, now, reason=reason, healthy=healthy, check_status=before.check_status)
