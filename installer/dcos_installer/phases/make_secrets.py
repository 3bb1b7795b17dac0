"""Makes what is missing of the cluster's secrets, and issues certificates anew that expire or no longer fit."""

from __future__ import annotations

from dcos_installer.errors import InstallerError
from dcos_installer.phases.base import Context
from dcos_installer.phases.build_plan import refuse_early
from dcos_installer.secrets import Vault, load, make

_NAMED = 6
"""How many things to make are named; a thousand hosts have as many certificates."""


class SecretsLost(InstallerError):
    """Hosts run with secrets that this operator's state does not have."""


class MakeSecrets:
    """In the operator's state only: the hosts get theirs with their manifests. What is there is never made anew."""

    title = "Make secrets"

    def should_run(self, ctx: Context) -> str:
        vault = load(ctx.state, ctx.spec, ctx.wall(), services=ctx.services)
        _refuse_lost(ctx, vault)
        return "" if vault.to_make or vault.forgotten else "they are all there"

    def run(self, ctx: Context) -> None:
        if not ctx.dry_run:
            refuse_early(ctx)  # a deleted secret is lost for good, whatever becomes of the run
        vault = load(ctx.state, ctx.spec, ctx.wall(), services=ctx.services)
        steps = [f"make {_listed(vault.to_make)}"] if vault.to_make else []
        steps += [f"delete the secret of {_listed(vault.forgotten)}"] if vault.forgotten else []
        ctx.change("", "; ".join(steps), lambda: make(ctx.state, ctx.spec, ctx.wall(), ctx.services))


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


def _refuse_lost(ctx: Context, vault: Vault) -> None:
    """Other passwords than those that the cluster's own data was locked with would lock the cluster out of it."""
    running = [name for name, facts in ctx.facts.items() if facts.generation > 0]
    if running and vault.roots_missing:
        raise SecretsLost(
            f"{', '.join(running[:_NAMED])} run{'s' if len(running) == 1 else ''} already, and"
            f" {', '.join(vault.roots_missing)} of the cluster are not here: {ctx.state.secrets}",
            why="another operator deployed there, the folder was lost, or a version without secrets deployed it;"
            " with new ones its daemons could not read what they have stored",
            hint=f"put {ctx.state.secrets} back from where it was deployed or from a backup;"
            " without one, destroy the cluster and deploy it anew",
        )
