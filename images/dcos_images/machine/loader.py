"""What systemd-boot makes of the entries of two slots, and how an entry is written.

Runs here and, sent as source, on machines: Python 3.9 or newer, standard library only.
The rules are the loader's (Boot Loader Specification, type 1; Automatic Boot Assessment).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

SLOTS = ("a", "b")
ENTRIES = "loader/entries"
"""Below the ESP."""
_NAME = re.compile(r"(?P<slot>[^+]+?)(\+(?P<left>\d+)(-(?P<done>\d+))?)?\.conf")


def other(slot: str) -> str:
    return SLOTS[1 - SLOTS.index(slot)]


@dataclass(frozen=True)
class Entry:
    """One entry. ``left``: how often it may still be tried; None: it is not counted, because it was good."""

    name: str
    slot: str
    left: int | None
    done: int
    version: int
    image: str
    """The SHA-256 of the root that lies in its slot; empty: unknown."""

    @property
    def good(self) -> bool:
        return self.left is None


def read_entries(texts: Mapping[str, str]) -> list[Entry]:
    """The entries of slots among the files of loader/entries, by name and text; others' are not ours to touch."""
    found = []
    for name, text in sorted(texts.items()):
        match = _NAME.fullmatch(name)
        if match is None or match["slot"] not in SLOTS:
            continue
        fields = dict(line.strip().partition(" ")[::2] for line in text.splitlines())
        options = dict(word.partition("=")[::2] for word in fields.get("options", "").split())
        version = fields.get("version", "").strip()
        found.append(
            Entry(
                name,
                match["slot"],
                None if match["left"] is None else int(match["left"]),
                int(match["done"] or 0),
                int(version) if version.isdecimal() else 0,
                options.get("dcos.image", ""),
            )
        )
    return found


def started(entries: Iterable[Entry]) -> Entry | None:
    """The entry that systemd-boot starts: of those with tries left the newest; else the newest without."""
    ordered = sorted(entries, key=lambda one: (one.left != 0, one.version, one.slot), reverse=True)
    return ordered[0] if ordered else None


def entry_text(slot: str, root: str, arguments: Iterable[str], *, image: str, version: int) -> str:
    """How systemd-boot starts what lies in a slot. ``root``: the identity of its partition; ``image``: its SHA-256."""
    options = [f"root=PARTUUID={root}", "rootfstype=erofs", "ro", f"dcos.image={image}", *arguments]
    return (
        f"title dcos ({slot})\nsort-key dcos\nversion {version}\nlinux /{slot}/vmlinuz\ninitrd /{slot}/initrd\n"
        f"options {' '.join(options)}\n"
    )
