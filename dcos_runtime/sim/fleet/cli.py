"""The options of `python -m dcos_runtime.sim --http`, and what it prints."""

from __future__ import annotations

import argparse
import logging
import math
import sys
from typing import Any

from dcos_runtime.sim.fleet.options import FleetOptions
from dcos_runtime.sim.fleet.running import FleetError, Outcome, run
from dcos_runtime.wire import codec

MOST_AGENTS = 10**5
MOST_TASKS = 10**6
MOST_SECONDS = 10**6
FRAMEWORKS = 1
AGENTS = 100

NUMBERS: dict[str, tuple[type, float, float, str]] = {
    "per-accept": (int, 1, MOST_TASKS, "tasks that one ACCEPT launches at most (default: 10)"),
    "roles": (int, 1, MOST_AGENTS, "roles among which the frameworks are spread (default: 1)"),
    "lasting": (float, 0, MOST_SECONDS, "seconds that a task runs (default: without end)"),
    "rate": (float, 0, MOST_AGENTS, "agents that start in a second; 0: all at once (default: 0)"),
    "stay": (float, 0, MOST_SECONDS, "seconds that all live on when everything is done (default: 0)"),
    "deadline": (float, 1, MOST_SECONDS, "seconds in which something has to happen (default: 600)"),
    "cpus": (float, 0.01, 10**6, "of each agent (default: 4)"),
    "mem": (float, 1, 10**9, "of each agent, in MiB (default: 4096)"),
    "task-cpus": (float, 0.001, 10**6, "of each task (default: 0.1)"),
    "task-mem": (float, 1, 10**9, "of each task, in MiB (default: 32)"),
}
"""Options that only a fleet has: their type, least and most, and help."""


def add_arguments(made: argparse.ArgumentParser) -> None:
    group = made.add_argument_group(
        "over HTTP", "agents and frameworks in front of a real master, in real time (docs/simulation.md)"
    )
    group.add_argument("--http", action="store_true", help="do that, in place of a simulated cluster")
    group.add_argument("--master", metavar="ADDRESS", help="host:port or zk://… (default: 127.0.0.1:5050)")
    group.add_argument("--json", action="store_true", help="print the result as one line of JSON, and nothing else")
    for name, (kind, _, _, text) in NUMBERS.items():
        group.add_argument(f"--{name}", type=kind, metavar="N" if kind is int else "X", help=text)


def alone(options: argparse.Namespace) -> list[str]:
    """The given options that only a fleet has."""
    given = [name for name in ("master", *NUMBERS) if _of(options, name) is not None]
    return [f"--{name}" for name in given] + (["--json"] if options.json else [])


def main(options: argparse.Namespace) -> int:
    """Raises ``ValueError`` for options that are wrong."""
    wanted = fleet_options(options)
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    try:
        outcome = run(wanted, (lambda line: None) if options.json else (lambda line: print(line, flush=True)))
    except FleetError as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 1
    print(codec.encode(outcome).decode() if options.json else summary(outcome))
    return 0


def fleet_options(options: argparse.Namespace) -> FleetOptions:
    """Raises ``ValueError``."""
    given: dict[str, Any] = {}
    for name, (_, least, most, _) in NUMBERS.items():
        value = _of(options, name)
        if value is not None:
            if not least <= value <= most or math.isnan(value):
                raise ValueError(f"--{name} wants a number from {least:g} to {most:,}")
            given[name.replace("-", "_")] = value
    agents = AGENTS if options.agents is None else options.agents
    frameworks = FRAMEWORKS if options.frameworks is None else options.frameworks
    tasks = 0 if options.tasks is None else options.tasks
    for name, number, least, most in (
        ("agents", agents, 1, MOST_AGENTS),
        ("frameworks", frameworks, 0, MOST_AGENTS),
        ("tasks", tasks, 0, MOST_TASKS),
    ):
        if not least <= number <= most:
            raise ValueError(f"--{name} wants a number from {least} to {most:,}")
    if tasks and not frameworks:
        raise ValueError("--tasks wants --frameworks to launch them")
    return FleetOptions(
        master=options.master or "127.0.0.1:5050",
        agents=agents,
        frameworks=frameworks,
        tasks=tasks,
        seed=options.seed,
        **given,
    )


def summary(outcome: Outcome) -> str:
    lines = [f"{outcome.agents} agents were registered after {outcome.registered_after:.2f} s"]
    for seconds in outcome.reregistered_after:
        lines.append(f"they lost their master, and were all registered again after {seconds:.2f} s")
    if outcome.launches_per_second is not None and outcome.to_running is not None:
        middle, late, last = (f"{seconds * 1000:.0f}" for seconds in outcome.to_running)
        lines.append(
            f"{outcome.ran} tasks ran, {outcome.launches_per_second:.0f} a second; from ACCEPT to TASK_RUNNING"
            f" {middle} ms (median), {late} ms (99 %), {last} ms (the last)"
        )
        lines.append(f"{outcome.ended} ended, {outcome.failed} failed, {outcome.refused} calls were refused")
    return "\n".join(lines)


def _of(options: argparse.Namespace, name: str) -> Any:
    return getattr(options, name.replace("-", "_"))
