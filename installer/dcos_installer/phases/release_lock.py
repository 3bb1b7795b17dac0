"""Releases the cluster's lock. A run that ends earlier releases it, too: see `AcquireLock.clean_up`."""

from __future__ import annotations

from dcos_installer.phases.acquire_lock import release_record
from dcos_installer.phases.kit.base import Context


class ReleaseLock:
    """The phase that ends a run."""

    title = "Release the lock"

    def run(self, ctx: Context) -> None:
        release_record(ctx)
