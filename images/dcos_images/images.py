"""Images, built or found: `ensure` returns the one asked for, from the cache when nothing that makes it has changed.

The cache is a folder an image, named by the digest of everything that makes it: the definition, the lock of its
packages, release and architecture, and the code that builds. Beside them lie what single steps made (``steps/``), the
store of .debs (``debs/``) and the locks (``locks/``).
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from dcos_images.assembling import assemble
from dcos_images.cache import Cache, Note, full, is_whole, read_record
from dcos_images.definition import ImageDefinition, Release
from dcos_images.errors import ImageError
from dcos_images.host import BuildHost, cache_home, this_host
from dcos_images.including import load_definition
from dcos_images.lock import Apt, Lock, check_lock, lock_file, read_lock
from dcos_images.packages import Job, package_sizes
from dcos_images.sources import read_sources
from dcos_images.steps import Keys, boot_files, installed_tree, keys_of
from dcos_images.store import DebStore

_TOOLS = {
    "tree": ("mmdebstrap", "setpriv", "unshare", "dpkg-query", "dpkg-deb", "cp"),
    "tar": ("tar", "zstd"),
    "raw": ("mkfs.erofs", "mkfs.vfat", "mmd", "mcopy", "sfdisk"),
    "qcow2": ("mkfs.erofs", "mkfs.vfat", "mmd", "mcopy", "sfdisk", "qemu-img"),
    "netboot": ("mkfs.erofs", "objcopy", "objdump"),
}
_LARGEST = 10


@dataclass(frozen=True)
class Output:
    """One file (or folder, for netboot) that came out of an image, with the sha256 of its bytes."""

    path: Path
    sha256: str
    size: int
    """Bytes on the disk of the builder."""


@dataclass(frozen=True)
class Image:
    """A finished image, to be read only. ``digest`` is the tree's own; of an image without a tree it is empty."""

    key: str
    folder: Path
    digest: str
    release: Release
    arch: str
    packages: Mapping[str, str]
    outputs: Mapping[str, Output]

    @property
    def tree(self) -> Path:
        """The root directory, of an image that is one."""
        return self.folder / "tree"


