"""Facts of the cluster's hosts from the last run, in the operator's state: only a cache."""

from __future__ import annotations

import msgspec

from dcos_installer.phases.kit.base import Context
from dcos_installer.plan.facts import Facts
from dcos_runtime import durable


def read_cache(ctx: Context) -> dict[str, Facts]:
    """Facts from the last run; none when there is no cache or it cannot be read: it is only a cache."""
    try:
        return msgspec.json.decode(ctx.state.facts.read_bytes(), type=dict[str, Facts])
    except (OSError, msgspec.DecodeError):
        return {}


def write_cache(ctx: Context) -> None:
    durable.write(ctx.state.facts, msgspec.json.encode(ctx.facts))


def deployed(ctx: Context) -> set[str]:
    """The hosts on which something was deployed at the last run."""
    return {name for name, facts in read_cache(ctx).items() if facts.generation > 0}
