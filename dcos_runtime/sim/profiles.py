"""Profiles: kinds of clusters with their faults. Some have only one safety net, so that no other hides its loss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dcos_runtime.sim.options import Nets, Options


@dataclass(frozen=True)
class Profile:
    """``weights`` of the kinds in `plans.MAKERS`; a fault ``every`` so many seconds, for ``seconds``.

    ``net``: the only safety net while faults happen; "all": all nets together.
    """

    what: str
    net: str
    weights: Mapping[str, float]
    options: Options = field(default_factory=Options)
    seconds: float = 600.0
    every: float = 10.0
    calm: float = 1500.0


BARE = Nets(reconcile_first=False, reconcile=False, confirm=False, kill_retry=False)
NEVER = 1e6
"""Seconds for the timer of a net that is switched off."""

PROFILES: Mapping[str, Profile] = {
    "all": Profile(
        "everything at once",
        "all",
        {
            "partition": 2,
            "half-open": 1,
            "deaf": 0.5,
            "cut": 2,
            "slow": 2,
            "lost-calls": 2,
            "lost-answers": 2,
            "doubled-calls": 2,
            "replayed-calls": 1,
            "crash": 2,
            "power": 0.5,
            "pause": 2,
            "clock": 1,
            "disk-full": 1,
            "lease": 0.3,
            "supervisor": 1,
            "disk-quota": 1,
            "wipe": 0.2,
            "kill": 4,
            "want": 1,
            "hang-up": 1,
            "successor": 1,
        },
        Options(misfortune=0.01, unaware=1, executors=0.25),
    ),
    "luck": Profile(
        "cores are unlucky all the time, and little else happens",
        "all",
        {"kill": 4, "app": 6, "app-kill": 1, "cut": 1, "want": 1},
        Options(agents=3, frameworks=1, tasks=6, inits=1, masters=1, ports=40, misfortune=0.08, odd=0.6),
        seconds=300.0,
        every=6.0,
    ),
    "calls": Profile(
        "calls are lost on their way, and something answers in the master's place: only updates that are sent again",
        "resend",
        {"swallowed-calls": 3, "doubled-calls": 2, "kill": 2},
        Options(agents=3, tasks=12, nets=BARE, ends=0.8),
        seconds=300.0,
        every=4.0,
    ),
    "links": Profile(
        "connections break, or are dead without anybody noticing: only what a new connection brings",
        "connection",
        {"cut": 3, "half-open": 1, "deaf": 1, "slow": 2, "kill": 3},
        Options(agents=3, tasks=12, nets=BARE, update_retry=300.0),
        seconds=900.0,
        every=10.0,
    ),
    "late": Profile(
        "connections break again and again while messages take long: what was sent on an older one still comes",
        "connection",
        {"slow": 1, "cut": 3, "half-open": 1, "replayed-calls": 4},
        Options(agents=3, tasks=12, nets=BARE, ping_seconds=2.0),
        seconds=120.0,
        every=0.5,
    ),
    "agents": Profile(
        "agents die between any two effects, and their disks fail: only what is on the disk",
        "disk",
        {"agent-crash": 4, "disk-full": 2, "supervisor": 1, "disk-quota": 1, "kill": 4, "power": 0.3},
        Options(agents=3, tasks=12, nets=BARE, ends=0.8, odd=0.2),
        seconds=400.0,
        every=5.0,
    ),
    "kills": Profile(
        "tasks that do not want to end: only the agent's own patience",
        "escalation",
        {"kill": 6, "agent-crash": 1, "cut": 1},
        Options(agents=3, tasks=12, nets=BARE, ends=0.2, odd=0.5),
        seconds=300.0,
        every=3.0,
    ),
    "checks": Profile(
        "tasks whose health is checked, on agents that die between any two effects or stand still: only the agent",
        "agent",
        {"kill": 2, "agent-crash": 3, "agent-pause": 1, "disk-full": 0.5, "cut": 0.5, "supervisor": 0.5, "power": 0.2},
        Options(agents=2, frameworks=1, tasks=8, nets=BARE, ends=0.2, checked=0.9),
        seconds=300.0,
        every=8.0,
    ),
    "executors": Profile(
        "custom executors in all moods, on agents that die between any two effects or are shut down: only the agent",
        "agent",
        {
            "kill": 3,
            "agent-crash": 3,
            "agent-pause": 0.5,
            "disk-full": 0.7,
            "supervisor": 1,
            "disk-quota": 0.3,
            "cut": 0.7,
            "power-off": 0.8,
            "slow": 0.7,
            "executor-hang-up": 2,
            "executor-shutdown": 2,
            "say": 1,
            "removal": 0.3,
        },
        Options(agents=2, frameworks=1, tasks=8, nets=BARE, ends=0.5, executors=0.8, spread=3),
        seconds=300.0,
        every=5.0,
    ),
    "masters": Profile(
        "masters die, are paused, and lose their sessions, while agents are away: only what agents tell the next one",
        "connection",
        {"master-crash": 3, "lease": 1, "pause": 2, "power": 2, "partition": 2, "kill": 1, "cut": 1},
        Options(masters=3, agents=4, tasks=16, nets=BARE),
        seconds=1500.0,
        every=40.0,
    ),
    "schedulers": Profile(
        "two processes say that they are one framework, and frameworks are ended by themselves and by an operator: only"
        " the id of the stream tells who speaks, and only the master remembers who is over",
        "stream id",
        {
            "successor": 4,
            "teardown": 1,
            "removal": 1.5,
            "half-open": 1,
            "cut": 1,
            "hang-up": 1,
            "doubled-calls": 2,
            "replayed-calls": 1,
            "lost-answers": 1,
            "kill": 1,
            "agent-crash": 1,
            "partition": 1,
            "app": 2,
        },
        Options(agents=3, frameworks=2, tasks=8, inits=1, masters=1, ports=40, nets=BARE, init_reconcile=NEVER, apps=1),
        seconds=600.0,
        every=6.0,
    ),
    "init": Profile(
        "an init and its clients: it dies, is paused, loses its lease and its calls, while agents come and go",
        "all",
        {
            "app": 6,
            "app-kill": 2,
            "app-restart": 1,
            "cancel": 1,
            "init-crash": 2,
            "init-lease": 0.5,
            "init-pause": 0.5,
            "init-cut": 2,
            "init-calls": 2,
            "init-swallowed": 1.5,
            "agent-crash": 1,
            "power": 1,
            "partition": 1,
            "cut": 1,
            "wipe": 0.2,
            "master-crash": 0.5,
        },
        Options(agents=4, frameworks=0, tasks=0, inits=2, masters=2, ports=40, misfortune=0.02),
        seconds=600.0,
        every=8.0,
    ),
    "init-links": Profile(
        "an init whose connections break and whose processes die: only what it asks and says with a new subscription",
        "subscription",
        {"app": 4, "app-kill": 2, "init-cut": 2, "init-crash": 2, "init-lease": 0.5, "agent-crash": 1, "cut": 1},
        Options(
            agents=3,
            frameworks=0,
            tasks=0,
            inits=2,
            masters=1,
            ports=40,
            init_reconcile=NEVER,
            init_confirm=NEVER,
            init_kill_retry=NEVER,
        ),
        seconds=400.0,
        every=5.0,
    ),
    "swallowed": Profile(
        "an init whose calls something on the way answers and drops: only what it asks and says again",
        "patience",
        {"app": 4, "app-kill": 2, "init-swallowed": 3},
        Options(agents=3, frameworks=0, tasks=0, inits=1, masters=1, ports=40, init_reconcile=NEVER),
        seconds=300.0,
        every=4.0,
    ),
}
