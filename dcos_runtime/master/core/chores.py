"""Calls about thousands of tasks or offers. They begin at once and continue in steps; other calls are served in
between. Each step uses the state at its time: an offer that was answered meanwhile is left out, and a task's newest
state is sent.
"""

from __future__ import annotations

import msgspec

from dcos_runtime.core.frozen import Now
from dcos_runtime.master.core import frameworks, maintenance, offers, silence, tasks
from dcos_runtime.master.core.records import Framework
from dcos_runtime.master.core.state import State
from dcos_runtime.master.core.timing import Chore, Declined, Ended, GiveUp, GoOn, Noticed, Rescind, StatesAsked

AT_ONCE, ENDED_AT_ONCE, NOTICED_AT_ONCE, UNREACHABLE_AT_ONCE = 500, 200, 200, 5000
"""The size of a step: some 10 ms."""
UNDER_WAY = 4
"""The most long calls of one framework and kind that are under way."""


def begin(state: State, chore: Chore, now: Now) -> None:
    """Begins a long call with one step. If the framework has too many calls of the kind under way, its oldest one is
    completed first, so that a fast client does not pile up calls.
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
    """Removes the framework and all its tasks."""
    frameworks.remove(state, framework, now)
    begin(state, Ended(framework.id), now)


def rescind_all(state: State, now: Now) -> None:
    """Rescinds all offers that are open now: the next ones are made of what holds from now on."""
    if state.offers:
        begin(state, Rescind(tuple(sorted(state.offers))), now)


def go_on(state: State, now: Now) -> None:
    """Does a step of the oldest long call."""
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
    """Does a step, and returns the rest."""
    match chore:
        case Declined(framework_id, offer_ids, until):
            offers.decline(state, framework_id, offer_ids[:AT_ONCE], until)
            left = offer_ids[AT_ONCE:]
            return msgspec.structs.replace(chore, offer_ids=left) if left else None
        case StatesAsked(framework_id, stream, these, all_of_them):
            framework = state.frameworks.get(framework_id)
            if framework is None or framework.stream != stream:
                return None  # a framework that subscribes again reconciles again
            tasks.send_states(state, framework, these[:AT_ONCE], all_of_them, now)
            rest = these[AT_ONCE:]
            return msgspec.structs.replace(chore, tasks=rest) if rest else None
        case GiveUp(agent_ids, since):
            count = max(UNREACHABLE_AT_ONCE // (len(state.frameworks) + 1), 1)
            silence.given_up(state, agent_ids[:count], since, now)
            return msgspec.structs.replace(chore, agent_ids=agent_ids[count:]) if agent_ids[count:] else None
        case Rescind(offer_ids):
            open_ones = [offer_id for offer_id in offer_ids[:AT_ONCE] if offer_id in state.offers]
            offers.give_back_all(state, open_ones, rescind=True)
            left = offer_ids[AT_ONCE:]
            return msgspec.structs.replace(chore, offer_ids=left) if left else None
        case Noticed(agent_ids, anew):
            for agent_id in agent_ids[:NOTICED_AT_ONCE]:
                if agent_id in state.agents:
                    maintenance.arrived(state, state.agents[agent_id], now, anew=anew)
            left = agent_ids[NOTICED_AT_ONCE:]
            return msgspec.structs.replace(chore, agent_ids=left) if left else None
        case Ended(framework_id):
            return chore if frameworks.end_tasks(state, framework_id, ENDED_AT_ONCE, now) else None
