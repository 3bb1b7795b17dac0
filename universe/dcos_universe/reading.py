"""Reads the folder of a package revision: five files, of which only ``package.json`` is required.

Folders are not trusted: only plain files are opened, and size and depth are limited. `load` collects every fault with
its file and place, for `check`; `read` raises the first.
"""

from __future__ import annotations

import base64
import errno
import hashlib
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from dcos_universe.errors import UniverseError
from dcos_universe.model import Json, Revision
from dcos_universe.parsing import Fault, beyond_ascii, parse
from dcos_universe.schema_walk import pointer

PACKAGE, CONFIG, RESOURCE, COMMAND = "package.json", "config.json", "resource.json", "command.json"
TEMPLATE = "marathon.json.mustache"
FILES = (PACKAGE, CONFIG, RESOURCE, TEMPLATE, COMMAND)
"""The files of the format."""
DIGESTS = "digests.json"
"""Our own file: the digests of a revision's artifacts that its publisher knows (`artifacts`). In no repository file."""

MAX_BYTES = 1 << 20
"""Bytes of one file; the largest of Mesosphere's Universe has an eighth of it."""
MAX_ENTRIES = 1000
"""Names in one folder of a revision."""
MAX_RELEASE = 2**63 - 1


@dataclass(slots=True)
class Files:
    """The files in the folder of a revision, as bytes."""

    folder: Path
    content: dict[str, bytes] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    """Names that the format does not know, sorted; they are in no output."""
    faults: list[Fault] = field(default_factory=list)

    @property
    def digest(self) -> str:
        """The digest of all files that are read, and of the names of the others."""
        made = hashlib.sha256()
        for name in sorted(self.content):
            data = self.content[name]
            made.update(b"%s\0%d\0" % (name.encode(), len(data)))
            made.update(data)
        for name in self.unknown:
            made.update(b"?%s\0" % os.fsencode(name))
        for fault in self.faults:
            made.update(repr(fault).encode(errors="backslashreplace"))
        return made.hexdigest()


@dataclass(slots=True)
class Loaded:
    """The parsed files of a revision. A file that cannot be read is in ``faults`` and not in ``documents``."""

    folder: Path
    number: int
    documents: dict[str, Any]
    texts: dict[str, str]
    template: bytes
    unknown: list[str]
    faults: list[Fault]

    def entry(self) -> Json:
        """The object of a repository file, of the files that could be read."""
        made: Json = dict(self.documents.get(PACKAGE) or {})
        for key in ("releaseVersion", "resource", "marathon", "config", "command"):
            made.pop(key, None)
        made["releaseVersion"] = self.number
        if self.documents.get(RESOURCE):
            made["resource"] = self.documents[RESOURCE]
        if self.template:
            made["marathon"] = {"v2AppMustacheTemplate": base64.b64encode(self.template).decode()}
        if self.documents.get(CONFIG):
            made["config"] = self.documents[CONFIG]
        if self.documents.get(COMMAND):
            made["command"] = self.documents[COMMAND]
        return made


def read(folder: Path) -> Revision:
    """Raises `UniverseError` for the first fault, with its file and place."""
    return revision_of(load(gather(folder)))


def revision_of(loaded: Loaded) -> Revision:
    """The revision of these files. Raises `UniverseError` as `read` does."""
    folder = loaded.folder
    if loaded.faults:
        raise _error(folder, loaded.faults[0])
    reserved = sorted(RESERVED & set(loaded.documents[PACKAGE]))
    if reserved:
        fault = Fault("key", PACKAGE, (reserved[0],), f"{reserved[0]} has no place in it", "take the key away")
        raise _error(folder, fault)
    try:
        return Revision.of(loaded.entry())
    except UniverseError as fault:
        raise UniverseError(
            f"{folder / PACKAGE} does not name a revision", why=fault.why, hint="dcos-universe check lists all errors"
        ) from None


RESERVED = frozenset({"releaseVersion", "resource", "marathon", "config", "command"})
"""Keys of a repository's entry that do not come from package.json."""


def _error(folder: Path, fault: Fault) -> UniverseError:
    where = f" at {pointer(fault.path)}" if fault.path else ""
    place = folder / fault.file if fault.file else folder
    return UniverseError(f"{place} is wrong{where}", why=fault.what, hint=fault.remedy)


# --- the folders of revisions ----------------------------------------------------------------------------------------

_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")
_NAME = re.compile(r"[a-z][a-z0-9-]*[a-z0-9]")


def packages(root: Path) -> Path:
    """The folder ``packages`` of a repository, given as that folder or its parent.

    Raises `UniverseError` if there is none.
    """
    for place in (root / "packages", root / "repo" / "packages", root):
        if place.is_dir() and (place != root or root.resolve().name == "packages"):
            if place.is_symlink() and place != root:
                raise UniverseError(f"{place} is a link", why="links are not followed", hint="name the folder itself")
            return place
    raise UniverseError(
        f"there is no repository in {root}",
        why="it has no folder packages" if root.is_dir() else "it is no folder",
        hint="name the folder that holds packages/LETTER/NAME/REVISION/",
    )


