"""The interface of phases, and their context, through which all changes go."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

from dcos_installer.at_once import at_once
from dcos_installer.config.late_addresses import learned
from dcos_installer.daemon_client import Ask
from dcos_installer.errors import InstallerError
from dcos_installer.events import Event, Kind, Sink
from dcos_installer.remote import Remote
from dcos_installer.services import Catalog, installed

if TYPE_CHECKING:
    from dcos_installer.config.model import ClusterSpec, HostSpec
    from dcos_installer.phases.kit.engine import Bundle, Engine, Planned
    from dcos_installer.plan.facts import Facts
    from dcos_installer.plan.journal import Journal, Record
    from dcos_installer.plan.lock import LockHolder
    from dcos_installer.providers.base import MachineState, Provider, Results
    from dcos_installer.state import ClusterState

T = TypeVar("T")

log = logging.getLogger(__name__)

_IN_FULL = 3
"""Of how many failed hosts the evidence is shown; the log has all of it."""


class Phase(Protocol):
    """One step of a command. Also looked for: ``should_run`` (see `Conditional`) and ``clean_up`` (see `CleansUp`)."""

    title: str

    def run(self, ctx: Context) -> None: ...


@runtime_checkable
class Conditional(Protocol):
    """A phase that does not always run."""

    def should_run(self, ctx: Context) -> str:
        """Empty: yes. Otherwise why there is nothing to do, as a short sentence."""


@runtime_checkable
class CleansUp(Protocol):
    """A phase that releases something at the end of the run."""

    def clean_up(self, ctx: Context) -> None:
        """Called after the last phase, or the failed one, in reverse order; only if `run` was called."""


class StepFailed(InstallerError):
    """A step on a host failed. It holds the host and the step, for the report."""

    def __init__(self, phase: str, host: str, step: str, cause: BaseException) -> None:
        self.phase = phase
        self.host = host
        self.step = step
        known = isinstance(cause, InstallerError)
        super().__init__(
            f"{host or 'the cluster'}: {step}: {cause.what if isinstance(cause, InstallerError) else cause}",
            why=cause.why if isinstance(cause, InstallerError) else "" if known else type(cause).__name__,
            hint=getattr(cause, "hint", ""),
            evidence=getattr(cause, "evidence", ""),
            final=getattr(cause, "final", False),
        )


class HostsFailed(InstallerError):
    """One or more hosts failed, each for its own reason; the others went on."""

    evidence_title = "problems:"

    def __init__(self, what: str, failures: Mapping[str, BaseException], hint: str = "") -> None:
        self.failures = dict(failures)
        hints = {error.hint for error in failures.values() if isinstance(error, InstallerError) and error.hint}
        parts = []
        for number, (host, error) in enumerate(sorted(failures.items())):
            said = error.what if isinstance(error, InstallerError) else str(error) or type(error).__name__
            parts.append(f"{host}: {said.removeprefix(f'{host}: ')}")
            # Hosts mostly fail for one reason: the evidence of a few is enough.
            if isinstance(error, InstallerError) and number < _IN_FULL:
                parts += [f"    {line}" for line in (error.why, *error.evidence.splitlines()) if line]
        # Resuming makes sense if one of them may succeed in a second run.
        final = all(isinstance(error, InstallerError) and error.final for error in failures.values())
        super().__init__(what, hint=hint or "; ".join(sorted(hints)), evidence="\n".join(parts), final=final)


@dataclass
class RunResults:
    """Results of phases, for later phases and for the report at the end."""

    lock_records: list[HostSpec] = field(default_factory=list)
    """The masters that hold the lock's record of this run: the first one, while that goes down another one as well."""
    machines_removed: bool = False
    hosts_cleared: bool = False
    gateway: str = ""
    """The URL of a gateway, once the cluster was verified."""


