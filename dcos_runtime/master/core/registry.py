"""How the registry is written down: an entry an agent, key ``agents/<id>``, of version 2; 1 is read, too, and named no
version. What operators set for a role are entries by themselves, of version 1: its weight, key ``weights/<role>``, and
its quota in thousandths, key ``quotas/<role>``.

An entry of any other version was written by a newer master: this one does not lead then, and leaves the registry as it
is.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from dcos_runtime.master.core.allocator import Quota
from dcos_runtime.master.core.records import AbsentAgent
from dcos_runtime.wire import codec
from dcos_runtime.wire.cluster import AgentInfo

KEY = "agents/"
VERSION = 2
READ = (1, 2)
WEIGHTS = "weights/"
QUOTAS = "quotas/"
OF_ROLES = (1,)


class UnknownRegistryVersion(ValueError):
    """A version that this master does not read. The text says which are."""


class _Versioned(msgspec.Struct):
    version: int = 1


class _Entry(msgspec.Struct, omit_defaults=True):
    info: AgentInfo
    unreachable_since: float | None = None
    version: int = 1


class _Weight(msgspec.Struct):
    weight: float
    version: int = 1


class _Quota(msgspec.Struct):
    guarantees: dict[str, int]
    limits: dict[str, int]
    version: int = 1


def entry(info: AgentInfo, unreachable_since: float | None = None) -> bytes:
    return codec.encode(_Entry(info, unreachable_since, VERSION))


def read(key: str, value: bytes) -> tuple[AbsentAgent, bytes | None]:
    """The agent, and its entry in this version's form if that differs.

    Raises `codec.DecodeError`, `UnknownRegistryVersion`.
    """
    version = _known_version(key, value, READ)
    found = codec.decode(value, _Entry)
    previous = entry(found.info, found.unreachable_since) if version != VERSION else None
    return AbsentAgent(found.info, found.unreachable_since), previous


def _known_version(key: str, value: bytes, read: Sequence[int]) -> int:
    version = codec.decode(value, _Versioned).version
    if version not in read:
        raise UnknownRegistryVersion(
            f"the registry's entry {key} is of version {version}, and this master reads {' and '.join(map(str, read))};"
            " nothing was changed; run the version that wrote it, or one that is newer"
        )
    return version


# --- roles -----------------------------------------------------------------------------------------------------------


def weight_entry(weight: float) -> bytes:
    return codec.encode(_Weight(weight))


def read_weight(key: str, value: bytes) -> float:
    """Raises `codec.DecodeError`, `UnknownRegistryVersion`."""
    _known_version(key, value, OF_ROLES)
    return codec.decode(value, _Weight).weight


def quota_entry(quota: Quota) -> bytes:
    return codec.encode(_Quota(dict(quota.guarantees), dict(quota.limits)))


def read_quota(key: str, value: bytes) -> Quota:
    """Raises `codec.DecodeError`, `UnknownRegistryVersion`."""
    _known_version(key, value, OF_ROLES)
    found = codec.decode(value, _Quota)
    return Quota(found.guarantees, found.limits)
