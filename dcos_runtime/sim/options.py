"""The options of a simulated cluster: its size, its times, the behaviour of tasks, and the safety nets."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random


@dataclass(frozen=True)
class Nets:
    """Safety nets of a synthetic framework. A test of one net of the kernel switches these off."""

    reconcile_first: bool = True
    """It reconciles whenever it has subscribed."""
    reconcile: bool = True
    """It reconciles from time to time."""
    confirm: bool = True
    """It reconciles a task without updates."""
    kill_retry: bool = True
    """It repeats a kill until the task has ended."""


@dataclass(frozen=True)
class Options:
    """All times are seconds. ``tasks``: the number of tasks of all frameworks together."""

    agents: int = 5
    masters: int = 2
    frameworks: int = 2
    tasks: int = 20
    cpus: float = 4.0
    mem: float = 4096.0
    ports: int = 20
    task_cpus: int = 500
    task_ports: int = 1
    spread: int = 2
    """The most tasks that are launched with one offer."""
    ping_seconds: float = 15.0
    pings: int = 5
    reregister_seconds: float = 600.0
    session_seconds: float = 5.0
    update_retry: float = 10.0
    nets: Nets = field(default_factory=Nets)
    unaware: int = 0
    """How many of the frameworks (the last ones) do not know TASK_UNREACHABLE: they get TASK_LOST."""
    misfortune: float = 0.0
    """How often a core does what is allowed and rare; see `core.seeds.Source.unlucky`."""
    ends: float = 0.5
    """The share of tasks that end by themselves."""
    odd: float = 0.1
    """The share of tasks that ignore SIGTERM, or survive SIGKILL, or cannot be launched."""
    checked: float = 0.0
    """The share of tasks with a health check; half of these are healthy."""
    executors: float = 0.0
    """The share of tasks that run in custom executors."""
    executor_cpus: int = 100
    registration: float = 20.0
    """Seconds that such an executor has to subscribe."""
    inits: int = 0
    apps: int = 2
    """The number of the init's apps, if there is an init."""
    init_reconcile: float = 600.0
    init_confirm: float = 10.0
    init_kill_retry: float = 10.0
    """The intervals after which the init reconciles, asks about a launch, repeats a kill."""
    init_write_bytes: int = 500
    """So small that it needs several writes for one decision, and may die between two."""
    lasting: tuple[float, float] = (0.5, 60.0)

    def tasks_of(self, framework: int) -> int:
        return self.tasks // self.frameworks + (1 if framework < self.tasks % self.frameworks else 0)

    def command(self, random: Random) -> str:
        """The command of the next task; see `containers.Behaviour`."""
        seconds, code = "inf", 0
        if random.random() < self.ends:
            low, high = self.lasting
            seconds = f"{random.uniform(low, high) if random.random() < 0.8 else random.uniform(0.0, 0.1):.3f}"
            code = random.choice((0, 0, 1))
        word = random.choice(("stubborn", "undead stubborn", "bad")) if random.random() < self.odd else ""
        if self.checked and random.random() < self.checked:
            word = f"checked {random.choice(('', '', 'weak', 'ill'))} {word}"
        return f"run {seconds} {code} {word}".strip()
