"""Builds the runtime packages that these machines need, or finds them in the cache."""

from __future__ import annotations

from dcos_installer.phases.kit.base import Context


class BuildBundle:
    """Builds on the operator's machine only: no machine of the cluster is changed."""

    title = "Build the bundle"

    def run(self, ctx: Context) -> None:
        targets = sorted({facts.target for facts in ctx.facts.values()})
        ctx.bundle = ctx.engine.bundle(ctx.spec, targets, lambda text: ctx.note("", text))
