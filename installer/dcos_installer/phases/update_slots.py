"""`upgrade --image`: writes an image into the slot of each machine that does not run, then starts the machines from it,
one after another. A machine that is not well with it goes back to its old slot by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dcos_installer.daemon_client import NotWell
from dcos_installer.errors import InstallerError
from dcos_installer.hosts import slots
from dcos_installer.hosts.fleet import Fleet
from dcos_installer.hosts.slots import SlotState
from dcos_installer.phases.acquire_lock import check_record, take_record_beside
from dcos_installer.phases.agent_tasks import await_agent, running, tell_tasks
from dcos_installer.phases.checks.coordination import ask_quorum
from dcos_installer.phases.kit.base import Context, HostsFailed
from dcos_installer.phases.kit.facts_cache import deployed
from dcos_installer.phases.kit.health import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from dcos_images.updates import ImageUpdate
    from dcos_installer.config.model import HostSpec

_CONNECT_SECONDS = 10.0
_QUORUM_SECONDS = 180.0
_PAUSE_SECONDS = 2.0
_PARTS = 4
"""So many parts of an upload are reported."""
# Why the trial of a slot came to nothing, of the machine's own journal: the boots before this one.
_TRIALS = """\
for boot in -1 -2 -3; do
    journalctl --no-pager --quiet --output=cat --lines=5 --boot="$boot" --unit=dcos-health.service || true
done
"""


class FellBack(InstallerError):
    """A machine runs from its old slot again."""


@dataclass
class Upgrade:
    """One image for some hosts: what the phases share. ``fleet`` reaches the hosts."""

    hosts: Sequence[HostSpec]
    image: Callable[[Callable[[str], None]], AbstractContextManager[ImageUpdate]]
    """Builds it where it is not built yet, and reports the progress. Its files stay until the context ends."""
    seconds: float
    """How long a machine may take until it is well with its new slot, or has gone back."""
    files: ExitStack = field(default_factory=ExitStack)
    """Holds the image's files while slots are written."""
    update: ImageUpdate | None = None
    fleet: Fleet | None = None
    found: dict[str, SlotState] = field(default_factory=dict)
    waiting: list[HostSpec] = field(default_factory=list)
    """Hosts that are not known to be well with the image: they have it in the other slot, or are on trial with it."""

    @property
    def wanted(self) -> ImageUpdate:
        assert self.update is not None  # the first phase has made it
        return self.update

    @property
    def reach(self) -> Fleet:
        assert self.fleet is not None  # likewise
        return self.fleet


class FindImage:
    """The phase that builds the image, or finds it in the cache."""

    title = "Build the image"

    def __init__(self, upgrade: Upgrade) -> None:
        self._upgrade = upgrade

    def run(self, ctx: Context) -> None:
        made = self._upgrade.image(lambda text: ctx.note("", text))
        self._upgrade.update = self._upgrade.files.enter_context(made)
        self._upgrade.fleet = Fleet(ctx.provider.ssh, connect_seconds=_CONNECT_SECONDS, patience=ctx.patience)

    def clean_up(self, ctx: Context) -> None:
        self._upgrade.files.close()


class WriteSlots:
    """On all hosts side by side: nothing of what runs is touched."""

    title = "Write the slots"

    def __init__(self, upgrade: Upgrade) -> None:
        self._upgrade = upgrade

    def run(self, ctx: Context) -> None:
        upgrade, update = self._upgrade, self._upgrade.wanted
        looked = ctx.everywhere(upgrade.hosts, lambda host: slots.look(upgrade.reach, host, update))
        failures = {name: error for name, error in looked.items() if isinstance(error, BaseException)}
        if failures:
            raise HostsFailed("not every machine can be updated: nothing was changed", failures)
        upgrade.found = {name: state for name, state in looked.items() if isinstance(state, SlotState)}
        todo = []
        for host in upgrade.hosts:
            state = upgrade.found[host.name]
            there = next((one for one in state.entries if one.slot != state.running), None)
            if state.image == update.sha256 and state.on_trial:
                ctx.note(host.name, f"is on trial with this image, in its slot {state.running}")
                upgrade.waiting.append(host)
            elif state.image == update.sha256:
                ctx.note(host.name, f"runs this image already, from its slot {state.running}")
            elif there is not None and there.image == update.sha256 and there.left and not there.done:
                ctx.note(host.name, f"has this image in its slot {there.slot} already")
                upgrade.waiting.append(host)
            else:
                todo.append(host)
        written: dict[str, BaseException] = {}
        with ctx.changing({host.name: "write the image into the slot that does not run" for host in todo}) as outcome:
            if outcome is None or not todo:
                return

            def work(host: HostSpec) -> None:
                try:
                    slot, hidden = slots.write(upgrade.reach, host, update, _progress(ctx, host.name, update.size))
                except InstallerError as error:
                    outcome.failed(host.name, error)
                    raise
                outcome.done(host.name, update.sha256)
                ctx.note(host.name, f"slot {slot} holds the image {update.name} {update.sha256[:12]}")
                for one in hidden:
                    ctx.note(host.name, f"/etc/{one.path} hides what the image has: {one.why}")

            results = ctx.everywhere(todo, work)
            written = {name: error for name, error in results.items() if isinstance(error, BaseException)}
        if written:
            raise HostsFailed("not every slot was written; no machine was restarted", written)
        upgrade.waiting += todo


