"""A cluster by hand with a package manager."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support.cosmos.client import Client
from tests.support.cosmos.served import Served
from tests.support.daemons.byhand import Cluster, Daemon, cluster, free_port


def cosmos(made: Cluster, *flags: str, name: str = "cosmos") -> Daemon:
    """Not started yet."""
    folder = made.folder / name
    return Daemon(
        name,
        [
            "dcos-cosmos",
            f"--work_dir={folder}",
            f"--http_port={free_port()}",
            f"--marathon={made.marathon.url}",
            f"--master={made.master.url}",
            *flags,
        ],
        made.folder / f"{name}.log",
    )


class Packaged:
    """The cluster, a repository of its own, and the Cosmos that knows it."""

    def __init__(self, made: Cluster, served: Served, *flags: str) -> None:
        self.cluster, self.served = made, served
        self.cosmos = cosmos(
            made,
            f"--repositories=Tests={served.repo}",
            "--allowed_networks=127.0.0.0/8",
            "--repository_interval=5secs",
            *flags,
        ).start()

    @property
    def client(self) -> Client:
        return Client(self.cosmos.url)


@contextlib.contextmanager
def packaged(folder: Path, *entries: Any, flags: tuple[str, ...] = (), agents: int = 1) -> Iterator[Packaged]:
    served = Served(*entries)
    with cluster(folder, agents=agents) as made:
        one = Packaged(made, served, *flags)
        try:
            yield one
        finally:
            one.cosmos.stop()
            served.close()
