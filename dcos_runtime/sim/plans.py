"""Plans: the faults of a run and their times, drawn from a seed and the weights of a profile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

from dcos_runtime.sim import faults
from dcos_runtime.sim.ensemble import ZOOKEEPER
from dcos_runtime.sim.faults import INIT, LEADER, AnyFault
from dcos_runtime.sim.options import Options

Maker = Callable[[Random, Options, float], AnyFault]


def _agent(random: Random, options: Options) -> str:
    return f"agent{random.randrange(options.agents)}"


def _framework(random: Random, options: Options) -> str:
    return f"framework{random.randrange(options.frameworks)}" if options.frameworks else INIT


def _client(random: Random, options: Options) -> str:
    return _agent(random, options) if random.random() < 0.6 else _framework(random, options)


def _app(random: Random, options: Options) -> str:
    return f"/app{random.randrange(options.apps)}"


def _anybody(random: Random, options: Options) -> str:
    drawn = random.random()
    if drawn < 0.5:
        return _agent(random, options)
    return LEADER if drawn < 0.8 else _framework(random, options)


def _short(random: Random) -> float:
    return round(random.choice((random.uniform(0.01, 2.0), random.uniform(1.0, 20.0), random.uniform(20.0, 120.0))), 3)


def _lost_call(what: str, who: Callable[[Random, Options], str]) -> Maker:
    return lambda random, options, at: faults.Calls(
        at=at, client=who(random, options), what=what, count=random.choice((1, 1, 2, 5))
    )


MAKERS: Mapping[str, Maker] = {
    "partition": lambda random, options, at: faults.Partition(
        at=at,
        one=_client(random, options),
        other=random.choice((LEADER, LEADER, LEADER, ZOOKEEPER)),
        seconds=_short(random),
        both=random.random() < 0.6,
    ),
    "half-open": lambda random, options, at: faults.Cut(
        at=at, client=_client(random, options), master_notices=random.random() < 0.5, client_notices=False
    ),
    "deaf": lambda random, options, at: faults.Partition(
        at=at, one=LEADER, other=_agent(random, options), seconds=random.choice((100.0, 200.0, 400.0)), both=False
    ),
    "cut": lambda random, options, at: faults.Cut(at=at, client=_client(random, options)),
    "slow": lambda random, options, at: faults.Slow(
        at=at,
        one=_client(random, options),
        other=random.choice((LEADER, LEADER, ZOOKEEPER)),
        seconds=_short(random),
        lag=random.choice((0.05, 0.5, 5.0, 20.0)),
    ),
    "lost-calls": _lost_call("lose", _client),
    "lost-answers": _lost_call("mute", _client),
    "doubled-calls": _lost_call("double", _client),
    "replayed-calls": _lost_call("replay", _client),
    "swallowed-calls": _lost_call("swallow", _framework),
    "crash": lambda random, options, at: faults.Crash(
        at=at, process=_anybody(random, options), effects=random.randrange(12), down=_short(random)
    ),
    "agent-crash": lambda random, options, at: faults.Crash(
        at=at, process=_agent(random, options), effects=random.randrange(12), down=round(random.uniform(0.5, 20.0), 3)
    ),
    "master-crash": lambda random, options, at: faults.Crash(
        at=at, process=LEADER, effects=random.randrange(40), down=_short(random)
    ),
    "power": lambda random, options, at: faults.Crash(
        at=at,
        process=_agent(random, options) if random.random() < 0.8 else LEADER,
        down=_short(random) + random.choice((0.0, 0.0, 120.0)),
        silent=True,
    ),
    "pause": lambda random, options, at: faults.Pause(at=at, process=_anybody(random, options), seconds=_short(random)),
    "agent-pause": lambda random, options, at: faults.Pause(
        at=at, process=_agent(random, options), seconds=_short(random)
    ),
    "clock": lambda random, options, at: faults.ClockStep(
        at=at, process=_anybody(random, options), seconds=random.choice((-3600.0, -5.0, 5.0, 3600.0))
    ),
    "disk-full": lambda random, options, at: faults.DiskFull(
        at=at, agent=_agent(random, options), seconds=_short(random)
    ),
    "lease": lambda random, options, at: faults.LeaseLost(
        at=at, seconds=round(random.uniform(0.5, 4.0) * options.session_seconds, 3)
    ),
    "supervisor": lambda random, options, at: faults.SupervisorDies(
        at=at, agent=_agent(random, options), pick=random.randrange(100)
    ),
    "disk-quota": lambda random, options, at: faults.TooMuchDisk(
        at=at, agent=_agent(random, options), pick=random.randrange(100)
    ),
    "executor-hang-up": lambda random, options, at: faults.ExecutorHangsUp(
        at=at, agent=_agent(random, options), pick=random.randrange(100)
    ),
    "executor-shutdown": lambda random, options, at: faults.ShutExecutorDown(
        at=at, framework=_framework(random, options), pick=random.randrange(100)
    ),
    "say": lambda random, options, at: faults.Say(
        at=at, framework=_framework(random, options), pick=random.randrange(100)
    ),
    "power-off": lambda random, options, at: faults.PowerOff(
        at=at, agent=_agent(random, options), seconds=random.choice((0.3, 4.0, 20.0)), down=_short(random)
    ),
    "wipe": lambda random, options, at: faults.Wipe(at=at, agent=_agent(random, options), down=_short(random)),
    "kill": lambda random, options, at: faults.KillOne(
        at=at, framework=_framework(random, options), pick=random.randrange(100)
    ),
    "want": lambda random, options, at: faults.Want(
        at=at, framework=_framework(random, options), count=random.randrange(max(1, 2 * options.tasks_of(0)))
    ),
    "successor": lambda random, options, at: faults.Successor(at=at, framework=_framework(random, options)),
    "teardown": lambda random, options, at: faults.Teardown(at=at, framework=_framework(random, options)),
    "removal": lambda random, options, at: faults.Teardown(
        at=at,
        framework=INIT if options.inits and random.random() < 0.5 else _framework(random, options),
        operator=True,
    ),
    "hang-up": lambda random, options, at: faults.HangUp(at=at, framework=_framework(random, options)),
    "app": lambda random, options, at: faults.App(
        at=at,
        app=_app(random, options),
        instances=random.choice((None, 0, 1, 2, 3, 4, 4, 5)),
        command=f"run inf 0 v{random.randrange(4)}" if random.random() < 0.9 else "run 20 1",
        over=random.choice((0.0, 0.5, 1.0)),
        least=random.choice((0.0, 0.5, 1.0)),
        away=random.choice((None, "0 0", "5 30")),
        force=random.random() < 0.8,
    ),
    "app-kill": lambda random, options, at: faults.KillInstances(
        at=at, app=_app(random, options), **random.choice(({}, {}, {"scale": True}, {"wipe": True}))
    ),
    "app-restart": lambda random, options, at: faults.Restart(
        at=at, app=_app(random, options), force=random.random() < 0.5
    ),
    "cancel": lambda random, options, at: faults.Cancel(at=at, force=random.random() < 0.5),
    "init-crash": lambda random, options, at: faults.Crash(
        at=at, process=INIT, effects=random.randrange(20), down=_short(random)
    ),
    "init-lease": lambda random, options, at: faults.LeaseLost(
        at=at, seconds=round(random.uniform(0.5, 4.0) * options.session_seconds, 3), whose=INIT
    ),
    "init-pause": lambda random, options, at: faults.Pause(at=at, process=INIT, seconds=_short(random)),
    "init-cut": lambda random, options, at: faults.Cut(at=at, client=INIT),
    "init-swallowed": lambda random, options, at: faults.Calls(
        at=at, client=INIT, what="swallow", count=random.choice((1, 2, 5))
    ),
    "init-calls": lambda random, options, at: faults.Calls(
        at=at, client=INIT, what=random.choice(("lose", "mute", "double")), count=random.choice((1, 2))
    ),
}
"""By the name that ``--faults`` takes."""


def plan(seed: str, options: Options, weights: Mapping[str, float], seconds: float, every: float) -> list[AnyFault]:
    """Faults over ``seconds``, one every ``every`` seconds on average. Raises ``KeyError`` for an unknown kind."""
    random = Random(f"{seed} plan")
    names = list(weights)
    made: list[AnyFault] = []
    at = 5.0 + random.expovariate(1 / every)
    while at < seconds and names:
        name = random.choices(names, [weights[one] for one in names])[0]
        made.append(MAKERS[name](random, options, round(at, 3)))
        at += random.expovariate(1 / every)
    return made
