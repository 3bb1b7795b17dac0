"""The signed tree while it is made: hard links to the tree that stands, and new files in the place of changed ones."""

from __future__ import annotations

import os
import stat
from collections.abc import Set
from pathlib import Path

from dcos_universe.building.digests import TreeDigests, digest_of
from dcos_universe.errors import UniverseError


class Staging:
    """Nothing of ``out`` is written: a changed file takes the place of the link. ``changed``: whether anything is other
    than in ``out``."""

    def __init__(self, out: Path, stage: Path, digests: TreeDigests | None = None) -> None:
        self.out, self.stage = out, stage
        self._digests = digests
        self.changed = False
        stage.mkdir(mode=0o755)
        stage.chmod(0o755)
        self._link_all("")

    def _link_all(self, folder: str) -> None:
        with os.scandir(self.out / folder) as entries:
            for entry in entries:
                name = f"{folder}/{entry.name}" if folder else entry.name
                if entry.is_dir(follow_symlinks=False):
                    (self.stage / name).mkdir()
                    self._link_all(name)
                elif entry.is_file(follow_symlinks=False):
                    if self._digests is not None:
                        self._digests.linking(name, entry.stat(follow_symlinks=False))
                    os.link(entry.path, self.stage / name, follow_symlinks=False)
                else:
                    raise UniverseError(
                        f"{entry.path} has no place in a built tree",
                        why="it is neither a file nor a folder",
                        hint="build the tree anew",
                    )

    def digest(self, name: str) -> tuple[str, int]:
        """SHA-256 in hex, and size, of the file as it is in the stage. Raises `UniverseError`."""
        if self._digests is not None:
            return self._digests.of(self.stage, name)
        sha256, about = digest_of(self.stage / name)
        return sha256, about.st_size

    def is_known(self, name: str) -> bool:
        """Whether the file is as the last signing left it (`TreeDigests.is_known`)."""
        return self._digests is not None and self._digests.is_known(self.stage, name)

    def put(self, name: str, content: bytes) -> None:
        """The file with this content; the one that stands, when it has it."""
        path = self.stage / name
        try:
            if path.read_bytes() == content:
                return
            path.unlink()
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
        self.changed = True
        with path.open("xb") as file:
            file.write(content)
            os.fchmod(file.fileno(), 0o644)

    def link(self, name: str, to: str) -> None:
        """The file under a second name, which says what it holds. Another file that stands there may have been changed
        since it was named so."""
        target = self.stage / to
        if target.exists():
            if target.samefile(self.stage / name):
                return
            target.unlink()
        self.changed = True
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(self.stage / name, target, follow_symlinks=False)

    def retain(self, folder: str, names: Set[str]) -> None:
        """Removes what is below the folder and not among the names."""
        top = self.stage / folder
        for path in sorted(top.rglob("*"), reverse=True):
            if stat.S_ISDIR(path.lstat().st_mode):
                if not any(path.iterdir()):
                    path.rmdir()
            elif path.relative_to(top).as_posix() not in names:
                path.unlink()
                self.changed = True
