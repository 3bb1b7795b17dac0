"""After a run that was cut off: waits until the hosts that it had set to work have come to rest."""

from __future__ import annotations

from dcos_installer.errors import InstallerError
from dcos_installer.phases.base import Context, HostsFailed
from dcos_installer.providers.base import Condition

WAIT_SECONDS = 300
"""A host gives up on its units sooner than that, and goes back by itself."""

# The same file that a host's own part holds while it works; it is let go of when that process ends, however it ends.
_AWAIT = """\
[ -e /opt/dcos/.lock ] || exit 0
exec 9</opt/dcos/.lock
flock --shared --timeout "$1" 9
"""


class AwaitHosts:
    """Work that runs on a host goes on when the installer is killed. A plan made half-way through it would be wrong."""

    title = "Let hosts finish"

    def should_run(self, ctx: Context) -> str:
        return "" if self._at_work(ctx) else "the last run came to its end"

    def run(self, ctx: Context) -> None:
        names = self._at_work(ctx)

        def wait(name: str) -> None:
            script = ctx.remote(ctx.spec.host(name)).script
            try:
                script(_AWAIT, [str(WAIT_SECONDS)], what="wait for the last run's work", deadline=WAIT_SECONDS + 30)
            except InstallerError as error:
                raise InstallerError(
                    f"what the last run began there does not end: {error.what}",
                    why=error.why,
                    hint=error.hint or "look at the processes on it, then run again",
                    evidence=error.evidence,
                ) from error

        results = ctx.everywhere([ctx.spec.host(name) for name in names], lambda host: wait(host.name))
        failures = {name: error for name, error in results.items() if isinstance(error, BaseException)}
        if failures:
            raise HostsFailed("not every host came to rest", failures)

    def _at_work(self, ctx: Context) -> list[str]:
        known = {host.name for host in ctx.spec.hosts} - ctx.created - set(ctx.left_out)
        reachable = (Condition.RUNNING, Condition.UNKNOWN)
        return [
            name
            for name in sorted({record.host for record in ctx.interrupted if record.host in known})
            if name not in ctx.left_out and name in ctx.machines and ctx.machines[name].condition in reachable
        ]