class ImageBuilder:
    """Builds the images of a folder of definitions into a cache. Every method raises `ImageError`."""

    def __init__(
        self,
        *,
        host: BuildHost | None = None,
        cache: Path | None = None,
        definitions: Path | None = None,
        note: Note = lambda text: None,
    ) -> None:
        self._host = this_host() if host is None else host
        self.cache = cache_home() if cache is None else cache
        self.definitions_folder = definitions
        self._note = note
        self.store = DebStore(self.cache / "debs")
        self._images = Cache(self.cache, note)
        self._steps = Cache(self.cache / "steps", note)

    def definition(self, name: str) -> ImageDefinition:
        """The definition, when this host can make it."""
        definition = load_definition(name, self.definitions_folder)
        if definition.architectures and self._host.arch not in definition.architectures:
            raise ImageError(
                f"the image {name!r} is not made for {self._host.arch}",
                why=f"its definition is for {', '.join(definition.architectures)}",
                hint="build it on a host of that kind",
            )
        definition.release(self._host.codename)
        return definition

    # Locks

    def lock_path(self, name: str) -> Path:
        return lock_file(self.cache / "locks", name, self._host)

    def lock(self, name: str, *, fetch: bool = False) -> Lock:
        """A new lock, of the newest packages that the host's sources have; ``fetch`` brings them into the store."""
        definition = self.definition(name)
        with self._room():
            lock = self._resolve(definition)
            if fetch:
                self._fetch(lock)
        return lock

    def locked(self, definition: ImageDefinition, path: Path | None = None) -> Lock:
        """The lock at ``path``, which has to be there and fit; else the one that is kept, made when it is neither."""
        if path is not None:
            try:
                lock = read_lock(path)
            except OSError as error:
                raise ImageError(
                    f"the lock {path} cannot be read",
                    why=str(error.strerror),
                    hint="name a file that image lock --to wrote",
                ) from error
            check_lock(lock, definition, self._host, path)
            return lock
        kept = self.lock_path(definition.name)
        try:
            lock = read_lock(kept)
            check_lock(lock, definition, self._host, kept)
            return lock
        except FileNotFoundError:
            pass
        except ImageError as error:
            self._note(f"{error.what} ({error.why}): locking the packages anew")
        return self._resolve(definition)

    def _resolve(self, definition: ImageDefinition) -> Lock:
        sources = read_sources(self._host.codename, self._host.apt_dir)
        for ignored in sources.ignored:
            self._note(f"package source not used: {ignored}")
        apt_folder = self.cache / "apt" / f"{self._host.codename}-{self._host.arch}"
        with self._images.locked("apt"):
            apt_folder.mkdir(parents=True, exist_ok=True)
            lock = Apt(apt_folder, self._host, sources, self.cache / "apt.log").resolve(definition)
        path = self.lock_path(definition.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(".new")
        new.write_text(lock.text())
        new.replace(path)
        self._note(f"locked {len(lock.packages)} packages in {path}")
        return lock

    def _fetch(self, lock: Lock) -> None:
        missing = self.store.missing(lock.packages)
        if not missing:
            return
        size = sum(one.size for one in missing)
        self._note(f"fetching {len(missing)} packages, {-(-size >> 20)} MB")
        sources = read_sources(self._host.codename, self._host.apt_dir)
        apt_folder = self.cache / "apt" / f"{self._host.codename}-{self._host.arch}"
        with self._images.locked("apt"):
            apt_folder.mkdir(parents=True, exist_ok=True)
            for stale in self.cache.glob("fetch-*"):
                shutil.rmtree(stale)  # we hold the lock, so whoever fetched is dead
            apt = Apt(apt_folder, self._host, sources, self.cache / "apt.log")
            if not any((apt_folder / "lists").glob("*Packages*")):
                apt.update()
            missing = self.store.missing(lock.packages)  # somebody else may have fetched some meanwhile
            for done in apt.fetch(missing, self.store, self.cache):
                self._note(f"fetched {done} of {len(missing)} packages")

    # Images

    def ensure(self, name: str, *, lock: Path | None = None) -> Image:
        """The image, built now when the cache does not have it. An interrupted build leaves nothing that counts."""
        definition = self.definition(name)
        with self._room():
            job = self._job(definition, self.locked(definition, lock))
            keys = keys_of(job)
            if self._images.find(keys.image) is not None:
                return self._image(keys, job.release)
            self._can_build(definition)
            with self._images.locked(keys.image):
                if self._images.find(keys.image) is None:  # else another process has built it
                    self._refuse_altered(definition, keys)
                    self._build(job, keys)
        return self._image(keys, job.release)

    def find(self, name: str) -> Image | None:
        """The image that `ensure` would return without building or asking anybody; None when there is none."""
        keys = self.keys(name)
        if keys is None or self._images.find(keys.image) is None:
            return None
        return self._image(keys, self.definition(name).release(self._host.codename))

    def keys(self, name: str) -> Keys | None:
        """What the image and its steps are called in the cache; None: its packages are not locked."""
        definition = self.definition(name)
        try:
            lock = read_lock(self.lock_path(name))
            check_lock(lock, definition, self._host, self.lock_path(name))
        except (FileNotFoundError, ImageError):
            return None
        return keys_of(self._job(definition, lock))

    def _job(self, definition: ImageDefinition, lock: Lock) -> Job:
        release = definition.release(self._host.codename)
        return Job(definition, release, self._host, lock, self.store, self.cache, self.cache / "unused.log")

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
        if is_in_use(entry / "tree"):
            raise ImageError(
                f"the image {definition.name!r} in the cache was altered after it was built, and machines run over it",
                why=f"{entry} is not what was built; machines made over it now would differ from the others",
                hint="destroy the clusters whose machines run on this host, then run again: it is built anew",
            )
        self._note(f"the image {definition.name!r} in the cache was altered after it was built: building it anew")

    def _build(self, job: Job, keys: Keys) -> None:
        log_file = self.cache / f"{keys.image}.log"
        log_file.write_bytes(b"")
        self._note(f"building the image {job.definition.name!r}")
        try:
            job = replace(job, log_file=log_file)
            packages = installed_tree(job, self._steps, keys.packages, self._fetch)
            boot = boot_files(job, self._steps, keys.initrd, packages) if job.definition.bootable else packages
            self._images.make(
                keys.image, lambda folder: assemble(replace(job, folder=folder), keys, packages, boot, self._note)
            )
        except ImageError as error:
            if "No space left on device" in log_file.read_text(errors="replace"):
                raise full(self.cache) from error
            if not error.hint:
                error.hint = f"the whole log is {log_file}; check the host's package sources with apt-get update"
            raise
        self._tell_largest(packages)

    def _tell_largest(self, packages: Path) -> None:
        sizes = sorted(package_sizes(packages).items(), key=lambda one: (-one[1], one[0]))[:_LARGEST]
        self._note("largest packages: " + ", ".join(f"{name} {size >> 10} MB" for name, size in sizes))

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
    """A disk without room is told as such, whatever was being written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> None:
        self._folder.mkdir(mode=0o755, parents=True, exist_ok=True)

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise full(self._folder) from error


def ensure(
    name: str, *, host: BuildHost | None = None, cache: Path | None = None, note: Note = lambda text: None
) -> Image:
    """The image called ``name`` for this host, built now when the cache does not have it. Raises `ImageError`."""
    return ImageBuilder(host=host, cache=cache, note=note).ensure(name)


def is_in_use(tree: Path) -> bool:
    """Whether a file system on this host is mounted over the tree."""
    layers = f"lowerdir={tree}"
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        options = line.rpartition(" ")[2].split(",")
        if any(option == layers or option.startswith(f"{layers}:") for option in options):
            return True
    return False
