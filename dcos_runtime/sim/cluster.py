"""A cluster of cores on virtual time: its faults, the calm after them, and the conditions that have to hold then."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from dcos_runtime.core.seeds import SeededSource
from dcos_runtime.marathon.core.app_state import AppState
from dcos_runtime.sim.agent import AgentProcess
from dcos_runtime.sim.clock import START, Action, Clock
from dcos_runtime.sim.ensemble import Ensemble
from dcos_runtime.sim.faults import INIT, LEADER, AnyFault
from dcos_runtime.sim.framework import FrameworkProcess
from dcos_runtime.sim.init import InitProcess
from dcos_runtime.sim.master import MasterProcess
from dcos_runtime.sim.network import Network, Stream
from dcos_runtime.sim.obligations import Violation
from dcos_runtime.sim.options import Options
from dcos_runtime.sim.process import Process
from dcos_runtime.sim.watch import Watch

CALM = 1500.0
"""Virtual seconds after the last fault by which the cluster has to be in order: longer than the longest wait of any
core.
"""
LOOK = 30.0


@dataclass
class Outcome:
    """``failure``: what went wrong, and ``at`` when; empty when nothing did."""

    seed: str
    plan: Sequence[AnyFault]
    failure: str = ""
    at: float = 0.0
    steps: int = 0
    virtual: float = 0.0
    real: float = 0.0
    trace: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not self.failure


class Cluster:
    """A simulated cluster; its seed determines all that happens."""

    def __init__(self, seed: str, options: Options, trace: bool = False) -> None:
        self.seed, self.options = seed, options
        self.clock = Clock()
        self.network = Network(self.clock, f"{seed} network ".encode())
        self.watch = Watch(self, trace)
        self.ensemble = Ensemble(self, "mesos", options.session_seconds)
        self.init_ensemble = Ensemble(self, "marathon", options.session_seconds) if options.inits else None
        self.masters = [MasterProcess(self, number) for number in range(options.masters)]
        self.agents = [AgentProcess(self, number) for number in range(options.agents)]
        self.frameworks = [FrameworkProcess(self, number) for number in range(options.frameworks)]
        self.inits = [InitProcess(self, number) for number in range(options.inits)]
        self._processes: dict[str, Process] = {
            one.name: one for one in (*self.masters, *self.agents, *self.frameworks, *self.inits)
        }

    def source(self, process: Process, seed: str) -> SeededSource:
        """The source of randomness of a core of this process, with the misfortune of the options."""
        return SeededSource(
            f"{self.seed} {seed}".encode(),
            misfortune=self.options.misfortune,
            befalls=lambda what: self.watch.befalls(process, what),
        )

    # --- who is who ---

    def process(self, name: str) -> Process | None:
        return self._processes.get(name)

    def agent(self, name: str) -> AgentProcess:
        return self.agents[int(name.removeprefix("agent"))]

    def framework(self, name: str) -> FrameworkProcess:
        return self.frameworks[int(name.removeprefix("framework"))]

    def named(self, name: str) -> str:
        """The process that a fault names."""
        if name == INIT and self.init_ensemble is not None:
            init = self.init_ensemble.leader
            return init.process.name if init is not None else self.inits[0].name
        if name == LEADER:
            leader = self.ensemble.leader
            return leader.process.name if leader is not None else self.masters[0].name
        return name

    def master_at(self, host: str) -> MasterProcess | None:
        """The master there, when it is up."""
        process = self._processes.get(host)
        return process if isinstance(process, MasterProcess) and process.up else None

    def is_up(self, host: str) -> bool:
        return self.master_at(host) is not None

    def stream_of(self, client: str) -> Stream | None:
        """Its newest stream to the leader."""
        return self.network.streams.get((self.named(LEADER), client))

    def deaden(self, name: str) -> None:
        """The machine is off: no peer learns that its connections have ended."""
        for (server, client), stream in self.network.streams.items():
            if name in (server, client):
                stream.deaden()

    def reboot(self, process: Process) -> None:
        if isinstance(process, AgentProcess):
            process.host.reboot()

    def start_after(self, process: Process, seconds: float) -> None:
        """It is up again then, however it died meanwhile."""

        def start() -> None:
            if process.up:
                self.clock.after(1.0, start)  # its death is still pending
            else:
                process.start()

        life = process.life
        if process.up:
            # It dies by itself a little later; its life counter shows when.
            def wait() -> None:
                if process.life == life and process.up:
                    self.clock.after(0.5, wait)
                else:
                    self.clock.after(seconds, lambda: None if process.up else process.start())

            wait()
        else:
            self.clock.after(seconds, lambda: None if process.up else process.start())

    # --- a run ---

    def start(self) -> None:
        for number, master in enumerate(self.masters):
            self.clock.after(0.01 * number, master.start)
        for number, agent in enumerate(self.agents):
            self.clock.after(0.5 + 0.001 * number, agent.start)
        for number, framework in enumerate(self.frameworks):
            self.clock.after(0.6 + 0.01 * number, framework.start)
        for number, init in enumerate(self.inits):
            self.clock.after(0.7 + 0.01 * number, init.start)

    def run(self, plan: Sequence[AnyFault], seconds: float, steps: int | None = None, calm: float = CALM) -> Outcome:
        """Runs the plan for so many seconds or steps; then faults end, and within ``calm`` seconds the cluster has to
        be in order.
        """
        outcome = Outcome(self.seed, plan)
        began = time.perf_counter()
        collecting = gc.isenabled()
        gc.disable()  # objects are freed by reference counts; the few cycles are collected at the end
        try:
            self.start()
            for fault in plan:
                self.clock.at(START + fault.at, self._befalls(fault))
            end = START + seconds
            while self.clock.now < end and (steps is None or self.watch.steps < steps):
                self.clock.run(min(end, self.clock.now + LOOK / 10))
            outcome.plan = [fault for fault in plan if START + fault.at <= self.clock.now]
            if calm:
                self.finish(calm)
        except Violation as violation:
            outcome.failure = str(violation)
        except (AssertionError, KeyError, ValueError, TypeError, AttributeError, IndexError) as error:
            outcome.failure = f"{type(error).__name__}: {error}"
            outcome.trace.append(_where(error))
        finally:
            if collecting:
                gc.enable()
        outcome.at = outcome.virtual = self.clock.elapsed
        outcome.steps = self.watch.steps
        outcome.real = time.perf_counter() - began
        outcome.trace = [*self.watch.notes(), *outcome.trace]
        return outcome

    def _befalls(self, fault: AnyFault) -> Action:
        def befall() -> None:
            if self.watch.calm:
                return  # so many steps were enough
            self.watch.note(f"*** {fault!r}")
            fault.befall(self)

        return befall

    def pass_time(self, seconds: float) -> None:
        self.clock.run(self.clock.now + seconds)

    def finish(self, seconds: float = CALM) -> None:
        """Ends all faults: everything has to be in order in time. Then nobody wants a task any more, and nothing may be
        left. Raises `Violation`.
        """
        self._calm(seconds)
        self._leave(seconds)

    def _calm(self, seconds: float) -> None:
        self.watch.calm = True
        self.network.heal()
        for process in self._processes.values():
            process.effects_left = None
            process.resume()
            if not process.up:
                self.start_after(process, 1.0)
        for framework in self.frameworks:
            framework.heal()
        for init in self.inits:
            if init.up and init.subscription is not None:  # its calls about offers may have been lost without a trace
                init.mine(init.subscription.hang_up)()
        for agent in self.agents:
            if agent.disk.full:
                agent.disk.full = ""
                agent.hindered()
        self._until_well(self._unwell, seconds, "the last fault")

    def _leave(self, seconds: float) -> None:
        for framework in self.frameworks:
            framework.leave()
        for init in self.inits:
            init.leave()
        self._until_well(self._left, seconds, "all work was removed")

    def _until_well(self, look: Callable[[], str], seconds: float, since: str) -> None:
        end = self.clock.now + seconds
        complaint = ""
        while self.clock.now < end:
            self.pass_time(LOOK)
            complaint = look()
            if not complaint:
                self.watch.at_rest()
                return
        raise Violation(f"{seconds:.0f} s after {since}: {complaint}")

    def _left(self) -> str:
        """The remains of tasks that nobody wants."""
        for key in self.watch.running:
            return f"{key} runs, and nobody wants anything"
        if complaint := self._unwell():
            return complaint
        for agent in self.agents:
            kept = sorted(key for key in agent.disk.values if key.startswith(("tasks/", "assigned/", "executors/")))
            left = [*kept, *agent.core.tasks, *agent.core.executors, *agent.host.containers]
            if left:
                return f"{agent.name} has {left}, and nobody wants anything"
        for master in self.masters:
            if master.leading:
                for one in master.core.state.agents.values():
                    if one.tasks or one.used:
                        return f"{master.name} has tasks of {one.id}, and nobody wants anything"
        if self.init_ensemble is not None:
            kept = sorted(key for key in self.init_ensemble.values if key.startswith(("instances/", "deployments/")))
            if kept:
                return f"the store of the init has {kept}, and nobody wants anything"
        return ""

    def _unwell(self) -> str:
        """What is not in order yet; empty when everything is."""
        leader = next((one for one in self.masters if one.leading), None)
        if leader is None:
            return "nobody leads"
        state = leader.core.state
        for agent in self.agents:
            registered = state.agents.get(agent.core.agent.id or "") if agent.up else None
            if registered is None or not registered.connected:
                return f"{agent.name} is not registered"
        for agent in self.agents:
            if complaint := _leftovers(agent):
                return complaint
        for framework in self.frameworks:
            if framework.lingering is not None or framework.removing:
                return f"an older process of {framework.name} lives on, or it is still to be removed"
            there = state.frameworks.get(framework.id or "")
            if there is None or not there.connected:
                return f"{framework.name} is not subscribed"
            if len(framework.tasks) < framework.wanted and not self._full():
                return f"{framework.name} has {len(framework.tasks)} tasks and wants {framework.wanted}"
            for task_id, task in framework.tasks.items():
                running = self.watch.running.get((framework.id or "", task_id))
                if not running and self.clock.now - task.since > 120.0 and task.state != "TASK_UNREACHABLE":
                    return f"{framework.name} believes that {task_id} is {task.state}, and it does not run"
                if task.kill_asked:
                    return f"{task_id} was to be killed, and has not ended"
        known = {(one.id, name) for one in self.frameworks for name in one.tasks}
        init = next((one for one in self.inits if one.leading), None)
        if init is not None:
            its_state = init.core.state
            known |= {(its_state.framework_id, instance.task_id) for _, instance in its_state.all_instances()}
        for key in self.watch.running:
            if key not in known:
                return f"{key} runs, and its framework does not know of it"
        return self._init_unwell(init) if self.inits else ""

    def _init_unwell(self, init: InitProcess | None) -> str:
        """Checks that exactly the wanted instances run, and that the store holds exactly these. Instances of an app
        whose tasks end by themselves need not run while its backoff lasts.
        """
        if init is None:
            return "no init leads"
        state = init.core.state
        if state.framework_id is None:
            return "the init is not subscribed"
        if state.deployments:
            return f"deployment {next(iter(state.deployments))} does not end"
        for app in state.apps.values():
            wanted = app.current.instances if app.current is not None else 0
            running = [one for one in app.instances.values() if (state.framework_id, one.task_id) in self.watch.running]
            backing_off = app.delay is not None and init.core_time() < app.delay.until
            put_off = [one for one in app.instances.values() if backing_off and not one.has_task]
            if len(running) + len(put_off) != wanted or len(app.instances) != wanted:
                return (
                    f"{app.id} has {len(app.instances)} instances, {len(running)} of them run, and {wanted} are wanted"
                )
            if complaint := self._as_wanted(app):
                return complaint
        stored = {key.removeprefix("instances/") for key in init.ensemble.values if key.startswith("instances/")}
        known = {instance.id for _, instance in state.all_instances()}
        return (
            "" if stored == known else f"the store of the init has instances {sorted(stored ^ known)} too many or few"
        )

    def _as_wanted(self, app: AppState) -> str:
        """Instances have the wanted configuration, unless a change cut an upgrade short: then two configurations are
        allowed.
        """
        if app.current is None or app.id in self.watch.inits.cut_short:
            return ""
        others = {one.version for one in app.instances.values() if one.config_version != app.current.config_version}
        return (
            f"instances of {app.id} are of version {min(others)}, and {app.current.version} is wanted" if others else ""
        )

    def _full(self) -> bool:
        """Whether no further task fits into the cluster."""
        options = self.options
        room = int(options.cpus * 1000 // options.task_cpus) * options.agents
        if options.task_ports:
            room = min(room, options.ports // options.task_ports * options.agents)
        return sum(len(one.tasks) for one in self.frameworks) >= room


def _leftovers(agent: AgentProcess) -> str:
    """Remains on an agent's disk or host that belong to no known task, and updates that are sent to nobody."""
    known = {task.handle: task for task in agent.core.tasks.values()}
    executors = {one.container.container_id for one in agent.core.executors.values()}
    keys = {f"{'assigned' if task.custom else 'tasks'}/{handle}" for handle, task in known.items()}
    keys |= {f"executors/{name}" for name in executors}
    stored = {key for key in agent.disk.values if key.startswith(("tasks/", "assigned/", "executors/"))}
    if stored != keys:
        return f"{agent.name} has checkpoints of no task or lacks some: {sorted(stored ^ keys)}"
    for name, container in agent.host.containers.items():
        if name not in known and name not in executors:
            return f"{agent.name} has the container {name} ({container.state}) of no task"
    waiting = [task.record.task_id for task in known.values() if task.record.pending]
    return f"{agent.name} has updates of {waiting} that nobody acknowledges" if waiting else ""


def _where(error: BaseException) -> str:
    import traceback

    return "".join(traceback.format_exception(error)[-6:])
