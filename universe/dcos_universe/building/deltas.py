"""The heads of a tree's deltas and their steps, continued from the previous tree."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import msgspec

from dcos_universe.index.delta import FORMAT, STEPS, Key, changed, rows_digest
from dcos_universe.index.files import encode

_LARGEST_HEAD = 1 << 20
_LARGEST_INDEX = 1 << 30


class Step(msgspec.Struct, frozen=True):
    """The way from one index to a newer one, as a head lists it. ``bytes``: the size of its file, not compressed."""

    from_: str = msgspec.field(name="from")
    to: str
    file: str
    bytes: int
    sha256: str


class Head(msgspec.Struct, frozen=True):
    """``bytes``: the size of the whole index, not compressed. A client whose steps would be as large fetches that."""

    format: int
    index: str
    digest: str
    bytes: int
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True)
class Kept:
    """A step with the bytes of its file."""

    step: Step
    content: bytes


class _Named(msgspec.Struct):
    name: str
    number: int = msgspec.field(name="releaseVersion")


class _Index(msgspec.Struct):
    packages: list[msgspec.Raw]


def head_file(index: str) -> str:
    return f"delta/{index}.json"


@dataclass(frozen=True)
class Before:
    """The digest of an index in the previous tree, and the steps that lead to it."""

    digest: str
    steps: tuple[Kept, ...]


def read_before(tree: Path, index: str) -> Before | None:
    """What the tree's head says of that index; None if there is no usable head."""
    try:
        head = msgspec.json.decode(_small(tree / head_file(index), _LARGEST_HEAD), type=Head)
    except (OSError, msgspec.DecodeError, ValueError):
        return None
    if head.format != FORMAT or head.index != index:
        return None
    return Before(head.digest, tuple(_read_steps(tree, head)))


def _read_steps(tree: Path, head: Head) -> list[Kept]:
    """The newest steps of the head, back to the first whose file is missing or damaged."""
    found: list[Kept] = []
    leads_to = head.digest
    for step in reversed(head.steps):
        if step.to != leads_to or step.file != _step_file(head.index, step.from_):
            break
        try:
            content = _small(tree / step.file, head.bytes)
        except (OSError, ValueError):
            break
        if len(content) != step.bytes or sha256(content).hexdigest() != step.sha256:
            break
        found.append(Kept(step, content))
        leads_to = step.from_
    return found[::-1]


def read_rows(tree: Path, index: str, digest: str) -> dict[Key, str] | None:
    """The digests of an index's entries, made from the file: entries are hashed as they stand, and of each only name
    and number are decoded. None if the file is not the index of that digest.
    """
    try:
        entries = msgspec.json.decode(_small(tree / f"{index}.json", _LARGEST_INDEX), type=_Index).packages
        named = [msgspec.json.decode(entry, type=_Named) for entry in entries]
    except (OSError, msgspec.DecodeError, ValueError):
        return None
    rows = {(one.name, one.number): sha256(entry).hexdigest() for one, entry in zip(named, entries, strict=True)}
    return rows if rows_digest(rows.values()) == digest else None


def _small(path: Path, largest: int) -> bytes:
    with path.open("rb") as file:
        content = file.read(largest + 1)
    if len(content) > largest:
        raise ValueError(f"{path} is larger than {largest} bytes")
    return content


def _step_file(index: str, start: str) -> str:
    return f"delta/{index}/{start}.json"


def step(
    index: str,
    ends: tuple[str, str],
    before: Mapping[Key, str],
    after: Mapping[Key, str],
    fetch: Callable[[Key], bytes],
) -> Kept:
    """The step between the indexes with the two digests ``ends``. ``before`` and ``after`` are the digests of their
    entries; those of packages that are the same in both may be left out."""
    gone = [list(key) for key in sorted(before.keys() - after.keys())]
    beginning = encode({"format": FORMAT, "index": index, "from": ends[0], "to": ends[1], "remove": gone})
    put = b", ".join(fetch(key) for key in changed(before, after))
    content = beginning[:-1] + b', "put": [' + put + b"]}"
    return Kept(Step(ends[0], ends[1], _step_file(index, ends[0]), len(content), sha256(content).hexdigest()), content)


def head(index: str, digest: str, size: int, steps: Sequence[Kept]) -> tuple[Head, list[Kept]]:
    """The head of an index of ``size`` bytes, and those of ``steps`` that it lists.

    It lists only so many of the newest that they are smaller together than the index. Steps that return to an index are
    cut: the list begins after the loop.
    """
    taken: list[Kept] = []
    left, starts = size, {digest}
    for kept in reversed(steps[-STEPS:]):
        left -= kept.step.bytes
        if left <= 0 or kept.step.from_ in starts:
            break
        starts.add(kept.step.from_)
        taken.append(kept)
    taken.reverse()
    return Head(FORMAT, index, digest, size, tuple(kept.step for kept in taken)), taken


def head_bytes(head: Head) -> bytes:
    return encode(msgspec.to_builtins(head))
