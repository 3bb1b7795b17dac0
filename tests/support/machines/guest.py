"""Runs a command of this checkout under another kernel: Debian's in QEMU, without KVM, with this machine's files.

The guest sees the root of this machine read-only by 9p, its own writes go to memory. It has no network.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from dcos_images.emulation import PROCESSOR

KERNEL = "linux-image-amd64"
MODULES = ("crc32c_generic", "virtio_pci", "9pnet_virtio", "9p", "overlay", "loop", "ext4", "quota_v2", "xfs")
DONE = "the guest's command ended with"
WARM = (
    sys.executable,
    "-c",
    "import pytest, dcos_runtime.agent.main, dcos_runtime.agent.fetching.process, tests.support.daemons.agents",
)
"""Files that are read before anything has a deadline: each comes through the emulator, and stays in memory then."""

_INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t sysfs sys /sys
while read module; do insmod /modules/$module; done < /modules/order
mkdir -p /lower /rw /new
mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=loose,ro root /lower || poweroff -f
mount -t tmpfs -o mode=755 rw /rw; mkdir /rw/upper /rw/work
mount -t overlay -o lowerdir=/lower,upperdir=/rw/upper,workdir=/rw/work root /new || poweroff -f
for folder in proc sys dev tmp run; do mount -t tmpfs none /new/$folder; done
umount /new/proc /new/sys /new/dev
mount -t proc proc /new/proc; mount -t sysfs sys /new/sys; mount -t devtmpfs dev /new/dev
mkdir -p /new/dev/pts /new/dev/shm; mount -t devpts pts /new/dev/pts; mount -t tmpfs shm /new/dev/shm
chmod 1777 /new/tmp /new/dev/shm
mount -t cgroup2 cgroup /new/sys/fs/cgroup
echo +cpu +memory +pids +io > /new/sys/fs/cgroup/cgroup.subtree_control; ifconfig lo 127.0.0.1 up
cp /command /new/run/command; cp /programs/* /new/usr/bin/ 2>/dev/null
umount /proc /sys
exec switch_root /new /usr/bin/tini-static -- /bin/sh /run/command
"""


def missing() -> str:
    """The missing programs and files for a guest; empty: none."""
    programs = ("qemu-system-x86_64", "busybox", "cpio", "apt-get", "dpkg-deb", "tini-static")
    if os.uname().machine != "x86_64":
        return "a machine of the kind x86_64"
    return ", ".join(name for name in programs if not shutil.which(name))


def run(command: Sequence[str], folder: Path, seconds: float, programs: Sequence[Path] = ()) -> tuple[int | None, str]:
    """Its exit code (``None``: it has none) and the guest's whole output. ``folder`` is for temporary files, which the
    guest does not see; ``programs`` are put into its /usr/bin.
    """
    kernel, tree = _kernel(folder)
    initial = _initial(command, tree, folder, programs)
    console = folder / "console"
    argv = [
        *("nice", "qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", PROCESSOR, "-smp", "2", "-m", "3072"),
        *("-kernel", str(kernel), "-initrd", str(initial), "-append", "console=ttyS0 quiet panic=-1"),
        *("-display", "none", "-serial", f"file:{console}", "-monitor", "none", "-no-reboot", "-nic", "none"),
        *("-fsdev", "local,id=root,path=/,security_model=none,readonly=on,multidevs=remap"),
        *("-device", "virtio-9p-pci,fsdev=root,mount_tag=root"),
    ]
    with contextlib.suppress(subprocess.TimeoutExpired):
        subprocess.run(argv, stdin=subprocess.DEVNULL, check=True, timeout=seconds)
    said = console.read_text(errors="replace")
    _, found, code = said.rpartition(DONE)
    return (int(code.split()[0]) if found else None), said


def _kernel(folder: Path) -> tuple[Path, Path]:
    """Debian's kernel from the machine's package sources, unpacked beside, never installed."""
    shown = subprocess.run(["apt-cache", "depends", KERNEL], check=True, capture_output=True, text=True).stdout
    name = next(line.split()[1] for line in shown.splitlines() if "Depends: linux-image-" in line)
    tree = _unpacked(name, folder)
    version = name.removeprefix("linux-image-")
    subprocess.run(["busybox", "depmod", "-b", str(tree), version], check=True)
    return tree / "boot" / f"vmlinuz-{version}", tree / "lib/modules" / version


def program(package: str, folder: Path) -> Path:
    """The program of a package of that name, from the machine's package sources, never installed."""
    return _unpacked(package, folder) / "usr" / "bin" / package


def _unpacked(package: str, folder: Path) -> Path:
    subprocess.run(["apt-get", "download", "-q", package], cwd=folder, check=True, capture_output=True)
    tree = folder / package
    subprocess.run(["dpkg-deb", "-x", str(next(folder.glob(f"{package}_*.deb"))), str(tree)], check=True)
    return tree


def _initial(command: Sequence[str], modules: Path, folder: Path, programs: Sequence[Path]) -> Path:
    tree = folder / "initial"
    for name in ("bin", "proc", "sys", "dev", "modules", "programs"):
        (tree / name).mkdir(parents=True)
    for program in programs:
        shutil.copy(program, tree / "programs" / program.name)
    shutil.copy(shutil.which("busybox") or "", tree / "bin/busybox")
    depends: dict[str, list[str]] = {}
    for line in (modules / "modules.dep").read_text().splitlines():
        path, _, others = line.partition(":")
        depends[path] = others.split()
    ordered: dict[str, None] = {}

    def add(path: str) -> None:
        for other in depends[path]:
            if other not in ordered:
                add(other)
        ordered.setdefault(path)

    for name in MODULES:
        add(next(known for known in depends if Path(known).name == f"{name}.ko"))
    order = [modules / path for path in ordered]
    for module in order:
        shutil.copy(module, tree / "modules" / module.name)
    (tree / "modules/order").write_text("".join(f"{module.name}\n" for module in order))
    (tree / "init").write_text(_INIT)
    (tree / "init").chmod(0o755)
    (tree / "command").write_text(
        f"exec </dev/null >/dev/console 2>&1\nexport HOME=/root PATH={shlex.quote(os.environ['PATH'])} LC_ALL=C.UTF-8\n"
        "export DCOS_TESTS_PATIENCE=10\n"
        f"cd {shlex.quote(str(Path.cwd()))}\n{shlex.join(WARM)}\n{shlex.join(command)}\n"
        f"echo {shlex.quote(DONE)} $?\nsync\n"
        "echo o > /proc/sysrq-trigger\nsleep 60\n"
    )
    names = "\n".join(str(path.relative_to(tree)) for path in sorted(tree.rglob("*")))
    packed = subprocess.run(
        ["cpio", "-o", "-H", "newc"], cwd=tree, input=names.encode(), capture_output=True, check=True
    )
    initial = folder / "initial.gz"
    initial.write_bytes(gzip.compress(packed.stdout, 1))
    return initial
