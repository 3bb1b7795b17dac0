"""How the registry is written down: an entry an agent, key ``agents/<id>``. Versions 1 to 3 are read. What operators
set for a role are entries by themselves, of version 1: its weight, key ``weights/<role>``, and its quota in
thousandths, key ``quotas/<role>``.

Version 1 of an agent's entry named no version. Version 3 tells of agents that are gone or deactivated; only such
entries are of that version, so that a master which reads 2 can still lead as long as no operator asked for any of it.
An entry of any other version was written by a newer master: this one does not lead then, and leaves the registry as it
is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import msgspec

from dcos_runtime.master.core.allocator import Quota
from dcos_runtime.master.core.records import Draining
from dcos_runtime.wire import codec
from dcos_runtime.wire.cluster import AgentInfo

T = TypeVar("T")

KEY = "agents/"
READ = (1, 2, 3)
WEIGHTS = "weights/"
QUOTAS = "quotas/"
OF_ROLES = (1,)


class UnknownRegistryVersion(ValueError):
    """A version that this master does not read. The text says which are."""


class _Versioned(msgspec.Struct):
    version: int = 1


class RegistryEntry(msgspec.Struct, omit_defaults=True):
    """An agent. It is expected to come back, or unreachable since then, or gone since then (wall): never to be admitted
    again. ``deactivated``: it is not offered. ``draining``: and drained, or on the way to it.
    """

    info: AgentInfo
    unreachable_since: float | None = None
    version: int = 1
    gone_since: float | None = None
    deactivated: bool = False
    draining: Draining | None = None


class _Weight(msgspec.Struct):
    weight: float
    version: int = 1


class _Quota(msgspec.Struct):
    guarantees: dict[str, int]
    limits: dict[str, int]
    version: int = 1


def entry(
    info: AgentInfo,
    unreachable_since: float | None = None,
    gone_since: float | None = None,
    deactivated: bool = False,
    draining: Draining | None = None,
) -> bytes:
    version = 2 if gone_since is None and not deactivated else 3
    return codec.encode(RegistryEntry(info, unreachable_since, version, gone_since, deactivated, draining))


def read(key: str, value: bytes) -> tuple[RegistryEntry, bytes | None]:
    """What an entry says, and the entry in this master's form if that differs.

    Raises `codec.DecodeError`, `UnknownRegistryVersion`.
    """
    version = known_version(key, value, READ)
    found = codec.decode(value, RegistryEntry)
    return found, entry(found.info, found.unreachable_since) if version == 1 else None


def of_kind(entries: Iterable[tuple[str, bytes]], prefix: str, read: Callable[[str, bytes], T]) -> dict[str, T]:
    """The entries whose keys begin with ``prefix``, by the rest of their keys. Raises what ``read`` raises."""
    return {key.removeprefix(prefix): read(key, value) for key, value in entries if key.startswith(prefix)}


def known_version(key: str, value: bytes, read: Sequence[int]) -> int:
    """Raises `codec.DecodeError`, `UnknownRegistryVersion`."""
    version = codec.decode(value, _Versioned).version
    if version not in read:
        *before, last = map(str, read)
        known = f"{', '.join(before)} and {last}" if before else last
        raise UnknownRegistryVersion(
            f"the registry's entry {key} is of version {version}, and this master reads {known};"
            " nothing was changed; run the version that wrote it, or one that is newer"
        )
    return version


# --- roles -----------------------------------------------------------------------------------------------------------


def weight_entry(weight: float) -> bytes:
    return codec.encode(_Weight(weight))


def read_weight(key: str, value: bytes) -> float:
    """Raises `codec.DecodeError`, `UnknownRegistryVersion`."""
    known_version(key, value, OF_ROLES)
    return codec.decode(value, _Weight).weight


def quota_entry(quota: Quota) -> bytes:
    return codec.encode(_Quota(dict(quota.guarantees), dict(quota.limits)))


def read_quota(key: str, value: bytes) -> Quota:
    """Raises `codec.DecodeError`, `UnknownRegistryVersion`."""
    known_version(key, value, OF_ROLES)
    found = codec.decode(value, _Quota)
    return Quota(found.guarantees, found.limits)
