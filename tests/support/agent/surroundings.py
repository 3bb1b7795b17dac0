"""The surroundings of a container in tests: a pretended machine, and the document that isolators make on it."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any, cast

from dcos_runtime.agent.containers.base import ContainerPlace
from dcos_runtime.agent.containers.cgroups import Cgroups
from dcos_runtime.agent.containers.networks import Networks, NetworkSettings
from dcos_runtime.agent.containers.spec import ContainerSpec
from dcos_runtime.agent.disk.projects import Projects
from dcos_runtime.agent.disk.watcher import DiskWatcher
from dcos_runtime.agent.isolators import listed
from dcos_runtime.agent.isolators.base import Isolators
from dcos_runtime.agent.isolators.disk import DiskTools
from dcos_runtime.agent.isolators.gpus import Gpus
from dcos_runtime.agent.isolators.listening import PortWatcher
from dcos_runtime.agent.isolators.ports import PortGuard
from dcos_runtime.agent.isolators.root import RootFilesystem
from dcos_runtime.agent.launchers import bundle

TINI = "/usr/bin/tini-static"


class NoProjects:
    """Quotas that are in use and hold nobody."""

    def give(self, *_: object) -> None: ...

    def extend(self, *_: object) -> None: ...


def nobody_watches() -> DiskWatcher:
    return DiskWatcher(3600.0, lambda *_: None)


def isolators_at(folder: Path, *, fixed_projects: bool = False) -> Isolators:
    """Those of containers on a machine below ``folder``: it has /usr and /opt, and control groups that account for
    swap.
    """
    host, memory = folder / "machine", folder / "memory"
    for name in ("machine/usr", "machine/opt", "machine/etc", "memory"):
        (folder / name).mkdir(exist_ok=True, parents=True)
    (memory / "memory.memsw.limit_in_bytes").touch()
    root = RootFilesystem(folder / "root", host)
    root.prepare()
    projects = cast(Projects, NoProjects()) if fixed_projects else None
    disk = DiskTools(nobody_watches(), lambda _: [], lambda _: contextlib.nullcontext(False), projects)
    cgroups = Cgroups(False, {"memory": memory})
    return listed.of_containers(
        cgroups=cgroups,
        root=root,
        ports=PortGuard(),
        listening=PortWatcher(),
        gpus=Gpus(),
        networks=Networks(NetworkSettings(folder / "networks", str(folder))),
        disk=disk,
        machine="x86_64",
    )


def configured(spec: ContainerSpec, folder: Path, *, fixed_projects: bool = False) -> dict[str, Any]:
    """The whole document of a container whose folder is made below ``folder``."""
    place = ContainerPlace(spec.container_id, folder / "containers" / spec.container_id, f"/mesos/{spec.container_id}")
    place.folder.mkdir(parents=True)
    document = bundle.configuration(spec, place.cgroup, TINI)
    isolators_at(folder, fixed_projects=fixed_projects).prepare(spec, place, document)
    return document
