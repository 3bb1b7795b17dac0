"""The signed tree while it is made: hard links to the present tree, and new files in place of changed ones."""

from __future__ import annotations

import os
import stat
from collections.abc import Set
from pathlib import Path

from dcos_universe.building.digests import TreeDigests, digest_of
from dcos_universe.errors import UniverseError


class Staging:
    """Nothing in ``out`` is written: a changed file replaces the link. ``changed``: whether anything differs from
    ``out``.
    """

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
                        hint="build the tree again",
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
        """Puts the file with this content; keeps the present one if it is equal."""
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
        """Links the file to a second name, which contains its digest. An existing file of that name is replaced,
        because it may have been changed.
        """
        target = self.stage / to
        if target.exists():
            if target.samefile(self.stage / name):
                return
            target.unlink()
        self.changed = True
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(self.stage / name, target, follow_symlinks=False)

    def retain(self, folder: str, names: Set[str]) -> None:
        """Removes everything below the folder that is not in ``names``."""
        top = self.stage / folder
        for path in sorted(top.rglob("*"), reverse=True):
            if stat.S_ISDIR(path.lstat().st_mode):
                if not any(path.iterdir()):
                    path.rmdir()
            elif path.relative_to(top).as_posix() not in names:
                path.unlink()
                self.changed = True
