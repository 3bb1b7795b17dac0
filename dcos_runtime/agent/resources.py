"""What the agent offers: the values of ``--resources`` and ``--attributes``, and for the rest what its cgroup and
machine have.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from dcos_runtime.core import resources as amounts
from dcos_runtime.core.resources import intervals
from dcos_runtime.flags.groups import TASK_PORTS
from dcos_runtime.flags.resources import read_resources, with_value
from dcos_runtime.wire.common import Attribute, Value
from dcos_runtime.wire.resources import Resource

MB = 1 << 20
GB = 1 << 30
DEFAULT_PORTS = f"[{TASK_PORTS[0]}-{TASK_PORTS[1]}]"

Type = Value.Type


@dataclass(frozen=True)
class Capacity:
    """What the machine, or the agent's cgroup, has: cores, and bytes."""

    cpus: float
    memory: int
    disk: int


# --- text and JSON forms ---------------------------------------------------------------------------------------------


def parse_resources(text: str) -> list[Resource]:
    """``cpus:4;mem:4096;ports:[31000-32000];zones:{a,b}``, or a JSON list of Resources. Raises ``ValueError``."""
    resources = [_with_stack(resource) for resource in read_resources(text)]
    _check(resources)
    return resources


_TYPES = {"cpus": Type.SCALAR, "mem": Type.SCALAR, "disk": Type.SCALAR, "gpus": Type.SCALAR, "ports": Type.RANGES}


def _check(resources: list[Resource]) -> None:
    seen = set()
    for resource in resources:
        if resource.type is not _TYPES.get(resource.name, resource.type):
            raise ValueError(f"{resource.name} must be a {_TYPES[resource.name].value.lower()}")
        key = (resource.name, resource.reservations[0].role if resource.reservations else "*", disk_root(resource))
        if key in seen:
            raise ValueError(f"{resource.name} is given twice" + (f" for role {key[1]}" if key[1] != "*" else ""))
        seen.add(key)
    if error := amounts.invalid(resources) or amounts.not_offerable(amounts.parse(resources)):
        raise ValueError(error)
    for name in {resource.name for resource in resources}:
        _check_apart(name, [resource for resource in resources if resource.name == name])


def _with_stack(resource: Resource) -> Resource:
    """In the format that the agent reports: a stack of reservations."""
    if resource.role not in (None, "*") and not resource.reservations and resource.reservation is None:
        static = Resource.ReservationInfo(type=Resource.ReservationInfo.Type.STATIC, role=resource.role)
        return msgspec.structs.replace(resource, role=None, reservations=[static])
    if resource.role == "*" and resource.reservation is None:
        return msgspec.structs.replace(resource, role=None)
    return resource


def _check_apart(name: str, resources: list[Resource]) -> None:
    """No number or item can be both reserved and not, or reserved to two roles."""
    value = amounts.parse(resources)
    found = [interval for spans in value.ranges.values() for interval in spans]
    if intervals.size(found) != intervals.size(value.intervals(name)):
        raise ValueError(f"{name}: a number is given to two roles")
    if sum(map(len, value.sets.values())) != len(frozenset().union(*value.sets.values())):
        raise ValueError(f"{name}: an item is given to two roles")


# --- what there is ---------------------------------------------------------------------------------------------------


