"""The root of trust: which keys may sign what, made and changed by a threshold of people with keys of their own.

Its folder contains ``N.root.json`` and ``N.targets.json`` for N = 1, 2, …; both are complete when enough keys have
signed, and only the last N may lack signatures. It contains nothing secret: it is passed from holder to holder.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from securesystemslib.signer import Key, Signer
from tuf.api import exceptions
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    Role,
    Root,
    Targets,
)
from tuf.api.metadata import (
    Key as TufKey,
)
from tuf.api.serialization import DeserializationError
from tuf.api.serialization.json import JSONSerializer

from dcos_runtime.counting import counted
from dcos_universe.errors import UniverseError, unreadable
from dcos_universe.index import durable

ROOT, TARGETS, PACKAGES, SNAPSHOT, TIMESTAMP = "root", "targets", "packages", "snapshot", "timestamp"
ROLES = (ROOT, TARGETS, PACKAGES, SNAPSHOT, TIMESTAMP)
OFFLINE = (ROOT, TARGETS)
ONLINE = "online"
"""The name, on command lines, of the three roles that sign at every publication."""

INDEX = "index"
"""The role of the repository files; it is signed by the keys of ``packages``."""

BINS, BITS = "bin", 4
"""Digests of packages are spread over 2**BITS roles ``bin-<hex>``, so that one change renews one small file."""

PATHS: Mapping[str, list[str]] = {
    INDEX: ["*.json", "*.json.zst", "delta/*.json", "delta/*.json.zst"],
    PACKAGES: ["artifacts/*.json"],
}
VALIDITY = timedelta(days=365)
COMPACT = JSONSerializer(compact=True)
_AGAIN = "copy it again from another holder"


@dataclass(frozen=True)
class RoleKeys:
    """The keys of each role by id, and how many of them have to sign."""

    keys: Mapping[str, Mapping[str, Key]]
    thresholds: Mapping[str, int]

    def check(self) -> None:
        """Raises `UniverseError` for a setting that would lock out the holders or give too many of them the right to
        sign.
        """
        for role in ROLES:
            keys, threshold = self.keys.get(role, {}), self.thresholds.get(role, 1)
            if not keys:
                raise UniverseError(
                    f"the role {role} has no key",
                    why="its metadata could not be signed",
                    hint=f"name one: --key {_spelled(role)}=FILE.pub",
                )
            if not 1 <= threshold <= len(keys):
                raise UniverseError(
                    f"the role {role} could never sign",
                    why=f"{threshold} of its {counted(len(keys), 'key')} would have to sign",
                    hint=f"--threshold {role}=N with N from 1 to {len(keys)}, or more keys",
                )
        online = {key for role in ROLES if role not in OFFLINE for key in self.keys[role]}
        for role in OFFLINE:
            if both := online & set(self.keys[role]):
                raise UniverseError(
                    f"the key {min(both)[:12]} is both of {role} and online",
                    why="an attacker on the publishing machine would also have the root",
                    hint="make a key of its own for publishing: dcos-universe root key FILE",
                )


def _spelled(role: str) -> str:
    return role if role in OFFLINE else ONLINE


@dataclass(frozen=True)
class Missing:
    """The keys that may still sign a file, and how many of them must: for the previous root, and for the new one
    itself.
    """

    file: str
    keys: tuple[str, ...]
    count: int


class Ceremony:
    """The folder. Every change is one file in one rename; two who sign at once do so one after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    # --- reading -----------------------------------------------------------------------------------------------------

    def roots(self) -> list[Metadata[Root]]:
        """All existing versions, the last one perhaps incomplete. Raises `UniverseError` when one is damaged."""
        found: list[Metadata[Root]] = []
        for number in count(1):
            path = self.folder / f"{number}.root.json"
            if not path.exists():
                return found
            root = _read(path, Root)
            if root.signed.version != number:
                raise UniverseError(
                    f"{path} is damaged",
                    why=f"it says of itself that it is version {root.signed.version}",
                    hint=_AGAIN,
                )
            found.append(root)
        raise AssertionError

    def targets(self, number: int) -> Metadata[Targets]:
        return _read(self.folder / f"{number}.targets.json", Targets)

    def complete(self) -> list[Metadata[Root]]:
        """The roots that clients follow, from the first. Raises `UniverseError` if there is none."""
        roots = self.roots()
        while roots and self.missing(roots):
            roots.pop()
        if not roots:
            raise UniverseError(
                f"the root in {self.folder} has not enough signatures yet",
                why="; ".join(f"{one.file} needs {one.count} more" for one in self.missing(self.roots()) or ())
                or "there is none",
                hint="dcos-universe root show, then root sign with the keys it names",
            )
        return roots

    def missing(self, roots: list[Metadata[Root]] | None = None) -> list[Missing]:
        """The signatures that the last version still needs. Empty: it is complete."""
        roots = self.roots() if roots is None else roots
        if not roots:
            return []
        last = roots[-1]
        number = last.signed.version
        file = f"{number}.root.json"
        found = [_missing(file, last, last.signed, ROOT)]
        if len(roots) > 1:
            found.append(_missing(file, last, roots[-2].signed, ROOT))
        found.append(_missing(f"{number}.targets.json", self.targets(number), last.signed, TARGETS))
        return [one for one in found if one.count > 0]

    # --- changing ----------------------------------------------------------------------------------------------------

    def begin(self, wanted: RoleKeys, *, now: datetime, validity: timedelta = VALIDITY, bits: int = BITS) -> None:
        """Makes the first root, which needs signatures then. Raises `UniverseError`, also if there is one."""
        wanted.check()
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._alone():
            if self.roots():
                raise UniverseError(
                    f"no first root is made in {self.folder}",
                    why="there is one already",
                    hint="change it by dcos-universe root rotate, or name another folder",
                )
            self._write(1, wanted, now + validity, bits)

    def rotate(
        self,
        *,
        add: Iterable[tuple[str, Key]] = (),
        drop: Iterable[tuple[str, str]] = (),
        thresholds: Mapping[str, int] | None = None,
        now: datetime,
        validity: timedelta = VALIDITY,
    ) -> int:
        """Makes the next root, with keys added to and dropped from roles; with neither, with a later expiry. It is
        valid when enough keys of the previous root **and** of its own have signed. Returns its number. Raises
        `UniverseError`.
        """
        with self._alone():
            roots = self.roots()
            if not roots:
                raise no_root(self.folder)
            number = roots[-1].signed.version
            if waits := self.missing(roots):
                raise UniverseError(
                    f"the root in {self.folder} is not changed",
                    why=f"{waits[0].file} waits for {counted(waits[0].count, 'more signature')}",
                    hint=f"have it signed, or remove {number}.root.json and {number}.targets.json",
                )
            before = self.wanted(roots[-1].signed)
            keys = {role: dict(those) for role, those in before.keys.items()}
            for role, key in add:
                keys[role][key.keyid] = key
            for role, keyid in drop:
                if keyid not in keys[role]:
                    raise UniverseError(
                        f"the key {keyid[:12]} cannot be taken from {role}",
                        why="that role does not have it",
                        hint="dcos-universe root show names them",
                    )
                del keys[role][keyid]
            wanted = RoleKeys(keys, {**before.thresholds, **(thresholds or {})})
            wanted.check()
            bits = self._bits(self.targets(number).signed)
            self._write(number + 1, wanted, now + validity, bits)
            return number + 1

    def sign(self, signers: Iterable[Signer]) -> list[Missing]:
        """Adds signatures to the last version, and returns those that it still needs. Raises `UniverseError` for a key
        that may not sign it.
        """
        with self._alone():
            roots = self.roots()
            if not roots:
                raise no_root(self.folder)
            last = roots[-1]
            number = last.signed.version
            targets = self.targets(number)
            may_root = set(last.signed.roles[ROOT].keyids)
            if len(roots) > 1:
                may_root |= set(roots[-2].signed.roles[ROOT].keyids)
            may_targets = set(last.signed.roles[TARGETS].keyids)
            for signer in signers:
                keyid = signer.public_key.keyid
                if keyid not in may_root | may_targets:
                    raise UniverseError(
                        f"the key {keyid[:12]} signs nothing here",
                        why="it is neither of root nor of targets",
                        hint="root show",
                    )
                if keyid in may_root:
                    last.sign(signer, append=True)
                if keyid in may_targets:
                    targets.sign(signer, append=True)
            durable.write(self.folder / f"{number}.targets.json", targets.to_bytes(COMPACT))
            durable.write(self.folder / f"{number}.root.json", last.to_bytes(COMPACT))
            return self.missing()

    def wanted(self, root: Root) -> RoleKeys:
        """The keys and thresholds of that root and of the targets beside it."""
        delegations = self.targets(root.version).signed.delegations
        assert delegations is not None and delegations.roles is not None
        packages = delegations.roles[PACKAGES]
        keys: dict[str, dict[str, Key]] = {
            role: {keyid: root.keys[keyid] for keyid in root.roles[role].keyids} for role in ROLES if role != PACKAGES
        }
        keys[PACKAGES] = {keyid: delegations.keys[keyid] for keyid in packages.keyids}
        thresholds = {role: root.roles[role].threshold for role in ROLES if role != PACKAGES}
        return RoleKeys(keys, {**thresholds, PACKAGES: packages.threshold})

    def _bits(self, targets: Targets) -> int:
        return int(targets.unrecognized_fields.get("x-bits", BITS))

    def _write(self, number: int, wanted: RoleKeys, expires: datetime, bits: int) -> None:
        keys: dict[str, TufKey] = {}
        roles: dict[str, Role] = {}
        for role in (ROOT, TARGETS, SNAPSHOT, TIMESTAMP):
            keys |= wanted.keys[role]
            roles[role] = Role(sorted(wanted.keys[role]), wanted.thresholds.get(role, 1))
        expires = expires.astimezone(UTC).replace(microsecond=0)
        root = Root(number, None, expires, keys, roles, consistent_snapshot=True)
        online = dict(wanted.keys[PACKAGES])
        delegated = {
            name: DelegatedRole(name, sorted(online), wanted.thresholds.get(PACKAGES, 1), False, paths=list(paths))
            for name, paths in PATHS.items()
        }
        targets = Targets(number, None, expires, {}, Delegations(online, delegated), {"x-bits": bits})
        durable.write(self.folder / f"{number}.targets.json", Metadata(targets).to_bytes(COMPACT))
        durable.write(self.folder / f"{number}.root.json", Metadata(root).to_bytes(COMPACT))

    def _alone(self) -> AbstractContextManager[None]:
        return durable.alone(self.folder, "the folder of a root,")


def _missing(file: str, signed: Metadata[Root] | Metadata[Targets], by: Root, role: str) -> Missing:
    result = by.get_verification_result(role, signed.signed_bytes, signed.signatures)
    return Missing(file, tuple(sorted(result.unsigned)), max(0, result.threshold - len(result.signed)))


def no_root(folder: Path) -> UniverseError:
    return UniverseError(
        f"{folder} has no root", why="there is no 1.root.json", hint="dcos-universe root init makes the first one"
    )


def _read(path: Path, kind: type[Root] | type[Targets]) -> Metadata[Any]:
    try:
        found: Metadata[Any] = Metadata.from_bytes(path.read_bytes())
    except OSError as error:
        raise unreadable(path, error) from error
    except (DeserializationError, exceptions.RepositoryError) as error:
        raise UniverseError(f"{path} is damaged", why=str(error), hint=_AGAIN) from error
    if not isinstance(found.signed, kind):
        raise UniverseError(
            f"{path} is damaged", why=f"it is {type(found.signed).__name__}, not {kind.__name__}", hint=_AGAIN
        )
    return found
