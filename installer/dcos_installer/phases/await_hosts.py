"""After an interrupted run: waits until the hosts on which it started work have finished."""

from __future__ import annotations

from dcos_installer.errors import InstallerError
from dcos_installer.phases.kit.base import Context, HostsFailed
from dcos_installer.providers.base import Condition

WAIT_SECONDS = 300
"""A host's units have a shorter limit; then the host rolls back by itself."""

# The lock file that the code on the host holds while it works; the lock ends with its process, however that ends.
_AWAIT = """\
[ -e /opt/dcos/.lock ] || exit 0
exec 9</opt/dcos/.lock
flock --shared --timeout "$1" 9
"""


class AwaitHosts:
    """Work on a host continues when the installer is killed. A plan made in the middle of it would be wrong."""

    title = "Let hosts finish"

    def should_run(self, ctx: Context) -> str:
        return "" if self._at_work(ctx) else "the last run has ended"

    def run(self, ctx: Context) -> None:
        names = self._at_work(ctx)

        def wait(name: str) -> None:
            script = ctx.remote(ctx.spec.host(name)).script
            try:
                patient = str(round(WAIT_SECONDS * ctx.patience))
                script(_AWAIT, [patient], what="wait for the work of the last run", deadline=WAIT_SECONDS + 30)
            except InstallerError as error:
                raise InstallerError(
                    f"the work of the last run there does not end: {error.what}",
                    why=error.why,
                    hint=error.hint or "look at the processes on it, then run again",
                    evidence=error.evidence,
                ) from error

        results = ctx.everywhere([ctx.spec.host(name) for name in names], lambda host: wait(host.name))
        failures = {name: error for name, error in results.items() if isinstance(error, BaseException)}
        if failures:
            raise HostsFailed("the last run's work does not end on every host", failures)

    def _at_work(self, ctx: Context) -> list[str]:
        known = {host.name for host in ctx.spec.hosts} - ctx.created - set(ctx.left_out)
        reachable = (Condition.RUNNING, Condition.UNKNOWN)
        return [
            name
            for name in sorted({record.host for record in ctx.interrupted if record.host in known})
            if name not in ctx.left_out and name in ctx.machines and ctx.machines[name].condition in reachable
        ]
