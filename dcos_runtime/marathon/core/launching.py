"""Waiting instances, and offers: the master is asked for offers exactly while something can be launched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dcos_runtime.core.frozen import Now
from dcos_runtime.core.where import where
from dcos_runtime.marathon.core import ids, taskinfo
from dcos_runtime.marathon.core.app import App
from dcos_runtime.marathon.core.effects import Trouble
from dcos_runtime.marathon.core.instance import Condition, Goal, Instance, Task
from dcos_runtime.marathon.core.limits import MAX_AGENT
from dcos_runtime.marathon.core.matching import Match, OpenOffer, Statistics, match
from dcos_runtime.marathon.core.state import AppState, failure_of
from dcos_runtime.marathon.core.timing import Confirm, DelayOver, ReviveAllowed
from dcos_runtime.marathon.core.world import World
from dcos_runtime.wire import calls
from dcos_runtime.wire.cluster import Offer
from dcos_runtime.wire.tasks import TaskInfo


@dataclass
class _Taken:
    """``given``: for each task the names of the variables that its app sets."""

    offer: OpenOffer
    tasks: list[TaskInfo] = field(default_factory=list)
    given: list[tuple[str, ...]] = field(default_factory=list)


class _Others:
    """Where the app's instances are: how many on each agent, and the attributes that constraints look at."""

    def __init__(self, app: App, state: AppState) -> None:
        self._app = app
        self.on_agent: dict[str | None, int] = {}
        self.placed: list[Mapping[str, str]] = []
        for instance in state.instances.values():
            if instance.has_task and instance.goal is Goal.RUNNING and not instance.doomed:
                self.add(instance)

    def add(self, instance: Instance) -> None:
        self.on_agent[instance.agent_id] = self.on_agent.get(instance.agent_id, 0) + 1
        # Instances that are being replaced do not block those that replace them.
        if instance.config_version == self._app.config_version:
            self.placed.append(instance.attributes)


@dataclass
class OffersAsked:
    """The last request for offers. ``suppressed`` None: there is no subscription."""

    suppressed: bool | None = None
    revived_at: float | None = None
    waiting: dict[str, int] = field(default_factory=dict)


