"""What an image should be: ImageDefinition, read from ``definitions/<name>/image.toml``, all errors at once."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dcos_images.data import definitions_dir
from dcos_images.errors import ImageError

_PACKAGE_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+")
_MODE = re.compile(r"0[0-7]{3,4}")
_OUTPUTS = ("tree",)


@dataclass(frozen=True)
class Release:
    """One release of the distribution that the image can be made of, and what it brings along."""

    codename: str
    os_id: str
    os_version: str
    python: str
    """The tag of /usr/bin/python3: ``cp311``."""
    libc: str


@dataclass(frozen=True)
class ImageFile:
    """A regular file laid down in the image, owned by root."""

    path: str
    mode: int
    content: bytes


@dataclass(frozen=True)
class ImageLink:
    """A symbolic link laid down in the image; it replaces what is there."""

    path: str
    target: str


@dataclass(frozen=True)
class ImageDefinition:
    """One image, as asked for. Paths are absolute within the image; ``remove`` holds glob patterns of such paths."""

    name: str
    description: str
    output: str
    packages: tuple[str, ...]
    exclude: tuple[str, ...]
    """Paths of packages that are never unpacked, as dpkg's ``path-exclude`` takes them."""
    releases: tuple[Release, ...]
    epoch: int
    """Seconds since 1970: no file in the image is younger than this."""
    files: tuple[ImageFile, ...]
    links: tuple[ImageLink, ...]
    remove: tuple[str, ...]

    def release(self, codename: str) -> Release:
        """The release of that name. Raises `ImageError` when the image is not made of it."""
        for release in self.releases:
            if release.codename == codename:
                return release
        known = ", ".join(release.codename for release in self.releases)
        raise ImageError(
            f"the image {self.name!r} cannot be made of the release {codename!r}",
            why=f"its definition knows: {known}",
            hint="build on a host that runs one of these",
        )

    def digest(self) -> str:
        """The sha256 of everything that is asked for: equal definitions have equal digests."""
        plain = asdict(self)
        plain["files"] = [(file.path, file.mode, hashlib.sha256(file.content).hexdigest()) for file in self.files]
        return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def load_definition(name: str, folder: Path | None = None) -> ImageDefinition:
    """The definition called ``name``. Raises `ImageError` that lists everything wrong with it."""
    folder = definitions_dir() if folder is None else folder
    path = folder / name / "image.toml"
    try:
        table = tomllib.loads(path.read_text())
    except FileNotFoundError:
        known = ", ".join(sorted(found.parent.name for found in folder.glob("*/image.toml")))
        raise ImageError(f"no image is named {name!r}", hint=f"choose one of: {known or 'none is defined'}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ImageError(f"{path} is not TOML", why=str(error), hint="correct the file") from error
    reader = _Reader(table, path.parent)
    definition = reader.definition(name)
    if reader.problems:
        listed = "\n".join(f"- {problem}" for problem in reader.problems)
        raise ImageError(f"{path} cannot be used", why=f"\n{listed}", hint="correct all of these")
    return definition


class _Reader:
    """Reads a table key by key and collects what is wrong."""

    def __init__(self, table: Mapping[str, Any], folder: Path) -> None:
        self._table = dict(table)
        self._folder = folder
        self.problems: list[str] = []

    def definition(self, name: str) -> ImageDefinition:
        named = self._text(self._table, "name", "")
        if named and named != name:
            self.problems.append(f"name is {named!r}, but the folder is called {name!r}")
        definition = ImageDefinition(
            name=name,
            description=self._text(self._table, "description", ""),
            output=self._one_of(self._text(self._table, "output", ""), "output", _OUTPUTS),
            packages=self._texts("packages", self._check_package),
            exclude=self._texts("exclude", self._check_absolute, required=False),
            releases=self._releases(),
            epoch=self._epoch(),
            files=tuple(self._file(table, where) for table, where in self._tables("file")),
            links=tuple(self._link(table, where) for table, where in self._tables("link")),
            remove=self._texts("remove", self._check_absolute, required=False),
        )
        self._nothing_left(self._table, "")
        if len(set(definition.packages)) != len(definition.packages):
            self.problems.append("packages names one twice")
        laid = [*(file.path for file in definition.files), *(link.path for link in definition.links)]
        self.problems += [f"{path} is laid down twice" for path in sorted(set(laid)) if laid.count(path) > 1 and path]
        return definition

    def _releases(self) -> tuple[Release, ...]:
        tables = self._table.pop("release", None)
        if not isinstance(tables, dict) or not tables:
            self.problems.append("[release.<codename>] is missing: name at least one release")
            return ()
        found = []
        for codename, table in tables.items():
            where = f"release.{codename}."
            if not isinstance(table, dict):
                self.problems.append(f"release.{codename} must be a table")
                continue
            found.append(
                Release(
                    codename=codename,
                    os_id=self._text(table, "os_id", where),
                    os_version=self._text(table, "os_version", where),
                    python=self._text(table, "python", where),
                    libc=self._text(table, "libc", where),
                )
            )
            self._nothing_left(table, where)
        return tuple(found)

    def _epoch(self) -> int:
        value = self._table.pop("epoch", None)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            self.problems.append("epoch must be a number of seconds since 1970")
            return 0
        return value

    def _file(self, table: dict[str, Any], where: str) -> ImageFile:
        path = self._path(table, where)
        source = self._text(table, "source", where)
        mode = self._text(table, "mode", where)
        if mode and not _MODE.fullmatch(mode):
            self.problems.append(f'{where}mode must be octal, like "0644", not {mode!r}')
            mode = ""
        content = b""
        if source:
            within = (self._folder / source).resolve()
            if not within.is_relative_to(self._folder.resolve()) or not within.is_file():
                self.problems.append(f"{where}source {source!r} is not a file beside image.toml")
            else:
                content = within.read_bytes()
        self._nothing_left(table, where)
        return ImageFile(path=path, mode=int(mode or "0", 8), content=content)

    def _link(self, table: dict[str, Any], where: str) -> ImageLink:
        link = ImageLink(path=self._path(table, where), target=self._text(table, "target", where))
        self._nothing_left(table, where)
        return link

    def _path(self, table: dict[str, Any], where: str) -> str:
        path = self._text(table, "path", where)
        if path and (problem := self._check_absolute(path)):
            self.problems.append(f"{where}path: {problem}")
        return path

    def _tables(self, key: str) -> list[tuple[dict[str, Any], str]]:
        tables = self._table.pop(key, [])
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            self.problems.append(f"{key} must be written as [[{key}]]")
            return []
        return [(table, f"{key}[{index}].") for index, table in enumerate(tables)]

    def _text(self, table: dict[str, Any], key: str, where: str) -> str:
        value = table.pop(key, None)
        if not isinstance(value, str) or not value:
            self.problems.append(f"{where}{key} must be a text" if value is not None else f"{where}{key} is missing")
            return ""
        return value

    def _texts(self, key: str, check: Callable[[str], str], *, required: bool = True) -> tuple[str, ...]:
        values = self._table.pop(key, None)
        if values is None and not required:
            return ()
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            self.problems.append(f"{key} must be a list of texts" if values is not None else f"{key} is missing")
            return ()
        self.problems += [f"{key}: {problem}" for value in values if (problem := check(value))]
        return tuple(values)

    def _one_of(self, value: str, key: str, known: tuple[str, ...]) -> str:
        if value and value not in known:
            self.problems.append(f"{key} must be one of {', '.join(known)}, not {value!r}")
        return value

    def _nothing_left(self, table: Mapping[str, Any], where: str) -> None:
        self.problems += [f"{where}{key} is not a key of an image definition" for key in table]

    @staticmethod
    def _check_package(value: str) -> str:
        return "" if _PACKAGE_NAME.fullmatch(value) else f"{value!r} is not the name of a Debian package"

    @staticmethod
    def _check_absolute(value: str) -> str:
        if value.startswith("/") and ".." not in value.split("/"):
            return ""
        return f"{value!r} is not an absolute path within the image"
