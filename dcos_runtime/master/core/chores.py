"""Calls about thousands of tasks or offers. They begin at once and go on in steps; other calls are served in between.

Each step works with the state of its own time: an offer that was answered meanwhile is left out, and a task is told of
as it is then.
"""

from __future__ import annotations

import msgspec

from dcos_runtime.core.frozen import Now
from dcos_runtime.master.core import frameworks, offers, silence, tasks
from dcos_runtime.master.core.records import Framework
from dcos_runtime.master.core.state import State
from dcos_runtime.master.core.timing import Chore, Declined, Ended, GiveUp, GoOn, StatesAsked

AT_ONCE, ENDED_AT_ONCE, TOLD_AT_ONCE = 500, 200, 5000
"""Some 10 ms."""
UNDER_WAY = 4
"""Long calls of one framework and kind that are gone on with in steps."""


def begin(state: State, chore: Chore, now: Now) -> None:
    """Does so much of it at once.

    A framework with so many calls of the kind under way has its first one done whole before: what waits does not grow,
    however fast a client calls.
    """
    if isinstance(chore, StatesAsked | Declined):
        waiting = [one for one in state.chores if isinstance(one, StatesAsked | Declined) and _alike(one, chore)]
        if len(waiting) >= UNDER_WAY:
            state.chores.remove(waiting[0])
            _whole(state, waiting[0], now)
    rest = _some(state, chore, now)
    if rest is not None:
        state.chores.append(rest)
        state.timers.set(GoOn(), now.mono)


def remove(state: State, framework: Framework, now: Now) -> None:
    """Ends the framework and all its tasks, for good."""
    frameworks.remove(state, framework, now)
    begin(state, Ended(framework.id), now)


def go_on(state: State, now: Now) -> None:
    """Goes on with the one that was begun first."""
    rest = _some(state, state.chores.popleft(), now)
    if rest is not None:
        state.chores.appendleft(rest)
    if state.chores:
        state.timers.set(GoOn(), now.mono)


def _alike(one: StatesAsked | Declined, other: StatesAsked | Declined) -> bool:
    return type(one) is type(other) and one.framework_id == other.framework_id


def _whole(state: State, chore: Chore, now: Now) -> None:
    rest: Chore | None = chore
    while rest is not None:
        rest = _some(state, rest, now)


def _some(state: State, chore: Chore, now: Now) -> Chore | None:
    """Does a step, and returns what is left."""
    match chore:
        case Declined(framework_id, offer_ids, until):
            offers.decline(state, framework_id, offer_ids[:AT_ONCE], until)
            left = offer_ids[AT_ONCE:]
            return msgspec.structs.replace(chore, offer_ids=left) if left else None
        case StatesAsked(framework_id, stream, these, all_of_them):
            framework = state.frameworks.get(framework_id)
            if framework is None or framework.stream != stream:
                return None  # a framework that subscribes again reconciles again
            tasks.tell(state, framework, these[:AT_ONCE], all_of_them, now)
            left_to_tell = these[AT_ONCE:]
            return msgspec.structs.replace(chore, tasks=left_to_tell) if left_to_tell else None
        case GiveUp(agent_ids, since):
            count = max(TOLD_AT_ONCE // (len(state.frameworks) + 1), 1)
            silence.given_up(state, agent_ids[:count], since, now)
            return msgspec.structs.replace(chore, agent_ids=agent_ids[count:]) if agent_ids[count:] else None
        case Ended(framework_id):
            return chore if frameworks.end_tasks(state, framework_id, ENDED_AT_ONCE, now) else None