class LaunchQueue:
    """The launch queue. ``waiting`` holds the apps with instances to launch, oldest first."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.waiting: dict[str, int] = {}
        self.asked = OffersAsked()

    # --- whether offers are wanted ---

    def subscribed(self, now: Now) -> None:
        """A new subscription begins with all offers and no filters."""
        self.asked = OffersAsked(False, now.mono, dict(self.waiting))

    def disconnected(self) -> None:
        self.asked.suppressed = None

    @property
    def suppressed(self) -> bool:
        return self.asked.suppressed is True

    def look(self, state: AppState, now: Now) -> None:
        """Notes what an app waits for now."""
        world = self._world
        app = world.active(state)
        scheduled = len(state.scheduled()) if app is not None else 0
        if not scheduled or app is None:
            state.waiting_since = None
            state.statistics = Statistics()
            self.waiting.pop(state.id, None)
            return
        if state.waiting_since is None:
            state.waiting_since = now.wall
        if state.delay is not None and state.delay.config_version != app.config_version:
            state.delay = None
        if state.delay is not None and state.delay.until > now.mono:
            self.waiting.pop(state.id, None)
            world.timers.set(DelayOver(state.id), state.delay.until)
        else:
            self.waiting[state.id] = scheduled

    def update_offers(self, now: Now) -> None:
        """Revives when something new waits, suppresses when nothing waits."""
        world, asked = self._world, self.asked
        if asked.suppressed is None:
            return
        if not self.waiting:
            if not asked.suppressed:
                world.send(calls.suppress())
                asked.suppressed = True
            asked.waiting = {}
            return
        more = any(count > asked.waiting.get(app_id, 0) for app_id, count in self.waiting.items())
        if not asked.suppressed and not more:
            asked.waiting = dict(self.waiting)
            return
        if asked.revived_at is not None and not asked.suppressed:
            earliest = asked.revived_at + world.settings.min_revive_offers_interval
            if now.mono < earliest:
                world.timers.set(ReviveAllowed(), earliest)
                return
        if world.source.unlucky("offers are asked for later"):
            world.timers.set(ReviveAllowed(), now.mono + world.settings.min_revive_offers_interval)
            return
        world.send(calls.revive())
        self.asked = OffersAsked(False, now.mono, dict(self.waiting))

    # --- offers ---

    def offers(self, offers: Sequence[Offer], now: Now) -> None:
        """Launches the instances that fit, and declines the other offers."""
        world = self._world
        opened = [OpenOffer(offer) for offer in offers]
        too_large = [item.id for item in opened if item.described > MAX_AGENT]
        if too_large:
            world.send(calls.decline(too_large, world.settings.decline_offer_duration))
        taken = [_Taken(item) for item in opened if item.described <= MAX_AGENT]
        unmatched: set[str] = set()
        for app_id in list(self.waiting):
            state = world.apps[app_id]
            app = world.active(state)
            if app is not None:
                try:
                    complete = self._launch_app(state, app, taken, now)
                except Exception as error:  # an error with one app's definition must not stop the launches of others
                    self._trouble(state, app, error, now)
                    complete = False
                if not complete:
                    unmatched.add(app.role)
        declined: dict[float, list[str]] = {}
        settings = world.settings
        for item in taken:
            wanted = bool(unmatched) if item.offer.role is None else item.offer.role in unmatched
            refuse = settings.unmatched_offer_duration if wanted else settings.decline_offer_duration
            if item.tasks:
                world.send(calls.launch([item.offer.id], item.tasks, refuse), tuple(item.given))
            else:
                declined.setdefault(refuse, []).append(item.offer.id)
        for refuse, unused in declined.items():
            world.send(calls.decline(unused, refuse))

    def _launch_app(self, state: AppState, app: App, taken: list[_Taken], now: Now) -> bool:
        """Launches as many instances as fit, spread over agents. Returns whether all were launched."""
        statistics = state.statistics
        used: set[str] = set()
        reasons: dict[str, tuple[str, ...]] = {}
        complete = True
        others = _Others(app, state)
        for instance in state.scheduled():
            found = self._place(app, others, taken, reasons, now)
            if found is None:
                complete = False
                break
            place, matched = found
            used.add(place.offer.id)
            self._launch(state, app, instance, place, matched, now)
            others.add(instance)
        for item in taken:
            if item.offer.id in used:
                statistics.used(item.offer.offer, now.wall)
            elif item.offer.id in reasons:
                statistics.not_used(item.offer.offer, reasons[item.offer.id], now.wall)
        return complete

    def _trouble(self, state: AppState, app: App, error: Exception, now: Now) -> None:
        """An error in the init itself while it launched this app: it is logged once, and the app is skipped."""
        world = self._world
        cause = f"{type(error).__name__}: {error}"
        if cause == state.trouble:
            return
        state.trouble = cause
        text = f"the init cannot launch version {app.version} of {app.id} ({cause}); correct its definition"
        world.effect(Trouble(app.id, f"{text}; it failed in {where(error)}"))
        for instance in state.scheduled()[:1]:
            world.save_failure(state, failure_of(instance, "TASK_ERROR", text, now.wall))

    def _place(
        self, app: App, others: _Others, taken: list[_Taken], reasons: dict[str, tuple[str, ...]], now: Now
    ) -> tuple[_Taken, Match] | None:
        """The offer of the agent with the fewest of the app's instances that fits."""
        world = self._world
        if world.source.unlucky("no offer fits an instance"):
            return None
        candidates = [item for item in taken if len(item.tasks) < world.settings.max_instances_per_offer]
        candidates.sort(key=lambda item: (others.on_agent.get(item.offer.agent_id, 0), len(item.tasks)))
        for item in candidates:
            result = match(app, item.offer, others.placed, now.wall, world.source)
            if isinstance(result, Match):
                return item, result
            reasons[item.offer.id] = result
        return None

    def _launch(self, state: AppState, app: App, instance: Instance, place: _Taken, matched: Match, now: Now) -> None:
        world = self._world
        offer = place.offer.offer
        agent_id, ports = offer.agent_id.value, matched.host_ports
        task_id = ids.task(instance.id, instance.incarnation + 1)
        # Before anything is changed, so that the instance still waits if this fails.
        info = taskinfo.build(app, task_id, agent_id, offer.hostname, ports, matched.resources)
        state.trouble = None
        instance.incarnation += 1
        instance.version, instance.config_version = app.version, app.config_version
        instance.since = now.wall
        instance.tasks = [Task(id=task_id, condition=Condition.PROVISIONED, host_ports=ports, staged_at=now.wall)]
        instance.agent_id = agent_id
        instance.hostname = offer.hostname
        instance.attributes = place.offer.attributes
        instance.role = app.role
        world.save_instance(state, instance)
        world.timers.set(Confirm(instance.id), now.mono + world.settings.launch_confirm_timeout)
        place.tasks.append(info)
        place.given.append(tuple(app.env))

    def new_instance(self, state: AppState, app: App, now: Now) -> None:
        world = self._world
        instance = Instance(
            id=ids.instance(state.id, world.source.uuid()),
            app_id=state.id,
            version=app.version,
            config_version=app.config_version,
            since=now.wall,
            role=app.role,
        )
        world.save_instance(state, instance)
