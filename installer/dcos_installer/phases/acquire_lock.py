"""Takes the cluster's lock: the flock on this machine, then the record on the first master if that is there yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from dcos_installer.errors import InstallerError, LockHeld
from dcos_installer.phases.base import Context
from dcos_installer.phases.left_out import first_master, leave_out
from dcos_installer.plan import journal, lock
from dcos_installer.providers.base import Condition, ProviderError, failed
from dcos_installer.remote import SshFailed

if TYPE_CHECKING:
    from dcos_installer.config.model import HostSpec


class AcquireLock:
    """Holds the lock until the run ends, however it ends.

    The lock is about operators, not about the cluster, so it does not go through the gate for changes.
    """

    title = "Take the lock"

    def __init__(self, *, tolerant: bool = False) -> None:
        """``tolerant``: a first master that cannot be reached is passed over, so that ruins can be cleared away."""
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
            if ctx.machines[master].condition not in (Condition.RUNNING, Condition.UNKNOWN):
                return
            try:
                take_record(ctx)
            except SshFailed as error:
                if self._tolerant:
                    ctx.note(master, f"does not hold the lock's record: {error.what}")
                    return
                if not self._comes_up(ctx, master):
                    leave_out(ctx, {master: error}, "the cluster's lock cannot be taken")
            else:
                return

    def _comes_up(self, ctx: Context, master: str) -> bool:
        """It may be on its way up still, after a run that was cut off while it waited for just that."""
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
        """Only now: the journal is of the run that holds the lock."""
        try:
            records = journal.read(ctx.state.journal)
        except journal.JournalDamaged as error:
            records = error.readable
            aside = journal.set_aside(ctx.state.journal, ctx.wall())
            ctx.note("", f"{error.what}; it is set aside as {aside}, and every host is read anew")
        ctx.interrupted = journal.under_way(records)
        for record in ctx.interrupted:
            ctx.note(
                record.host,
                f"the last run was cut off in {record.phase!r}, at: {record.step}; the machine is read anew",
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
    """The same lock, while machines are switched: somebody who deploys does not have them taken away.

    A first master that cannot hold the record does not keep the others from being switched. One that is switched itself
    gives the record back before: without power it could not. Raises `LockHeld`.
    """
    holder = lock.this_holder(ctx.run_id, ctx.spec.cluster_id, ctx.command, ctx.state.lock, ctx.wall())
    with lock.hold_here(ctx.state.lock, holder), ExitStack() as stack:
        ctx.holder = holder
        first = ctx.spec.masters[0]
        if ctx.look_at_machines()[first.name].condition is Condition.RUNNING:
            try:
                take_record(ctx)
            except LockHeld:
                raise
            except InstallerError as error:
                ctx.note(first.name, f"does not hold the lock's record: {error.what}")
        if first in hosts:
            release_record(ctx)
        stack.callback(_give_back, ctx)
        yield


def _give_back(ctx: Context) -> None:
    try:
        release_record(ctx)
    except InstallerError as error:
        # The work is done; the next run from here takes the record over.
        ctx.note(ctx.spec.masters[0].name, f"keeps the lock's record: {error.what}")


def take_record(ctx: Context) -> None:
    """Puts the record on the first master, once. Raises `LockHeld`."""
    if ctx.holder is None or ctx.results.lock_recorded is not None:
        return
    master = first_master(ctx)
    dead = lock.take(ctx.remote(master), ctx.holder)
    ctx.results.lock_recorded = master
    if dead is not None:
        ctx.note(master.name, f"took over the lock of {dead.described()}: that run has died")


def release_record(ctx: Context) -> None:
    """Removes the record, once."""
    recorded, ctx.results.lock_recorded = ctx.results.lock_recorded, None
    # Machines that were removed took the record with them.
    if recorded is not None and ctx.holder is not None and not ctx.results.machines_removed:
        give_back = lock.clear if ctx.results.hosts_cleared else lock.release
        give_back(ctx.remote(recorded), ctx.holder)
