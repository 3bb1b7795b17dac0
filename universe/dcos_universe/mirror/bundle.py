"""`mirror`: selected packages with all they need, as a tree that is signed, served and published like any other."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from dcos_runtime import urls
from dcos_runtime.counting import counted
from dcos_universe import artifacts, states
from dcos_universe.artifacts import IMAGE, Artifact, Digest
from dcos_universe.building import builder
from dcos_universe.building.room import room
from dcos_universe.check.entry import why_not
from dcos_universe.errors import UniverseError, explained_faults
from dcos_universe.index import durable
from dcos_universe.index.mirror_names import blob_at, blob_name, image_at
from dcos_universe.mirror import downloading, images, sources
from dcos_universe.mirror.downloading import BlobStore, Download, Progress
from dcos_universe.mirror.rewriting import IMAGES, files, outside, rewritten
from dcos_universe.mirror.selecting import select
from dcos_universe.model import Revision
from dcos_universe.states import RevisionState, States
from dcos_universe.trust import sidecars
from dcos_universe.trust.staging import Staging


@dataclass
class Mirrored:
    """The content of a bundle. ``outside``: what templates use besides resource.json, and is therefore not in it.
    ``yanked``: revisions that are in it and not offered, as in its source. ``read``: packages that differ from those in
    the previous bundle.
    """

    out: Path
    revisions: list[str] = field(default_factory=list)
    artifacts: int = 0
    files: int = 0
    bytes: int = 0
    images: int = 0
    outside: list[str] = field(default_factory=list)
    yanked: list[str] = field(default_factory=list)
    read: int = 0


@dataclass(frozen=True)
class Settings:
    """``url``: where the bundle will be served. ``registry``: the registry in the names of images (without one they
    stay as they are). ``require_digests``: nothing without a known digest is fetched.
    """

    url: str
    registry: str = ""
    jobs: int = 4
    with_images: bool = True
    require_digests: bool = False
    plain_http: bool = False
    largest: int = downloading.LARGEST
    pause: float = 1.0


def mirror(
    where: str,
    out: Path,
    packages: Sequence[str],
    settings: Settings,
    *,
    root: bytes | None = None,
    progress: Progress = lambda *_: None,
) -> Mirrored:
    """Downloads the packages (see `select`) and puts the bundle in ``out``'s place by one rename. Downloads stay in
    ``.<out>.mirror`` beside it, and are not repeated. Raises `UniverseError`; then ``out`` is unchanged.
    """
    if not _names_a_host(settings.url):
        raise UniverseError(
            f"{settings.url!r} is not where a mirror is served",
            why="it is no URL of http or https with a host, and a port from 1 to 65535 if it has one",
            hint="--url http://HOST:PORT/, as its clients will name it",
        )
    if settings.registry and not _names_a_host(f"http://{settings.registry}"):
        raise UniverseError(
            f"{settings.registry!r} is no registry of images",
            why="it is not HOST or HOST:PORT with a port from 1 to 65535",
            hint="--registry HOST:PORT, as agents will name it",
        )
    out = Path(os.path.realpath(out))
    work = out.parent / f".{out.name}.mirror"
    # What cannot take the bundle is refused before anything is downloaded.
    with room(out):
        pass
    with explained_faults(f"the mirror {out} cannot be made", _HINT):
        work.mkdir(parents=True, exist_ok=True)
        with durable.alone(work, "the work folder of a mirror,"):
            return _Bundle(out, work, settings, progress).run(where, packages, root)


def _names_a_host(url: str) -> bool:
    try:
        urls.parse_web(url)
    except urls.BadUrl:
        return False
    return True


OCI = "oci"
_HINT = "look at the disk and at rights; the tree is as it was, what came is kept: run this again, and it goes on"


class _Bundle:
    def __init__(self, out: Path, work: Path, settings: Settings, progress: Progress) -> None:
        self.out, self.work, self.settings, self.progress = out, work, settings, progress
        self.store = BlobStore(work)
        self.url = settings.url.rstrip("/")
        self.done = Mirrored(out)

    def run(self, where: str, packages: Sequence[str], root: bytes | None) -> Mirrored:
        source = sources.read(where, root=root, state=self.work / "source-state")
        chosen = [_sound(revision) for revision in select(source.revisions, source.states, packages)]
        needs = [(revision, artifacts.of(revision, source.known(revision))) for revision in chosen]
        self.done.revisions = [str(revision) for revision, _ in needs]
        for revision, those in needs:
            self.done.outside += outside(revision, those)
            self.done.artifacts += len(those)
        found = self._files([each for _, those in needs for each in those if each.kind != IMAGE])
        pictures = self._images([each for _, those in needs for each in those if each.kind == IMAGE])
        known, wanted = self._source(needs, found, pictures)
        wanted |= self._states(chosen, source.states)
        _write_all(self.work / "packages-source", wanted)
        self.done.read = builder.build(self.work / "packages-source", self.work / "tree").read
        self._put(known, found, pictures)
        self.store.only(found)
        if self.settings.with_images:
            images.only(self.work / OCI, pictures.values())
        return self.done

    def _files(self, wanted: list[Artifact]) -> dict[str, Digest]:
        unknown = sorted({one.uri for one in wanted if one.digest is None})
        if self.settings.require_digests and unknown:
            raise UniverseError(
                f"the digest of {counted(len(unknown), 'artifact')} is not known",
                why="; ".join(unknown[:5]),
                hint="dcos-universe digests SOURCE finds them; or take what comes, without --require-digests",
            )
        every = downloading.by_uri(Download(one.uri, one.digest) for one in wanted)
        found = asyncio.run(
            downloading.download(
                every,
                self.store,
                jobs=self.settings.jobs,
                largest=self.settings.largest,
                progress=self.progress,
                pause=self.settings.pause,
            )
        )
        self.done.files = len({digest.sha256 for digest in found.values()})
        self.done.bytes = sum({digest.sha256: digest.size or 0 for digest in found.values()}.values())
        return found

    def _images(self, wanted: list[Artifact]) -> dict[str, images.Image]:
        if not self.settings.with_images:
            return {}
        folder = self.work / OCI
        folder.mkdir(exist_ok=True)
        found = {}
        for one in {each.uri: each for each in wanted}.values():
            self.progress(one.uri, 0, None)
            found[one.uri] = images.copy(one.uri, one.digest, folder, plain_http=self.settings.plain_http)
            self.progress(one.uri, 1, 1)
        self.done.images = len(found)
        return found

    def _source(
        self,
        needs: Sequence[tuple[Revision, list[Artifact]]],
        found: Mapping[str, Digest],
        pictures: Mapping[str, images.Image],
    ) -> tuple[dict[tuple[str, int], dict[str, Digest]], dict[str, bytes]]:
        """The digests of the bundle's artifacts under their new names, and the files of the packages that it is built
        from.
        """
        known: dict[tuple[str, int], dict[str, Digest]] = {}
        wanted: dict[str, bytes] = {}
        for revision, those in needs:
            moved = rewritten(
                revision,
                lambda uri: self._place(uri, found[uri]),
                self._image,
                lambda uri: f"{self._place(uri, found[uri])}#sha256={found[uri].sha256}",
            )
            own: dict[str, Digest] = {}
            for one in those:
                if one.kind != IMAGE:
                    place, digest = self._place(one.uri, found[one.uri]), found[one.uri]
                    before = own[place].origins if place in own else ()
                    further = one.digest.origins if one.digest is not None else ()
                    own[place] = replace(digest, origins=tuple(dict.fromkeys((*before, one.uri, *further))))
            for one in those:
                # A reference by digest has a digest of its own, which may be that of a list of images.
                if (picture := pictures.get(one.uri)) is not None and "@" not in one.uri:
                    own[self._image(one.uri)] = picture.digest
            name, number = moved.name, moved.release_version
            known[name, number] = own
            for file, content in {**files(moved), artifacts.FILE: artifacts.encoded(own)}.items():
                wanted[f"packages/{name[0].upper()}/{name}/{number}/{file}"] = content
        return known, wanted

    def _states(self, chosen: Sequence[Revision], said: States) -> dict[str, bytes]:
        """The source's states of these revisions, except for their channels: a version that is named is offered."""
        made = States()
        for one in chosen:
            state = said.of(one.name, one.release_version)
            made = made.changed(one.name, one.release_version, RevisionState(state.yanked, state.deprecated))
            if state.yanked is not None:
                self.done.yanked.append(f"{one}: {state.yanked}")
        return {states.FILE: made.encoded()} if list(made) else {}

    def _place(self, uri: str, digest: Digest) -> str:
        return blob_at(self.url, uri, digest.sha256)

    def _image(self, reference: str) -> str:
        return image_at(self.settings.registry, reference) if self.settings.registry else reference

    def _put(
        self,
        known: Mapping[tuple[str, int], Mapping[str, Digest]],
        found: Mapping[str, Digest],
        pictures: Mapping[str, images.Image],
    ) -> None:
        with room(self.out) as place:
            staging = Staging(self.work / "tree", place.stage)
            try:
                for uri, digest in found.items():
                    target = place.stage / blob_name(uri, digest.sha256)
                    if not target.exists():
                        target.parent.mkdir(parents=True, exist_ok=True)
                        os.link(self.store.blob(digest.sha256), target)
                if pictures:
                    images.compose(pictures.values(), place.stage / IMAGES)
                for name in ("metadata", "targets", "contents.json"):
                    _carry(self.out / name, place.stage / name)
                sidecars.write(staging, known)
                place.switch()
            finally:
                place.clear()


def _write_all(folder: Path, wanted: Mapping[str, bytes]) -> None:
    """Makes the folder contain exactly these files. A folder that does already is not touched, so that a build
    recognizes it.
    """
    for path in sorted(folder.rglob("*"), reverse=True):
        name = path.relative_to(folder).as_posix()
        if path.is_dir() and not path.is_symlink():
            if not any(path.iterdir()):
                path.rmdir()
        elif name not in wanted:
            path.unlink()
    for name, content in wanted.items():
        path = folder / name
        if path.is_file() and path.read_bytes() == content:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _sound(revision: Revision) -> Revision:
    """The revision, if it has the form of one: it may come from any publisher. Raises `UniverseError`."""
    artifacts.file_name(revision)
    if wrong := why_not(revision.entry):
        raise UniverseError(
            f"{revision} is not mirrored",
            why=wrong,
            hint="have its repository checked by its publisher: dcos-universe check",
        )
    return revision


def _carry(source: Path, target: Path) -> None:
    """Copies what signing has left in the previous tree: the next signing continues from there."""
    if source.is_dir():
        shutil.copytree(source, target, copy_function=os.link)
    elif source.is_file():
        os.link(source, target)


__all__ = ["IMAGES", "Mirrored", "Settings", "mirror"]
