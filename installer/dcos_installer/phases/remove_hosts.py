"""Removes everything of ours from hosts that the provider did not make."""

from __future__ import annotations

from dcos_installer.phases.kit.base import Context, HostsFailed
from dcos_installer.phases.kit.engine import Applied


class RemoveHosts:
    """Removes units, links, users, firewall and /opt/dcos; state in /var/lib/dcos stays unless purged."""

    title = "Clear hosts"

    def __init__(self, purge: bool = False) -> None:
        self._purge = purge

    def should_run(self, ctx: Context) -> str:
        return "the machines themselves are removed" if ctx.provider.makes_machines else ""

    def run(self, ctx: Context) -> None:
        failures: dict[str, BaseException] = {}
        step = "remove all that was deployed" + (", and its state" if self._purge else "")
        with ctx.changing({host.name: step for host in ctx.spec.hosts}) as outcome:
            if outcome is None:
                return

            def on_host(name: str, result: Applied | BaseException) -> None:
                if isinstance(result, BaseException):
                    failures[name] = result
                    outcome.failed(name, result)
                else:
                    outcome.done(name)

            ctx.engine.remove(ctx.spec, ctx.spec.hosts, self._purge, on_host)
        if failures:
            raise HostsFailed("not every host could be cleaned", failures)
        ctx.results.hosts_cleared = True
