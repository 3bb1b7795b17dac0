"""What ends when an agent's machine restarts: its tasks. The master has no maintenance yet, and drains no agent. So the
tasks are listed before, and the next agent restarts when this one is registered again and as many tasks run as before.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from dcos_installer.daemon_client import NotWell
from dcos_installer.errors import DeadlinePassed, InstallerError
from dcos_installer.phases.checks.kernel import leader, missing_agents
from dcos_installer.phases.kit.evidence import unit_log
from dcos_installer.phases.kit.facts_cache import deployed
from dcos_installer.phases.kit.health import wait_until
from dcos_runtime.counting import counted

if TYPE_CHECKING:
    from dcos_installer.config.model import HostSpec
    from dcos_installer.phases.kit.base import Context

REGISTERED_SECONDS = 180.0
AS_BEFORE_SECONDS = 120.0
_NAMED = 8
"""So many of an agent's tasks are named."""


def tell_tasks(ctx: Context, host: HostSpec) -> None:
    """Notes the tasks that a restart of the host's machine ends."""
    if host.name not in deployed(ctx):
        return
    try:
        found = _tasks_on(ctx, host)
    except InstallerError as error:
        ctx.note(host.name, f"restarts, and what runs on it ends; it could not be asked for that: {error.what}")
        return
    if not found:
        ctx.note(host.name, "runs no task")
        return
    names = [f"{name} ({count} times)" if count > 1 else name for name, count in sorted(found.items())]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    ctx.note(
        host.name,
        f"its restart ends {counted(sum(found.values()), 'task')}: {', '.join(names[:_NAMED])}{more};"
        " frameworks, such as Marathon, start them again",
    )


def running(ctx: Context) -> int | None:
    """How many tasks run in the cluster; None: nobody can tell."""
    try:
        leading = leader(ctx.ask, ctx.spec, ctx.services)
        answer = ctx.ask(f"{ctx.services.url('master', 'tls', leading.address)}/state-summary")
    except InstallerError:
        return None
    frameworks = answer.get("frameworks", []) if isinstance(answer, dict) else []
    return sum(int(one.get("TASK_RUNNING", 0)) for one in frameworks)


def await_agent(ctx: Context, host: HostSpec, before: int | None) -> None:
    """Waits until the agent is registered again, and for a limited time until as many tasks run as ``before``.

    Raises `DeadlinePassed` when it does not register. Tasks may also have ended by themselves: that is only noted.
    """
    if host.name not in deployed(ctx):
        return

    def registered() -> None:
        leading = leader(ctx.ask, ctx.spec, ctx.services)
        if host.name in missing_agents(ctx.ask, ctx.spec, ctx.services, leading):
            raise NotWell(f"{host.name} is not registered with the master")

    wait_until(
        ctx,
        f"the agent of {host.name} is registered again",
        registered,
        seconds=REGISTERED_SECONDS,
        evidence=lambda: unit_log(ctx, host, ctx.services["agent"].unit_name),
    )
    if not before:
        return

    def as_before() -> None:
        if (now := running(ctx)) is not None and now < before:
            raise NotWell(f"{now} of {counted(before, 'task')} run again")

    try:
        wait_until(ctx, "as many tasks run", as_before, seconds=AS_BEFORE_SECONDS, evidence=lambda: "")
    except DeadlinePassed as error:
        waited = f"{AS_BEFORE_SECONDS * ctx.patience:.0f} s"
        ctx.note("", f"{error.why} after {waited}; the others have ended, or find no room: going on")


def _tasks_on(ctx: Context, host: HostSpec) -> Counter[str]:
    """The agent's tasks that have not ended, as it reports them: how many there are of each name. Raises `NotWell`."""
    answer: Any = ctx.ask(f"{ctx.services.url('agent', 'tls', host.address)}/state")
    found: Counter[str] = Counter()
    for framework in answer.get("frameworks", []) if isinstance(answer, dict) else []:
        for executor in framework.get("executors", []):
            for task in (*executor.get("tasks", []), *executor.get("queued_tasks", [])):
                found[str(task.get("name") or task.get("id"))] += 1
    return found
