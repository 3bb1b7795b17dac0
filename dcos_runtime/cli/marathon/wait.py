"""Waiting for the init: a deployment's progress, and a first app that runs."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from dcos_runtime.cli.connection.patience import Patience
from dcos_runtime.cli.errors import CliError, Unavailable
from dcos_runtime.cli.kernel.master import Master
from dcos_runtime.cli.marathon.capacity import why_not_placed
from dcos_runtime.cli.marathon.client import App, Deployment, Marathon
from dcos_runtime.cli.marathon.definitions import action_name
from dcos_runtime.cli.output import clean, print_line, print_note

PACKAGE_LABEL = "DCOS_PACKAGE_NAME"
"""The label of an app that names the package that it is of."""
FIRST_INTERVAL_SECONDS = 0.2
LAST_INTERVAL_SECONDS = 2.0
# Offers come every second or so: an app that waits for several of them is mentioned.
SILENCE_SECONDS = 5.0
# A command that cannot work ends at once, so this time passes before a task counts as running.
STEADY_SECONDS = 0.5


class Teller(Protocol):
    """Shows a line of progress to the user."""

    def __call__(self, text: str) -> None: ...


def actions(deployment: Deployment) -> str:
    """What a deployment does now: ``start``, or with several apps ``start /a,scale /b``."""
    current = deployment.get("currentActions", [])
    targets = {action.get("app") or action.get("pod") for action in current}
    if len(targets) <= 1:
        return ",".join(action_name(action) for action in current)
    return ",".join(f"{action_name(action)} {action.get('app') or action.get('pod') or ''}" for action in current)


def progress(deployment: Deployment) -> str:
    """Steps that are done of all steps."""
    return f"{max(0, int(deployment.get('currentStep', 1)) - 1)}/{deployment.get('totalSteps', '?')}"


def watch_deployment(marathon: Marathon, deployment_id: str, interval: float, max_count: int | None) -> None:
    """Prints each change of a running deployment until it is over. Raises `CliError` when it does not exist, or lasts
    too long.
    """
    shown = None
    for count, running in enumerate(_looks_at_deployments(marathon, interval), 1):
        deployment = _find(running, deployment_id)
        if deployment is None:
            if shown is None:
                raise CliError(
                    f"no deployment {deployment_id} is running",
                    details=[f"running: {one.get('id')}" for one in running],
                    hints=["it may be finished: dcos marathon app list"],
                )
            print_line(f"Deployment {deployment_id} is finished")
            return
        shown = _tell_change(deployment, shown)
        if max_count is not None and count >= max_count:
            raise CliError(f"deployment {deployment_id} is not finished after {count} looks")


def _looks_at_deployments(marathon: Marathon, interval: float) -> Iterator[Sequence[Deployment]]:
    """Endless. When an init that has answered before is silent, it waits for it."""
    yield marathon.deployments()
    patience = Patience()
    while True:
        time.sleep(interval)
        running = patience.ask(marathon.deployments)
        if running is not None:
            yield running


def _tell_change(deployment: Deployment, shown: str | None) -> str:
    text = f"{progress(deployment)} steps done, now: {actions(deployment) or 'between steps'}"
    if text != shown:
        print_line(text)
    return text


def _find(deployments: Sequence[Deployment], deployment_id: str) -> Deployment | None:
    return next((one for one in deployments if one.get("id") == deployment_id), None)


def wait_for_deployment(marathon: Marathon, deployment_id: str, timeout: float) -> None:
    """Returns when the deployment is carried out. Raises `CliError` when it is not in time."""
    patience = Patience()
    with teller(f"waiting for deployment {deployment_id}") as tell:
        for _ in _looks(timeout):
            running = patience.ask(marathon.deployments)
            if running is None:
                continue
            deployment = _find(running, deployment_id)
            if deployment is None:
                return
            tell(f"{progress(deployment)} steps done, now: {actions(deployment) or 'between steps'}")
    raise CliError(
        f"deployment {deployment_id} is not finished after {timeout:g} seconds",
        hints=[f"it continues: dcos marathon deployment watch {deployment_id}"],
    )


def wait_until_running(
    master: Master, marathon: Marathon, app_id: str, deployment_id: str | None, timeout: float
) -> App:
    """The new app, once all its instances have run. Raises `CliError` when one fails, or not all run in time.

    ``deployment_id`` None: whichever deployment the app is in.
    """
    started = time.monotonic()
    running_since: float | None = None
    app: App = {}
    patience = Patience()
    with teller(f"waiting for {app_id} to run") as tell:
        for _ in _looks(timeout):
            seen = patience.ask(lambda: marathon.app(app_id))
            if seen is None:
                running_since = None
                continue
            app = seen
            failure = app.get("lastTaskFailure")
            if isinstance(failure, dict):
                raise _failed(app_id, app, failure)
            if all(deployment_id not in (None, one.get("id")) for one in app.get("deployments", [])):
                running_since = running_since or time.monotonic()
                if time.monotonic() - running_since >= STEADY_SECONDS:
                    return app
            elif deployment_id is None and app.get("tasks"):
                tell(_health(app))
            elif not app.get("tasks") and time.monotonic() - started > SILENCE_SECONDS:
                with contextlib.suppress(Unavailable):
                    tell(_why(master, marathon, app))
    raise CliError(
        f"{app_id} does not run after {timeout:g} seconds",
        details=[
            f"{app.get('tasksRunning', 0)} of {app.get('instances', '?')} instances run",
            *([] if app.get("tasks") else [_why(master, marathon, app)]),
            "the init continues to try",
        ],
        hints=[
            f"look: dcos marathon app show {app_id}",
            *_ways_out(app_id, app),
        ],
    )


def _health(app: App) -> str:
    """As ``1 of 2 instances run, 0 healthy``."""
    text = f"{app.get('tasksRunning', 0)} of {app.get('instances', '?')} instances run"
    return text + (f", {app.get('tasksHealthy', 0)} healthy" if app.get("healthChecks") else "")


def _why(master: Master, marathon: Marathon, app: App) -> str:
    return why_not_placed(app, list(master.state().agents.values()), marathon.queue().get(str(app.get("id"))))


def _failed(app_id: str, app: App, failure: Mapping[str, Any]) -> CliError:
    where = f" on {failure['host']}" if failure.get("host") else ""
    return CliError(
        f"{app_id} does not stay up: {failure.get('state', 'a task ended')}{where}",
        details=[str(failure["message"])] if failure.get("message") else (),
        hints=[
            f"what it printed: dcos task log {failure.get('taskId') or app_id} stderr",
            "the init continues to try, at growing intervals",
            *_ways_out(app_id, app),
        ],
    )


def _ways_out(app_id: str, app: App) -> list[str]:
    """What to do about an app that does not run. One of a package is changed and removed as such."""
    labels = app.get("labels")
    package = labels.get(PACKAGE_LABEL) if isinstance(labels, dict) else None
    if not isinstance(package, str) or not package:
        return [f"give up: dcos marathon app remove {app_id}"]
    return [
        f"correct its options: dcos package upgrade {package} --app-id={app_id} --options FILE --force",
        f"give up: dcos package uninstall {package} --app-id={app_id}",
    ]


def _looks(timeout: float) -> Iterator[None]:
    """Yields at growing intervals until the time is over, at least once."""
    deadline = time.monotonic() + timeout
    interval = FIRST_INTERVAL_SECONDS
    while True:
        yield
        left = deadline - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(interval, left))
        interval = min(interval * 1.5, LAST_INTERVAL_SECONDS)


@contextmanager
def teller(what: str, *, lines: bool = True) -> Iterator[Teller]:
    """On a terminal a spinner with the latest text; elsewhere, with ``lines``, a line on stderr for each new text."""
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.markup import escape

        with Console(stderr=True).status(escape(clean(what))) as status:
            yield lambda text: status.update(escape(clean(f"{what}: {text}")))
        return
    shown: set[str] = set()

    def tell(text: str) -> None:
        if lines and text not in shown:
            shown.add(text)
            print_note(f"{what}: {text}")

    yield tell
