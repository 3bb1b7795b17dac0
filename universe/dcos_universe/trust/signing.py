"""`sign`: renews the signed files of a built tree (TUF): in one switch, and only those that changed."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

from securesystemslib.signer import Signer
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import (
    Delegations,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    SuccinctRoles,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.api.serialization import DeserializationError

from dcos_runtime.counting import counted
from dcos_universe.artifacts import Digest
from dcos_universe.building.digests import TreeDigests
from dcos_universe.building.room import room
from dcos_universe.errors import UniverseError, explained_faults
from dcos_universe.index import durable
from dcos_universe.index.fetching import fetch
from dcos_universe.index.files import INDEXES, UNIVERSE
from dcos_universe.index.trusted import METADATA, TARGETS, Trusted
from dcos_universe.trust import contents, sidecars
from dcos_universe.trust.ceremony import (
    BINS,
    BITS,
    COMPACT,
    INDEX,
    PACKAGES,
    SNAPSHOT,
    TIMESTAMP,
    Ceremony,
)
from dcos_universe.trust.staging import Staging

VALIDITY: Mapping[str, timedelta] = {
    TIMESTAMP: timedelta(days=7),
    SNAPSHOT: timedelta(days=30),
    PACKAGES: timedelta(days=90),
}
"""The validity of signatures: after it a client takes the state for an old one. They are renewed when half of it has
passed, so ``sign`` must be run at least every few days.
"""

RETAINED = 2
"""How many previous snapshots stay readable: for clients that read while the tree is switched."""

LEDGER = "signed.json"
"""The file in the root's folder with the highest version of each role that was ever signed, so that a tree that was
lost and built again continues from there, instead of looking like a rollback.
"""

AnyMetadata: TypeAlias = "Metadata[Any]"
Known: TypeAlias = Mapping[tuple[str, int], Mapping[str, Digest]]


@dataclass
class Signed:
    """The result of a signing. ``renewed`` names the new files of metadata; ``read`` counts the files of the tree whose
    bytes were not known from before.
    """

    out: Path
    renewed: list[str] = field(default_factory=list)
    packages: int = 0
    revisions: int = 0
    artifacts: int = 0
    without_digest: list[str] = field(default_factory=list)
    read: int = 0
    expires: dict[str, datetime] = field(default_factory=dict)


def sign(
    out: Path,
    ceremony: Ceremony,
    signers: Iterable[Signer],
    *,
    now: datetime,
    known: Known | None = None,
    validity: Mapping[str, timedelta] | None = None,
    require_digests: bool = False,
    again: bool = False,
) -> Signed:
    """Signs the tree at ``out``. ``known``: digests by package, revision and URI; ``require_digests``: nothing is
    signed while one is not known. ``again``: files that look unchanged are read again, too (`TreeDigests`).

    Raises `UniverseError`; then the tree is unchanged.
    """
    now = now.astimezone(UTC).replace(microsecond=0)
    roots = ceremony.complete()
    with (
        explained_faults(f"{out} cannot be signed", "look at the disk and at rights; the tree is as it was"),
        room(out) as place,
    ):
        if not place.out.is_dir():
            raise UniverseError(
                f"there is no tree at {out}",
                why="that is no folder",
                hint="dcos-universe build SOURCE OUT makes it",
            )
        if not (place.out / f"{UNIVERSE}.json").is_file():
            raise UniverseError(
                f"{out} is no built repository",
                why=f"there is no {UNIVERSE}.json in it",
                hint="make one: dcos-universe build SOURCE OUT",
            )
        digests = TreeDigests(place.cache, again=again)
        whole = False
        try:
            staging = Staging(place.out, place.stage, digests)
            signing = _Signing(staging, ceremony, roots, list(signers), now, {**VALIDITY, **(validity or {})})
            signed = signing.run(known or {}, require_digests)
            if signed.renewed or staging.changed:
                _prove(place.stage, roots[0], now)
                place.switch()
            whole = True
        finally:
            place.clear()
            digests.close(whole=whole)
    signed.out = Path(out)
    signed.read = digests.read
    return signed


def _prove(stage: Path, root: Metadata[Root], now: datetime) -> None:
    """Verifies the tree as a client would, before any client sees it."""
    with tempfile.TemporaryDirectory() as state:
        trusted = Trusted(stage.absolute().as_uri(), root.to_bytes(COMPACT), Path(state), fetch, now=now)
        trusted.refresh()
        found = trusted.find(contents.FILE)
        if found is None:
            raise UniverseError(
                "the signed tree is inconsistent",
                why=f"{contents.FILE} is not signed",
                hint="build it again, and sign it",
            )
        trusted.get(found)


class _Signing:
    def __init__(
        self,
        staging: Staging,
        ceremony: Ceremony,
        roots: Sequence[Metadata[Root]],
        signers: Sequence[Signer],
        now: datetime,
        validity: Mapping[str, timedelta],
    ) -> None:
        self.staging = staging
        self.ceremony = ceremony
        self.roots = roots
        self.root = roots[-1].signed
        self.targets = ceremony.targets(self.root.version)
        self.signers = {signer.public_key.keyid: signer for signer in signers}
        self.now = now
        self.validity = validity
        self.before = _Before(staging.out / METADATA)
        self.ledger = _ledger(ceremony.folder / LEDGER)
        self.files: dict[str, bytes] = {}
        self.metas: dict[str, MetaFile] = {}
        self.result = Signed(staging.out)

    def run(self, known: Known, require_digests: bool) -> Signed:
        self._fresh()
        summary = sidecars.write(self.staging, known)
        if require_digests and summary.without_digest:
            raise UniverseError(
                f"there is no digest of {counted(len(summary.without_digest), 'artifact')}",
                why="; ".join(summary.without_digest[:5]),
                hint="dcos-universe digests SOURCE finds them; then sign with --digests SOURCE",
            )
        self.result.packages, self.result.revisions = summary.packages, summary.revisions
        self.result.artifacts, self.result.without_digest = summary.artifacts, summary.without_digest
        listed = {name: self.staging.digest(name) for name in contents.names(self.staging.stage)}
        if damaged := list(contents.damaged(listed)):
            raise UniverseError(
                "the tree is of a damaged mirror: nothing is signed",
                why=f"of {counted(len(damaged), 'file')} the name says another digest: {'; '.join(damaged[:5])}",
                hint="run the same dcos-universe mirror again: it downloads them again; then sign",
            )
        self.staging.put(contents.FILE, contents.encoded(listed))
        for root in self.roots:
            self._plain(f"{root.signed.version}.root.json", root.to_bytes(COMPACT))
        content = self.targets.to_bytes(COMPACT)
        self._plain(f"{self.targets.signed.version}.targets.json", content)
        self.metas["targets.json"] = MetaFile.from_data(self.targets.signed.version, content, ["sha256"])
        self._delegated(summary.names)
        self._snapshot()
        # Old files are removed only once all new ones are known: present readers still need the last ones.
        self.staging.retain(METADATA, {*self.files, *self.before.reachable(RETAINED)})
        self.staging.retain(TARGETS, {*self.named, *self.before.targets(RETAINED)})
        if self.result.renewed:
            durable.write(self.ceremony.folder / LEDGER, json.dumps(self.ledger, sort_keys=True).encode())
        return self.result

    def _fresh(self) -> None:
        for name, expires in (
            (f"{self.root.version}.root.json", self.root.expires),
            ("targets.json", self.targets.signed.expires),
        ):
            if expires <= self.now:
                raise UniverseError(
                    f"nothing is signed under {name}",
                    why=f"it has expired at {expires:%Y-%m-%d %H:%M} UTC, and clients would refuse it",
                    hint="dcos-universe root rotate makes the next one; its holders sign it",
                )

    # --- roles -------------------------------------------------------------------------------------------------------

    def _delegated(self, packages: Sequence[str]) -> None:
        delegations = self.targets.signed.delegations
        assert delegations is not None and delegations.roles is not None
        role = delegations.roles[PACKAGES]
        bits = int(self.targets.signed.unrecognized_fields.get("x-bits", BITS))
        bins = SuccinctRoles(role.keyids, role.threshold, bits, BINS)
        online = Delegations({keyid: delegations.keys[keyid] for keyid in role.keyids}, succinct_roles=bins)
        self.named: set[str] = set()
        spread: dict[str, dict[str, TargetFile]] = {name: {} for name in bins.get_roles()}
        for package in packages:
            target = self._target(f"artifacts/{package}.json")
            spread[bins.get_role_for_target(target.path)][target.path] = target
        index = {target.path: target for target in self._index_targets()}
        self._targets_role(INDEX, index, None, self.targets.signed)
        middle = self._targets_role(PACKAGES, {}, online, self.targets.signed)
        for name, held in spread.items():
            self._targets_role(name, held, None, middle)

    def _index_targets(self) -> Iterable[TargetFile]:
        """The repository files and the heads of their deltas, each with its zstd twin, and the list of all files."""
        for index in INDEXES:
            digest = self._digest_of(index)
            for name in (f"{index}.json", f"{index}.json.zst", f"delta/{index}.json", f"delta/{index}.json.zst"):
                if (self.staging.stage / name).is_file():
                    custom = {"digest": digest} if digest is not None and name == f"{index}.json" else None
                    yield self._target(name, custom)
        yield self._target(contents.FILE)

    def _digest_of(self, index: str) -> str | None:
        try:
            return str(json.loads((self.staging.stage / "delta" / f"{index}.json").read_bytes())["digest"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _target(self, name: str, custom: Mapping[str, str] | None = None) -> TargetFile:
        digest, size = self.staging.digest(name)
        folder, slash, last = name.rpartition("/")
        prefixed = f"{folder}{slash}{digest}.{last}"
        self.staging.link(name, f"{TARGETS}/{prefixed}")
        self.named.add(prefixed)
        return TargetFile(size, {"sha256": digest}, name, {"custom": dict(custom)} if custom else None)

    def _targets_role(
        self, name: str, held: dict[str, TargetFile], delegations: Delegations | None, delegator: Targets
    ) -> Targets:
        found = self._role(
            name,
            PACKAGES,
            delegator,
            lambda version, expires: Targets(version, None, expires, held, delegations),
            lambda before: before.targets == held and before.delegations == delegations,
        )
        signed: Targets = found.signed
        return signed

    def _snapshot(self) -> None:
        metas = dict(self.metas)
        found = self._role(
            SNAPSHOT,
            SNAPSHOT,
            self.root,
            lambda version, expires: Snapshot(version, None, expires, metas),
            lambda before: before.meta == metas,
        )
        meta = self.metas.pop("snapshot.json")
        assert found.signed.version == meta.version
        self._role(
            TIMESTAMP,
            TIMESTAMP,
            self.root,
            lambda version, expires: Timestamp(version, None, expires, meta),
            lambda before: before.snapshot_meta == meta,
        )

    def _role(
        self,
        name: str,
        keys_of: str,
        delegator: Root | Targets,
        make: Callable[[int, datetime], Any],
        same: Callable[[Any], bool],
    ) -> AnyMetadata:
        """The role's metadata: the previous one if its content is the same, today's keys have signed it and it is valid
        long enough; otherwise the next version.
        """
        validity = self.validity[keys_of]
        before = self.before.roles.get(name)
        content = self.before.content.get(name, b"")
        if before is None or not (same(before.signed) and self._holds(before, name, delegator, validity)):
            version = max(before.signed.version if before else 0, self.ledger.get(name, 0)) + 1
            before = Metadata(make(version, self.now + validity))
            self._signed_by(before, name, delegator)
            content = before.to_bytes(COMPACT)
            self.ledger[name] = version
            self.result.renewed.append(f"{version}.{name}.json" if name != TIMESTAMP else "timestamp.json")
        version = before.signed.version
        self._plain("timestamp.json" if name == TIMESTAMP else f"{version}.{name}.json", content)
        self.metas[f"{name}.json"] = MetaFile.from_data(version, content, ["sha256"])
        self.result.expires[name] = before.signed.expires
        return before

    def _holds(self, before: AnyMetadata, name: str, delegator: Root | Targets, validity: timedelta) -> bool:
        try:
            delegator.verify_delegate(name, before.signed_bytes, before.signatures)
        except (RepositoryError, ValueError):
            return False
        left: timedelta = before.signed.expires - self.now
        return validity / 2 <= left <= validity

    def _signed_by(self, made: AnyMetadata, name: str, delegator: Root | Targets) -> None:
        role = delegator.get_delegated_role(name)
        there = [self.signers[keyid] for keyid in sorted(role.keyids) if keyid in self.signers]
        if len(there) < role.threshold:
            what = name if name in (SNAPSHOT, TIMESTAMP) else PACKAGES
            raise UniverseError(
                f"{what} cannot be signed",
                why=f"{role.threshold} of the keys {', '.join(sorted(key[:12] for key in role.keyids))} have to, "
                f"and {len(there)} of them are given",
                hint="give them: --key FILE; dcos-universe root show lists the keys of each role",
            )
        for signer in there:
            made.sign(signer, append=True)

    def _plain(self, name: str, content: bytes) -> None:
        self.files[name] = content
        self.staging.put(f"{METADATA}/{name}", content)


class _Before:
    """The present metadata of a tree: missing or damaged files are made again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.roles: dict[str, AnyMetadata] = {}
        self.content: dict[str, bytes] = {}
        self._take(TIMESTAMP, "timestamp.json")
        timestamp = self.roles.get(TIMESTAMP)
        if timestamp is None:
            return
        self._take(SNAPSHOT, f"{timestamp.signed.snapshot_meta.version}.snapshot.json")
        snapshot = self.roles.get(SNAPSHOT)
        for file, meta in snapshot.signed.meta.items() if snapshot else ():
            if file != "targets.json":
                self._take(file.removesuffix(".json"), f"{meta.version}.{file}")

    def _take(self, role: str, file: str) -> None:
        content, found = self._read(file)
        if found is not None:
            self.roles[role], self.content[role] = found, content

    def _read(self, file: str) -> tuple[bytes, AnyMetadata | None]:
        try:
            content = (self.folder / file).read_bytes()
            return content, Metadata.from_bytes(content)
        except (OSError, DeserializationError, RepositoryError):
            return b"", None

    def _snapshots(self, last: int) -> list[AnyMetadata]:
        current = self.roles.get(SNAPSHOT)
        numbers = sorted(
            (int(path.name.split(".")[0]) for path in self.folder.glob("[0-9]*.snapshot.json")), reverse=True
        )
        wanted = [number for number in numbers if current is None or number <= current.signed.version][:last]
        return [found for number in wanted if (found := self._read(f"{number}.snapshot.json")[1])]

    def reachable(self, last: int) -> set[str]:
        """The files of metadata that the last snapshots name, and these themselves."""
        names = set()
        for snapshot in self._snapshots(last):
            names.add(f"{snapshot.signed.version}.snapshot.json")
            names |= {f"{meta.version}.{file}" for file, meta in snapshot.signed.meta.items()}
        return names

    def targets(self, last: int) -> set[str]:
        """The files below ``targets/`` that the last snapshots' roles name."""
        found: set[str] = set()
        for file in self.reachable(last):
            metadata = None if file.endswith(".snapshot.json") else self._read(file)[1]
            if metadata is not None and isinstance(metadata.signed, Targets):
                for target in metadata.signed.targets.values():
                    found |= set(target.get_prefixed_paths())
        return found


def _ledger(path: Path) -> dict[str, int]:
    try:
        found = json.loads(path.read_bytes())
        return {str(role): int(version) for role, version in found.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise UniverseError(
            f"{path} is damaged",
            why=str(error),
            hint="take it from a copy; without it a lost tree would look like a rollback",
        ) from error