def offered(given: list[Resource], capacity: Capacity, gpus: int = 0) -> list[Resource]:
    """``given``, and those of cpus, mem, disk and ports that it does not name, from the capacity less Mesos' margin.
    Memory: less 1 GiB, or half when there are less than 2 GiB. Disk: less 5 GiB, or half under 10 GiB. ``gpus``: how
    many there are to hand out.
    """
    names = {resource.name for resource in given}
    memory, disk = capacity.memory, capacity.disk
    found = [
        with_value("cpus", f"{capacity.cpus:.3f}"),
        with_value("mem", str((memory - GB if memory >= 2 * GB else memory // 2) // MB)),
        with_value("disk", str((disk - 5 * GB if disk >= 10 * GB else disk // 2) // MB)),
        with_value("ports", DEFAULT_PORTS),
        *([with_value("gpus", str(gpus))] if gpus else ()),
    ]
    whole = [*given, *(resource for resource in found if resource.name not in names)]
    order = {"cpus": 0, "mem": 1, "disk": 2, "ports": 3}
    return sorted(whole, key=lambda resource: order.get(resource.name, len(order)))


def capacity(work_dir: Path, root: Path = Path("/")) -> Capacity:
    """The smallest of what the machine has and of what any cgroup above us allows. ``root`` is for tests."""
    cpus = float(len(os.sched_getaffinity(0)))
    memory = _machine_memory(root)
    for folder in _own_cgroups(root):
        cpus = min([cpus, *_cpu_limits(folder)])
        memory = min([memory, *_memory_limits(folder)])
    disk = os.statvfs(work_dir)
    return Capacity(cpus, memory, disk.f_blocks * disk.f_frsize)


def _machine_memory(root: Path) -> int:
    match = re.search(r"^MemTotal:\s+([0-9]+) kB", (root / "proc/meminfo").read_text(), re.MULTILINE)
    if not match:
        raise ValueError("/proc/meminfo has no MemTotal; give --resources=mem:…")
    return int(match[1]) * 1024


def _own_cgroups(root: Path) -> list[Path]:
    """The folders of every cgroup we are in, and of all above it, in each hierarchy that is mounted."""
    try:
        memberships = (root / "proc/self/cgroup").read_text().splitlines()
        mounts = (root / "proc/self/mountinfo").read_text().splitlines()
    except OSError:
        return []
    own = {}
    for line in memberships:
        _, controllers, member_of = line.split(":", 2)
        for controller in controllers.split(","):
            own[controller] = member_of
    folders = []
    for line in mounts:
        fields = line.split(" ")
        kind, options = fields[fields.index("-") + 1], fields[-1].split(",")
        mount_root, mount_point = _unescape(fields[3]), root / _unescape(fields[4]).lstrip("/")
        if kind == "cgroup2":
            path = own.get("")
        elif kind == "cgroup":
            path = next((own[option] for option in options if option in own and option), None)
        else:
            continue
        if path is not None:
            folders += _upwards(mount_point, mount_root, path)
    return folders


def _upwards(mount_point: Path, mount_root: str, path: str) -> list[Path]:
    """``path`` as seen through a mount of ``mount_root``, then its parents up to the mount point."""
    inside = os.path.relpath(path, mount_root)
    folder = mount_point if inside.startswith("..") else Path(os.path.normpath(mount_point / inside))
    found = [folder]
    while folder != mount_point and mount_point in folder.parents:
        folder = folder.parent
        found.append(folder)
    return found


def _cpu_limits(folder: Path) -> list[float]:
    limits = []
    quota, period = (int(_read(folder / f"cpu.cfs_{name}_us") or 0) for name in ("quota", "period"))
    if quota > 0 and period > 0:
        limits.append(quota / period)
    if text := _read(folder / "cpu.max"):
        allowed, _, every = text.partition(" ")
        if allowed != "max":
            limits.append(int(allowed) / int(every or 100000))
    return limits


def _memory_limits(folder: Path) -> list[int]:
    texts = [_read(folder / name) for name in ("memory.limit_in_bytes", "memory.max")]
    return [int(text) for text in texts if text and text != "max"]


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _unescape(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)


# --- as numbers and for views ----------------------------------------------------------------------------------------


def scalar(resources: Sequence[Resource], name: str) -> float:
    """The sum of a scalar resource."""
    return amounts.parse(resources).scalar(name) / amounts.THOUSANDTHS


def disk_root(resource: Resource) -> str | None:
    """Where a disk of its own is, as the resource names it; ``None``: it is no such one."""
    source = resource.disk.source if resource.disk is not None else None
    place = (source.path or source.mount) if source is not None else None
    return place.root if place is not None else None


def port_ranges(resources: Sequence[Resource]) -> Sequence[tuple[int, int]]:
    """The ports that are offered to tasks; the default when none are named."""
    given = [resource for resource in resources if resource.name == "ports"] or [with_value("ports", DEFAULT_PORTS)]
    return amounts.parse(given).intervals("ports")


def attribute_values(attributes: list[Attribute]) -> dict[str, float | str]:
    """Attributes as `/state` shows them."""
    values: dict[str, float | str] = {}
    for attribute in attributes:
        if attribute.scalar is not None:
            values[attribute.name] = attribute.scalar.value
        elif attribute.ranges is not None:
            values[attribute.name] = intervals.text((part.begin, part.end) for part in attribute.ranges.range)
        elif attribute.text is not None:
            values[attribute.name] = attribute.text.value
    return values
