"""The commands of `dcos-installer`: the phases of each in their order, and the run around them."""

from __future__ import annotations

import contextlib
import logging
import os
import shlex
import shutil
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dcos_installer import client, machine_records, secrets, sockets
from dcos_installer.bundle.archive import cache_home
from dcos_installer.config.late_addresses import learned
from dcos_installer.config.limits import host_limits
from dcos_installer.config.model import ClusterSpec, HostSpec
from dcos_installer.daemon_client import ANSWER_SECONDS, Asker
from dcos_installer.engine import AnsibleEngine
from dcos_installer.errors import InstallerError, LockHeld
from dcos_installer.events import Event, Sink
from dcos_installer.phases.acquire_lock import AcquireLock, held_while_switching
from dcos_installer.phases.await_hosts import AwaitHosts
from dcos_installer.phases.build_bundle import BuildBundle
from dcos_installer.phases.build_plan import BuildPlan
from dcos_installer.phases.converge import ConvergeAgents, ConvergeCoordination, ConvergeMasters
from dcos_installer.phases.forget_cluster import ForgetCluster
from dcos_installer.phases.gather_facts import GatherFacts
from dcos_installer.phases.kit import left_out
from dcos_installer.phases.kit.base import Context, Phase
from dcos_installer.phases.kit.engine import Engine
from dcos_installer.phases.make_secrets import MakeSecrets
from dcos_installer.phases.manager import run_phases
from dcos_installer.phases.provision_machines import ProvisionMachines, lost_message
from dcos_installer.phases.release_lock import ReleaseLock
from dcos_installer.phases.remove_hosts import RemoveHosts
from dcos_installer.phases.remove_machines import RemoveMachines
from dcos_installer.phases.repair_zookeeper import RepairZooKeeper
from dcos_installer.phases.update_slots import FindImage, StartFromSlots, Upgrade, WriteSlots
from dcos_installer.phases.upload_bundle import UploadBundle
from dcos_installer.phases.validate_facts import ValidateFacts
from dcos_installer.phases.verify_cluster import VerifyCluster
from dcos_installer.phases.write_client_config import WriteClientConfig
from dcos_installer.plan import journal, lock
from dcos_installer.providers.base import Note, Provider, Results
from dcos_installer.providers.registry import declaration, open_provider, preflight
from dcos_installer.recovery import mismatch, what_is_left
from dcos_installer.secrets.roots import Administrator
from dcos_installer.secrets.vault import protect as protect_secrets
from dcos_installer.services import installed
from dcos_installer.snapshot import SnapshotDamaged, impossible_changes, last_spec
from dcos_installer.spec import load_spec
from dcos_installer.state import ClusterState, find_state, forget_state, is_known, known_id, open_state, protect_keys
from dcos_runtime import durable
from dcos_runtime.counting import counted

log = logging.getLogger(__name__)

_KEPT_LOGS = 50
_UNKNOWN_ID = "(none yet)"
"""The id of a cluster that does not exist: nothing on this host can belong to it."""


def deploy_phases() -> list[Phase]:
    return [
        AcquireLock(),
        ProvisionMachines(),
        AwaitHosts(),
        GatherFacts(),
        ValidateFacts(),
        BuildBundle(),
        MakeSecrets(),
        BuildPlan(),
        UploadBundle(),
        ConvergeCoordination(),
        ConvergeMasters(),
        ConvergeAgents(),
        VerifyCluster(),
        WriteClientConfig(),
        ReleaseLock(),
    ]


def plan_phases() -> list[Phase]:
    """The same phases up to the first change of a machine; a dry run of the others shows what they would do."""
    return [
        ProvisionMachines(),
        GatherFacts(),
        ValidateFacts(),
        BuildBundle(),
        MakeSecrets(),
        BuildPlan(),
        UploadBundle(),
        ConvergeCoordination(),
        ConvergeMasters(),
        ConvergeAgents(),
        WriteClientConfig(),
    ]


def destroy_phases(purge: bool) -> list[Phase]:
    return [AcquireLock(tolerant=True), RemoveHosts(purge), RemoveMachines(), ForgetCluster()]


def repair_phases(host: str) -> list[Phase]:
    return [AcquireLock(), RepairZooKeeper(host), ReleaseLock()]


def upgrade_phases(upgrade: Upgrade) -> list[Phase]:
    return [AcquireLock(), FindImage(upgrade), WriteSlots(upgrade), StartFromSlots(upgrade), ReleaseLock()]


