"""Stores the locks of images, and downloads the packages. One process at a time uses package sources."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dcos_images.cache import Cache, Note, remove_leftover
from dcos_images.definition import ImageDefinition
from dcos_images.errors import ImageError, refuse_without_room
from dcos_images.files import write_whole
from dcos_images.host import BuildHost
from dcos_images.lock import FETCHING, Apt, Lock, asked_of, check_lock, lock_file, not_locked, read_lock
from dcos_images.sources import read_sources
from dcos_images.store import DebStore

_FETCHED_AT_ONCE = 40
_ASKING = "apt"
_LISTS_BYTES = 256 << 20
"""The most bytes that apt writes of the sources' lists. They must fit: on a full disk apt waits for ever (2.6 does)."""


def refuse_other_names(lock: Lock, definition: ImageDefinition) -> None:
    """Raises `ImageError` when apt took a package's name for something else than that package.

    To apt an unknown name with a dot or plus is a pattern of names, and one that other packages provide is one of them.
    """
    if missing := not_locked(lock, definition):
        raise ImageError(
            f"there is no package {', '.join(missing)} for the image {definition.name!r}",
            why=f"the package sources of this host have none of that very name for {lock.release}: apt took another",
            hint=f"correct packages in {definition.name}/image.toml: name the package that is to be installed",
        )


class LockKeeper:
    """The locks below a builder's cache: ``locks/<image>.<release>.<architecture>.json``."""

    def __init__(self, cache: Path, host: BuildHost, store: DebStore, note: Note) -> None:
        self._cache = cache
        self._host = host
        self._store = store
        self._note = note
        self._locks = Cache(cache, note)
        self._asked = False
        """Whether this process has updated apt's lists, so that they are current."""

    def path(self, name: str) -> Path:
        return lock_file(self._cache / "locks", name, self._host)

    def kept(self, definition: ImageDefinition) -> Lock | None:
        """The stored lock, if it matches the definition.

        Raises `ImageError` when it exists and cannot be read: it is not replaced by the newest packages.
        """
        try:
            lock = read_lock(self.path(definition.name))
        except FileNotFoundError:
            return None
        if lock.asked != asked_of(definition):
            return None
        check_lock(lock, definition, self._host, self.path(definition.name))
        return lock

    def named(self, definition: ImageDefinition, path: Path) -> Lock:
        """The lock at ``path``, which must exist and fit. Raises `ImageError`."""
        try:
            lock = read_lock(path)
        except FileNotFoundError as error:
            raise ImageError(
                f"the lock {path} cannot be read",
                why=str(error.strerror),
                hint="name a file that was written by image lock --to",
            ) from error
        check_lock(lock, definition, self._host, path)
        return lock

    def ensure(self, definition: ImageDefinition) -> Lock:
        """The stored lock, which is made if there is none, or if other packages are requested."""
        if (kept := self.kept(definition)) is not None:
            return kept
        with self._asking() as apt:
            if (kept := self.kept(definition)) is not None:
                return kept  # another process has made it meanwhile
            if self.path(definition.name).exists():
                self._note(
                    f"the packages that the definition of {definition.name!r} asks for have changed: locking them again"
                )
            return self._new(apt, definition)

    def renew(self, definition: ImageDefinition) -> Lock:
        """A new lock, of the newest packages in the host's sources. Raises `ImageError`; then the old one stays."""
        with self._asking() as apt:
            return self._new(apt, definition)

    def _new(self, apt: Apt, definition: ImageDefinition) -> Lock:
        lock = apt.resolve(definition)
        self._asked = True
        refuse_other_names(lock, definition)
        path = self.path(definition.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, lock.text())
        self._note(f"locked {len(lock.packages)} packages in {path}")
        return lock

    def fetch(self, lock: Lock) -> None:
        """Downloads the lock's missing packages into the store, some at a time; other processes may use the sources in
        between.
        """
        wanted = self._store.missing(lock.packages)
        if not wanted:
            return
        size = sum(one.size for one in wanted)
        self._note(f"fetching {len(wanted)} packages, {-(-size >> 20)} MiB")
        for first in range(0, len(wanted), _FETCHED_AT_ONCE):
            some = wanted[first : first + _FETCHED_AT_ONCE]
            with self._asking() as apt:
                missing = self._store.missing(some)  # another process may have fetched them meanwhile
                if missing and not self._asked:
                    apt.update()
                    self._asked = True
                if missing:
                    refuse_without_room(self._cache, sum(one.size for one in missing))
                    apt.fetch(missing, self._store, self._cache)
            self._note(f"fetched {first + len(some)} of {len(wanted)} packages")

    @contextmanager
    def _asking(self) -> Iterator[Apt]:
        """apt, used by no other process."""
        sources = read_sources(self._host.codename, self._host.apt_dir)
        folder = self._cache / "apt" / f"{self._host.codename}-{self._host.arch}"
        with self._locks.locked(_ASKING, "another process asks the host's package sources"):
            folder.mkdir(parents=True, exist_ok=True)
            if not self._asked:
                refuse_without_room(folder, _LISTS_BYTES)
            for stale in self._cache.glob(f"{FETCHING}*"):
                remove_leftover(stale)  # its process has ended, because we hold its lock
            if not self._asked:
                (self._cache / "apt.log").unlink(missing_ok=True)  # it is the log of this run
                for ignored in sources.ignored:
                    self._note(f"package source not used: {ignored}")
            yield Apt(folder, self._host, sources, self._cache / "apt.log")
