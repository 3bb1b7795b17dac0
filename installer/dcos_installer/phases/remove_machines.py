"""Removes the machines that the provider made, with all they shared."""

from __future__ import annotations

from dcos_installer.phases.base import Context


class RemoveMachines:
    """Goes by what the provider finds, so it also removes what is half made, or no longer in the inventory."""

    title = "Remove machines"

    def should_run(self, ctx: Context) -> str:
        return "" if ctx.provider.makes_machines else "the hosts are somebody else's"

    def run(self, ctx: Context) -> None:
        present = [name for name, machine in ctx.provider.inspect().items() if machine.exists]
        with ctx.changing(dict.fromkeys(present, "remove the machine") or {"": "remove what is left"}) as outcome:
            if outcome is None:
                return
            ctx.provider.destroy(None, note=ctx.note)
            ctx.results.machines_removed = True
            for name in list(outcome.open):
                outcome.done(name)