def _new_run_id() -> str:
    return f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{uuid.uuid4().hex[:8]}"


@dataclass(frozen=True)
class Job:
    """One command on one cluster."""

    command: str
    spec: ClusterSpec
    state: ClusterState
    sink: Sink
    dry_run: bool = False
    run_id: str = field(default_factory=_new_run_id)
    notes: tuple[str, ...] = ()
    """A message for the operator before the first phase."""
    arguments: tuple[str, ...] = ()
    """The arguments after the inventory on the command line."""

    @property
    def log(self) -> Path:
        """The full log of the run."""
        return self.state.logs / f"{self.run_id}-{self.command}.log"

    @property
    def resume(self) -> str:
        """The command line that resumes the work of this run."""
        return resume_line(self.command, self.spec.inventory_path, *self.arguments)


def run(job: Job, phases: Sequence[Phase], engine: Engine | None = None) -> Context:
    """Runs a command's phases, with journal, log and control connections. Errors of phases are raised."""
    started = time.monotonic()
    with contextlib.ExitStack() as stack:
        stack.enter_context(_log_file(job.log))
        ctx = stack.enter_context(_context(job, engine))
        ctx.tell("run-started", text=_headline(job), cluster=job.spec.cluster_id, run=job.run_id)
        for note in job.notes:
            ctx.note("", note)
        if not job.dry_run:
            ctx.journal = stack.enter_context(journal.Journal(job.state.journal, job.run_id, time.time))
        try:
            run_phases(ctx, phases)
        except BaseException as error:
            # An interrupted run has no end in the journal, so the next one can report where it was interrupted.
            if ctx.journal and isinstance(error, Exception):
                ctx.journal.end(f"failed: {error.what if isinstance(error, InstallerError) else repr(error)}")
            log.debug("the run failed", exc_info=True)
            ctx.tell("run-failed", text=str(error) or repr(error), seconds=time.monotonic() - started)
            raise
        if ctx.journal:
            ctx.journal.end(f"done; {left}" if (left := left_out.outcome(ctx)) else "done")
        ctx.phase = ""
        if (who := unshown_administrator(job)) is not None:
            # The file of the password, never the password: events may be logged.
            ctx.tell("administrator", uid=who.uid, kept_in=str(administrator_file(job)))
        data: dict[str, Any] = {"changes": ctx.changes}
        if ctx.left_out:
            data["left_out"] = dict(ctx.left_out)
        if ctx.lost:
            data["lost"] = list(ctx.lost)
        ctx.tell("run-finished", text=_outcome(ctx), seconds=time.monotonic() - started, **data)
    return ctx


def unshown_administrator(job: Job) -> Administrator | None:
    """The administrator, when a deploy has made one whose password was not shown yet."""
    if job.command != "deploy" or job.dry_run:
        return None
    who = secrets.load(job.state, job.spec, hosts=()).administrator
    return None if who is None or who.shown else who


def administrator_file(job: Job) -> Path:
    """Where the administrator's password is kept."""
    return job.state.secrets / "administrator.json"


def ca_fingerprint(job: Job) -> str:
    """The CA's fingerprint as ``dcos cluster setup`` shows it; empty while there is no CA."""
    trust = secrets.load(job.state, job.spec, hosts=()).trust
    return secrets.fingerprint(trust.ca) if trust else ""


@contextlib.contextmanager
def _context(job: Job, engine: Engine | None = None, seconds: float = ANSWER_SECONDS) -> Iterator[Context]:
    """A context for the job, with a folder for shared SSH connections, which are closed afterwards."""
    spec = learned(job.spec, machine_records.addresses(job.state))
    provider = open_provider(spec, job.state.root)
    protect_keys(job.state)
    protect_secrets(job.state)
    with sockets.folder() as control_dir:
        ctx = Context(
            spec=spec,
            state=job.state,
            provider=provider,
            engine=engine or AnsibleEngine(job.state, provider, control_dir),
            sink=_logged(job.sink),
            run_id=job.run_id,
            ask=Asker(job.state.secrets, installed().kinds, seconds, lambda: ctx.patience),
            command=job.command,
            dry_run=job.dry_run,
            control_dir=control_dir,
        )
        yield ctx


def silent(event: Event) -> None:
    """The `Sink` of a command that reports no progress."""


