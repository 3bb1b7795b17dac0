"""Tells the `dcos` command of this user where the cluster is."""

from __future__ import annotations

from dcos_installer import client
from dcos_installer.phases.base import Context
from dcos_installer.phases.health import master_url


class WriteClientConfig:
    title = "Set up the dcos command"

    def should_run(self, ctx: Context) -> str:
        folder = ctx.client_dir or client.dcos_dir()
        return "it is set up" if client.is_current(folder, ctx.spec.cluster_id, self._content(ctx)) else ""

    def run(self, ctx: Context) -> None:
        folder = ctx.client_dir or client.dcos_dir()
        ctx.change(
            "",
            f"write {folder}/clusters/{ctx.spec.cluster_id}/dcos.toml",
            lambda: client.write(folder, ctx.spec.cluster_id, self._content(ctx)),
        )

    def _content(self, ctx: Context) -> str:
        return client.wanted(ctx.spec.name, master_url(ctx.spec.masters[0], ctx.spec.settings.ports))
