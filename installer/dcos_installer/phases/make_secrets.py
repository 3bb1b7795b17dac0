"""Creates missing secrets of the cluster, and renews certificates that expire or no longer fit."""

from __future__ import annotations

from dcos_installer.errors import InstallerError
from dcos_installer.phases.build_plan import refuse_early
from dcos_installer.phases.kit.base import Context
from dcos_installer.secrets import Vault, load, make

_NAMED = 6
"""How many things to create are named; a thousand hosts have as many certificates."""


class SecretsLost(InstallerError):
    """Hosts run with secrets that this operator's state does not have."""


class MakeSecrets:
    """Changes only the operator's state: the hosts get their secrets with their manifests. Existing secrets are never
    created again.
    """

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
    """Refuses to run with new passwords: the cluster's stored data could not be read with them."""
    running = [name for name, facts in ctx.facts.items() if facts.generation > 0]
    if running and vault.roots_missing:
        raise SecretsLost(
            f"{', '.join(running[:_NAMED])} run{'s' if len(running) == 1 else ''} already, and"
            f" {', '.join(vault.roots_missing)} of the cluster are missing here: {ctx.state.secrets}",
            why="another operator deployed there, the folder was lost, or a version without secrets deployed it;"
            " with new ones its daemons could not read what they have stored",
            hint=f"restore {ctx.state.secrets} from where it was deployed or from a backup;"
            " without one, destroy the cluster and deploy it again",
        )
