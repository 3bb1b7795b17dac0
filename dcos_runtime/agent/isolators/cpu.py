"""A container's share of the processors, and the most that it may use of them."""

from __future__ import annotations

import dataclasses
import os

from dcos_runtime.agent.containers.base import ContainerPlace, Usage
from dcos_runtime.agent.containers.cgroups import Cgroups, pairs
from dcos_runtime.agent.containers.spec import ContainerSpec, Limits
from dcos_runtime.agent.isolators.base import Document, Isolator

PERIOD = 100_000  # microseconds
MIN_QUOTA = 1_000
SHARES_PER_CPU = 1024
MIN_SHARES, MAX_SHARES = 2, 262144
TICKS = os.sysconf("SC_CLK_TCK")


class CpuIsolator(Isolator):
    """A container's share of the processors, and its quota where the agent sets one."""

    def __init__(self, cgroups: Cgroups) -> None:
        self._cgroups = cgroups

    def prepare(self, spec: ContainerSpec, place: ContainerPlace, document: Document) -> None:
        cpu = {"shares": shares(spec.limits)}
        if (most := quota(spec.limits)) is not None:
            cpu |= {"period": PERIOD, "quota": most}
        document["linux"]["resources"]["cpu"] = cpu

    def update(self, place: ContainerPlace, limits: Limits) -> None:
        most = quota(limits)
        if self._cgroups.unified:
            self._cgroups.write("cpu", place.cgroup, "cpu.weight", str(weight(shares(limits))))
            self._cgroups.write("cpu", place.cgroup, "cpu.max", f"{'max' if most is None else most} {PERIOD}")
            return
        self._cgroups.write("cpu", place.cgroup, "cpu.shares", str(shares(limits)))
        self._cgroups.write("cpu", place.cgroup, "cpu.cfs_period_us", str(PERIOD))
        self._cgroups.write("cpu", place.cgroup, "cpu.cfs_quota_us", str(-1 if most is None else most))

    def usage(self, place: ContainerPlace, usage: Usage) -> Usage | None:
        cpu = pairs(self._cgroups.text("cpu", place.cgroup, "cpu.stat"))
        if self._cgroups.unified:
            user, system = cpu.get("user_usec", 0) / 1e6, cpu.get("system_usec", 0) / 1e6
            throttled = cpu["throttled_usec"] / 1e6 if "throttled_usec" in cpu else None
        else:
            times = pairs(self._cgroups.text("cpuacct", place.cgroup, "cpuacct.stat"))
            user, system = times.get("user", 0) / TICKS, times.get("system", 0) / TICKS
            throttled = cpu["throttled_time"] / 1e9 if "throttled_time" in cpu else None
            if not times:
                return None
        if not cpu and self._cgroups.unified:
            return None
        return dataclasses.replace(
            usage,
            cpus_user_time_secs=user,
            cpus_system_time_secs=system,
            cpus_nr_periods=cpu.get("nr_periods"),
            cpus_nr_throttled=cpu.get("nr_throttled"),
            cpus_throttled_time_secs=throttled,
        )


def shares(limits: Limits) -> int:
    return min(MAX_SHARES, max(MIN_SHARES, int(limits.cpus * SHARES_PER_CPU)))


def quota(limits: Limits) -> int | None:
    """Microseconds in each `PERIOD`."""
    return None if limits.cpu_quota is None else max(MIN_QUOTA, int(limits.cpu_quota * PERIOD))


def weight(shares: int) -> int:
    """The same share where control groups are unified, as OCI runtimes turn one into the other."""
    return 1 + (shares - MIN_SHARES) * 9999 // (MAX_SHARES - MIN_SHARES)
