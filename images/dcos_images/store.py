"""The store of Debian packages: each .deb by its sha256, verified when it is added. Builds read only from here."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from dcos_images.errors import ImageError
from dcos_images.process import ask

_AT_ONCE = 4


@dataclass(frozen=True, order=True)
class LockedPackage:
    """One package of a lock: exactly these bytes."""

    name: str
    version: str
    arch: str
    """``amd64``, or ``all``."""
    sha256: str
    size: int

    @property
    def file(self) -> str:
        return f"{self.name}_{self.version.replace(':', '%3a')}_{self.arch}.deb"


class DebStore:
    """A folder of .debs named by digest. A file is complete or missing; several processes may add to it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, sha256: str) -> Path:
        return self._folder / f"{sha256}.deb"

    def missing(self, packages: Iterable[LockedPackage]) -> list[LockedPackage]:
        """Packages that are not in the store, or have another size: after a crash on a full disk a file may be
        incomplete.
        """
        return [one for one in packages if not self._has(one)]

    def _has(self, package: LockedPackage) -> bool:
        try:
            return self.path(package.sha256).stat().st_size == package.size
        except OSError:
            return False

    def add(self, downloaded: Path, package: LockedPackage) -> None:
        """Adds a downloaded file. Raises `ImageError` when it is not that of the lock."""
        found = file_digest(downloaded)
        if found != package.sha256:
            raise ImageError(
                f"the package {package.name} {package.version} that was fetched is not the one that was locked",
                why=f"its sha256 is {found}, the lock says {package.sha256}",
                hint="ask the operator of the package source; a version's bytes never change",
            )
        self._folder.mkdir(parents=True, exist_ok=True)
        with downloaded.open("rb") as file:
            os.fsync(file.fileno())
        downloaded.replace(self.path(package.sha256))

    def verify(self, packages: Iterable[LockedPackage]) -> None:
        """Reads them all. Files with another digest are removed from the store, and named by an `ImageError`."""
        bad = [one for one in packages if file_digest(self.path(one.sha256)) != one.sha256]
        for one in bad:
            self.path(one.sha256).unlink(missing_ok=True)
        if bad:
            raise ImageError(
                f"packages in the store were altered: {', '.join(f'{one.name} {one.version}' for one in bad)}",
                why=f"their bytes in {self._folder} are not those of their names",
                hint="they were removed: run the same command again, which fetches them again",
            )

    def repository(self, packages: Iterable[LockedPackage], folder: Path) -> None:
        """Makes a flat repository for apt with exactly these packages."""
        folder.mkdir()

        def stanza(one: LockedPackage) -> str:
            """The package's own description: read from it, because its bytes are verified."""
            name = f"{one.sha256}.deb"
            os.link(self.path(one.sha256), folder / name)
            control = ask(["dpkg-deb", "--field", str(folder / name)]).rstrip("\n")
            return f"{control}\nFilename: ./{name}\nSize: {one.size}\nSHA256: {one.sha256}\n"

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            (folder / "Packages").write_text("\n".join(pool.map(stanza, packages)))

    def sweep(self, wanted: Iterable[str], *, dry_run: bool) -> int:
        """Removes everything except the packages with these digests. Returns the bytes that this frees."""
        keep, freed = {f"{one}.deb" for one in wanted}, 0
        if not self._folder.is_dir():
            return 0
        for path in sorted(self._folder.iterdir()):
            is_folder = path.is_dir() and not path.is_symlink()
            if is_folder or path.name not in keep:
                freed += sum(
                    one.lstat().st_size for one in (path, *path.rglob("*")) if not stat.S_ISDIR(one.lstat().st_mode)
                )
                if not dry_run:
                    shutil.rmtree(path) if is_folder else path.unlink()
        return freed


def file_digest(path: Path) -> str:
    """The sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
