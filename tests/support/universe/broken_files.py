"""Packages with unreadable or misplaced files, one error in each."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.support.universe.sources import FOLDER, NAME, NUMBER, Broken, good, write

# --- every file of JSON ----------------------------------------------------------------------------------------------

_DEEP = b'{"a":' * 200 + b"1" + b"}" * 200


def documents() -> Iterator[Broken]:
    for name in ("package.json", "config.json", "resource.json", "command.json"):
        for case, data, rule, path in (
            ("empty", b"", "json", ()),
            ("half", b'{"a": ', "json", ()),
            ("with a comma too much", b'{"a": 1,}', "json", ()),
            ("with a comment", b'{} // "a"', "json", ()),
            ("in UTF-8", '{"a": "\u00e9"}'.encode(), "ascii", ()),
            ("in UTF-16", '{"a": 1}'.encode("utf-16"), "ascii", ()),
            ("in UTF-16 without a mark", '{"a": 1}'.encode("utf-16-le"), "json", ()),
            ("with a byte order mark", b"\xef\xbb\xbf{}", "ascii", ()),
            ("with zeros", b"\0\0\0", "json", ()),
            ("with NaN", b'{"a": {"b": NaN}}', "number", ("a", "b")),
            ("with Infinity", b'{"a": [0, -Infinity]}', "number", ("a", 1)),
            ("with 1e999", b'{"a": 1e999}', "number", ("a",)),
            ("with a number beyond 64 bits", b'{"a": 123456789012345678901234567890}', "number", ("a",)),
            ("with half a character", b'{"a": "\\ud83d"}', "surrogate", ("a",)),
            ("too deep", _DEEP, "depth", ()),
            ("much too deep", b"[" * 15_000, "depth", ()),
            ("a list", b"[1]", "type", ()),
            *([("an empty list", b"[]", "type", ())] if name == "package.json" else []),
            ("null", b"null", "type", ()),
        ):
            source = good("2.0" if name == "command.json" else "4.0")
            source.files[name] = data
            yield Broken(f"{name} {case}", source, rule, f"{FOLDER}/{name}", path)


# --- missing and invalid files ---------------------------------------------------------------------------------------


def _link(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to("/etc/passwd")


def _away(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to("nowhere")


def _pipe(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def _socket(path: Path) -> None:
    path.unlink(missing_ok=True)
    before = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(before)


def _folder(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.mkdir()


def _huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


def _gone(path: Path) -> None:
    path.unlink()


def files() -> Iterator[Broken]:
    def case(name: str, word: str, rule: str, change: Callable[[Path], None]) -> Broken:
        source = good("2.0" if name == "command.json" else "4.0")
        source.after = lambda root: change(root / FOLDER / name)
        return Broken(f"{name} {word}", source, rule, f"{FOLDER}/{name}")

    for name in ("package.json", "config.json", "resource.json", "command.json", "marathon.json.mustache", "README"):
        yield case(name, "is a link", "link", _link)
        yield case(name, "is a link to nowhere", "link", _away)
        yield case(name, "is a pipe", "device", _pipe)
        yield case(name, "is a socket", "device", _socket)
        if name != "README":
            yield case(name, "is a folder", "device", _folder)
            yield case(name, "is huge", "huge", _huge)
    yield case("package.json", "is not there", "missing-file", _gone)


# --- where packages lie ----------------------------------------------------------------------------------------------


def places() -> Iterator[Broken]:
    def case(name: str, rule: str, place: str, change: Callable[[Path], None]) -> Broken:
        source = good()
        source.after = lambda root: change(root / "packages")
        return Broken(name, source, rule, place)

    def move(to: str) -> Callable[[Path], None]:
        def change(packages: Path) -> None:
            (packages / to).parent.mkdir(parents=True, exist_ok=True)
            (packages / "D" / NAME).rename(packages / to)

        return change

    def renumber(to: str) -> Callable[[Path], None]:
        return lambda packages: _rename(packages / "D" / NAME / str(NUMBER), packages / "D" / NAME / to)

    yield case("the wrong letter", "letter", "packages/E/demo", move("E/demo"))
    yield case("a small letter", "letter", "packages/d", move("d/demo"))
    yield case("two letters", "letter", "packages/DE", move("DE/demo"))
    yield case("no letter", "letter", "packages/demo", lambda packages: _rename(packages / "D", packages / "demo"))
    for number in ("03", "-3", "3.0", "v3", "3 ", "9" * 30):
        yield case(f"the revision {number!r}", "revision", f"packages/D/demo/{number}", renumber(number))
    yield _duplicate()
    yield case("a revision is a link", "link", "packages/D/demo/4", lambda p: _to(p / "D/demo/4", p / "D/demo/3"))
    yield case("a package is a link", "link", "packages/D/other", lambda p: _to(p / "D/other", p / "D/demo"))
    yield case("a package is a link out", "link", "packages/D/other", lambda p: _to(p / "D/other", Path("/etc")))
    yield case("a letter is a link", "link", "packages/E", lambda p: _to(p / "E", p / "D"))
    yield case("a pipe beside packages", "device", "packages/pipe", lambda p: os.mkfifo(p / "pipe"))
    yield case("a bad name of a folder", "name", "packages/D/Demo", lambda p: (p / "D/Demo/0").mkdir(parents=True))
    for text in ("{", '{"format": 2}', "[]", '{"format": 1, "packages": {"demo": {"3": {"yanked": 3}}}}'):
        source = good()
        source.after = lambda root, text=text: write(root / "state.json", text)
        yield Broken(f"state.json {text}", source, "state", "state.json")


def _duplicate() -> Broken:
    source = good()

    def change(root: Path) -> None:
        good().write(root, f"packages/E/{NAME}/{NUMBER + 1}")

    source.after = change
    return Broken("a package under two letters", source, "duplicate", f"packages/E/{NAME}")


def _rename(before: Path, after: Path) -> None:
    before.rename(after)


def _to(place: Path, target: Path) -> None:
    place.symlink_to(target)
