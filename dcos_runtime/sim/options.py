"""What a simulated cluster is like: its size, its times, what its tasks do, and which safety nets are there."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random


@dataclass(frozen=True)
class Nets:
    """What of a synthetic framework heals by itself. Who looks for one net of the kernel takes these away."""

    reconcile_first: bool = True
    """It asks for the state of its tasks whenever it has subscribed."""
    reconcile: bool = True
    """And now and then."""
    confirm: bool = True
    """And for a task of which nothing is heard."""
    kill_retry: bool = True
    """It says a kill again until the task has ended."""


@dataclass(frozen=True)
class Options:
    """Seconds throughout. ``tasks``: so many in all are to run, spread over the frameworks."""

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
    """So many tasks are launched with one offer at most."""
    ping_seconds: float = 15.0
    pings: int = 5
    reregister_seconds: float = 600.0
    session_seconds: float = 5.0
    update_retry: float = 10.0
    nets: Nets = field(default_factory=Nets)
    unaware: int = 0
    """So many of the frameworks, the last ones, know no TASK_UNREACHABLE: what is out of reach is lost for them."""
    misfortune: float = 0.0
    """How often a core does what is allowed and seldom happens; see `core.seeds.Source.unlucky`."""
    ends: float = 0.5
    """The share of tasks that end by themselves."""
    odd: float = 0.1
    """The share of tasks that do not end at SIGTERM, or not at SIGKILL, or cannot be launched."""
    inits: int = 0
    apps: int = 2
    """Of the init, when there is one."""
    init_reconcile: float = 600.0
    init_confirm: float = 10.0
    init_kill_retry: float = 10.0
    """After so long the init asks for the state of all tasks, asks about a launch, says a kill again."""
    init_write_bytes: int = 500
    """So little that it stores by several writes what belongs together, and may die between two."""
    lasting: tuple[float, float] = (0.5, 60.0)

    def tasks_of(self, framework: int) -> int:
        return self.tasks // self.frameworks + (1 if framework < self.tasks % self.frameworks else 0)

    def command(self, random: Random) -> str:
        """What the next task does; see `containers.Behaviour`."""
        seconds, code = "inf", 0
        if random.random() < self.ends:
            low, high = self.lasting
            seconds = f"{random.uniform(low, high) if random.random() < 0.8 else random.uniform(0.0, 0.1):.3f}"
            code = random.choice((0, 0, 1))
        word = random.choice(("stubborn", "undead stubborn", "bad")) if random.random() < self.odd else ""
        return f"run {seconds} {code} {word}".strip()
