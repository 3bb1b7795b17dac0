"""A process with a core in it: it runs, is paused, dies between two effects, and comes back."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from dcos_runtime.core.frozen import Frozen, Now, Tick
from dcos_runtime.core.runner import Core, Runner
from dcos_runtime.core.seeds import SeededSource
from dcos_runtime.sim.clock import WALL, Action
from dcos_runtime.sim.world import World


class Crashed(Exception):
    """The process died here; its remaining effects are not carried out."""


class Process:
    """``life`` counts its starts. Actions that one life has scheduled do not happen in the next."""

    kind = ""

    def __init__(self, cluster: World, name: str) -> None:
        self.cluster, self.name = cluster, name
        self.clock, self.network = cluster.clock, cluster.network
        self.random = Random(f"{cluster.seed} {name}")
        self.up = False
        self.paused = False
        self.life = 0
        self.skew = 0.0
        """Seconds by which its wall clock is ahead."""
        self.effects_left: int | None = None
        """It dies after so many further effects; None: it does not."""
        self._waiting: deque[Action] = deque()
        self._since = 0.0

    @property
    def well_since(self) -> float | None:
        """The time since which it is up and not hindered; None: it is down or hindered."""
        return self._since if self.up and not self.paused else None

    def hindered(self) -> None:
        """It was hindered until now."""
        self._since = self.clock.now

    # --- time ---

    def now(self) -> Now:
        return Now(self.clock.now, WALL + self.clock.now + self.skew)

    def later(self, seconds: float, action: Action) -> None:
        """Runs the action later, in this life only, and not while it is paused."""
        self.clock.after(seconds, self.mine(action))

    def mine(self, action: Action) -> Action:
        """The same for the actions of others."""
        life = self.life
        return lambda: self._act(life, action)

    def hears(self, hear: Callable[[Any], None]) -> Callable[[Any], None]:
        """The same for messages of others."""
        life = self.life
        return lambda answer: self._act(life, lambda: hear(answer))

    def _act(self, life: int, action: Action) -> None:
        if self.life != life or not self.up:
            return
        if self.paused:
            self._waiting.append(lambda: self._act(life, action))
            return
        try:
            action()
        except Crashed:
            self.kill()

    # --- life ---

    def start(self) -> None:
        """Does nothing when it is up already."""
        if self.up:
            return
        self.life += 1
        self.up, self.paused, self.effects_left = True, False, None
        self._waiting.clear()
        self.hindered()
        self.came_up()

    def came_up(self) -> None:
        raise NotImplementedError

    def kill(self) -> None:
        """As with SIGKILL: it does nothing more. The system closes its connections."""
        if self.up:
            self.up = self.paused = False
            self.life += 1
            self._waiting.clear()
            self.cluster.watch.killed(self)
            self.died()

    def died(self) -> None:
        """The system's part of its death."""

    def pause(self) -> None:
        if self.up:
            self.paused = True

    def resume(self) -> None:
        if self.up and self.paused:
            self.paused = False
            self.hindered()
            waiting, self._waiting = self._waiting, deque()
            for action in waiting:
                self.clock.after(0.0, action)

    def spend(self) -> None:
        """Counts one more effect. Raises `Crashed` when it has to die before."""
        if self.effects_left is not None:
            if self.effects_left <= 0:
                raise Crashed
            self.effects_left -= 1


class CoreProcess(Process):
    """A process whose core is written on the kit. ``runner`` is the one that daemons use."""

    core: Core[Any]
    runner: Runner[Any]

    def install(self, core: Core[Any]) -> None:
        self.core = core
        self.runner = Runner(core, self.now, self._carry_out, self)
        self.runner.fed = Ticker(self, core, self.core_time, self.feed, self.tick, self.do).fed

    def source(self, seed: str) -> SeededSource:
        """A core's source of randomness, with the misfortune of ``cluster.options``."""
        return self.cluster.source(self, seed)

    def tick(self) -> Frozen:
        """The event that lets time pass."""
        return Tick()

    def feed(self, event: Frozen) -> None:
        self.runner.feed(event)

    # --- what the runner asks of its recorder: every event and what it led to ---

    def keep(self, now: Now, event: Frozen, effects: Sequence[Frozen], error: str) -> None:
        self.cluster.watch.stepped(self, now, event, effects, error)

    def flush(self) -> None:
        pass

    def _carry_out(self, effect: Any) -> None:
        self.spend()
        self.cluster.watch.performing(self, effect)
        self.perform(effect)

    def perform(self, effect: Any) -> None:
        """Begins an effect. Its results come later, never at once."""
        raise NotImplementedError

    # --- ticks ---

    def core_time(self) -> float:
        """The time on the core's clock."""
        return self.clock.now

    def do(self, action: Action) -> None:
        """Runs the action now, or when this process may."""
        action()


class Ticker:
    """Feeds a core with a tick whenever something is due, as `running.Ticking` does."""

    def __init__(
        self,
        process: Process,
        core: Core[Any],
        time: Callable[[], float],
        feed: Callable[[Any], None],
        tick: Callable[[], Frozen] = Tick,
        do: Callable[[Action], None] = lambda action: action(),
    ) -> None:
        """``time``: the core's clock. ``do``: runs an action now, or when the process may."""
        self._process, self._core = process, core
        self._time, self._feed, self._tick, self._do = time, feed, tick, do
        self._at: float | None = None

    def fed(self) -> None:
        process = self._process
        if not process.up:
            return
        deadline = self._core.next_deadline()
        if deadline is None:
            return
        when = process.clock.now + max(0.0, deadline - self._time())
        if self._at is None or when < self._at:
            self._at = when
            process.clock.at(when, process.mine(lambda: self._due(when)))

    def _due(self, when: float) -> None:
        if self._at == when:  # otherwise another was set since
            self._at = None
            self._do(self._time_passes)

    def _time_passes(self) -> None:
        deadline = self._core.next_deadline()
        if deadline is not None and deadline <= self._time():
            self._feed(self._tick())
        else:
            self.fed()
