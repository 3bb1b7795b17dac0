"""Takes the cluster's lock: the flock on this machine, then the record on the first master if that exists already."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from dcos_installer.errors import InstallerError, LockHeld
from dcos_installer.phases.kit.base import Context
from dcos_installer.phases.kit.left_out import first_master, leave_out
from dcos_installer.plan import journal, lock
from dcos_installer.providers.base import Condition, ProviderError, failed
from dcos_installer.remote import SshFailed

if TYPE_CHECKING:
    from dcos_installer.config.model import HostSpec

_MAY_ANSWER = (Condition.RUNNING, Condition.UNKNOWN)


class AcquireLock:
    """Holds the lock until the run ends, however it ends.

    The lock concerns operators, not the state of the cluster, so it does not go through `Context.change`.
    """

    title = "Take the lock"

    def __init__(self, *, tolerant: bool = False) -> None:
        """``tolerant``: continue without a first master that cannot be reached, so that a broken cluster can be
        removed.
        """
        self._tolerant = tolerant
        self._held = ExitStack()
        self._awaited: set[str] = set()

    def run(self, ctx: Context) -> None:
        holder = lock.this_holder(ctx.run_id, ctx.spec.cluster_id, ctx.command, ctx.state.lock, ctx.wall())
        self._held.enter_context(lock.hold_here(ctx.state.lock, holder))
        ctx.holder = holder
        self._begin_journal(ctx)
        ctx.look_at_machines()
        if not ctx.spec.masters:
            return  # a broken cluster of which only the machines' own records are left
        while True:
            master = first_master(ctx).name
            if ctx.machines[master].condition not in _MAY_ANSWER:
                refuse_held_elsewhere(ctx)
                return
            try:
                take_record(ctx)
            except SshFailed as error:
                if self._tolerant:
                    ctx.note(master, f"does not hold the lock's record: {error.what}")
                    refuse_held_elsewhere(ctx)
                    return
                if not self._comes_up(ctx, master):
                    leave_out(ctx, {master: error}, "the cluster's lock cannot be taken")
            else:
                return

    def _comes_up(self, ctx: Context, master: str) -> bool:
        """Whether the master can be reached soon. It may still be booting, after a run that was interrupted while it
        waited for that.
        """
        if ctx.machines[master].condition is not Condition.RUNNING or master in self._awaited:
            return False
        self._awaited.add(master)
        ctx.note(master, "runs, and SSH does not answer yet: waiting for it")
        try:
            failures = failed(ctx.provider.start([master], ctx.note))
        except ProviderError as error:
            failures = {master: error}
        for failure in failures.values():
            ctx.note(master, failure.what)
        return not failures

    def _begin_journal(self, ctx: Context) -> None:
        """Starts the journal only now: it belongs to the run that holds the lock."""
        try:
            records = journal.read(ctx.state.journal)
        except journal.JournalDamaged as error:
            records = error.readable
            aside = journal.set_aside(ctx.state.journal, ctx.wall())
            ctx.note("", f"{error.what}; it is renamed to {aside}, and every host is read again")
        ctx.interrupted = journal.under_way(records)
        for record in ctx.interrupted:
            ctx.note(
                record.host,
                f"the last run was interrupted in {record.phase!r}, at: {record.step}; the machine is read again",
            )
        if ctx.journal:
            ctx.journal.begin(ctx.command)

    def clean_up(self, ctx: Context) -> None:
        try:
            release_record(ctx)
        finally:
            self._held.close()


@contextmanager
def held_while_switching(ctx: Context, hosts: Sequence[HostSpec]) -> Iterator[None]:
    """Holds the same lock while machines are switched, so that a deploy does not lose its machines.

    A first master that cannot hold the record does not keep the others from being switched. One that is switched itself
    gives the record back before, when another one has it: without power it could not. Raises `LockHeld`.
    """
    holder = lock.this_holder(ctx.run_id, ctx.spec.cluster_id, ctx.command, ctx.state.lock, ctx.wall())
    with lock.hold_here(ctx.state.lock, holder), ExitStack() as stack:
        ctx.holder = holder
        stack.callback(_give_back, ctx)
        first, switched = ctx.spec.masters[0], {host.name for host in hosts}
        ctx.look_at_machines()
        _take_where_it_runs(ctx, [first])
        if first.name in switched or not ctx.results.lock_records:
            _take_where_it_runs(ctx, [host for host in ctx.spec.masters if host.name not in {first.name, *switched}])
        for host in [one for one in ctx.results.lock_records if one.name in switched]:
            _release_on(ctx, host)
        yield


def _take_where_it_runs(ctx: Context, masters: Sequence[HostSpec]) -> None:
    """Puts the record on the first of these that runs and answers, if any does. Raises `LockHeld`."""
    for master in masters:
        if ctx.machines[master.name].condition is not Condition.RUNNING:
            continue
        try:
            _take_on(ctx, master)
        except LockHeld:
            raise
        except InstallerError as error:
            ctx.note(master.name, f"does not hold the lock's record: {error.what}")
        else:
            return


def _give_back(ctx: Context) -> None:
    for host in list(ctx.results.lock_records):
        try:
            _release_on(ctx, host)
        except InstallerError as error:
            # The work is done; the next run from here takes the record over.
            ctx.note(host.name, f"keeps the lock's record: {error.what}")


def take_record(ctx: Context) -> None:
    """Puts the record on the first master, once. Raises `LockHeld`."""
    if not ctx.results.lock_records:
        _take_on(ctx, first_master(ctx))


def take_record_beside(ctx: Context) -> None:
    """Has a second master hold the record as well, from now to the end of the run, because the one that holds it goes
    down for a while, and keeps it on its disk. A run that cannot reach that one asks the next, and is refused there;
    with one master alone, a run that does not reach it changes nothing. Raises `LockHeld`.
    """
    recorded = {host.name for host in ctx.results.lock_records}
    beside = [host for host in ctx.spec.masters if host.name not in {*recorded, *ctx.left_out}]
    if len(recorded) == 1 and beside:
        _take_on(ctx, beside[0])


def check_record(ctx: Context, host: HostSpec) -> None:
    """After a restart of a machine that holds the record: it is this run's still. Where it is lost, it is put there
    again. Raises `LockHeld` when somebody has removed it, and works on the cluster.
    """
    if ctx.holder is not None and host.name in {one.name for one in ctx.results.lock_records}:
        lock.take(ctx.remote(host), ctx.holder)


def refuse_held_elsewhere(ctx: Context) -> None:
    """For a run that begins without a record, because the first master does not answer. Raises `LockHeld` when another
    master, asked side by side, has a record of a run that may live.
    """
    first, holder = first_master(ctx), ctx.holder
    if holder is None:
        return
    others = [
        host
        for host in ctx.spec.masters
        if host.name != first.name and ctx.machines[host.name].condition in _MAY_ANSWER
    ]
    for found in ctx.everywhere(others, lambda host: lock.refuse_held(ctx.remote(host), holder)).values():
        if isinstance(found, LockHeld):
            raise found


def _take_on(ctx: Context, master: HostSpec) -> None:
    if ctx.holder is None:
        return
    dead = lock.take(ctx.remote(master), ctx.holder)
    ctx.results.lock_records.append(master)
    if dead is not None:
        ctx.note(master.name, f"took over the lock of {dead.described()}: that run has died")


def release_record(ctx: Context) -> None:
    """Removes the record wherever this run has put it, once. Raises `InstallerError` for the first failure, when all
    have been tried.
    """
    errors = []
    for host in list(ctx.results.lock_records):
        try:
            _release_on(ctx, host)
        except InstallerError as error:
            errors.append(error)
    if errors:
        raise errors[0]


def _release_on(ctx: Context, host: HostSpec) -> None:
    ctx.results.lock_records.remove(host)
    # Machines that were removed took the record with them.
    if ctx.holder is not None and not ctx.results.machines_removed:
        give_back = lock.clear if ctx.results.hosts_cleared else lock.release
        give_back(ctx.remote(host), ctx.holder)
