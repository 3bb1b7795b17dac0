"""Which files of a tree's ``metadata/`` signatures vouch for: roots by their chain from the given root, present
metadata by the digests of the snapshot, and what is kept for readers under way by the roles of its time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeAlias

from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, MetaFile, Root, Signed, Snapshot, Targets, Timestamp

from dcos_universe.index.trusted import METADATA
from dcos_universe.trust.ceremony import COMPACT
from dcos_universe.trust.contents import files_below

_NAME = re.compile(r"([1-9][0-9]{0,18})\.(.+)\.json")
_TIMESTAMP = "timestamp.json"

_AnyMetadata: TypeAlias = "Metadata[Any]"


class Vouching:
    """One look at the metadata of ``tree``. ``given``: the root that is trusted; ``roles``: those that were verified.

    ``faults``: the files that nothing vouches for, a sentence each. ``targets``: all that is vouched for of that kind,
    present or not.
    """

    def __init__(self, tree: Path, given: bytes, roles: Mapping[str, Signed]) -> None:
        self._folder = tree / METADATA
        self._left = set(files_below(self._folder))
        self._promised: dict[str, list[MetaFile]] = {}
        self.targets: list[Targets] = []
        self.faults: list[str] = []
        self._roots = list(self._chain(Metadata[Root].from_bytes(given)))
        self._timestamp(roles[Timestamp.type])
        self._snapshots(roles[Snapshot.type].version)
        self._by_digest()
        self._by_signature()
        self._tell(roles[Snapshot.type])

    def _chain(self, given: Metadata[Root]) -> Iterator[Root]:
        yield given.signed
        number = given.signed.version
        same = self._read(f"{number}.root.json", Root)
        if (
            same is not None
            and same.signed_bytes == given.signed_bytes
            and _signed(same, Root.type, given.signed, others=number > 1)
        ):
            self._left.discard(f"{number}.root.json")
        for step in (1, -1):
            known = given
            while (found := self._read(name := f"{known.signed.version + step}.root.json", Root)) is not None:
                before, after = (known, found) if step > 0 else (found, known)
                if not _signed(after, Root.type, before.signed, after.signed):
                    break
                if step < 0 and not _signed(found, Root.type, found.signed, known.signed, others=True):
                    break
                self._left.discard(name)
                yield found.signed
                known = found

    def _timestamp(self, timestamp: Signed) -> None:
        found = self._read(_TIMESTAMP, Timestamp)
        if found is not None and _signed(found, Timestamp.type, max(self._roots, key=lambda root: root.version)):
            self._left.discard(_TIMESTAMP)
        assert isinstance(timestamp, Timestamp)
        meta = timestamp.snapshot_meta
        self._promised[f"{meta.version}.snapshot.json"] = [meta]

    def _snapshots(self, present: int) -> None:
        """A later one than the present is no kept one: a key that was replaced could have signed it."""
        for name in sorted(one for one in self._left if one.endswith(".snapshot.json")):
            found = self._read(name, Snapshot)
            if found is None or found.signed.version > present:
                continue
            if any(_signed(found, Snapshot.type, root) for root in self._roots):
                self._left.discard(name)
                for file, meta in found.signed.meta.items():
                    self._promised.setdefault(f"{meta.version}.{file}", []).append(meta)

    def _by_digest(self) -> None:
        for name in sorted(self._left & self._promised.keys()):
            content = (self._folder / name).read_bytes()
            if any(_is(meta, content) for meta in self._promised[name]):
                self._take(name, Metadata.from_bytes(content))

    def _by_signature(self) -> None:
        """What no snapshot here names: a role's metadata counts as soon as that of the role above it does."""
        found = {name: self._read(name, Targets) for name in self._left - self._promised.keys()}
        taken = True
        while taken:
            taken = False
            for name, metadata in sorted(found.items()):
                role = _NAME.fullmatch(name)
                if metadata is None or role is None or name not in self._left:
                    continue
                above = self._roots if role[2] == Targets.type else self.targets
                if any(_signed(metadata, role[2], one) for one in above):
                    self._take(name, metadata)
                    taken = True

    def _take(self, name: str, metadata: _AnyMetadata) -> None:
        self._left.discard(name)
        if isinstance(metadata.signed, Targets):
            self.targets.append(metadata.signed)

    def _tell(self, snapshot: Signed) -> None:
        assert isinstance(snapshot, Snapshot)
        for file, meta in sorted(snapshot.meta.items()):
            if not (self._folder / f"{meta.version}.{file}").exists():
                self.faults.append(f"{METADATA}/{meta.version}.{file} is missing")
        oldest = min(root.version for root in self._roots)
        for name in sorted(self._left):
            role = _NAME.fullmatch(name)
            if role is not None and role[2] == Root.type and int(role[1]) < oldest:
                why = "is not vouched for by the root that was given: give one of its version or an earlier one"
            elif name in self._promised or name == _TIMESTAMP:
                why = "is not what was signed"
            else:
                why = "is vouched for by no signature"
            self.faults.append(f"{METADATA}/{name} {why}")

    def _read(self, name: str, kind: type[Signed]) -> _AnyMetadata | None:
        """The metadata of that name, if it is of the kind and version that its name says, and nothing else is in it."""
        role = _NAME.fullmatch(name)
        if name not in self._left or (role is None and name != _TIMESTAMP):
            return None
        content = (self._folder / name).read_bytes()
        try:
            found: _AnyMetadata = Metadata.from_bytes(content)
            if found.unrecognized_fields or found.to_bytes(COMPACT) != content:
                return None
        except (RepositoryError, ValueError, RecursionError):
            return None
        right = type(found.signed) is kind and (role is None or found.signed.version == int(role[1]))
        return found if right else None


def _signed(metadata: _AnyMetadata, role: str, *above: Root | Targets, others: bool = False) -> bool:
    """Whether enough keys of the role have signed, by each of ``above``, and with ``others`` not set no other key."""
    by: set[str] = set()
    for one in above:
        try:
            result = one.get_verification_result(role, metadata.signed_bytes, metadata.signatures)
        except ValueError:  # it has no such role
            return False
        if not result:
            return False
        by |= result.signed.keys()
    return others or by == metadata.signatures.keys()


def _is(meta: MetaFile, content: bytes) -> bool:
    """Whether these are the bytes that a snapshot means."""
    return meta.length in (None, len(content)) and (meta.hashes or {}).get("sha256") == sha256(content).hexdigest()
