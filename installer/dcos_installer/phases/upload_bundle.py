"""Uploads missing packages to the hosts that need them."""

from __future__ import annotations

from dcos_installer.phases.kit.base import Context, HostsFailed
from dcos_installer.phases.kit.engine import Applied


class UploadBundle:
    """The phase that uploads packages."""

    title = "Upload the bundle"

    def should_run(self, ctx: Context) -> str:
        return "" if self._lacking(ctx) else "every host has what it needs"

    def run(self, ctx: Context) -> None:
        lacking = self._lacking(ctx)
        failures: dict[str, BaseException] = {}
        with ctx.changing({name: f"upload {', '.join(packages)}" for name, packages in lacking.items()}) as outcome:
            if outcome is None:
                return

            def on_host(name: str, result: Applied | BaseException) -> None:
                if isinstance(result, BaseException):
                    failures[name] = result
                    outcome.failed(name, result)
                else:
                    outcome.done(name, result.digest)

            ctx.engine.upload(ctx.spec, ctx.plan, ctx.bundle, [ctx.spec.host(name) for name in lacking], on_host)
        if failures:
            raise HostsFailed("the bundle did not reach every machine", failures)

    def _lacking(self, ctx: Context) -> dict[str, list[str]]:
        found = {name: list(ctx.engine.missing_packages(ctx.plan, name)) for name in ctx.plan.changed}
        return {name: packages for name, packages in found.items() if packages}
