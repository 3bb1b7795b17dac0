"""How the registry is written down: an entry an agent, key ``agents/<id>``. It is of version 2; 1 is read, too.

Version 1 named no version. An entry of any other version was written by a newer master: this one does not lead then,
and leaves the registry as it is.
"""

from __future__ import annotations

import msgspec

from dcos_runtime.master.core.records import AbsentAgent
from dcos_runtime.wire import codec
from dcos_runtime.wire.cluster import AgentInfo

KEY = "agents/"
VERSION = 2
READ = (1, 2)


class UnknownRegistryVersion(ValueError):
    """A version that this master does not read. The text says which are."""


class _Versioned(msgspec.Struct):
    version: int = 1


class _Entry(msgspec.Struct, omit_defaults=True):
    info: AgentInfo
    unreachable_since: float | None = None
    version: int = 1


def entry(info: AgentInfo, unreachable_since: float | None = None) -> bytes:
    return codec.encode(_Entry(info, unreachable_since, VERSION))


def read(key: str, value: bytes) -> tuple[AbsentAgent, bytes | None]:
    """The agent, and its entry in this version's form if that differs.

    Raises `codec.DecodeError`, `UnknownRegistryVersion`.
    """
    version = codec.decode(value, _Versioned).version
    if version not in READ:
        raise UnknownRegistryVersion(
            f"the registry's entry {key} is of version {version}, and this master reads {' and '.join(map(str, READ))};"
            " nothing was changed; run the version that wrote it, or one that is newer"
        )
    found = codec.decode(value, _Entry)
    previous = entry(found.info, found.unreachable_since) if version != VERSION else None
    return AbsentAgent(found.info, found.unreachable_since), previous