def context(
    inventory: Path, command: str, sink: Sink = silent, seconds: float = ANSWER_SECONDS
) -> contextlib.AbstractContextManager[Context]:
    """For commands without phases: the cluster as it was deployed. ``seconds``: how long a silent daemon is waited for.
    Raises `InstallerError` when there is none.
    """
    state = existing_state(inventory)
    spec = last_spec(state) or load_spec(inventory, state.cluster_id, host_limits())
    return _context(Job(command, spec, state, sink), seconds=seconds)


def makes_machines(job: Job) -> bool:
    """Whether the provider makes the job's machines, and removes them with the cluster."""
    return declaration(job.spec.provider).makes_machines


SWITCHES: Mapping[str, Callable[[Provider], Callable[[Collection[str], Note], Results]]] = {
    "start": lambda provider: provider.start,
    "power-off": lambda provider: provider.power_off,
    "reboot": lambda provider: provider.reboot,
}
"""Methods of the provider by the command that switches machines."""


def switch(ctx: Context, command: str, hosts: Sequence[HostSpec], *, ignore_lock: bool) -> Results:
    """Lets the provider switch all hosts at once, under the cluster's lock. Returns the result for each.

    ``command`` is one of `SWITCHES`. ``ignore_lock``: takes no lock, and ignores an existing one. Raises `LockHeld`.
    """
    with contextlib.ExitStack() as stack:
        # A provider that makes no machines refuses to switch them, with or without the lock.
        if ctx.provider.makes_machines and not ignore_lock:
            try:
                stack.enter_context(held_while_switching(ctx, hosts))
            except LockHeld as error:
                hint = f"{error.hint}; in an emergency, machines are switched all the same with --ignore-lock"
                raise LockHeld(error.what, why=error.why, hint=hint, evidence=error.evidence) from error
        return SWITCHES[command](ctx.provider)([host.name for host in hosts], ctx.note)


def remove_lock(ctx: Context) -> list[lock.Removed]:
    """Removes the lock's record from every master: it lies on the first one that its holder could reach. Returns its
    holder. Raises `InstallerError` when the first master cannot be reached, because the record may lie there.
    """
    found = ctx.everywhere(ctx.spec.masters, lambda host: lock.remove(ctx.remote(host)))
    if isinstance(error := found[ctx.spec.masters[0].name], InstallerError):
        raise error
    return [one for one in found.values() if isinstance(one, lock.Removed)]


def open_destroy(inventory: Path, sink: Sink) -> Job | None:
    """The job that removes what was deployed from ``inventory``, whatever the inventory says now. None: nothing was
    deployed.
    """
    if not is_known(inventory):
        return None
    state = open_state(inventory)  # machines may exist although the folder is gone
    notes: list[str] = []
    try:
        spec = last_spec(state)
    except SnapshotDamaged as error:
        notes.append(f"{error.what} ({error.why})")
        spec = None
    if spec is None:
        spec = what_is_left(state, inventory)
        notes.append(
            "there is no snapshot of the last deploy: the machines' own records are used, or the inventory for hosts"
        )
    if spec is None:
        return _forget_nothing(inventory, state, sink)
    return Job("destroy", spec, state, sink, notes=tuple(notes))


def _forget_nothing(inventory: Path, state: ClusterState, sink: Sink) -> Job | None:
    """Removes the state of a cluster without machines, unless another run works on it. Raises `LockHeld`."""
    holder = lock.this_holder(_new_run_id(), state.cluster_id, "destroy", state.lock, time.time())
    with lock.hold_here(state.lock, holder):
        # Another run may have started to create it in the meantime.
        if (spec := what_is_left(state, inventory)) is not None:
            return Job("destroy", spec, state, sink)
        client.forget(client.dcos_dir(), state.cluster_id)
        shutil.rmtree(state.root)
        forget_state(inventory)
    return None


def host_of(spec: ClusterSpec, name: str) -> HostSpec:
    """The host of that name. Raises `InstallerError`, which lists the names."""
    try:
        return spec.host(name)
    except KeyError:
        raise InstallerError(
            f"{spec.name} has no host {name}",
            why="the inventory has none of that name",
            hint=f"it has: {', '.join(host.name for host in spec.hosts)}",
        ) from None


def resume_line(command: str, inventory: Path, *arguments: str) -> str:
    """``dcos-installer COMMAND INVENTORY``, to be pasted."""
    return shlex.join(["dcos-installer", command, _shown_path(inventory), *arguments])


