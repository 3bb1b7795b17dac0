"""Images, built or from the cache: `ImageBuilder.ensure` builds only if an input of the image has changed.

The cache is a folder for each image, named by the digest of all its inputs: the definition, the lock of its packages,
release and architecture, and the code that builds. Beside them are the results of single steps (``steps/``), the store
of .debs (``debs/``) and the locks (``locks/``).
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dcos_images.assembling import assemble
from dcos_images.cache import Cache, Note, is_whole, read_record, unused, used
from dcos_images.definition import ImageDefinition, Release
from dcos_images.errors import AlteredError, ImageError, NotMadeHereError, full, is_full
from dcos_images.files import write_whole
from dcos_images.host import BuildHost, cache_home, this_host
from dcos_images.including import load_definition
from dcos_images.keeping import LockKeeper
from dcos_images.lock import Lock
from dcos_images.packages import Job, package_sizes
from dcos_images.runtime import RuntimePackage, RuntimeSource
from dcos_images.steps import Keys, boot_files, installed_tree, keys_of, runtime_package
from dcos_images.store import DebStore

_TOOLS = {
    "tree": ("mmdebstrap", "setpriv", "unshare", "dpkg-query", "dpkg-deb", "cp"),
    "tar": ("tar", "zstd"),
    "raw": ("mkfs.erofs", "mkfs.vfat", "mmd", "mcopy", "sfdisk"),
    "qcow2": ("mkfs.erofs", "mkfs.vfat", "mmd", "mcopy", "sfdisk", "qemu-img"),
    "netboot": ("mkfs.erofs", "objcopy", "objdump"),
    "update": ("mkfs.erofs",),
}
_LARGEST = 10
_FOLDERS = "definitions"

TreesInUse = Callable[[], Iterable[Path]]
"""Returns the trees that machines of this host use, running or not: these are not changed."""


@dataclass(frozen=True)
class Output:
    """One output of an image, a file (or folder, for netboot), with the sha256 of its bytes."""

    path: Path
    sha256: str
    size: int
    """Bytes, holes included; of a folder, of its files."""


@dataclass(frozen=True)
class Image:
    """A finished image, read-only. ``digest`` is that of the tree; empty for an image without a tree."""

    key: str
    folder: Path
    digest: str
    release: Release
    arch: str
    packages: Mapping[str, str]
    outputs: Mapping[str, Output]

    @property
    def tree(self) -> Path:
        """The root directory, of an image with that output."""
        return self.folder / "tree"


class ImageBuilder:
    """Builds the images of a folder of definitions into a cache. Every method raises `ImageError`.

    ``runtime`` is the source of the runtime in images; without it, images that contain one cannot be built.
    """

    def __init__(
        self,
        *,
        trees_in_use: TreesInUse,
        runtime: RuntimeSource | None = None,
        host: BuildHost | None = None,
        cache: Path | None = None,
        definitions: Path | None = None,
        note: Note = lambda text: None,
    ) -> None:
        self._host = this_host() if host is None else host
        self.cache = cache_home() if cache is None else cache
        self.definitions_folder = definitions
        self.trees_in_use = trees_in_use
        self._runtime = runtime
        self._note = note
        self.store = DebStore(self.cache / "debs")
        self._images = Cache(self.cache, note)
        self._steps = Cache(self.cache / "steps", note, sealed=True)
        self.locks = LockKeeper(self.cache, self._host, self.store, note)

    def definition(self, name: str) -> ImageDefinition:
        """The definition for this host's release. Raises `NotMadeHereError` when it is for other hosts."""
        definition = load_definition(name, self.definitions_folder)
        if definition.architectures and self._host.arch not in definition.architectures:
            raise NotMadeHereError(
                f"the image {name!r} is not made for {self._host.arch}",
                why=f"its definition is for {', '.join(definition.architectures)}",
                hint="build it on a host of that kind",
            )
        return definition.for_release(self._host.codename)

    # Locks

    def lock(self, name: str, *, fetch: bool = False) -> Lock:
        """A new lock, of the newest packages in the host's sources; ``fetch`` also downloads them into the store."""
        definition = self.definition(name)
        with self._room(), self.in_use():
            self._remember()
            lock = self.locks.renew(definition)
            if fetch:
                self.locks.fetch(lock)
        return lock

    def locked(self, definition: ImageDefinition, path: Path | None = None) -> Lock:
        """The lock at ``path``, which must exist and fit; without ``path`` the stored one, made anew if there is none
        that fits.
        """
        return self.locks.named(definition, path) if path is not None else self.locks.ensure(definition)

    # Images

    def ensure(self, name: str, *, lock: Path | None = None) -> Image:
        """The image, which is built if the cache does not have it. An interrupted build leaves nothing that counts."""
        definition = self.definition(name)
        with self._room(), self.in_use():
            self._remember()
            job = self._job(definition, self.locked(definition, lock), self.runtime_of(definition))
            keys = keys_of(job)
            if self._images.find(keys.image) is not None:
                return self._image(keys, job.release)
            self._can_build(definition)
            with self._images.locked(keys.image):
                if self._images.find(keys.image) is None:  # else another process has built it
                    self._refuse_altered(definition, keys)
                    self._made_anew(lambda: self._build(job, keys))
        return self._image(keys, job.release)

    def prepare(self, name: str, *, lock: Path | None = None) -> None:
        """Makes the steps of the image that do not depend on the runtime: `ensure` finds them then."""
        definition = self.definition(name)
        with self._room(), self.in_use():
            job = self._job(definition, self.locked(definition, lock), None)
            keys = keys_of(job)
            self._can_build(definition)
            self._steps.folder.mkdir(parents=True, exist_ok=True)
            with self._logged(job, self._steps.folder / f"{keys.packages}.log") as logged:
                self._made_anew(lambda: self._base(logged, keys))

    def runtime_of(self, definition: ImageDefinition) -> RuntimePackage | None:
        """The runtime in the image, which is made if necessary; None: it contains none."""
        if not definition.runtime:
            return None
        if self._runtime is None:
            raise ImageError(
                f"the image {definition.name!r} cannot be built",
                why="it contains the runtime, and the builder has no source of it",
                hint="build it with dcos-installer image build, which does",
            )
        return self._runtime.ensure(definition.release(self._host.codename), self._host.arch)

    def find(self, name: str) -> Image | None:
        """The image that `ensure` would return, without building and without network; None if there is none."""
        keys = self.keys(name)
        if keys is None or not keys.image or self._images.find(keys.image) is None:
            return None
        return self._image(keys, self.definition(name).release(self._host.codename))

    def keys(self, name: str) -> Keys | None:
        """The names of the image and its steps in the cache; None: its packages are not locked.

        As long as its runtime is not made, the image has no name yet.
        """
        definition = self.definition(name)
        lock, runtime = self.locks.kept(definition), None
        if definition.runtime and self._runtime is not None:
            runtime = self._runtime.find(definition.release(self._host.codename), self._host.arch)
        return None if lock is None else keys_of(self._job(definition, lock, runtime))

    def with_definitions(self, folder: Path | None) -> ImageBuilder:
        """A builder of the definitions in another folder, into the same cache."""
        other = copy(self)
        other.definitions_folder = folder
        return other

    def definition_folders(self) -> list[Path | None]:
        """The folders of definitions that images of this cache can be of: the shipped one (None), this builder's, and
        each existing one that something was made of before.
        """
        kept: dict[Path | None, None] = {None: None, self.definitions_folder: None}
        for path in sorted((self.cache / _FOLDERS).glob("*.path")):
            if (folder := Path(path.read_text().rstrip("\n"))).is_dir():
                kept[folder] = None
        return list(kept)

    def _remember(self) -> None:
        """Records the folder of definitions, for `definition_folders`."""
        if self.definitions_folder is None:
            return
        folder = str(self.definitions_folder.absolute())
        path = self.cache / _FOLDERS / f"{hashlib.sha256(folder.encode()).hexdigest()[:32]}.path"
        if not path.exists():
            path.parent.mkdir(mode=0o755, exist_ok=True)
            write_whole(path, folder + "\n")

    def in_use(self) -> AbstractContextManager[None]:
        """Keeps the content of the cache, while an image is built or found, and until its user holds it."""
        return used(self.cache, self._note)

    def alone(self) -> AbstractContextManager[None]:
        """Meanwhile no other process builds or uses images of this cache."""
        return unused(self.cache, self._note)

    def _job(self, definition: ImageDefinition, lock: Lock, runtime: RuntimePackage | None) -> Job:
        release, log_file = definition.release(self._host.codename), self.cache / "unused.log"
        return Job(definition, release, self._host, lock, self.store, self.cache, log_file, runtime)

    def _image(self, keys: Keys, release: Release) -> Image:
        entry = self.cache / keys.image
        record = read_record(entry)
        assert record is not None
        outputs = {
            kind: Output(entry / one["file"], one["sha256"], one["size"]) for kind, one in record["outputs"].items()
        }
        return Image(keys.image, entry, record["digest"], release, record["arch"], record["packages"], outputs)

    def _refuse_altered(self, definition: ImageDefinition, keys: Keys) -> None:
        entry = self.cache / keys.image
        record = read_record(entry)
        if record is None or is_whole(entry, record):
            return
        if (entry / "tree").resolve() in {path.resolve() for path in self.trees_in_use()}:
            raise ImageError(
                f"the image {definition.name!r} in the cache was altered, and machines use it",
                why=f"{entry} is not what was built; new machines would differ from the others",
                hint="destroy the clusters whose machines run on this host, then run again: it is built again",
            )
        self._note(f"the image {definition.name!r} in the cache was altered after it was built: building it again")

    def _build(self, job: Job, keys: Keys) -> None:
        self._note(f"building the image {job.definition.name!r}")
        with self._logged(job, self.cache / f"{keys.image}.log") as job:
            packages, boot = self._base(job, keys)
            runtime = runtime_package(job, self._steps, keys.runtime) if keys.runtime else None
            self._images.make(
                keys.image, lambda folder: self._assembled(replace(job, folder=folder), keys, packages, boot, runtime)
            )
        self._tell_largest(packages)

    def _assembled(self, job: Job, keys: Keys, packages: Path, boot: Path, runtime: Path | None) -> dict[str, Any]:
        used_steps = [keys.packages, *([keys.initrd] if boot != packages else []), *([keys.runtime] if runtime else [])]
        with self._steps.compared(*used_steps):
            return assemble(job, keys, packages, boot, runtime, self._note)

    def _made_anew(self, work: Callable[[], object]) -> None:
        """Does the work, once again when results of steps that it read were altered."""
        try:
            work()
        except AlteredError as error:
            self._note(f"{error.what}: it is made again")
            work()

    def _base(self, job: Job, keys: Keys) -> tuple[Path, Path]:
        """The tree of packages, and the folder of boot files."""
        packages = installed_tree(job, self._steps, keys.packages, self.locks.fetch)
        return packages, boot_files(job, self._steps, keys.initrd, packages) if job.definition.bootable else packages

    @contextmanager
    def _logged(self, job: Job, log_file: Path) -> Iterator[Job]:
        """The job with its own log, which its errors name."""
        log_file.write_bytes(b"")
        try:
            yield replace(job, log_file=log_file)
        except ImageError as error:
            if not error.hint:
                error.hint = f"the whole log is {log_file}; check the host's package sources with apt-get update"
            raise

    def _tell_largest(self, packages: Path) -> None:
        sizes = sorted(package_sizes(packages).items(), key=lambda one: (-one[1], one[0]))[:_LARGEST]
        self._note("largest packages: " + ", ".join(f"{name} {size >> 10} MiB" for name, size in sizes))

    def _can_build(self, definition: ImageDefinition) -> None:
        if os.geteuid() != 0:
            raise ImageError(
                f"the image {definition.name!r} is not in the cache, and only root can build it",
                why="a tree holds files of several owners",
                hint="run the same command as root",
            )
        wanted = dict.fromkeys(tool for output in ("tree", *definition.outputs) for tool in _TOOLS[output])
        missing = [tool for tool in wanted if shutil.which(tool) is None]
        if missing:
            raise ImageError(
                f"the image {definition.name!r} cannot be built here",
                why=f"these commands are missing: {', '.join(missing)}",
                hint="make setup installs the Debian packages that hold them",
            )

    def _room(self) -> _Room:
        return _Room(self.cache)


class _Room:
    """Reports a full disk as such, whatever was being written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> None:
        self._folder.mkdir(mode=0o755, parents=True, exist_ok=True)

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError) and is_full(error):
            raise full(self._folder) from error
