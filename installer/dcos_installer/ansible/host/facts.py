"""The machine's facts, with the names of `plan.facts.Facts`, read without starting a program."""

from __future__ import annotations

import os
import stat
import sys

from .machine import ACTIVE, HOME, PACKAGE_NAMES, PACKAGE_TIME, PACKAGES, Machine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

OLDEST_PYTHON = 11
"""Our daemons need CPython 3.11 or newer."""


def gather(machine: Machine) -> dict[str, Any]:
    """All facts except the active generation, which `observe` reads."""
    os_release = _os_release(machine)
    cgroups = _cgroups(machine)
    pythons = _pythons(machine)
    return {
        "os_id": os_release.get("ID", ""),
        "os_version": os_release.get("VERSION_ID", ""),
        "arch": os.uname().machine,
        "libc": _libc(),
        "python": _our_python(machine, pythons),
        "pythons": pythons,
        "cgroups": cgroups,
        "container_runtime": _container_runtime(machine, cgroups),
        "cpus": _cpus(machine),
        "mem_mb": _memory(machine),
        "init": machine.text("/proc/1/comm") or "unknown" if machine.real else "systemd",
        "disk_free_mb": machine.free_bytes(HOME) >> 20,
        "machine_id": machine.text("/etc/machine-id"),
        "addresses": _addresses(machine),
        # On a machine that already runs our daemons these ports are our own.
        "listening": [] if machine.link(ACTIVE) else _listening(machine),
        "packages": [name for name in machine.names(PACKAGES) if not name.startswith(".")],
    }


def altered_package(machine: Machine, folder: str, home: str = PACKAGES) -> str:
    """The first path of a package that differs from what was unpacked; empty if none does.

    Packages never change: every file has one fixed time, and all paths are recorded while it is unpacked. So an edit or
    a missing file is found without reading any content.
    """
    top = machine.at(home + "/" + folder)
    if not stat.S_ISDIR(os.lstat(top).st_mode):
        return "not a folder"
    paths, altered = package_paths(top)
    if altered:
        return altered
    noted = machine.read(f"{home}/{folder}/{PACKAGE_NAMES}")
    if noted is None:
        return PACKAGE_NAMES + " is gone"
    if noted == b"\n".join(paths):
        return ""
    wanted = noted.split(b"\n")
    gone = sorted(set(wanted) - set(paths))
    # An added file with the packages' time; any other was found above.
    path = os.fsdecode(gone[0] if gone else next(path for path in paths if path not in wanted))
    return path + (" is gone" if gone else " was added")


def package_paths(top: str) -> tuple[list[bytes], str]:
    """The sorted paths of a package that is unpacked at ``top``, and the first file that was edited since, if any.

    Leaves out its record of paths, and the files that Python itself may put there.
    """
    paths, waiting, cut = [], [top], len(top) + 1
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if entry.name == "__pycache__":
                        continue
                    waiting.append(entry.path)
                else:
                    found = entry.stat(follow_symlinks=False)
                    if not stat.S_ISREG(found.st_mode) or int(found.st_mtime) != PACKAGE_TIME:
                        return [], entry.path[cut:]
                paths.append(entry.path[cut:])
    return sorted([os.fsencode(path) for path in paths if path != PACKAGE_NAMES]), ""


def _os_release(machine: Machine) -> dict[str, str]:
    text = machine.text("/etc/os-release") or machine.text("/usr/lib/os-release")
    pairs = (line.partition("=")[::2] for line in text.splitlines())
    return {key: value.strip("\"'") for key, value in pairs}


def _libc() -> str:
    try:
        family, _, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")
    except (ValueError, OSError):
        return "other"
    return family + "-" + version if version else "other"


def _pythons(machine: Machine) -> list[str]:
    found = [name[8:] for name in machine.names("/usr/bin") if name.startswith("python3.")]
    minors = [minor for minor in found if minor.isdigit()]
    if not minors and not machine.real:  # a folder that stands for this machine
        minors = [str(sys.version_info[1])]
    return ["cp3" + minor for minor in sorted(minors, key=int)]


def _our_python(machine: Machine, pythons: list[str]) -> str:
    """The distribution's own if it is new enough, otherwise the newest one that is."""
    preferred = os.path.basename(machine.link("/usr/bin/python3") or "")[len("python") :].replace(".", "")
    fitting = [tag for tag in pythons if int(tag[3:]) >= OLDEST_PYTHON]
    if "cp" + preferred in fitting:
        return "cp" + preferred
    return fitting[-1] if fitting else ""


def _cgroups(machine: Machine) -> str:
    """v2 only if the unified hierarchy has the controllers; a hybrid is v1."""
    return "v2" if machine.text("/sys/fs/cgroup/cgroup.controllers") else "v1"


def _container_runtime(machine: Machine, cgroups: str) -> str:
    """crun supports unified cgroups best; with others only runc is reliable."""
    there = [name for name in ("crun", "runc") if any(machine.exists(d + name) for d in ("/usr/bin/", "/usr/sbin/"))]
    if cgroups == "v1":
        return "runc" if "runc" in there else ""
    return there[0] if there else ""


def _cpus(machine: Machine) -> float:
    count = float(len(os.sched_getaffinity(0)))
    quota, _, period = machine.text("/sys/fs/cgroup/cpu.max").partition(" ")
    if not quota:
        quota = machine.text("/sys/fs/cgroup/cpu/cpu.cfs_quota_us")
        period = machine.text("/sys/fs/cgroup/cpu/cpu.cfs_period_us")
    if quota.isdigit() and period.isdigit() and int(quota) > 0:
        count = min(count, int(quota) / int(period))
    return count


def _memory(machine: Machine) -> int:
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        text = machine.text(limit)
        if text.isdigit():
            total = min(total, int(text))
    return total >> 20


def _addresses(machine: Machine) -> list[str]:
    """The machine's own IPv4 addresses, from the kernel's local routing table."""
    found, last = set(), ""
    for line in (machine.read("/proc/net/fib_trie") or b"").decode("ascii", "replace").splitlines():
        words = line.split()
        if words[:1] == ["|--"] and len(words) > 1:
            last = words[1]
        elif "host" in words and "LOCAL" in words and not last.startswith("127."):
            found.add(last)
    return sorted(found)


def _listening(machine: Machine) -> list[str]:
    """``address:port`` of every TCP socket that listens; ``*`` for one that takes every address."""
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in (machine.read(table) or b"").decode("ascii", "replace").splitlines()[1:]:
            words = line.split()
            if len(words) < 4 or words[3] != "0A":
                continue
            address, _, port = words[1].rpartition(":")
            found.add(_dotted_address(address) + ":" + str(int(port, 16)))
    return sorted(found)


def _dotted_address(text: str) -> str:
    """The kernel writes an address as 32-bit words in its own byte order; of IPv6 only mapped addresses matter here."""
    if not text.strip("0"):
        return "*"
    word = text[-8:] if len(text) == 8 or text[:24] == "0000000000000000FFFF0000" else ""
    return ".".join(str(part) for part in int(word, 16).to_bytes(4, sys.byteorder)) if word else "[" + text + "]"
