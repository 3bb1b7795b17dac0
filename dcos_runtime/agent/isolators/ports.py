"""Keeps tasks from the ports of the cluster's daemons: the kernel refuses the bind, also while those daemons are dead.

Two BPF programs on the version 2 cgroup of all containers check each bind(2): an IPv4 or IPv6 socket of a task, TCP or
UDP, gets EPERM for a closed port at any address of the agent's network. A socket of another network, such as a
container's own, has nothing to do with the daemons, and binds any port. The programs are attached to the cgroup, so
they work without any process of ours. The kernel calls no program for a port that it chooses itself (port 0, listen
without bind) from ``ip_local_port_range``: closed ports have to lie outside of this range, or in
``ip_local_reserved_ports``.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import logging
import os
import sys
import threading
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path

from dcos_runtime.agent.containers import base, bpf, netns
from dcos_runtime.agent.containers.base import ContainerPlace
from dcos_runtime.agent.containers.bpf import CONTEXT, KEPT, RETURNED, VALUE, BpfError, Hook
from dcos_runtime.agent.containers.cgroups import Cgroups, tree
from dcos_runtime.agent.isolators.base import Isolator
from dcos_runtime.flags.values import LAST_PORT, Ranges, merged, port_ranges, port_ranges_text

log = logging.getLogger(__name__)

PRIVILEGED = (1, 1023)
NAME = "dcos_ports"
"""The name by which our programs are found again."""

_USER_PORT = 24  # in struct bpf_sock_addr
_GET_NETNS_COOKIE = 122  # bpf_get_netns_cookie, from kernel 5.7 on
TRIAL = "trial-"
"""Prefix of the cgroup of a process that tries a closed port."""

_TRIAL_SECONDS = 30.0
_ROUNDS = 20

_TRIAL = """
import json, socket, sys
sys.stdin.readline()
found = {}
for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        try:
            with socket.socket(family, kind) as made:
                made.bind((address, int(sys.argv[1])))
            code = 0
        except OSError as error:
            code = error.errno
        found[f"{kind.name} at {address}"] = code
