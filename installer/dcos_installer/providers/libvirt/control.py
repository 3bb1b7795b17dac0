"""One of libvirt's machines: creates, starts, awaits, switches and removes it; each can be repeated."""

from __future__ import annotations

import contextlib
import io
import re
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from dcos_installer.errors import InstallerError
from dcos_installer.process import tail
from dcos_installer.providers.answering import SshProblem, ssh_problem
from dcos_installer.providers.base import ProviderError
from dcos_installer.providers.libvirt import names as kinds
from dcos_installer.providers.libvirt.descriptions import Volume
from dcos_installer.providers.libvirt.domain import Domain, DomainMark, emulated, mark_of, removal_begun
from dcos_installer.providers.libvirt.hypervisor import Hypervisor, LibvirtFailed, Power, SeenDomain, SeenVolume
from dcos_installer.providers.libvirt.names import Names
from dcos_installer.providers.libvirt.options import Acceleration

_SSH_SECONDS = {"kvm": 180.0, "qemu": 900.0}
_OFF_SECONDS = {"kvm": 90.0, "qemu": 300.0}
_PRESS_SECONDS = 15.0
"""A booting machine may ignore the power button, so it is pressed again."""

_PAUSE_SECONDS = 0.2
_CONSOLE_BYTES = 16 << 10
_SAID_LINES = 30
_TERMINAL = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f]")
_OF_KVM = re.compile(r"\bkvm|\bMSRs?\b|\b(?:host|guest) CPU\b|\bvirt(?:ualization)? type\b", re.IGNORECASE)
_WORDLESS = re.compile(r"(?:process exited while connecting to|unexpectedly closed) (?:the )?monitor\W*\Z")
"""What libvirt says of a QEMU that ended at its start before libvirt had read its words: any cause could be KVM's."""

Progress = Callable[[str], None]


@dataclass(frozen=True)
class NewDisk:
    """``backing`` is the path of the golden volume that it is a layer over; empty: none."""

    kind: str
    bytes: int
    backing: str = ""