def revisions(root: Path) -> Iterator[Path]:
    """The folders of the revisions of a repository: by name, then by number.

    Raises `UniverseError` for anything else there: a link, a wrong letter, a folder that is not a number.
    """
    found, faults, _ = layout(packages(root))
    if faults:
        raise _error(packages(root), faults[0])
    yield from (Path(one.path) for one in found)


class RevisionFolder(NamedTuple):
    """Sorted by the package's name, then by number."""

    name: str
    number: int
    path: str


def layout(folder: Path) -> tuple[list[RevisionFolder], list[Fault], list[str]]:
    """Reads ``packages``: the folders of revisions, the faults (``file`` relative to that folder), and stray files."""
    found: list[RevisionFolder] = []
    top = str(folder)
    faults: list[Fault] = []
    stray: list[str] = []
    homes: dict[str, str] = {}
    for letter in _folders(top, "", faults, stray):
        if not re.fullmatch("[A-Z]", letter):
            faults.append(
                Fault(
                    "letter", letter, (), "it is not a capital letter", "packages lie in packages/LETTER/NAME/REVISION"
                )
            )
            continue
        for name in _folders(f"{top}/{letter}", letter, faults, stray):
            place = f"{letter}/{name}"
            if not _NAME.fullmatch(name):
                what = f"{name!r} is no name of a package"
                faults.append(Fault("name", place, (), what, "small letters, digits and dashes; a letter first"))
                continue
            if name in homes:
                what = f"the package lies in {homes[name]}, too"
                faults.append(Fault("duplicate", place, (), what, "keep one of the two folders"))
            elif name[0].upper() != letter:
                faults.append(
                    Fault("letter", place, (), f"it lies under {letter}", f"move it to {name[0].upper()}/{name}")
                )
            homes.setdefault(name, place)
            numbers = _folders(f"{top}/{place}", place, faults, stray)
            if not numbers:
                stray.append(f"{place}/")
            for number in numbers:
                if not _NUMBER.fullmatch(number) or int(number) > MAX_RELEASE:
                    what = f"{number!r} is no number of a revision"
                    remedy = "a revision is 0, 1, 2, … without leading zeros"
                    faults.append(Fault("revision", f"{place}/{number}", (), what, remedy))
                    continue
                found.append(RevisionFolder(name, int(number), f"{top}/{place}/{number}"))
    found.sort()
    return found, faults, stray


def _folders(folder: str, below: str, faults: list[Fault], stray: list[str]) -> list[str]:
    """The names of the folders in a folder, sorted. The rest is added to the faults, or to the strays if it is
    harmless.
    """
    names = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                place = f"{below}/{entry.name}" if below else entry.name
                if entry.is_symlink():
                    faults.append(Fault("link", place, (), "it is a link", "put the folder itself there"))
                elif entry.is_dir(follow_symlinks=False):
                    names.append(entry.name)
                elif entry.is_file(follow_symlinks=False):
                    if entry.name != "README.md" and not entry.name.startswith("."):
                        stray.append(place)
                else:
                    faults.append(Fault("device", place, (), "it is neither a file nor a folder", "take it away"))
    except OSError as fault:
        faults.append(Fault("unreadable", below, (), f"it cannot be read: {fault.strerror}", "see to its rights"))
    return sorted(name for name in names if not name.startswith("."))


# --- bytes -----------------------------------------------------------------------------------------------------------


def look(folder: Path | str) -> tuple[bytes, int]:
    """The attributes of a revision's files without opening one: the result changes whenever a file is written.

    Also returns the time of the last change. A second write within one tick of the file system's clock leaves no trace,
    so the result must not be trusted if that time is as late as the reading itself.
    """
    seen, newest = [], 0
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                at = entry.stat(follow_symlinks=False)
                newest = max(newest, at.st_mtime_ns, at.st_ctime_ns)
                seen.append(f"{entry.name}\0{at.st_ino} {at.st_mode} {at.st_size} {at.st_mtime_ns} {at.st_ctime_ns}")
    except OSError as fault:
        seen.append(str(fault))
    return hashlib.blake2b(
        "\0\0".join(sorted(seen)).encode("utf-8", "surrogateescape"), digest_size=16
    ).digest(), newest