print(json.dumps(found))
"""


# --- which ports ------------------------------------------------------------------------------------------------------


def without(some: Ranges, others: Ranges) -> Ranges:
    """The parts of ``some`` that are not in ``others``."""
    left = list(some)
    for low, high in others:
        pieces = []
        for first, last in left:
            pieces += [(first, min(last, low - 1)), (max(first, high + 1), last)]
        left = [(first, last) for first, last in pieces if first <= last]
    return merged(left)


def closed_ports(daemons: Ranges, offered: Ranges, own: Iterable[int]) -> Ranges:
    """The ports that no task may bind: those below 1024 and the daemons' ports, unless they are offered to tasks.
    The agent's own ports are always among them.
    """
    closed = without(merged([PRIVILEGED, *daemons]), offered)
    return merged([*closed, *((port, port) for port in own)])


def handed_out(closed: Ranges, proc: Path = Path("/proc")) -> Ranges:
    """The closed ports that the kernel may choose for a socket. ``proc`` is for tests."""
    settings = proc / "sys" / "net" / "ipv4"
    try:
        low, high = (int(word) for word in (settings / "ip_local_port_range").read_text().split())
        kept = (settings / "ip_local_reserved_ports").read_text().strip()
    except (OSError, ValueError):
        return ()
    outside = merged([(0, low - 1), (high + 1, LAST_PORT + 1), *port_ranges(kept)])
    return without(closed, outside)


def program(closed: Ranges, network: int | None = None) -> bytes:
    """The program for both hooks: 0 (EPERM) for a closed port, else 1. ``network``: the cookie of the only network
    namespace in which ports are closed; ``None``: they are closed in all.
    """
    refusal = bpf.answer(0)
    skipped = len(refusal) // 8
    code = b""
    if network is not None:  # that of the socket, whatever process has it now
        code += bpf.move(KEPT, CONTEXT) + bpf.call(_GET_NETNS_COOKIE) + bpf.load64(VALUE, network)
        code += bpf.skip_if_same(RETURNED, VALUE, len(bpf.answer(1)) // 8) + bpf.answer(1)
        code += bpf.move(CONTEXT, KEPT)
    code += bpf.load32(VALUE, CONTEXT, _USER_PORT) + bpf.from_network16(VALUE)
    for low, high in closed:
        code += bpf.skip_if_above(VALUE, high, skipped + 1) + bpf.skip_if_below(VALUE, low, skipped) + refusal
    return code + bpf.answer(1)


# --- the guard --------------------------------------------------------------------------------------------------------


class PortsOpen(Exception):
    """Tasks cannot be kept from the closed ports here. The text says why, and what to do."""


class PortGuard:
    """Closes ports to everything in the cgroup of all containers, where `begin` finds that it can.

    ``own``: those of the closed ports that the agent itself listens on.
    """

    def __init__(self, closed: Ranges = (PRIVILEGED,), own: Sequence[int] = ()) -> None:
        self.closed = closed
        self.problem = "it was not tried"
        """Why the ports are not closed to tasks; empty if they are."""
        self.gap = ""
        """Which closed ports the kernel may choose for a task's socket, and what to do; empty if none."""
        self._own = own
        self._folder = Path()
        self._divided = False
        self._closing = threading.Lock()
        self._tags: dict[Hook, bytes] = {}
        self._network = netns.cookie()

    async def begin(self, cgroups: Cgroups, root: str) -> None:
        """Closes the ports, and tries one from a process in the cgroup; ``problem`` and ``gap`` hold the result."""
        try:
            mount = cgroups.mounts.get("" if cgroups.unified else "unified")
            if mount is None:
                raise PortsOpen(
                    "no version 2 control groups are mounted; mount cgroup2 at /sys/fs/cgroup/unified, or boot with"
                    " unified control groups"
                )
            self._folder = mount / root.strip("/")
            self._divided = not cgroups.unified
            await asyncio.to_thread(self._close)
            if self._divided:
                await asyncio.to_thread(self._adopt, cgroups, root)
            await self._try()
            self.problem = ""
            if given := handed_out(self.closed):
                self.gap = (
                    f"the kernel may hand out {port_ranges_text(given)} to a task that asks for any port; put them into"
                    " the kernel setting net.ipv4.ip_local_reserved_ports"
                )
        except PortsOpen as error:
            self.problem = str(error)
        except OSError as error:
            self.problem = _refused(error)

    @property
    def shortcoming(self) -> str:
        """The problem in words, for the log; empty if every closed port is closed."""
        ports = port_ranges_text(self.closed)
        if self.problem:
            return f"ports: not enforced: a task may bind {ports}, also those of dead daemons ({self.problem})"
        return f"ports: not fully enforced: {self.gap}" if self.gap else ""

    def enter(self, pid: int) -> None:
        """Moves the process that will make a container into the cgroup of all containers. Raises ``OSError``. With
        unified control groups the runtime puts the container below it in any case.
        """
        if self.problem:
            return
        with self._closing:
            self._close()  # the cgroup may have been removed, and its programs with it
        if self._divided:
            (self._folder / "cgroup.procs").write_text(str(pid))

    def holds(self, pid: int, container_id: str) -> bool:
        """Whether a container's process is in the cgroup whose ports are closed."""
        if self.problem:
            return True
        for folder in (self._folder, *tree(self._folder / container_id)):
            with contextlib.suppress(OSError):
                if str(pid) in (folder / "cgroup.procs").read_text().split():
                    return True
        return False

    def _close(self) -> None:
        """Leaves exactly the wanted program of ours at each hook. There is always one."""
        self._folder.mkdir(parents=True, exist_ok=True)
        cgroup = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        opened: list[bpf.Attached] = []
        try:
            for hook in Hook:
                there = bpf.attached(cgroup, hook)
                opened += there
                ours = [found for found in there if found.name == NAME]
                if [found.tag for found in ours] == [self._tags.get(hook)]:
                    continue
                wanted = self._load(hook)
                opened.append(wanted)
                self._tags[hook] = wanted.tag
                if not any(found.tag == wanted.tag for found in ours):
                    bpf.attach(cgroup, hook, wanted, instead_of=ours.pop(0) if ours else None)
                else:
                    ours.remove(next(found for found in ours if found.tag == wanted.tag))
                for more in ours:
                    bpf.detach(cgroup, hook, more)
        finally:
            for found in opened:
                os.close(found.fd)
            os.close(cgroup)

    def _load(self, hook: Hook) -> bpf.Attached:
        """The program that closes ports in our network alone, or in every one where the kernel has no word for ours."""
        if self._network is not None:
            try:
                return bpf.load(program(self.closed, self._network), hook, NAME)
            except BpfError as error:
                if error.errno not in (errno.EINVAL, errno.EACCES):
                    raise
                log.info("ports stay closed in containers' own networks, too: %s", error.strerror)
                self._network = None
        return bpf.load(program(self.closed), hook, NAME)

    def _adopt(self, cgroups: Cgroups, root: str) -> None:
        """Moves processes of containers that were made before ports were closed into the cgroup."""
        containers = cgroups.folder("pids", root) or cgroups.folder("memory", root)
        for _ in range(_ROUNDS):
            inside = {pid for pids in _processes(self._folder).values() for pid in pids}
            outside = {name: pids - inside for name, pids in _processes(containers).items() if pids - inside}
            if not outside:
                return
            for name, pids in outside.items():
                (self._folder / name).mkdir(exist_ok=True)
                for pid in pids:
                    with contextlib.suppress(OSError):  # it ended
                        (self._folder / name / "cgroup.procs").write_text(pid)

    async def _try(self) -> None:
        """Raises `PortsOpen` unless binds of a process in such a cgroup are refused, and for that reason."""
        port = next(iter(self._own), self.closed[0][0] if self.closed else 0)
        if not port:
            return
        for left in self._folder.glob(f"{TRIAL}*"):  # by an agent that was killed
            with contextlib.suppress(OSError):
                left.rmdir()
        leaf = self._folder / f"{TRIAL}{uuid.uuid4()}"
        leaf.mkdir()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", "-c", _TRIAL, str(port)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={"PATH": base.DEFAULT_PATH},
        )
        try:
            (leaf / "cgroup.procs").write_text(str(process.pid))
            said, _ = await asyncio.wait_for(process.communicate(b"\n"), _TRIAL_SECONDS)
            codes: dict[str, int] = json.loads(said) if process.returncode == 0 else {}
        except (TimeoutError, ValueError):
            codes = {}
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            for _ in range(_ROUNDS):  # the kernel removes an ended process a moment later
                with contextlib.suppress(OSError):
                    leaf.rmdir()
                    break
                await asyncio.sleep(0.05)
        if not codes:
            raise PortsOpen("a process that tried a closed port did not report the result")
        absent = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)
        if bound := [what for what, code in codes.items() if code != errno.EPERM and code not in absent]:
            raise PortsOpen(
                f"the kernel took the programs and yet let a process in {self._folder} bind port {port}"
                f" ({', '.join(bound)}); a kernel from 5.15 on does not"
            )