class StartFromSlots:
    """Masters first, and one machine at a time: the next one when this one is well. The first that is not ends it."""

    title = "Start from the new slots"

    def __init__(self, upgrade: Upgrade) -> None:
        self._upgrade = upgrade

    def should_run(self, ctx: Context) -> str:
        return "" if self._upgrade.waiting else "every machine runs this image"

    def run(self, ctx: Context) -> None:
        waiting = {host.name for host in self._upgrade.waiting}
        self._upgrade.files.close()
        ordered = sorted(self._upgrade.hosts, key=lambda one: not one.is_master)
        order = [host for host in ordered if host.name in waiting]
        if waiting & {host.name for host in ctx.results.lock_records}:
            take_record_beside(ctx)
        for host in order:
            if host.is_agent and self._restarts(host):
                tell_tasks(ctx, host)
        for host in order:
            self._start(ctx, host)

    def _restarts(self, host: HostSpec) -> bool:
        """Else it runs the image already, and is on trial."""
        return self._upgrade.found[host.name].image != self._upgrade.wanted.sha256

    def _start(self, ctx: Context, host: HostSpec) -> None:
        if host.is_master:
            self._await_others(ctx)
        before = running(ctx) if host.is_agent and self._restarts(host) else None
        ctx.change(host.name, "start it from the new slot, and see whether it is well", lambda: self._try(ctx, host))
        check_record(ctx, host)
        if host.is_master:
            self._await_others(ctx)
        if host.is_agent:
            await_agent(ctx, host, before)
        ctx.note(host.name, f"is well with the image {self._upgrade.wanted.name}")

    def _await_others(self, ctx: Context) -> None:
        """A master restarts only while every other one holds the state, and so on after it."""
        if not deployed(ctx):
            return

        def all_serve() -> None:
            if problem := ask_quorum(ctx).problem:
                raise NotWell(problem)

        wait_until(ctx, "every master's ZooKeeper serves", all_serve, seconds=_QUORUM_SECONDS, evidence=lambda: "")

    def _try(self, ctx: Context, host: HostSpec) -> None:
        before = self._upgrade.found[host.name]
        if restarts := self._restarts(host):
            restart(ctx, host)
        end = ctx.monotonic() + self._upgrade.seconds
        seen = "it did not come up"
        while ctx.monotonic() < end:
            ctx.sleep(_PAUSE_SECONDS)
            try:
                state = slots.look(self._upgrade.reach, host, self._upgrade.wanted)
            except InstallerError as error:  # it goes down, or is on its way up
                seen = error.what
                continue
            if restarts and state.boot == before.boot:
                seen = "it has not restarted"
            elif state.image != self._upgrade.wanted.sha256:
                raise FellBack(
                    f"{host.name} went back to its slot {state.running}: it was not well with the image",
                    why=f"the other slot was tried {slots_tried(state)}; machines after it were left as they are",
                    hint="see why in the machine's journal; its old slot serves. Correct the cause, then upgrade again",
                    evidence=self._trials(ctx, host),
                )
            elif state.on_trial:
                seen = "it runs from the new slot, and is not well yet"
            else:
                return
        raise InstallerError(
            f"{host.name} is neither well with its new slot nor back on the old one in {self._upgrade.seconds:.0f} s",
            why=seen,
            hint="look at its console; give it longer with --seconds, and run again: it resumes",
        )

    def _trials(self, ctx: Context, host: HostSpec) -> str:
        try:
            return ctx.remote(host).script(_TRIALS, what="read why").stdout.rstrip()
        except InstallerError as error:
            return f"(its journal could not be read: {error.what})"


def restart(ctx: Context, host: HostSpec) -> None:
    """Makes the machine restart after a moment, so that this command ends before SSH does."""
    ctx.remote(host).run(["systemd-run", "--quiet", "--on-active=1", "systemctl", "reboot"], what="restart it")


def slots_tried(state: SlotState) -> str:
    """How often the slot that does not run was tried, for a sentence."""
    tried = next((one for one in state.entries if one.slot != state.running), None)
    return f"{tried.done} times" if tried is not None and tried.done else "in vain"


def _progress(ctx: Context, name: str, size: int) -> Callable[[int], None]:
    """Reports each quarter of an upload."""
    sent = reported = 0

    def passed(more: int) -> None:
        nonlocal sent, reported
        sent += more
        if (part := sent * _PARTS // max(1, size)) > reported:
            reported = part
            ctx.note(name, f"{part * 100 // _PARTS} % of {size >> 20} MiB sent")

    return passed
