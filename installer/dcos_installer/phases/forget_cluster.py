"""Removes the operator's state of a cluster: the last step of `destroy`."""

from __future__ import annotations

import shutil

from dcos_installer import client
from dcos_installer.phases.kit.base import Context
from dcos_installer.state import forget_state


class ForgetCluster:
    """The state directory is removed before the inventory's entry, which comes last: so an interrupted destroy can be
    repeated.
    """

    title = "Forget the cluster"

    def run(self, ctx: Context) -> None:
        client.forget(ctx.client_dir or client.dcos_dir(), ctx.spec.cluster_id)
        shutil.rmtree(ctx.state.root)
        forget_state(ctx.spec.inventory_path, ctx.state.root.parent)
