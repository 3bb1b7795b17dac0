"""Which Linux capabilities a task's processes hold: what it asks for, within what the agent allows. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dcos_runtime.wire.containers import CapabilityInfo, LinuxInfo

Capability = CapabilityInfo.Capability

USUAL = frozenset(
    {
        Capability.AUDIT_WRITE,
        Capability.CHOWN,
        Capability.DAC_OVERRIDE,
        Capability.FOWNER,
        Capability.FSETID,
        Capability.KILL,
        Capability.MKNOD,
        Capability.NET_BIND_SERVICE,
        Capability.SETFCAP,
        Capability.SETGID,
        Capability.SETPCAP,
        Capability.SETUID,
        Capability.SYS_CHROOT,
    }
)
"""Docker's default set without NET_RAW: raw sockets forge what others on the network trust."""

IN_ORDER = tuple(one for one in Capability if one is not Capability.UNKNOWN)
"""All of them by their numbers in the kernel, from 0 on (capability.h): Mesos lists them so."""
EVERY = frozenset(IN_ORDER)


@dataclass(frozen=True)
class Held:
    """A container's sets, as the kernel names them (``CAP_…``). ``effective`` are also permitted."""

    bounding: tuple[str, ...] = ()
    effective: tuple[str, ...] = ()
    ambient: tuple[str, ...] = ()


NONE = Held()


@dataclass(frozen=True)
class Policy:
    """``given``: the capabilities of a task that asks for none; ``None``: the usual ones for root, none for others.
    ``allowed``: the most that a task may ask for; ``None``: the usual ones and ``given``.
    """

    given: frozenset[Capability] | None = None
    allowed: frozenset[Capability] | None = None

    @property
    def most(self) -> frozenset[Capability]:
        return USUAL | (self.given or frozenset()) if self.allowed is None else self.allowed

    def refusal(self, linux: LinuxInfo) -> str | None:
        """Why a task cannot have what it asks for, or ``None``."""
        effective, bounding = _asked(linux), _bounding(linux)
        old = linux.capability_info
        if old is not None and linux.effective_capabilities is not None and frozenset(old.capabilities) != effective:
            return "linux_info.capability_info and linux_info.effective_capabilities differ; give the latter only"
        wanted = (effective or frozenset()) | (bounding or frozenset())
        if Capability.UNKNOWN in wanted:
            return "linux_info names a capability that is not known here"
        if wanted - self.most:
            return (
                f"the capabilities {_listed(wanted - self.most)} are not allowed on this agent; it allows"
                f" {_listed(self.most)} (its operator's --bounding_capabilities)"
            )
        if effective is not None and bounding is not None and effective - bounding:
            return f"the effective capabilities {_listed(effective - bounding)} are not among the bounding ones"
        return None

    def held(self, linux: LinuxInfo | None, root: bool) -> Held:
        """The capabilities with which the processes of an accepted task begin."""
        asked = _asked(linux) if linux is not None else None
        bounding = _bounding(linux) if linux is not None else None
        given = asked if asked is not None else self.given
        if given is None:
            most = USUAL & self.most if bounding is None else bounding
            return Held(_names(most), _names(USUAL & most) if root else ())
        effective = given if bounding is None else given & bounding
        # Without the ambient set, a user who is not root would lose them at the first execve.
        return Held(_names(effective if bounding is None else bounding), _names(effective), _names(effective))

    def of_docker(self, added: frozenset[Capability], dropped: frozenset[Capability], root: bool) -> Held:
        """As `docker run` makes it of ``--cap-add`` and ``--cap-drop``: a user who is not root holds none, but may get
        them. Raises ``ValueError`` for what is not allowed.
        """
        if added - self.most:
            raise ValueError(
                f"the capabilities {_listed(added - self.most)} are not allowed on this agent; it allows"
                f" {_listed(self.most)} (its operator's --bounding_capabilities)"
            )
        usual = USUAL & self.most if self.given is None else self.given
        names = _names(added | (usual - dropped) if dropped == EVERY else (usual | added) - dropped)
        return Held(names, names if root else ())


USUALLY = Policy()


def of_mask(mask: int) -> Held:
    """All capabilities of a mask of bits, as in /proc/self/status."""
    names = _names(one for number, one in enumerate(IN_ORDER) if mask >> number & 1)
    return Held(names, names)


def _asked(linux: LinuxInfo) -> frozenset[Capability] | None:
    info = linux.effective_capabilities or linux.capability_info
    return frozenset(info.capabilities) if info is not None else None


def _bounding(linux: LinuxInfo) -> frozenset[Capability] | None:
    info = linux.bounding_capabilities
    return frozenset(info.capabilities) if info is not None else None


def _names(capabilities: Iterable[Capability]) -> tuple[str, ...]:
    return tuple(sorted(f"CAP_{capability.value}" for capability in capabilities))


def _listed(capabilities: frozenset[Capability]) -> str:
    return ", ".join(sorted(capability.value for capability in capabilities)) or "none"