def gather(folder: Path) -> Files:
    """Reads the files, within limits, without following links or waiting."""
    files = Files(folder)
    try:
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as fault:
        link = fault.errno in (errno.ELOOP, errno.ENOTDIR) and folder.is_symlink()
        what = "it is a link" if link else f"it cannot be read as a folder: {fault.strerror}"
        files.faults.append(Fault("link" if link else "unreadable", "", (), what, "put the folder itself there"))
        return files
    try:
        with os.scandir(opened) as entries:
            names = [entry.name for entry in entries]
        if len(names) > MAX_ENTRIES:
            what = f"it has more than {MAX_ENTRIES} files"
            files.faults.append(Fault("huge", "", (), what, f"a revision has the files {', '.join(FILES)}"))
            return files
        for name in sorted(names):
            if name in _KNOWN:
                _take(files, opened, name)
            else:
                _note(files, opened, name)
    except OSError as fault:
        files.faults.append(Fault("unreadable", "", (), f"it cannot be read: {fault.strerror}", "see to its rights"))
    finally:
        os.close(opened)
    return files


_KNOWN = frozenset({*FILES, DIGESTS})


def _take(files: Files, folder: int, name: str) -> None:
    def refuse(rule: str, what: str, remedy: str) -> None:
        files.faults.append(Fault(rule, name, (), what, remedy))

    try:
        opened = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY, dir_fd=folder)
    except OSError as fault:
        if fault.errno == errno.ELOOP:
            refuse("link", "it is a link", "put the file itself there")
        elif fault.errno == errno.ENXIO:
            refuse("device", "it is a socket or a device, not a file", "put a plain file there")
        else:
            refuse("unreadable", f"it cannot be read: {fault.strerror}", "see to its rights")
        return
    try:
        status = os.fstat(opened)
        if not stat.S_ISREG(status.st_mode):
            refuse("device", f"it is {_kind(status.st_mode)}, not a file", "put a plain file there")
            return
        if status.st_size > MAX_BYTES:
            refuse("huge", f"it has {status.st_size} bytes; {MAX_BYTES} are allowed", "make it smaller")
            return
        data = os.read(opened, status.st_size + 1)
        while len(data) <= MAX_BYTES and (more := os.read(opened, MAX_BYTES + 1 - len(data))):
            data += more
        if len(data) > MAX_BYTES:
            refuse("huge", f"it has more than {MAX_BYTES} bytes", "make it smaller")
            return
        files.content[name] = data
    except OSError as fault:
        refuse("unreadable", f"it cannot be read: {fault.strerror}", "see to its rights")
    finally:
        os.close(opened)


def _note(files: Files, folder: int, name: str) -> None:
    """Handles a name that the format does not know: harmless if it is a file or a folder, and never opened."""
    mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
    if stat.S_ISLNK(mode):
        files.faults.append(Fault("link", _printable(name), (), "it is a link", "take it away"))
    elif not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        what = f"it is {_kind(mode)}, not a file"
        files.faults.append(Fault("device", _printable(name), (), what, "take it away"))
    files.unknown.append(_printable(name))


def _printable(name: str) -> str:
    return name.encode("ascii", "backslashreplace").decode()


def _kind(mode: int) -> str:
    for test, word in (
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    ):
        if test(mode):
            return word
    return "something else"


# --- content ---------------------------------------------------------------------------------------------------------


def load(files: Files) -> Loaded:
    """The parsed files, and all their faults."""
    faults = list(files.faults)
    documents: dict[str, Any] = {}
    texts: dict[str, str] = {}
    broken = {fault.file for fault in faults}
    number = files.folder.name
    if not _NUMBER.fullmatch(number) or int(number) > MAX_RELEASE:
        what = f"{_printable(number)!r} is no number of a revision"
        faults.append(Fault("revision", "", (), what, "a revision is 0, 1, 2, … without leading zeros"))
        number = "0"
    for name in (PACKAGE, CONFIG, RESOURCE, COMMAND, DIGESTS):
        data = files.content.get(name)
        if data is not None:
            faults.extend(_parsed(name, data, documents, texts))
    if documents.get(PACKAGE) == []:
        # For the other files an empty list counts as none.
        del documents[PACKAGE], texts[PACKAGE]
        faults.append(Fault("type", PACKAGE, (), "it is a list, not an object", "put an object there"))
    if PACKAGE not in files.content and PACKAGE not in broken and "" not in broken:
        faults.append(Fault("missing-file", PACKAGE, (), "it is not there", "every revision has a package.json"))
    template = files.content.get(TEMPLATE, b"")
    faults.extend(beyond_ascii(TEMPLATE, template))
    return Loaded(files.folder, int(number), documents, texts, template, files.unknown, faults)


_last: dict[str, tuple[bytes, list[Fault], Any, str]] = {}
"""The last parsed file of each name: revisions of a package often have the file of the one before."""


def _parsed(name: str, data: bytes, documents: dict[str, Any], texts: dict[str, str]) -> list[Fault]:
    """Like `parse`. Documents of the same bytes are shared: copy them before you change anything."""
    last = _last.get(name)
    if last is not None and last[0] == data:
        _, faults, document, text = last
        if not faults:
            documents[name], texts[name] = document, text
        return faults
    faults = parse(name, data, documents, texts)
    _last[name] = data, faults, documents.get(name), texts.get(name, "")
    return faults