@dataclass
class Context:
    """The data that the phases of one run share. Facts, plan and bundle are set by the phases that make them."""

    spec: ClusterSpec
    state: ClusterState
    provider: Provider
    engine: Engine
    sink: Sink
    run_id: str
    ask: Ask
    """Sends HTTP requests to daemons."""
    command: str = "deploy"
    dry_run: bool = False
    journal: Journal | None = None
    holder: LockHolder | None = None
    control_dir: Path | None = None
    client_dir: Path | None = None
    services: Catalog = field(default_factory=installed)
    """The services of the hosts, by their descriptors."""
    wall: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    patience: float = 1.0
    """The factor of the deadlines of this run: the slowness of its slowest machine."""
    interrupted: Sequence[Record] = ()
    """The intents of the last run that were open when it was interrupted."""
    phase: str = ""
    machines: Mapping[str, MachineState] = field(default_factory=dict)
    facts: dict[str, Facts] = field(default_factory=dict)
    bundle: Bundle = field(default_factory=dict)
    """The runtime packages, once they are built or found."""
    created: set[str] = field(default_factory=set)
    reshaped: set[str] = field(default_factory=set)
    """Machines whose limits are changed, or would be: their known shape is outdated."""
    left_out: dict[str, str] = field(default_factory=dict)
    """Hosts that could not be reached, each with the reason: the run continues without them (`left_out.leave_out`)."""
    lost: list[str] = field(default_factory=list)
    """Machines of the deployed cluster that are lost, with their stored data; new ones replace them."""
    changes: int = 0
    """How many changes were made; in a dry run, how many would be made."""
    results: RunResults = field(default_factory=RunResults)

    _plan: Planned | None = None
    _remotes: dict[str, Remote] = field(default_factory=dict)
    _mutex: threading.Lock = field(default_factory=threading.Lock)

    @property
    def plan(self) -> Planned:
        """The changes of each host; the phase `BuildPlan` makes the plan."""
        if self._plan is None:
            raise InstallerError(
                "there is no plan yet",
                why="phases ran in a wrong order",
                hint="report this: the phase that makes it comes first",
                final=True,
            )
        return self._plan

    @plan.setter
    def plan(self, made: Planned) -> None:
        self._plan = made

    def tell(self, kind: Kind, host: str = "", text: str = "", seconds: float | None = None, **data: Any) -> None:
        self.sink(Event(kind, self.wall(), self.phase, host, text, seconds, data))

    def note(self, host: str, text: str) -> None:
        """Reports progress, as a provider's `Note`."""
        self.tell("note", host, text)

    def change(self, host: str, step: str, fn: Callable[[], T], observe: Callable[[T], str] | None = None) -> T | None:
        """Makes one change: journals the intent, calls ``fn``, journals the result. A dry run only reports the step.

        ``observe`` returns the digest that the host shows afterwards. Raises `StepFailed`.
        """
        with self.changing({host: step}) as outcome:
            if outcome is None:
                return None
            result = fn()
            outcome.done(host, observe(result) if observe else "")
            return result

    @contextmanager
    def changing(self, steps: Mapping[str, str]) -> Iterator[Outcome | None]:
        """Makes changes on several hosts at once: ``steps`` maps each host to its step.

        Yields an `Outcome` that takes results as they come; None in a dry run, in which nothing may be done. A host
        without a result keeps an open intent. Raises `StepFailed` for an error that concerns all of them.
        """
        with self._mutex:
            self.changes += len(steps)
        if self.dry_run:
            for host, step in steps.items():
                self.tell("would-change", host, step)
            yield None
            return
        for host, step in steps.items():
            if self.journal:
                self.journal.intent(self.phase, host, step)
            self.tell("change-started", host, step)
        outcome = Outcome(self, steps)
        try:
            yield outcome
        except Exception as error:
            for host in list(outcome.open):
                outcome.failed(host, error)
            if len(steps) == 1:
                ((host, step),) = steps.items()
                raise StepFailed(self.phase, host, step, error) from error
            raise

    def look_at_machines(self) -> Mapping[str, MachineState]:
        """The states of the machines, as the provider sees them now. Their addresses are added to the spec."""
        self.machines = self.provider.inspect()
        self.learn(self.machines)
        return self.machines

    def learn(self, machines: Mapping[str, MachineState]) -> None:
        """Adds the addresses of existing machines, as a provider reports them, to the spec. From now on the run has the
        patience that the slowest of them needs.
        """
        self.patience = self.engine.patience = max(self.patience, *(one.slowness for one in machines.values()), 1.0)
        self.spec = learned(self.spec, {name: machine.address for name, machine in machines.items() if machine.exists})

    def remote(self, host: HostSpec) -> Remote:
        """Runs commands on the host."""
        target = self.provider.ssh(host)
        with self._mutex:
            known = self._remotes.get(host.name)
            if known is None or (known.target, known.patience) != (target, self.patience):
                known = self._remotes[host.name] = Remote(host, target, self.control_dir, self.patience)
            return known

    def everywhere(
        self, hosts: Iterable[HostSpec], fn: Callable[[HostSpec], T], seconds: float | None = None
    ) -> dict[str, T | BaseException]:
        """Calls ``fn`` on every host, several at a time; the results or errors by name (`at_once`)."""
        return at_once({host.name: partial(fn, host) for host in hosts}, seconds)


class Outcome:
    """Takes the results of a change on several hosts, from any thread."""

    def __init__(self, ctx: Context, steps: Mapping[str, str]) -> None:
        self._ctx = ctx
        self._steps = dict(steps)
        self._started = ctx.monotonic()
        self.open = dict.fromkeys(steps)

    def done(self, host: str, digest: str = "") -> None:
        """The host was changed, and showed ``digest`` afterwards."""
        self._close(host)
        if self._ctx.journal:
            self._ctx.journal.observed(self._ctx.phase, host, self._steps[host], digest)
        self._ctx.tell("change-finished", host, self._steps[host], self._ctx.monotonic() - self._started)

    def report(self, results: Results) -> None:
        """The provider's result for each machine; a machine without a result succeeded."""
        for host in list(self.open):
            result = results.get(host)
            if isinstance(result, InstallerError):
                self.failed(host, result)
            else:
                self.done(host)

    def failed(self, host: str, error: BaseException) -> None:
        self._close(host)
        why = error.what if isinstance(error, InstallerError) else str(error) or type(error).__name__
        log.error("%s: %s failed: %s", host, self._steps[host], error)
        if self._ctx.journal:
            self._ctx.journal.failed(self._ctx.phase, host, self._steps[host], why)
        self._ctx.tell("change-failed", host, f"{self._steps[host]}: {why}", self._ctx.monotonic() - self._started)

    def _close(self, host: str) -> None:
        with self._ctx._mutex:
            del self.open[host]
