"""Why an app is not launched: its needs compared with what each agent has free. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dcos_runtime.cli.kernel.master import Agent
from dcos_runtime.cli.output import number

PUBLIC_ROLE = "slave_public"  # other clusters reserve all of a public agent for slave_public; ours reserve nothing
_RESOURCES = ("cpus", "mem", "disk", "gpus")


def why_not_placed(app: Mapping[str, Any], agents: Sequence[Agent], queued: Mapping[str, Any] | None = None) -> str:
    """One sentence. ``queued`` is the app's entry in the init's queue, which lists rejected offers and the reasons."""
    active = [agent for agent in agents if agent.active]
    if not active:
        return "no agent is registered with the master" if not agents else "no agent is connected to the master now"
    public = PUBLIC_ROLE in (app.get("acceptedResourceRoles") or ())

    def free(agent: Agent, name: str) -> float:
        return max(0.0, (agent.amount(name) if public else agent.unreserved(name)) - agent.used(name))

    wanted = {name: float(app.get(name) or 0) for name in _RESOURCES if app.get(name)}
    for name, amount in wanted.items():
        best = max(active, key=lambda agent: free(agent, name))
        if free(best, name) < amount:
            return (
                f"no agent has {number(amount)} {name} free; the most is {number(free(best, name))} on {best.hostname}"
            )
    if not any(all(free(agent, name) >= amount for name, amount in wanted.items()) for agent in active):
        together = " and ".join(f"{number(amount)} {name}" for name, amount in wanted.items())
        return f"no agent has {together} free at the same time"
    seconds = ((queued or {}).get("delay") or {}).get("timeLeftSeconds", 0)
    if seconds:
        return f"after its last failure it is started again in {seconds} seconds"
    reasons = _turned_down(queued or {})
    if reasons:
        return f"agents have room for it, but their offers do not fit: {', '.join(reasons)}"
    return "an agent has room for it: waiting for an offer of the master"


def _turned_down(queued: Mapping[str, Any]) -> list[str]:
    """Why the last offers were not used, as the init names the reasons: ``UnfulfilledConstraint (2)``."""
    summary = (queued.get("processedOffersSummary") or {}).get("rejectSummaryLastOffers") or []
    return [f"{one.get('reason')} ({one['declined']})" for one in summary if one.get("declined")]
