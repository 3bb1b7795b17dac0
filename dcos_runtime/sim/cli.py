"""`python -m dcos_runtime.sim`: run a simulated cluster from a seed, and report the fewest faults that make it fail.

With --http: run agents without containers and made-up frameworks in front of a real master, and report how fast it is.

Exit code 0: all was well; 1: a violation was found, or not all was done; 2: wrong usage.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import re
import sys
import time
from collections.abc import Iterator, Sequence

from dcos_runtime.sim.cluster import Outcome
from dcos_runtime.sim.fleet import cli as fleet
from dcos_runtime.sim.plans import MAKERS
from dcos_runtime.sim.profiles import PROFILES, Profile
from dcos_runtime.sim.running import again, minimal, run

SHOWN = 60
MOST = 10**7
"""The upper limit of seconds, steps, seeds and weights; NaN counts as above it."""
LARGEST = 10**5
"""The upper limit of agents, masters, frameworks and tasks, and of faults: all of them are in memory."""
_ALONE = ("seeds", "profile", "masters", "seconds", "steps", "faults", "every", "whole", "trace")
"""Options that only a simulated cluster has."""


def parser() -> argparse.ArgumentParser:
    kinds = ", ".join(MAKERS)
    profiles = "\n".join(f"  {name:10} {profile.what}" for name, profile in PROFILES.items())
    made = argparse.ArgumentParser(
        prog="python -m dcos_runtime.sim",
        description=__doc__,
        epilog=f"profiles:\n{profiles}\n\nfaults: {kinds}\n\nSee docs/simulation.md for how a failure is read.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = made.add_argument
    add("--seed", default="0", help="all chance comes from it; the same seed does the same (default: 0)")
    add("--seeds", type=int, default=1, metavar="N", help="so many, from --seed on, which is a number then")
    add("--profile", choices=PROFILES, help="kinds of faults and of cluster (default: all)")
    add("--agents", type=int, metavar="N", help="in place of the profile's number")
    add("--masters", type=int, metavar="N", help="the same for masters")
    add("--frameworks", type=int, metavar="N", help="the same for frameworks")
    add("--tasks", type=int, metavar="N", help="so many are to run, of all frameworks together")
    add("--seconds", type=float, metavar="S", help="virtual seconds in which faults happen")
    add("--steps", type=int, metavar="N", help="events that cores handle, after which faults end at the latest")
    add(
        "--faults",
        metavar="KIND[=WEIGHT],…",
        help="these in place of the profile's; 'none' for none",
    )
    add("--every", type=float, metavar="S", help="virtual seconds from one fault to the next, on average")
    add("--whole", action="store_true", help="do not cut the plan of a failure down")
    add("--trace", action="store_true", help="print what happened last even when all is well")
    fleet.add_arguments(made)
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    made = parser()
    options = made.parse_args(arguments)
    try:
        options.seed.encode()  # an argument of other bytes than UTF-8 has halves of characters in their place
    except UnicodeEncodeError:
        made.error("--seed wants a text in UTF-8")
    if options.http:
        if apart := [f"--{name}" for name in _ALONE if getattr(options, name) != made.get_default(name)]:
            made.error(f"{', '.join(apart)}: not with --http")
        try:
            return fleet.main(options)
        except ValueError as error:
            made.error(str(error))
    if apart := fleet.alone(options):
        made.error(f"{', '.join(apart)}: only with --http")
    try:
        profile = chosen(options)
        seeds = [options.seed] if options.seeds == 1 else _seeds(options.seed, options.seeds)
    except ValueError as error:
        made.error(str(error))
    for seed in seeds:
        outcome = run(profile, seed, options.steps, options.trace)
        print(report(outcome), flush=True)
        if not outcome.good:
            explain(profile, outcome, options.steps, options.whole)
            return 1
        if options.trace:
            print("\n".join(outcome.trace[-SHOWN:]))
    return 0


def chosen(options: argparse.Namespace) -> Profile:
    """The profile with the changes of the command line. Raises ``ValueError``."""
    profile = PROFILES[options.profile or "all"]
    sizes = {}
    for name in ("agents", "masters", "frameworks", "tasks"):
        value = getattr(options, name)
        if value is not None:
            if not 1 <= value <= LARGEST:
                raise ValueError(f"--{name} wants a number of at least 1, and {LARGEST:,} at most")
            sizes[name] = value
    for name in ("seconds", "every", "steps", "seeds"):
        value = getattr(options, name)
        if value is not None and not 0 < value <= MOST:
            raise ValueError(f"--{name} wants a number above 0, {MOST:,} at most")
    weights = profile.weights if options.faults is None else _weights(options.faults)
    seconds, every = options.seconds or profile.seconds, options.every or profile.every
    if weights and seconds > every * LARGEST:
        raise ValueError(f"--every: a fault every {every:g} of {seconds:g} seconds is more than {LARGEST:,} faults")
    return dataclasses.replace(
        profile,
        weights=weights,
        options=dataclasses.replace(profile.options, **sizes),
        seconds=seconds,
        every=every,
    )


def _seeds(first: str, count: int) -> Iterator[str]:
    """Raises ``ValueError`` for a first one that is no number."""
    if not re.fullmatch(r"-?[0-9]{1,18}", first):
        raise ValueError(f"--seed: {first!r} is no number of at most 18 digits, from which --seeds could count")
    return map(str, range(int(first), int(first) + count))


def _weights(text: str) -> dict[str, float]:
    if text == "none":
        return {}
    weights: dict[str, float] = {}
    for part in text.split(","):
        name, given, weight = part.strip().partition("=")
        if name not in MAKERS:
            raise ValueError(f"--faults: {name!r} is none of {', '.join(MAKERS)}")
        try:
            weights[name] = float(weight if given else 1)
        except ValueError:
            weights[name] = math.nan
        if not 0 <= weights[name] <= MOST:
            raise ValueError(f"--faults: the weight of {name} is a number from 0 to {MOST:,}, not {weight!r}")
    if not any(weights.values()):
        raise ValueError("--faults: no weight is above 0; use `none` for no faults")
    return weights


def report(outcome: Outcome) -> str:
    ratio = outcome.virtual / outcome.real if outcome.real else 0.0
    line = (
        f"seed {outcome.seed}: {len(outcome.plan)} faults, {outcome.steps} steps, {outcome.virtual:.0f} virtual seconds"
    )
    line += f" in {outcome.real:.1f} s ({ratio:.0f}×)"
    return f"{line}: all was well" if outcome.good else f"{line}\nFAILED: {outcome.failure}"


def explain(profile: Profile, outcome: Outcome, steps: int | None, whole: bool) -> None:
    """Reports the fewest faults that make it fail, and the trace of that run."""
    plan = list(outcome.plan)
    if not whole:
        began = time.process_time()
        plan, outcome = minimal(profile, outcome, steps)
        print(f"\nThe least that makes seed {outcome.seed} fail ({time.process_time() - began:.1f} s to find it):")
    for fault in plan:
        print(f"  {fault!r}")
    if not plan:
        print("  no fault at all")
    traced = again(profile, outcome.seed, plan, steps, trace=True)
    print(f"\nFAILED: {traced.failure}\nWhat happened before, the newest last:")
    print("\n".join(traced.trace[-SHOWN:]), file=sys.stdout)
