"""The folder of a publisher's packages: its revisions, and changes to it, each made completely or not at all."""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from dcos_universe import reading, states
from dcos_universe.errors import UniverseError, explained_faults
from dcos_universe.index import durable

_NAME = re.compile(r"[a-z][a-z0-9-]{0,61}[a-z0-9]")
_VERSION = re.compile(r"[-a-zA-Z0-9.]{1,100}")


_HINT = "look at the disk and at rights, then run this again"


@dataclass(frozen=True, order=True)
class Key:
    """A revision of a package."""

    name: str
    revision: int

    def __str__(self) -> str:
        return f"{self.name} (revision {self.revision})"


def root_of(source: Path) -> Path:
    """The folder that contains ``packages``, for a source as the user names it. Raises `UniverseError`."""
    return reading.packages(source).parent


@contextmanager
def begun(source: Path) -> Iterator[Path]:
    """Like `root_of`, for the author of the first package: creates ``packages`` if there is none. If the block raises,
    it is gone again.
    """
    made: Path | None = None
    try:
        root = root_of(source)
    except UniverseError:
        if not source.is_dir():
            raise UniverseError(
                f"{source} cannot be worked on", why="it is no folder", hint="make it, or name another with --source"
            ) from None
        root = source
        if not (source / "packages").exists():
            made = source / "packages"
        with explained_faults(f"{source / 'packages'} cannot be made", _HINT):
            (source / "packages").mkdir(exist_ok=True)
    try:
        yield root
    except BaseException:
        if made is not None:
            with contextlib.suppress(OSError):
                made.rmdir()
        raise


def folder(root: Path, key: Key) -> Path:
    return root / "packages" / key.name[0].upper() / key.name / str(key.revision)


def keys(root: Path) -> list[Key]:
    """All revisions, by name and number. Raises `UniverseError` for other things in the folder."""
    return [Key(path.parent.name, int(path.name)) for path in reading.revisions(root)]


def existing(root: Path, name: str, revision: int) -> Key:
    """The revision. Raises `UniverseError` that names the existing ones if it does not exist."""
    key = Key(checked_name(name), revision)
    if folder(root, key).is_dir():
        return key
    others = sorted(one.revision for one in keys(root) if one.name == name)
    raise UniverseError(
        f"there is no {key} in {root}",
        why=f"its revisions are {', '.join(map(str, others))}" if others else f"there is no package {name}",
        hint="name one that is there",
    )


def checked_name(name: str) -> str:
    """Raises `UniverseError` for a name that no package may have."""
    if not _NAME.fullmatch(name):
        raise UniverseError(
            f"{name!r} is no name of a package",
            why="it has small letters, digits and hyphens, a letter first and no hyphen at the end, 2 to 63 of them",
            hint="choose one like my-service",
        )
    return name


def checked_version(version: str) -> str:
    if not _VERSION.fullmatch(version):
        raise UniverseError(
            f"{version!r} is no version", why="it has letters, digits, dots and hyphens", hint="choose one like 1.0.0"
        )
    return version


def add(root: Path, name: str, files: Mapping[str, bytes]) -> Key:
    """Adds a new revision with these files, numbered after the highest. It exists completely and can be read, or not at
    all. Raises `UniverseError`.
    """
    with states.alone(root):
        number = max((key.revision for key in keys(root) if key.name == name), default=-1) + 1
        key = Key(name, number)
        place = folder(root, key)
        with explained_faults(f"{place} cannot be made", _HINT):
            stage = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=root))
            try:
                made = stage / str(number)
                made.mkdir(mode=0o755)
                for file, content in files.items():
                    durable.write(made / file, content)
                reading.revision_of(reading.load(replace(reading.gather(made), folder=place)))
                place.parent.mkdir(parents=True, exist_ok=True)
                made.rename(place)
                durable.sync_folder(place.parent)
            finally:
                shutil.rmtree(stage, ignore_errors=True)
    return key


def remove(root: Path, gone: list[Key]) -> None:
    """Removes revisions, each by one rename, and their states. The caller holds the source's lock."""
    for key in gone:
        place = folder(root, key)
        with explained_faults(f"{place} cannot be taken away", _HINT):
            aside = Path(tempfile.mkdtemp(prefix=f".{key.name}-", dir=root))
            try:
                place.rename(aside / "gone")
            finally:
                shutil.rmtree(aside, ignore_errors=True)
        for empty in (place.parent, place.parent.parent):
            try:
                empty.rmdir()
            except OSError:
                break