class PortsIsolator(Isolator):
    """Every process of a container is in the cgroup whose ports are closed from its beginning."""

    def __init__(self, guard: PortGuard) -> None:
        self._guard = guard

    def isolate(self, place: ContainerPlace, pid: int) -> None:
        try:
            self._guard.enter(pid)
        except OSError as error:
            raise OSError(
                error.errno, f"the container could not be kept from the daemons' ports: {error.strerror or error}"
            ) from error

    def confirm(self, place: ContainerPlace, pid: int) -> None:
        if not self._guard.holds(pid, place.container_id):
            raise OSError(
                errno.EPERM, "the runtime took the container out of the cgroup that keeps it from daemons' ports"
            )


def _processes(folder: Path | None) -> dict[str, set[str]]:
    """The processes in a cgroup ("" in the answer) and in each one right below it."""
    found: dict[str, set[str]] = {}
    for path in (folder / "cgroup.procs", *folder.glob("*/cgroup.procs")) if folder else ():
        with contextlib.suppress(OSError):
            found["" if path.parent == folder else path.parent.name] = set(path.read_text().split())
    return found


def _refused(error: OSError) -> str:
    if not isinstance(error, BpfError):
        return f"{error.filename or 'the cgroup of all containers'}: {error.strerror or error}"
    hint = {
        errno.EPERM: "bpf(2) wants CAP_BPF or CAP_SYS_ADMIN, and CAP_NET_ADMIN. Where the machine is a container,"
        " its system call filter has to allow bpf(2)",
        errno.EINVAL: "programs for bind want a kernel from 4.17 on with CONFIG_CGROUP_BPF",
        errno.ENOSYS: "the kernel was built without bpf(2)",
    }.get(error.errno or 0, "")
    return f"{error.strerror}" + (f"; {hint}" if hint else "")
