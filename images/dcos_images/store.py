"""The store of Debian packages: each .deb by its sha256, verified when it is added. Builds read only from here."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dcos_images.errors import ImageError
from dcos_images.files import write_whole
from dcos_images.process import ask


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
        stanzas = []
        for one in packages:
            name = f"{one.sha256}.deb"
            os.link(self.path(one.sha256), folder / name)
            stanzas.append(
                f"{self._control(one)}\nFilename: ./{name}\nSize: {one.size}\nSHA256: {one.sha256}\n",
            )
        (folder / "Packages").write_text("\n".join(stanzas))

    def _control(self, package: LockedPackage) -> str:
        """The package's own description, stored beside it once read."""
        kept = self._folder / f"{package.sha256}.control"
        try:
            return kept.read_text().rstrip("\n")
        except FileNotFoundError:
            text = ask(["dpkg-deb", "--field", str(self.path(package.sha256))])
            write_whole(kept, text)
            return text.rstrip("\n")

    def sweep(self, wanted: Iterable[str], *, dry_run: bool) -> int:
        """Removes all packages except those with these digests. Returns the bytes that this frees."""
        keep, freed = set(wanted), 0
        if not self._folder.is_dir():
            return 0
        for path in sorted(self._folder.iterdir()):
            if path.name.partition(".")[0] not in keep:
                freed += path.stat().st_size
                if not dry_run:
                    path.unlink()
        return freed


def file_digest(path: Path) -> str:
    """The sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
