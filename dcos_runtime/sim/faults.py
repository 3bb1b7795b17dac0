"""Faults of a cluster, and requests of its users: values that can be stored, printed, left out and repeated."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Protocol

import msgspec

from dcos_runtime.agent.core import events
from dcos_runtime.core.frozen import Frozen
from dcos_runtime.marathon.core import events as init_events
from dcos_runtime.sim.agent import AgentProcess
from dcos_runtime.sim.clock import Clock
from dcos_runtime.sim.ensemble import ZOOKEEPER
from dcos_runtime.sim.framework import FrameworkProcess
from dcos_runtime.sim.init import InitProcess, definition
from dcos_runtime.sim.master import MasterProcess
from dcos_runtime.sim.network import Network, Stream
from dcos_runtime.sim.process import Process

INIT = "init"
LEADER = "leader"
"""The leader at the time of the fault."""


class Faulted(Protocol):
    """The cluster that a fault befalls."""

    clock: Clock
    network: Network

    def process(self, name: str) -> Process | None: ...

    def agent(self, name: str) -> AgentProcess: ...

    def framework(self, name: str) -> FrameworkProcess: ...

    def named(self, name: str) -> str:
        """The process that a fault names."""
        ...

    def stream_of(self, client: str) -> Stream | None:
        """Its newest stream to the leader."""
        ...

    def deaden(self, name: str) -> None:
        """The machine is off: no peer learns that its connections have ended."""
        ...

    def reboot(self, process: Process) -> None: ...

    def start_after(self, process: Process, seconds: float) -> None:
        """It is up again then, however it died meanwhile."""
        ...


class Fault(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """``at``: seconds from the start."""

    at: float

    def befall(self, cluster: Faulted) -> None:
        raise NotImplementedError


class Partition(Fault, frozen=True):
    """No message gets from ``one`` to ``other`` for ``seconds``; with ``both``, none back either."""

    one: str
    other: str
    seconds: float
    both: bool = True

    def befall(self, cluster: Faulted) -> None:
        one, other = cluster.named(self.one), cluster.named(self.other)
        directions = [(one, other), (other, one)] if self.both else [(one, other)]
        for source, target in directions:
            cluster.network.block(source, target)
            cluster.clock.after(self.seconds, _unblocks(cluster, source, target))


class Slow(Fault, frozen=True):
    """Messages between two take up to ``lag`` longer, so that they overtake those of others."""

    one: str
    other: str
    seconds: float
    lag: float

    def befall(self, cluster: Faulted) -> None:
        one, other = cluster.named(self.one), cluster.named(self.other)
        for source, target in ((one, other), (other, one)):
            cluster.network.slow(source, target, self.lag)
            cluster.clock.after(self.seconds, _quickens(cluster, source, target))


class Cut(Fault, frozen=True):
    """The stream of ``client`` breaks. Only the named ends notice; another end keeps a dead stream."""

    client: str
    master_notices: bool = True
    client_notices: bool = True

    def befall(self, cluster: Faulted) -> None:
        stream = cluster.stream_of(cluster.named(self.client))
        if stream is not None:
            if not (self.master_notices and self.client_notices):
                stream.deaden()
            stream.cut(server=self.master_notices, client=self.client_notices)


class Calls(Fault, frozen=True):
    """Disturbs the next calls of ``client`` to the leader: see `Network.mark`."""

    client: str
    what: str
    count: int = 1

    def befall(self, cluster: Faulted) -> None:
        cluster.network.mark(cluster.named(self.client), cluster.named(LEADER), self.what, self.count)


class Crash(Fault, frozen=True):
    """The process dies after at most ``effects`` further effects, and is back ``down`` seconds later. ``silent``: the
    whole machine dies with its containers, and no peer notices.
    """

    process: str
    effects: int = 0
    down: float = 5.0
    silent: bool = False

    def befall(self, cluster: Faulted) -> None:
        process = cluster.process(cluster.named(self.process))
        if process is None or not process.up:
            return
        if self.silent:
            cluster.deaden(process.name)
            process.kill()
            cluster.reboot(process)
        elif self.effects:
            process.effects_left = self.effects
            life = process.life
            # If it has nothing to do for long, it dies idle.
            cluster.clock.after(30.0, lambda: process.kill() if process.life == life else None)
        else:
            process.kill()
        cluster.start_after(process, self.down)


class Pause(Fault, frozen=True):
    """The process is stopped, and continued later."""

    process: str
    seconds: float

    def befall(self, cluster: Faulted) -> None:
        process = cluster.process(cluster.named(self.process))
        if process is not None and process.up and not process.paused:
            process.pause()
            cluster.clock.after(self.seconds, process.resume)


class ClockStep(Fault, frozen=True):
    """Somebody sets the wall clock of a machine."""

    process: str
    seconds: float

    def befall(self, cluster: Faulted) -> None:
        process = cluster.process(cluster.named(self.process))
        if process is not None:
            process.skew += self.seconds


class DiskFull(Fault, frozen=True):
    """The agent's disk is full."""

    agent: str
    seconds: float

    def befall(self, cluster: Faulted) -> None:
        agent = cluster.agent(self.agent)
        agent.disk.full = "No space left on device"

        def over() -> None:
            agent.disk.full = ""
            agent.hindered()

        cluster.clock.after(self.seconds, over)