def open_repair(inventory: Path, host: str, sink: Sink) -> Job:
    """The job of repairing what a master of the deployed cluster has stored. Raises `InstallerError`."""
    job = _open_deployed("repair", inventory, sink, (host,))
    host_of(job.spec, host)
    return job


def open_upgrade(inventory: Path, sink: Sink, arguments: tuple[str, ...]) -> Job:
    """The job of bringing another image to machines of the deployed cluster. Raises `InstallerError`."""
    return _open_deployed("upgrade", inventory, sink, arguments)


def _open_deployed(command: str, inventory: Path, sink: Sink, arguments: tuple[str, ...]) -> Job:
    """A job on the cluster as it was deployed. ``arguments`` follow the inventory when it is resumed."""
    state = existing_state(inventory)
    spec = last_spec(state) or load_spec(inventory, state.cluster_id, host_limits())
    return Job(command, spec, state, sink, arguments=arguments)


def check_inventory(inventory: Path) -> None:
    """Checks that a cluster can be made from the inventory, as far as that is known without changing anything. A
    refused inventory leaves no state behind. Raises `InventoryInvalid`, and `ProviderError` for what the provider
    cannot provide.
    """
    spec = load_spec(inventory, known_id(inventory) or _UNKNOWN_ID, host_limits())
    cache_home()  # the folder for the bundle can be made
    preflight(spec)


def open_job(command: str, inventory: Path, state: ClusterState, sink: Sink, *, dry_run: bool = False) -> Job:
    """The job of the inventory as it is now. Raises `InventoryInvalid`, and `InstallerError` when the cluster that
    exists cannot become the one that the inventory describes now.
    """
    spec = load_spec(inventory, state.cluster_id, host_limits())
    notes: tuple[str, ...] = ()
    try:
        old = last_spec(state)
    except SnapshotDamaged as error:
        if why := mismatch(state, spec):
            raise SnapshotDamaged(
                error.what,
                why=f"{error.why}; and it cannot be written again: {why}",
                hint="put the inventory back as it was deployed; when you are sure that it is, move the snapshot away"
                f" (mv {state.spec} {state.spec}.damaged) and run again; or destroy the cluster, which needs none",
            ) from error
        notes = (f"{error.what}; the machines that exist are the inventory's, so deploy writes it again from that",)
        old = None
    refused = list(impossible_changes(old, spec))
    if refused:
        raise InstallerError(
            f"the cluster {spec.name} cannot be changed to what {inventory} says now",
            why="; ".join(refused),
            hint="put the inventory back as it was, or destroy the cluster and deploy it again",
        )
    return Job(command, spec, state, sink, dry_run, notes=notes)


def existing_state(inventory: Path) -> ClusterState:
    """The state of a known cluster. Raises `InstallerError` when there is none."""
    state = find_state(inventory)
    if state is None:
        raise InstallerError(
            f"this user has deployed nothing from {inventory}",
            why="its cluster has no state here",
            hint=f"deploy it first: {resume_line('deploy', inventory)}",
        )
    return state


def _headline(job: Job) -> str:
    count = len(job.spec.hosts)
    return f"{job.command} {job.spec.name}: {count} machine{'s' * (count > 1)} ({job.spec.provider})"


def _outcome(ctx: Context) -> str:
    return "; but ".join(part for part in (_done(ctx), lost_message(ctx), left_out.outcome(ctx)) if part)


def _done(ctx: Context) -> str:
    if ctx.dry_run:
        return f"{counted(ctx.changes, 'change')} would be made" if ctx.changes else "nothing to change"
    if ctx.command == "deploy":
        done = "nothing to change" if not ctx.changes else f"deployed: {counted(ctx.changes, 'change')}"
        return f"{done}; {ctx.spec.name} is well at {ctx.results.gateway}"
    return f"{ctx.command}: done"


@contextlib.contextmanager
def _log_file(path: Path) -> Iterator[None]:
    """Writes the output of the installer's loggers to a file of the run. Removes old logs."""
    durable.private_folder(path.parent)
    for old in sorted(path.parent.glob("*.log"))[:-_KEPT_LOGS]:
        old.unlink(missing_ok=True)
    logger = logging.getLogger("dcos_installer")
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    handler = logging.StreamHandler(os.fdopen(descriptor, "w"))
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        handler.stream.close()


def _logged(sink: Sink) -> Sink:
    def both(event: Event) -> None:
        log.info("%s %s %s %s", event.kind, event.phase, event.host, event.text)
        sink(event)

    return both


def _shown_path(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)
