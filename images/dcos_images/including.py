"""Reads ``image.toml`` and the files that it includes into one `ImageDefinition`.

An included file is read first. The including file's values are added to lists, and replace single values and entries
with the same path or name; ``[without]`` removes values of an included file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from dcos_images.data import definitions_dir
from dcos_images.definition import (
    BOOTABLE,
    COMPONENTS,
    OUTPUTS,
    ImageDefinition,
    ImageFile,
    ImageLink,
    ImageUser,
    Partitions,
    Release,
)
from dcos_images.errors import ImageError
from dcos_images.reading import (
    TableReader,
    check_absolute,
    check_argument,
    check_package,
    check_unit,
    check_user,
    one_of,
    read_toml,
)

_MODE = re.compile(r"0[0-7]{3,4}")
_LISTS = ("components", "packages", "exclude", "remove", "folders", "enable", "mask", "arguments")
_UNPRINTED = re.compile(r'[:"%\\\x00-\x1f]')


def names(folder: Path | None = None) -> list[str]:
    """The defined images, in order."""
    folder = definitions_dir() if folder is None else folder
    return sorted(found.parent.name for found in folder.glob("*/image.toml"))


def load_definition(name: str, folder: Path | None = None) -> ImageDefinition:
    """The definition called ``name``. Raises `ImageError` that lists all its problems, by file and key."""
    folder = definitions_dir() if folder is None else folder
    path = folder / name / "image.toml"
    if not path.is_file():
        known = ", ".join(names(folder))
        raise ImageError(
            f"no image is named {name!r}",
            why=f"there is no {path}",
            hint=f"choose one of: {known}" if known else f"define one in {folder}",
        )
    reader = DefinitionReader(folder)
    definition = reader.definition(name)
    if reader.problems:
        listed = "\n".join(f"- {problem}" for problem in reader.problems)
        raise ImageError(f"{path} cannot be used", why=f"\n{listed}", hint="correct all of these")
    return definition


@dataclass
class _Draft:
    """The values read so far. A list is kept as a dict without values, which holds each item once, in order."""

    texts: dict[str, str] = field(default_factory=dict)
    lists: dict[str, dict[str, None]] = field(default_factory=lambda: {name: {} for name in _LISTS})
    outputs: tuple[str, ...] = ()
    architectures: tuple[str, ...] = ()
    epoch: int | None = None
    releases: dict[str, Release] = field(default_factory=dict)
    files: dict[str, ImageFile] = field(default_factory=dict)
    links: dict[str, ImageLink] = field(default_factory=dict)
    users: dict[str, ImageUser] = field(default_factory=dict)
    partitions: Partitions | None = None
    runtime: bool = False


class DefinitionReader:
    """Reads definitions of a folder; ``problems`` holds their problems, each with file and key."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._open: list[Path] = []
        self._read: set[Path] = set()
        self.problems: list[str] = []

    def definition(self, name: str) -> ImageDefinition:
        """The image of that name; to be used only when there are no problems."""
        draft = _Draft()
        path = self._folder / name / "image.toml"
        self._add(path, draft)
        self._check_whole(self._shown(path), name, draft)
        lists = {key: tuple(values) for key, values in draft.lists.items()}
        return ImageDefinition(
            name=name,
            description=draft.texts.get("description", ""),
            outputs=draft.outputs,
            architectures=draft.architectures,
            components=lists["components"] or ("main",),
            packages=lists["packages"],
            exclude=lists["exclude"],
            releases=tuple(draft.releases.values()),
            epoch=draft.epoch or 0,
            files=tuple(draft.files.values()),
            folders=lists["folders"],
            links=tuple(draft.links.values()),
            users=tuple(draft.users.values()),
            enable=lists["enable"],
            mask=lists["mask"],
            remove=lists["remove"],
            arguments=lists["arguments"],
            partitions=draft.partitions,
            runtime=draft.runtime,
        )

    def _shown(self, path: Path) -> str:
        return str(path.relative_to(self._folder))

    def _add(self, path: Path, draft: _Draft) -> None:
        """Adds the values in the file at ``path``, after those that it includes."""
        table = read_toml(path, self._shown(path), self.problems)
        if table is None:
            return
        self._open.append(path)
        for one in table.texts("include"):
            included = (path.parent / one).resolve()
            if not included.is_relative_to(self._folder) or not included.is_file():
                table.wrong("include", f": {one!r} is not a file of the definitions' folder")
            elif included in self._open:
                table.wrong("include", f": {one!r} includes this file, in turn")
            elif included not in self._read:  # a file that is included twice is read once
                self._add(included, draft)
        self._open.pop()
        self._read.add(path)
        self._take_out(table.table("without"), draft)
        self._take_values(table, draft)
        self._take_parts(path, table, draft)
        table.nothing_left()

    def _take_out(self, table: TableReader, draft: _Draft) -> None:
        paths = (draft.files, draft.links)
        for key, homes in (
            ("packages", (draft.lists["packages"],)),
            ("paths", paths),
            ("units", (draft.lists["enable"], draft.lists["mask"])),
            ("users", (draft.users,)),
            ("arguments", (draft.lists["arguments"],)),
        ):
            for value in table.texts(key):
                if not any(value in home for home in homes):
                    table.wrong(key, f": {value!r} is not in what was included")
                for home in homes:
                    home.pop(value, None)
        table.nothing_left()

    def _take_values(self, table: TableReader, draft: _Draft) -> None:
        if table.has("name"):
            draft.texts["name"] = table.text("name")
        if table.has("description"):
            draft.texts["description"] = table.text("description")
        if table.has("outputs"):
            draft.outputs = table.texts("outputs", one_of(OUTPUTS))
        if table.has("architectures"):
            draft.architectures = table.texts("architectures", check_package)
        if table.has("runtime"):
            draft.runtime = table.flag("runtime")
        if table.has("epoch"):
            draft.epoch = table.number("epoch", 0, 1 << 32, "a number of seconds since 1970")
        for key, check in (
            ("components", one_of(COMPONENTS)),
            ("packages", check_package),
            ("exclude", check_absolute),
            ("remove", check_absolute),
            ("folders", check_absolute),
        ):
            draft.lists[key].update(dict.fromkeys(table.texts(key, check)))
        units = table.table("units")
        for key in ("enable", "mask"):
            draft.lists[key].update(dict.fromkeys(units.texts(key, check_unit)))
        units.nothing_left()
        kernel = table.table("kernel")
        draft.lists["arguments"].update(dict.fromkeys(kernel.texts("arguments", check_argument)))
        kernel.nothing_left()

    def _take_parts(self, path: Path, table: TableReader, draft: _Draft) -> None:
        for codename, release in table.named_tables("release").items():
            known = draft.releases.get(codename)
            values = {
                key: release.text(key, default=None if known is None else getattr(known, key))
                for key in ("os_id", "os_version", "python", "libc")
            }
            packages = (*(known.packages if known else ()), *release.texts("packages", check_package))
            draft.releases[codename] = Release(codename, **values, packages=tuple(dict.fromkeys(packages)))
            release.nothing_left()
        if table.has("partitions"):
            sizes = table.table("partitions")
            draft.partitions = Partitions(
                esp_mb=sizes.number("esp_mb", 64, 4096, "a number of MB"),
                root_mb=sizes.number("root_mb", 64, 1 << 20, "a number of MB"),
                state_min_mb=sizes.number("state_min_mb", 64, 1 << 20, "a number of MB"),
            )
            sizes.nothing_left()
        laid: set[str] = set()
        for one in table.tables("file"):
            file = self._file(path.parent, one)
            self._laid(one, file.path, laid)
            draft.links.pop(file.path, None)
            draft.files[file.path] = file
        for one in table.tables("link"):
            link = ImageLink(path=one.text("path", check_absolute), target=one.text("target"))
            one.nothing_left()
            self._laid(one, link.path, laid)
            draft.files.pop(link.path, None)
            draft.links[link.path] = link
        for one in table.tables("user"):
            user = self._user(one)
            if user.name in laid:
                one.wrong("name", f": the user {user.name} is added twice")
            laid.add(user.name)
            draft.users[user.name] = user

    def _laid(self, table: TableReader, path: str, laid: set[str]) -> None:
        if path and path in laid:
            table.wrong("path", f": {path} is laid down twice")
        laid.add(path)

    def _file(self, beside: Path, table: TableReader) -> ImageFile:
        path = table.text("path", check_absolute)
        source = table.text("source")
        mode = table.text(
            "mode", lambda value: "" if _MODE.fullmatch(value) else f'it must be octal, like "0644", not {value!r}'
        )
        content = b""
        if source:
            within = (beside / source).resolve()
            if not within.is_relative_to(beside) or not within.is_file():
                table.wrong("source", f": {source!r} is not a file beside it")
            else:
                content = within.read_bytes()
        table.nothing_left()
        return ImageFile(path=path, mode=int(mode or "0", 8), content=content)

    def _user(self, table: TableReader) -> ImageUser:
        def plain(value: str) -> str:
            return f"{value!r} cannot stand in /etc/passwd and sysusers.d" if _UNPRINTED.search(value) else ""

        user = ImageUser(
            name=table.text("name", check_user),
            uid=table.number("uid", 100, 59999, "a number of a user"),
            comment=table.text("comment", plain),
            home=table.text("home", lambda value: check_absolute(value) or plain(value), default="/nonexistent"),
        )
        table.nothing_left()
        return user

    def _check_whole(self, file: str, name: str, draft: _Draft) -> None:
        """Checks that need the complete definition."""

        def wrong(problem: str) -> None:
            self.problems.append(f"{file}: {problem}")

        if draft.texts.get("name", name) != name:
            wrong(f"name is {draft.texts['name']!r}, but the folder is called {name!r}")
        for key, missing in (
            ("name", "name" not in draft.texts),
            ("description", "description" not in draft.texts),
            ("outputs", not draft.outputs),
            ("epoch", draft.epoch is None),
            ("packages", not draft.lists["packages"]),
        ):
            if missing and not any(f"{key}" in problem for problem in self.problems):
                wrong(f"{key} is missing")
        if not draft.releases and not any("release" in problem for problem in self.problems):
            wrong("[release.<codename>] is missing: name at least one release")
        for unit in draft.lists["enable"]:
            if unit in draft.lists["mask"]:
                wrong(f"units: {unit} is both enabled and masked")
        uids = [user.uid for user in draft.users.values()]
        for uid in sorted({uid for uid in uids if uids.count(uid) > 1}):
            wrong(f"user: the number {uid} is given to two users")
        bootable = BOOTABLE.intersection(draft.outputs)
        if {"raw", "qcow2"}.intersection(draft.outputs) and draft.partitions is None:
            wrong("[partitions] is missing: a disk has some")
        if bootable and not any(package.startswith("linux-image-") for package in draft.lists["packages"]):
            wrong("packages: an image that boots needs a kernel (linux-image-…)")
        if bootable and draft.architectures != ("amd64",):
            wrong('architectures must be ["amd64"]: images that boot are not supported for others yet')
