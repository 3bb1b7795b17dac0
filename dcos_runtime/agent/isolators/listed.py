"""Which isolators there are, in the order in which they are done. They are undone in reverse."""

from __future__ import annotations

from pathlib import Path

from dcos_runtime.agent.containers.base import ContainerPlace
from dcos_runtime.agent.containers.cgroups import Cgroups
from dcos_runtime.agent.containers.networks import Networks
from dcos_runtime.agent.isolators import image, private, volumes
from dcos_runtime.agent.isolators.base import Isolators
from dcos_runtime.agent.isolators.capabilities import CapabilitiesIsolator
from dcos_runtime.agent.isolators.cpu import CpuIsolator
from dcos_runtime.agent.isolators.devices import DevicesIsolator
from dcos_runtime.agent.isolators.disk import DiskIsolator, DiskTools
from dcos_runtime.agent.isolators.gpus import Gpus, GpusIsolator
from dcos_runtime.agent.isolators.image import ImageIsolator
from dcos_runtime.agent.isolators.killing import ProcessesIsolator
from dcos_runtime.agent.isolators.listening import ListeningIsolator, PortWatcher
from dcos_runtime.agent.isolators.memory import MemoryIsolator
from dcos_runtime.agent.isolators.mounts import MountsIsolator
from dcos_runtime.agent.isolators.namespaces import NamespacesIsolator
from dcos_runtime.agent.isolators.network import NetworkIsolator
from dcos_runtime.agent.isolators.pids import PidsIsolator
from dcos_runtime.agent.isolators.ports import PortGuard, PortsIsolator
from dcos_runtime.agent.isolators.pressure import PressureIsolator
from dcos_runtime.agent.isolators.private import PrivateIsolator
from dcos_runtime.agent.isolators.rlimits import PlainRlimitsIsolator, RlimitsIsolator
from dcos_runtime.agent.isolators.root import RootFilesystem, RootIsolator
from dcos_runtime.agent.isolators.seccomp import SeccompIsolator
from dcos_runtime.agent.isolators.volumes import VolumesIsolator


def of_containers(
    *,
    cgroups: Cgroups,
    root: RootFilesystem,
    ports: PortGuard,
    listening: PortWatcher,
    gpus: Gpus,
    networks: Networks,
    disk: DiskTools,
    machine: str,
) -> Isolators:
    """Those of OCI containers. ``machine``: its kind, as uname(2) names it.

    Processes end first, so `ProcessesIsolator` is the last; then the output is cut a last time, before folders go: so
    `DiskIsolator` stands after these.
    """
    return Isolators(
        (
            RootIsolator(root),
            ImageIsolator(),
            PrivateIsolator(),
            MountsIsolator(),
            VolumesIsolator(root),
            DiskIsolator(disk, _written),
            NamespacesIsolator(),
            NetworkIsolator(networks),
            DevicesIsolator(),
            GpusIsolator(gpus),
            CapabilitiesIsolator(),
            RlimitsIsolator(),
            SeccompIsolator(machine, fixed_projects=disk.projects is not None),
            CpuIsolator(cgroups),
            MemoryIsolator(cgroups),
            PidsIsolator(cgroups),
            PressureIsolator(cgroups),
            PortsIsolator(ports),
            ListeningIsolator(listening, disk.pids),
            ProcessesIsolator(cgroups),
        )
    )


def of_processes(disk: DiskTools, listening: PortWatcher) -> Isolators:
    """Those of plain processes."""
    return Isolators((DiskIsolator(disk, _none), PlainRlimitsIsolator(), ListeningIsolator(listening, disk.pids)))


def _written(place: ContainerPlace) -> tuple[Path, ...]:
    found = (*private.folders(place), *image.folders(place), *volumes.folders(place))
    return tuple(folder for folder in found if folder.exists())


def _none(place: ContainerPlace) -> tuple[Path, ...]:
    return ()