class LeaseLost(Fault, frozen=True):
    """The leader of ``whose`` cannot reach ZooKeeper: its leadership is suspended, and ends with its session."""

    seconds: float
    whose: str = LEADER

    def befall(self, cluster: Faulted) -> None:
        leader = cluster.named(self.whose)
        for source, target in ((leader, ZOOKEEPER), (ZOOKEEPER, leader)):
            cluster.network.block(source, target)
            cluster.clock.after(self.seconds, _unblocks(cluster, source, target))


class SupervisorDies(Fault, frozen=True):
    """The supervisor of a container dies, and its exit status is lost."""

    agent: str
    pick: int

    def befall(self, cluster: Faulted) -> None:
        host = cluster.agent(self.agent).host
        running = [one for one in host.containers.values() if one.state == "running"]
        if running:
            host.orphan(running[self.pick % len(running)])


class ExecutorHangsUp(Fault, frozen=True):
    """The connection of a custom executor to its agent breaks."""

    agent: str
    pick: int

    def befall(self, cluster: Faulted) -> None:
        programs = cluster.agent(self.agent).host.programs()
        if programs:
            programs[self.pick % len(programs)].hang_up()


class PowerOff(Fault, frozen=True):
    """The machine is shut down: its agent ends all tasks, and ``seconds`` later it is off, for ``down`` seconds."""

    agent: str
    seconds: float
    down: float

    def befall(self, cluster: Faulted) -> None:
        agent = cluster.agent(self.agent)
        if not agent.up:
            return
        life = agent.life
        agent.mine(lambda: agent.feed(events.PowerOff(self.seconds / 2)))()

        def off() -> None:
            if agent.up and agent.life == life:
                cluster.deaden(agent.name)
                agent.kill()
                cluster.reboot(agent)

        cluster.clock.after(self.seconds, off)
        cluster.start_after(agent, self.down)


class TooMuchDisk(Fault, frozen=True):
    """A task takes more disk than it may."""

    agent: str
    pick: int

    def befall(self, cluster: Faulted) -> None:
        agent = cluster.agent(self.agent)
        there = [one for one in agent.host.containers.values() if one.state in ("created", "running")]
        if there and agent.up:
            container = there[self.pick % len(there)].id
            agent.mine(lambda: agent.feed(events.DiskExceeded(container, 2, 1)))()


class Wipe(Fault, frozen=True):
    """The machine is lost, and an empty one of the same name replaces it."""

    agent: str
    down: float

    def befall(self, cluster: Faulted) -> None:
        agent = cluster.agent(self.agent)
        cluster.deaden(agent.name)
        agent.kill()
        agent.wipe()
        cluster.start_after(agent, self.down)


# --- what people do ---------------------------------------------------------------------------------------------------


class KillOne(Fault, frozen=True):
    """The framework ends one of its tasks."""

    framework: str
    pick: int

    def befall(self, cluster: Faulted) -> None:
        framework = cluster.framework(self.framework)
        if framework.up and framework.tasks:
            names = list(framework.tasks)
            framework.mine(lambda: framework.kill_task(names[self.pick % len(names)]))()


class Want(Fault, frozen=True):
    """The framework's number of tasks changes."""

    framework: str
    count: int

    def befall(self, cluster: Faulted) -> None:
        framework = cluster.framework(self.framework)
        if framework.up:
            framework.mine(lambda: framework.want(self.count))()


class ShutExecutorDown(Fault, frozen=True):
    """The framework ends one of its executors."""

    framework: str
    pick: int

    def befall(self, cluster: Faulted) -> None:
        framework = cluster.framework(self.framework)
        if framework.up:
            framework.mine(lambda: framework.shut_executor_down(self.pick))()


class Say(Fault, frozen=True):
    """The framework sends data to one of its executors, which sends it back."""

    framework: str
    pick: int

    def befall(self, cluster: Faulted) -> None:
        framework = cluster.framework(self.framework)
        if framework.up:
            framework.mine(lambda: framework.say_to_executor(self.pick))()