class DomainControl:
    """Controls one machine. ``secret`` is the present content of its credentials. ``cancelled``, once set, ends every
    wait.
    """

    def __init__(
        self,
        hypervisor: Hypervisor,
        names: Names,
        host: str,
        *,
        acceleration: Acceleration,
        cancelled: threading.Event,
    ) -> None:
        self._hypervisor = hypervisor
        self._names = names
        self._host = host
        self._name = names.domain(host)
        self._acceleration = acceleration
        self._cancelled = cancelled

    def seen(self) -> tuple[SeenDomain, DomainMark]:
        """Raises `ProviderError` when there is no such machine, or the name is another owner's."""
        seen = self._hypervisor.domain(self._name)
        if seen is None:
            raise ProviderError(
                "there is no such machine",
                machine=self._host,
                why=f"libvirt at {self._hypervisor.uri} has no domain {self._name}",
                hint="deploy makes it",
            )
        mark = mark_of(seen.xml)
        if mark is None or mark.cluster_id != self._names.cluster_id:
            raise name_taken(self._host, self._name)
        return seen, mark

    # Making

    def build(self, domain: Domain, disks: list[NewDisk], secret: bytes) -> None:
        """Creates its disks, and then the domain with them: a domain that exists is complete."""
        pool = domain.pool
        for disk in disks:
            name = self._names.volume(self._host, disk.kind)
            self._hypervisor.delete_volume(pool, name)  # of an interrupted creation: it never ran
            self._hypervisor.create_volume(pool, Volume(name, disk.bytes, "qcow2", backing=disk.backing).xml)
        self._put_secret(pool, secret)
        self._hypervisor.define(domain.xml)

    def _put_secret(self, pool: str, secret: bytes) -> None:
        name = self._names.volume(self._host, kinds.CREDENTIALS)
        there = self._hypervisor.volume(pool, name)
        same_size = there is not None and there.capacity == len(secret)
        if same_size and self._hypervisor.download(pool, name, len(secret)) == secret:
            return
        self._hypervisor.delete_volume(pool, name)
        self._hypervisor.create_volume(pool, Volume(name, len(secret), "raw").xml)
        self._hypervisor.upload(pool, name, len(secret), io.BytesIO(secret).read)

    # Switching

    def start(self, address: str, secret: bytes, progress: Progress) -> None:
        """Starts it unless it runs, and waits for its SSH."""
        seen, mark = self.seen()
        if mark.removing:
            raise ProviderError(
                "it is being removed",
                machine=self._host,
                why="its removal has started and is not finished",
                hint="destroy finishes it",
            )
        started, since = time.monotonic(), 0
        if seen.power is not Power.RUNNING:
            since = self._console_size(mark)
            if seen.power is not Power.OFF:
                self._hypervisor.cut_power(self._name)
            self._put_secret(mark.pool, secret)
            progress("starting")
            self._start(seen, mark, progress)
        self._await_ssh(address, since, progress)
        progress(f"answers after {time.monotonic() - started:.1f} s")

    def _start(self, seen: SeenDomain, mark: DomainMark, progress: Progress) -> None:
        try:
            self._hypervisor.start(self._name)
        except LibvirtFailed as error:
            if not (self._may_be_emulated(mark) and _is_of_kvm(error.why)):
                raise ProviderError(
                    "it cannot be started",
                    machine=self._host,
                    why=error.why,
                    hint=_remedy(error.why, self._names.network, mark),
                ) from error
            self._emulate(seen, mark, error.why.strip().splitlines()[-1] if error.why.strip() else "", progress)

    def _may_be_emulated(self, mark: DomainMark) -> bool:
        return mark.kind == "kvm" and self._acceleration == "auto"

    def _emulate(self, seen: SeenDomain, mark: DomainMark, why: str, progress: Progress) -> None:
        """KVM exists and does not run it: from now on it runs under TCG. If that fails, too, KVM was not the cause."""
        progress(f"KVM there does not run it ({why}): it runs under TCG now, ten times slower")
        self._hypervisor.cut_power(self._name)
        self._hypervisor.define(emulated(seen.xml))
        try:
            self._hypervisor.start(self._name)
        except LibvirtFailed as error:
            self._hypervisor.define(seen.xml)
            hint = _remedy(error.why, self._names.network, mark)
            raise ProviderError("it cannot be started", machine=self._host, why=error.why, hint=hint) from error

    def power_off(self) -> None:
        """Cuts its power."""
        seen, _ = self.seen()
        if seen.power is not Power.OFF:
            self._hypervisor.cut_power(self._name)

    def switch_off_in_order(self) -> None:
        """Presses its power button, and waits until it is off."""
        seen, mark = self.seen()
        if seen.power is not Power.RUNNING:
            raise ProviderError(
                "it cannot restart, because it does not run",
                machine=self._host,
                why=seen.detail or "it is off",
                hint="start it",
                evidence=self._said(mark, 0),
            )
        limit, started, pressed = _OFF_SECONDS.get(mark.kind, _OFF_SECONDS["qemu"]), time.monotonic(), -_PRESS_SECONDS
        since = self._console_size(mark)
        while True:
            power, waited = self.seen()[0].power, time.monotonic() - started
            if power is Power.OFF:
                return
            self._go_on()
            if waited > limit or power is not Power.RUNNING:
                raise ProviderError(
                    f"it did not switch off within {limit:.0f} s of being asked to",
                    machine=self._host,
                    why="it ignores its power button, or a process in it does not end",
                    hint="power-off and start restart it in any case",
                    evidence=self._said(mark, since),
                )
            if waited - pressed >= _PRESS_SECONDS:
                self._hypervisor.press_power_button(self._name)
                pressed = waited
            time.sleep(_PAUSE_SECONDS)

    def remove(self, volumes: Iterable[SeenVolume]) -> None:
        """Removes it with its volumes. The domain goes last, with a mark, by which an interrupted removal is
        recognized.
        """
        seen = self._hypervisor.domain(self._name)
        mark = None if seen is None else mark_of(seen.xml)
        ours = mark is not None and mark.cluster_id == self._names.cluster_id
        if seen is not None and mark is not None and ours:
            if not mark.removing:
                self._hypervisor.mark(self._name, removal_begun(seen.xml))
            if seen.power is not Power.OFF:
                self._hypervisor.cut_power(self._name)
        for volume in volumes:
            self._hypervisor.delete_volume(volume.pool, volume.name)
        if ours:
            self._hypervisor.undefine(self._name)

    # Waiting

    def _await_ssh(self, address: str, since: int, progress: Progress) -> None:
        started = time.monotonic()
        while (problem := ssh_problem(address)).seen:
            seen, mark = self.seen()
            limit = _SSH_SECONDS.get(mark.kind, _SSH_SECONDS["qemu"])
            if seen.power is Power.STUCK and self._may_be_emulated(mark):
                self._emulate(seen, mark, "its processor stopped", progress)
                started = time.monotonic()
            elif seen.power is not Power.RUNNING:
                raise self._fell_over(seen, mark, since)
            elif time.monotonic() - started > limit:
                raise self._silent(address, problem, mark, limit, since)
            self._go_on()
            time.sleep(_PAUSE_SECONDS)

    def _fell_over(self, seen: SeenDomain, mark: DomainMark, since: int) -> ProviderError:
        off = seen.power is Power.OFF
        hint = "read its output, then deploy again: it resumes"
        if seen.power is Power.STUCK and mark.kind == "kvm":
            hint = "KVM there does not run it: set dcos_libvirt_acceleration=tcg, and deploy again"
        return ProviderError(
            "it is off again" if off else "it does not go on",
            machine=self._host,
            why=seen.detail or "it powered itself off",
            hint=hint,
            evidence=self._said(mark, since),
        )

    def _silent(self, address: str, problem: SshProblem, mark: DomainMark, limit: float, since: int) -> ProviderError:
        slow = "; it runs under TCG, and may need more time" if mark.kind == "qemu" else ""
        return ProviderError(
            f"it runs, but SSH did not answer within {limit:.0f} s at {address}: {problem.seen}",
            machine=self._host,
            why=f"{problem.why}{slow}",
            hint=f"see its console (virsh console {self._name}); is there a way from here to {address}? Then deploy"
            " again: it resumes",
            evidence=self._said(mark, since),
        )

    def _go_on(self) -> None:
        if self._cancelled.is_set():
            raise ProviderError(
                "not waited for any longer",
                machine=self._host,
                why="the run was interrupted",
                hint="deploy again: it resumes",
            )

    # Its console

    def _console_size(self, mark: DomainMark) -> int:
        """The size of its output up to now, in bytes."""
        with contextlib.suppress(InstallerError):
            name = self._names.volume(self._host, kinds.CONSOLE)
            return next((one.capacity for one in self._hypervisor.volumes(mark.pool) if one.name == name), 0)
        return 0

    def _said(self, mark: DomainMark, since: int) -> str:
        """The last lines of its console since then."""
        with contextlib.suppress(InstallerError):
            size = self._console_size(mark)
            new = size - since if size >= since else size  # virtlogd has started another file
            name = self._names.volume(self._host, kinds.CONSOLE)
            said = self._hypervisor.download(mark.pool, name, min(new, _CONSOLE_BYTES)) if new else b""
            return tail(_TERMINAL.sub(b"", said.replace(b"\r\n", b"\n")).decode(errors="replace"), _SAID_LINES)
        return ""


def name_taken(host: str, domain: str) -> ProviderError:
    return ProviderError(
        f"a machine is called {domain} already",
        machine=host,
        why="libvirt has it, and it is not this cluster's: its metadata does not say so",
        hint=f"find its owner (virsh dumpxml {domain}) and have it renamed",
    )


def _is_of_kvm(why: str) -> bool:
    """Whether KVM or the processor has, or may have, stopped QEMU or libvirt: other causes stop both without it."""
    words = " ".join(word for word in why.split() if "/" not in word or "/dev/kvm" in word)
    return _OF_KVM.search(words) is not None or _WORDLESS.search(why) is not None


def _remedy(why: str, network: str, mark: DomainMark) -> str:
    said = why.lower()
    if "memory" in said and "allocate" in said:
        return "end what takes memory there, or ask for less with dcos_mem"
    if "kvm" in said and mark.kind == "kvm":
        return "see that KVM works there, or set dcos_libvirt_acceleration=tcg"
    if "firmware" in said or "uefi" in said:
        return "install UEFI for QEMU there (Debian: ovmf)"
    if network in said:
        return f"see what keeps the network {network} from working: virsh net-start {network}"
    return "look at libvirt's own log (/var/log/libvirt/qemu), put that right, then run again"
