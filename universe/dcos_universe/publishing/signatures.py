"""The signatures of a tree that is to be published: whether they hold, and whether readers of what is published there
would take them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from dcos_universe.errors import UniverseError
from dcos_universe.index.fetching import FetchedResponse, fetch
from dcos_universe.index.trusted import EXPIRED_ROOT, FROZEN, METADATA, RepositoryRefused
from dcos_universe.publishing.publication import PublishedTree
from dcos_universe.trust import verifying

Read = Callable[[str], bytes | None]
"""Returns the content of a tree's file, None if it does not have it."""

_ROOT = re.compile(rf"{METADATA}/([1-9][0-9]{{0,8}})\.root\.json", re.ASCII)
_AGAIN = "sign it again: dcos-universe sign"
_HINTS: Mapping[str, str] = {
    FROZEN: _AGAIN,
    EXPIRED_ROOT: "make the next root (dcos-universe root rotate), have its holders sign it, then dcos-universe sign",
}
_OLDER_COPY = (
    "take signed.json of the last publisher into the root's folder, remove metadata/ of the tree, and "
    "sign it again: dcos-universe sign"
)


def verify(tree: PublishedTree, *, now: datetime | None = None) -> None:
    """Verifies a tree that has metadata as a client with its first root would, and every file of it by the digests
    that are known: readers with the root will take what is published. Nothing but metadata and lists of artifacts is
    read. Raises `UniverseError`."""
    if not any(path.startswith(f"{METADATA}/") for path in tree.items):
        return
    what = f"the signatures of {tree.root} do not hold: it is not published"
    roots = _roots(tree)
    if not roots:
        raise UniverseError(what, why=f"there is no {METADATA}/1.root.json in it", hint=_AGAIN)
    first = roots[min(roots)]
    digests = {path: (item.sha256, item.size) for path, item in tree.items.items()}
    try:
        found = verifying.verify(
            str(tree.root), first, now=now or datetime.now(UTC), ask=_unchanged(tree), digests=digests
        )
        if found.unsigned:
            raise verifying.refused(found)
    except RepositoryRefused as error:
        raise UniverseError(what, why=error.why, hint=_HINTS.get(error.reason, _AGAIN)) from error


def _unchanged(tree: PublishedTree) -> Callable[..., FetchedResponse]:
    """Fetches files of the tree, and holds them to the digests that are published."""
    base = f"{tree.root.absolute().as_uri()}/"

    def ask(url: str, max_length: int, headers: Mapping[str, str] = {}) -> FetchedResponse:
        response = fetch(url, max_length, headers)
        name = unquote(url.removeprefix(base))
        known = tree.items.get(name)
        if response.status == 200 and (known is None or hashlib.sha256(response.body).hexdigest() != known.sha256):
            raise UniverseError(
                f"{tree.root} changed while it was read",
                why=f"{name} is another file now",
                hint="publish again when nothing else writes there",
            )
        return response

    return ask


def _roots(tree: PublishedTree) -> dict[int, bytes]:
    found = (_ROOT.fullmatch(path) for path in tree.items)
    return {int(name[1]): (tree.root / name[0]).read_bytes() for name in found if name}


def refuse_rollback(tree: PublishedTree, published: Read, *, new_root: bool = False) -> bool:
    """Raises `UniverseError` when readers who trust signatures would refuse or not see the new tree: its root is
    another than the published one, some of its metadata is older, or another of the same version, as from a publisher
    who does not know of the last one.

    ``new_root``: the publisher wants another root there. Returns whether it is another.
    """

    def own(path: str) -> bytes | None:
        return (tree.root / path).read_bytes() if path in tree.items else None

    before, after = _signed(published), _signed(own)
    roots = _roots(tree)
    last, other = _compared(roots, published, signed=bool(before))
    if after and other:
        if new_root:
            return True
        raise UniverseError(
            "the published repository has another root than this tree",
            why=f"{other}: it is another repository, or its root is a new one, and readers who were "
            "given the published root would refuse this tree",
            hint="publish to another place; or, if its readers get the new root from you by a way to be trusted, "
            "publish with --new-root",
        )
    if not before:
        return False
    if not after:
        raise UniverseError(
            "the published repository is signed, and this tree is not",
            why="readers with its root would no longer find signatures",
            hint="sign it: dcos-universe sign",
        )
    before["root"], after["root"] = (last, ""), (max(roots, default=0), "")
    for role, (version, digest) in before.items():
        new, made = after.get(role, (version, digest))
        if new < version:
            raise UniverseError(
                f"the tree's signatures are older ({role}: version {new}) than the published ones",
                why="readers that have seen those refuse to go back",
                hint=_OLDER_COPY,
            )
        if new == version and digest and made and made != digest:
            raise UniverseError(
                "the tree's signatures are others than the published ones of the same version",
                why=f"another publisher has signed {role}.json {version}, with other content",
                hint=_OLDER_COPY,
            )
    return False


def _compared(roots: Mapping[int, bytes], published: Read, *, signed: bool) -> tuple[int, str]:
    """The number of the last published root, and what makes the roots those of another repository, if anything."""
    number, last, shared = 1, 0, False
    while number <= max(roots, default=0) or last == number - 1:
        content = published(f"{METADATA}/{number}.root.json")
        if content is not None:
            last = number
            if number in roots:
                shared = True
                if _said(content) != _said(roots[number]):
                    return last, f"{METADATA}/{number}.root.json is not the same"
        number += 1
    return last, "" if shared or not signed else f"no {METADATA}/N.root.json is in both"


def _said(content: bytes) -> Any:
    """What metadata says, whichever key signed it."""
    try:
        return json.loads(content)["signed"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return content


def _signed(read: Read) -> dict[str, tuple[int, str]]:
    """Version and SHA-256 of each role's metadata in a tree; empty if it has none. What cannot be read is version 0."""
    content = read(f"{METADATA}/timestamp.json")
    if content is None:
        return {}
    found = {"timestamp": (_version(content), hashlib.sha256(content).hexdigest())}
    snapshot = _meta(content).get("snapshot.json", (0, ""))
    named = {"snapshot.json": snapshot, **_meta(read(f"{METADATA}/{snapshot[0]}.snapshot.json") or b"")}
    return found | {name.removesuffix(".json"): meta for name, meta in named.items()}


def _version(content: bytes) -> int:
    try:
        return int(json.loads(content)["signed"]["version"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return 0


def _meta(content: bytes) -> dict[str, tuple[int, str]]:
    try:
        named = json.loads(content)["signed"]["meta"]
        return {
            str(name): (int(meta["version"]), str(meta.get("hashes", {}).get("sha256", "")))
            for name, meta in named.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}
