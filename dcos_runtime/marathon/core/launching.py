"""Waiting instances, and offers: the master is asked for offers exactly while something can be launched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dcos_runtime.core.frozen import Now
from dcos_runtime.core.where import where
from dcos_runtime.marathon.core import ids, taskinfo
from dcos_runtime.marathon.core.app import App
from dcos_runtime.marathon.core.app_state import AppState, failure_of
from dcos_runtime.marathon.core.effects import Trouble
from dcos_runtime.marathon.core.instance import Condition, Goal, Instance, Task
from dcos_runtime.marathon.core.limits import MAX_AGENT, MAX_LAUNCHED
from dcos_runtime.marathon.core.matching import Match, OpenOffer, Statistics, match
from dcos_runtime.marathon.core.state import State
from dcos_runtime.marathon.core.timing import Confirm, DelayOver, ReviveAllowed
from dcos_runtime.wire import calls
from dcos_runtime.wire.cluster import Offer
from dcos_runtime.wire.tasks import TaskInfo


@dataclass
class _Taken:
    """``given``: for each task the names of the variables that its app sets. ``size``: bytes that the tasks have
    together at most.
    """

    offer: OpenOffer
    tasks: list[TaskInfo] = field(default_factory=list)
    size: int = 0
    given: list[tuple[str, ...]] = field(default_factory=list)


class _Others:
    """Where the app's instances are: how many on each agent, and the attributes that constraints look at."""

    def __init__(self, app: App, app_state: AppState) -> None:
        self._app = app
        self.on_agent: dict[str | None, int] = {}
        self.placed: list[Mapping[str, str]] = []
        for instance in app_state.instances.values():
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

    def __init__(self, state: State) -> None:
        self._state = state
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

    def look(self, app_state: AppState, now: Now) -> None:
        """Notes what an app waits for now."""
        state = self._state
        app = state.active(app_state)
        scheduled = len(app_state.scheduled()) if app is not None else 0
        if not scheduled or app is None:
            app_state.waiting_since = None
            app_state.statistics = Statistics()
            self.waiting.pop(app_state.id, None)
            return
        if app_state.waiting_since is None:
            app_state.waiting_since = now.wall
        if app_state.delay is not None and app_state.delay.config_version != app.config_version:
            app_state.delay = None
        if app_state.delay is not None and app_state.delay.until > now.mono:
            self.waiting.pop(app_state.id, None)
            state.timers.set(DelayOver(app_state.id), app_state.delay.until)
        else:
            self.waiting[app_state.id] = scheduled

    def update_offers(self, now: Now) -> None:
        """Revives when something new waits, suppresses when nothing waits."""
        state, asked = self._state, self.asked
        if asked.suppressed is None:
            return
        if not self.waiting:
            if not asked.suppressed:
                state.send(calls.suppress())
                asked.suppressed = True
            asked.waiting = {}
            return
        more = any(count > asked.waiting.get(app_id, 0) for app_id, count in self.waiting.items())
        if not asked.suppressed and not more:
            asked.waiting = dict(self.waiting)
            return
        if asked.revived_at is not None and not asked.suppressed:
            earliest = asked.revived_at + state.settings.min_revive_offers_interval
            if now.mono < earliest:
                state.timers.set(ReviveAllowed(), earliest)
                return
        if state.source.unlucky("offers are asked for later"):
            state.timers.set(ReviveAllowed(), now.mono + state.settings.min_revive_offers_interval)
            return
        state.send(calls.revive())
        self.asked = OffersAsked(False, now.mono, dict(self.waiting))

    # --- offers ---

    def offers(self, offers: Sequence[Offer], now: Now) -> None:
        """Launches the instances that fit, and declines the other offers."""
        state = self._state
        opened = [OpenOffer(offer) for offer in offers]
        too_large = [item.id for item in opened if item.described > MAX_AGENT]
        if too_large:
            state.send(calls.decline(too_large, state.settings.decline_offer_duration))
        taken = [_Taken(item) for item in opened if item.described <= MAX_AGENT]
        unmatched: set[str] = set()
        for app_id in list(self.waiting):
            app_state = state.apps[app_id]
            app = state.active(app_state)
            if app is not None:
                try:
                    complete = self._launch_app(app_state, app, taken, now)
                except Exception as error:  # an error with one app's definition must not stop the launches of others
                    self._trouble(app_state, app, error, now)
                    complete = False
                if not complete:
                    unmatched.add(app.role)
        declined: dict[float, list[str]] = {}
        settings = state.settings
        for item in taken:
            wanted = bool(unmatched) if item.offer.role is None else item.offer.role in unmatched
            refuse = settings.unmatched_offer_duration if wanted else settings.decline_offer_duration
            if item.tasks:
                state.send(calls.launch([item.offer.id], item.tasks, refuse), tuple(item.given))
            else:
                declined.setdefault(refuse, []).append(item.offer.id)
        for refuse, unused in declined.items():
            state.send(calls.decline(unused, refuse))

    def _launch_app(self, app_state: AppState, app: App, taken: list[_Taken], now: Now) -> bool:
        """Launches as many instances as fit, spread over agents. Returns whether all were launched."""
        statistics = app_state.statistics
        used: set[str] = set()
        reasons: dict[str, tuple[str, ...]] = {}
        complete = True
        others = _Others(app, app_state)
        size = taskinfo.most(app)
        for instance in app_state.scheduled():
            found = self._place(app, others, [item for item in taken if item.size + size <= MAX_LAUNCHED], reasons, now)
            if found is None:
                complete = False
                break
            place, matched = found
            used.add(place.offer.id)
            self._launch(app_state, app, instance, place, matched, now)
            place.size += size
            others.add(instance)
        for item in taken:
            if item.offer.id in used:
                statistics.used(item.offer.offer, now.wall)
            elif item.offer.id in reasons:
                statistics.not_used(item.offer.offer, reasons[item.offer.id], now.wall)
        return complete

    def _trouble(self, app_state: AppState, app: App, error: Exception, now: Now) -> None:
        """An error in the init itself while it launched this app: it is logged once, and the app is skipped."""
        state = self._state
        cause = f"{type(error).__name__}: {error}"
        if cause == app_state.trouble:
            return
        app_state.trouble = cause
        text = f"the init cannot launch version {app.version} of {app.id} ({cause}); correct its definition"
        state.effect(Trouble(app.id, f"{text}; it failed in {where(error)}"))
        for instance in app_state.scheduled()[:1]:
            state.save_failure(app_state, failure_of(instance, "TASK_ERROR", text, now.wall))

    def _place(
        self, app: App, others: _Others, taken: list[_Taken], reasons: dict[str, tuple[str, ...]], now: Now
    ) -> tuple[_Taken, Match] | None:
        """The offer of the agent with the fewest of the app's instances that fits."""
        state = self._state
        if state.source.unlucky("no offer fits an instance"):
            return None
        candidates = [item for item in taken if len(item.tasks) < state.settings.max_instances_per_offer]
        candidates.sort(key=lambda item: (others.on_agent.get(item.offer.agent_id, 0), len(item.tasks)))
        for item in candidates:
            result = match(app, item.offer, others.placed, now.wall, state.source)
            if isinstance(result, Match):
                return item, result
            reasons[item.offer.id] = result
        return None

    def _launch(
        self, app_state: AppState, app: App, instance: Instance, place: _Taken, matched: Match, now: Now
    ) -> None:
        state = self._state
        offer = place.offer.offer
        agent_id, ports = offer.agent_id.value, matched.host_ports
        task_id = ids.task(instance.id, instance.incarnation + 1)
        # Before anything is changed, so that the instance still waits if this fails.
        info = taskinfo.build(app, task_id, agent_id, offer.hostname, ports, matched.resources)
        app_state.trouble = None
        instance.incarnation += 1
        instance.version, instance.config_version = app.version, app.config_version
        instance.since = now.wall
        task = Task(id=task_id, condition=Condition.PROVISIONED, host_ports=ports, staged_at=now.wall)
        task.checked = info.health_check is not None
        instance.tasks = [task]
        instance.agent_id = agent_id
        instance.hostname = offer.hostname
        instance.attributes = place.offer.attributes
        instance.role = app.role
        state.save_instance(app_state, instance)
        state.timers.set(Confirm(instance.id), now.mono + state.settings.launch_confirm_timeout)
        place.tasks.append(info)
        place.given.append(tuple(app.env))

    def new_instance(self, app_state: AppState, app: App, now: Now) -> None:
        state = self._state
        instance = Instance(
            id=ids.instance(app_state.id, state.source.uuid()),
            app_id=app_state.id,
            version=app.version,
            config_version=app.config_version,
            since=now.wall,
            role=app.role,
        )
        state.save_instance(app_state, instance)
