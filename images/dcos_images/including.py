"""Reads ``image.toml`` and the files that it includes into one `ImageDefinition`.

An included file is read first. The including file's values are added to lists, and replace single values and entries
with the same path or name; ``[without]`` removes values of an included file.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from dcos_images.data import definitions_dir
from dcos_images.definition import (
    BOOTABLE,
    COMPONENTS,
    OUTPUTS,
    PARTITIONED,
    USERS,
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
    TooLargeError,
    beside,
    bounded,
    check_absolute,
    check_argument,
    check_codename,
    check_package,
    check_pattern,
    check_target,
    check_unit,
    check_user,
    one_of,
    read_toml,
    shown,
)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_DEEPEST = 32
"""The most files of which each includes the next."""
_MOST_FILES = 256 << 20
"""The most bytes of all files that a definition lays down: they are read into memory."""
_MOST_ARGUMENTS = 1024
"""The most characters of all kernel arguments: x86 takes 2048, and the image adds its own."""
_ACCOUNTS = ("/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow", USERS)
_MODE = re.compile(r"0[0-7]{3,4}")
_LISTS = ("components", "packages", "exclude", "remove", "folders", "enable", "mask", "arguments")
_UNPRINTED = re.compile(r'[:"%\\\x00-\x1f]')


def names(folder: Path | None = None) -> list[str]:
    """The defined images, in order."""
    folder = definitions_dir() if folder is None else folder
    return sorted(name for found in folder.glob("*/image.toml") if _NAME.fullmatch(name := found.parent.name))


def load_definition(name: str, folder: Path | None = None) -> ImageDefinition:
    """The definition called ``name``. Raises `ImageError` that lists all its problems, by file and key."""
    folder = definitions_dir() if folder is None else folder
    path = folder / name / "image.toml"
    if not _NAME.fullmatch(name) or not path.is_file():
        known = ", ".join(names(folder))
        raise ImageError(
            f"no image is named {name!r}",
            why=f"there is no {path}"
            if _NAME.fullmatch(name)
            else "a name has up to 64 letters, digits, dots, hyphens, underscores, and begins with a letter or digit",
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
        self._whole = True
        """Whether every file could be read: what is missing may stand in one that could not."""
        self._room = _MOST_FILES
        self.problems: list[str] = []

    def definition(self, name: str) -> ImageDefinition:
        """The image of that name; to be used only when there are no problems."""
        draft = _Draft()
        path = self._folder / name / "image.toml"
        self._add(path, draft)
        if self._whole:
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
            self._whole = False
            return
        self._open.append(path)
        for one in table.texts("include"):
            included = beside(path.parent, one, self._folder)
            if included is None:
                table.wrong("include", f": {shown(one)} is not a file of the definitions' folder")
                self._whole = False
            elif len(self._open) >= _DEEPEST:
                table.wrong("include", f": more than {_DEEPEST} files include one another in turn")
                self._whole = False
            elif included in self._open:
                table.wrong("include", f": {shown(one)} includes this file, in turn")
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
                    table.wrong(key, f": {shown(value)} is not in what was included")
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
            ("remove", check_pattern),
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
            if problem := check_codename(codename):
                table.wrong("release", f": {problem}")
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
                esp_mb=sizes.number("esp_mb", 64, 4096, "a number of MiB"),
                root_mb=sizes.number("root_mb", 64, 1 << 16, "a number of MiB"),
                state_min_mb=sizes.number("state_min_mb", 64, 1 << 20, "a number of MiB"),
            )
            sizes.nothing_left()
        laid: set[str] = set()
        for one in table.tables("file"):
            file = self._file(path.parent, one)
            self._laid(one, file.path, laid)
            draft.links.pop(file.path, None)
            draft.files[file.path] = file
        for one in table.tables("link"):
            link = ImageLink(path=one.text("path", check_absolute), target=one.text("target", check_target))
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
        if path in _ACCOUNTS:
            table.wrong("path", f": {path} holds the image's accounts: add a [[user]]")
        if path and path in laid:
            table.wrong("path", f": {path} is laid down twice")
        laid.add(path)

    def _content(self, path: Path, table: TableReader) -> bytes:
        try:
            content = bounded(path, self._room)
        except OSError as error:
            table.wrong("source", f": it cannot be read: {error.strerror}")
            return b""
        except TooLargeError:
            table.wrong("source", f": all files of an image together have at most {_MOST_FILES >> 20} MiB")
            return b""
        self._room -= len(content)
        return content

    def _file(self, folder: Path, table: TableReader) -> ImageFile:
        path = table.text("path", check_absolute)
        source = table.text("source")
        mode = table.text(
            "mode", lambda value: "" if _MODE.fullmatch(value) else f'it must be octal, like "0644", not {shown(value)}'
        )
        content = b""
        if source:
            within = beside(folder, source, folder)
            if within is None:
                table.wrong("source", f": {shown(source)} is not a file beside it")
            else:
                content = self._content(within, table)
        table.nothing_left()
        return ImageFile(path=path, mode=int(mode or "0", 8), content=content)

    def _user(self, table: TableReader) -> ImageUser:
        def plain(value: str) -> str:
            if value.isprintable() and not _UNPRINTED.search(value):
                return ""
            return f"{shown(value)} cannot stand in /etc/passwd and sysusers.d"

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
        for uid, count in sorted(Counter(user.uid for user in draft.users.values()).items()):
            if count > 1:
                wrong(f"user: the number {uid} is given to two users")
        files = {*draft.files, *draft.links}
        for path in sorted({*files, *draft.lists["folders"]}):
            for above in PurePosixPath(path).parents:
                if str(above) in files:
                    wrong(f"{shown(path)} cannot lie in {shown(str(above))}, which is a file or link")
        for path in sorted(files.intersection(draft.lists["folders"])):
            wrong(f"folders: {shown(path)} is also a file or link")
        if sum(len(one) + 1 for one in draft.lists["arguments"]) > _MOST_ARGUMENTS:
            wrong(f"kernel.arguments: all together have more than {_MOST_ARGUMENTS} characters")
        bootable = BOOTABLE.intersection(draft.outputs)
        if PARTITIONED.intersection(draft.outputs) and draft.partitions is None:
            wrong("[partitions] is missing: a disk has some")
        if bootable and not any(package.startswith("linux-image-") for package in draft.lists["packages"]):
            wrong("packages: an image that boots needs a kernel (linux-image-…)")
        if bootable and draft.architectures != ("amd64",):
            wrong('architectures must be ["amd64"]: images that boot are not supported for others yet')
