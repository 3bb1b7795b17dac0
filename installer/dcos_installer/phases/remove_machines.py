"""Removes the machines that the provider made, with all they shared."""

from __future__ import annotations

from dcos_installer import machine_records
from dcos_installer.phases.kit.base import Context, HostsFailed
from dcos_installer.providers.base import Results, failed, well


class RemoveMachines:
    """Removes what the provider finds: also machines that are incomplete, or no longer in the inventory."""

    title = "Remove machines"

    def should_run(self, ctx: Context) -> str:
        return "" if ctx.provider.makes_machines else "the hosts are not the provider's"

    def run(self, ctx: Context) -> None:
        present = [name for name, machine in ctx.look_at_machines().items() if machine.exists]
        results: Results = {}
        with ctx.changing(dict.fromkeys(present, "remove the machine") or {"": "remove what is left"}) as outcome:
            if outcome is None:
                return
            results = ctx.provider.destroy(None, note=ctx.note)
            machine_records.forget(ctx.state, well(results))
            # The lock's record goes with the machine it lies on.
            recorded = {host.name for host in ctx.results.lock_records}
            ctx.results.machines_removed = not recorded & set(failed(results))
            outcome.report(results)
        if failures := failed(results):
            named = {name or "what machines shared": error for name, error in failures.items()}
            raise HostsFailed("not everything could be removed", named, hint="run again: it continues where it stopped")