class HangUp(Fault, frozen=True):
    """The framework ends its subscription, and subscribes again."""

    framework: str

    def befall(self, cluster: Faulted) -> None:
        framework = cluster.framework(self.framework)
        if framework.up:
            framework.mine(framework.subscription.hang_up)()


class Successor(Fault, frozen=True):
    """Another process of the framework subscribes with its id, while the older one continues."""

    framework: str

    def befall(self, cluster: Faulted) -> None:
        framework = cluster.framework(self.framework)
        if framework.up:
            framework.mine(framework.succeed)()


class Teardown(Fault, frozen=True):
    """The framework tears itself down, or an ``operator`` does; then it begins as a new framework."""

    framework: str
    operator: bool = False

    def befall(self, cluster: Faulted) -> None:
        process = cluster.process(cluster.named(self.framework))
        leader = cluster.process(cluster.named(LEADER))
        if not self.operator and isinstance(process, FrameworkProcess):
            if process.up and process.id is not None:
                process.mine(process.tear_down)()
        elif isinstance(leader, MasterProcess) and leader.up:
            ended = process.id if isinstance(process, FrameworkProcess | InitProcess) else None
            if ended is not None:
                leader.tear_down(ended)


class App(Fault, frozen=True):
    """A client creates or changes an app of the init; without ``instances`` it is deleted."""

    app: str
    instances: int | None
    command: str = "run inf 0 v1"
    over: float = 1.0
    least: float = 1.0
    away: str | None = None
    force: bool = True

    def befall(self, cluster: Faulted) -> None:
        init = cluster.process(cluster.named(INIT))
        if not isinstance(init, InitProcess) or not init.up:
            return
        app_id, instances, force = self.app, self.instances, self.force
        if instances is None:
            _asks(init, (), lambda request: init_events.DeleteApp(request, app_id, force))
            init.cluster.watch.cut_short(app_id, False)
            return
        body = definition(app_id, instances, self.command, self.over, self.least, self.away)
        _asks(
            init,
            (app_id,),
            lambda request: init_events.UpdateApp(request, app_id, body, partial=False, may_create=True, force=force),
        )


class Cancel(Fault, frozen=True):
    """A client stops a deployment, which is undone; with ``force`` it stays half done."""

    force: bool = False

    def befall(self, cluster: Faulted) -> None:
        init = cluster.process(cluster.named(INIT))
        if isinstance(init, InitProcess) and init.up and init.leading:
            deployment = next(iter(init.core.state.deployments.values()), None)
            force = self.force
            if deployment is not None:
                _asks(
                    init, deployment.apps, lambda request: init_events.CancelDeployment(request, deployment.id, force)
                )


class Restart(Fault, frozen=True):
    """A client has all of an app's instances replaced."""

    app: str
    force: bool = False

    def befall(self, cluster: Faulted) -> None:
        init = cluster.process(cluster.named(INIT))
        if isinstance(init, InitProcess) and init.up:
            app_id, force = self.app, self.force
            _asks(init, (app_id,), lambda request: init_events.RestartApp(request, app_id, force))


class KillInstances(Fault, frozen=True):
    """A client ends the tasks of an app; with ``scale`` they are not replaced, with ``wipe`` forgotten at once."""

    app: str
    scale: bool = False
    wipe: bool = False

    def befall(self, cluster: Faulted) -> None:
        init = cluster.process(cluster.named(INIT))
        if isinstance(init, InitProcess) and init.up:
            app_id, scale, wipe = self.app, self.scale, self.wipe
            _asks(init, (app_id,), lambda request: init_events.KillTasks(request, app_id, None, scale, wipe, True))


AnyFault = (
    Partition
    | Slow
    | Cut
    | Calls
    | Crash
    | Pause
    | ClockStep
    | DiskFull
    | LeaseLost
    | SupervisorDies
    | TooMuchDisk
    | ExecutorHangsUp
    | PowerOff
    | ShutExecutorDown
    | Say
    | Wipe
    | KillOne
    | Want
    | HangUp
    | Successor
    | Teardown
    | App
    | Cancel
    | Restart
    | KillInstances
)


def _asks(init: InitProcess, apps: Collection[str], event: Callable[[int], Frozen]) -> None:
    """``apps``: the ones whose change under way is interrupted by this one."""

    def asked(request: int) -> Frozen:
        for app_id in apps:
            if init.core.state.deployment_of(app_id) is not None:
                init.cluster.watch.cut_short(app_id, True)
        return event(request)

    init.ask(asked)


def _unblocks(cluster: Faulted, source: str, target: str) -> Callable[[], None]:
    return lambda: cluster.network.unblock(source, target)


def _quickens(cluster: Faulted, source: str, target: str) -> Callable[[], None]:
    return lambda: cluster.network.slow(source, target, 0.0)
