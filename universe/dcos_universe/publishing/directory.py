"""Publishing to a directory, here or through ssh: ``trees/<when>-<digest>/``, and ``current``, a link that one rename
switches."""

from __future__ import annotations

import contextlib
import hashlib
import io
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, cast

from dcos_runtime.counting import counted
from dcos_universe.errors import UniverseError, explained_faults
from dcos_universe.publishing import publication, signatures
from dcos_universe.publishing.publication import Item, PublishedTree, Record
from dcos_universe.publishing.shells import Ended, Shell

TREES = 3
"""Trees that stay for going back by hand, the current one among them."""

_GOES_ON = 1 << 20
"""The least part of a file, in bytes, that the next run continues instead of sending the file again."""
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Published:
    """What came of it. ``changed`` false: the place had this very tree. ``sent``: bytes that were brought."""

    changed: bool
    tree: str
    files: int
    sent: int
    linked: int


class Progress:
    """What a publisher is told meanwhile; this one says nothing."""

    def begin(self, what: str, total: int) -> None: ...

    def done(self, amount: int) -> None: ...


def publish(tree: PublishedTree, shell: Shell, *, keep: int, progress: Progress, new_root: bool = False) -> Published:
    """Brings the tree to the place and makes it the current one. Whenever it ends, however, readers have the old tree
    or the new one, whole. ``new_root``: also over a tree of another root. Raises `UniverseError`."""
    signatures.verify(tree)
    with shell.alone(publication.this_publisher()) as lock:
        before = _record(shell)
        if before is not None and before.digest == tree.digest:
            return Published(False, _current(shell), len(tree.items), 0, 0)
        other = signatures.refuse_rollback(tree, lambda path: _current_file(shell, path), new_root=new_root)
        after = publication.following(tree, before, keep, new_root=other)
        incoming = tree.digest[:32]
        had = _arrived(shell, incoming, before)
        wanted = {**{path: item for path, (item, _) in after.kept.items()}, **tree.items}
        missing = [item for path, item in sorted(wanted.items()) if had.get(path) != item]
        if lost := [item.path for item in missing if item.path not in tree.items]:
            # What was kept is not there any more: nobody has it, and nobody can bring it.
            after = Record(
                after.digest, after.by, after.at, after.own, {p: k for p, k in after.kept.items() if p not in set(lost)}
            )
            missing = [item for item in missing if item.path in tree.items]
        _remove(shell, incoming, [path for path in had if path not in wanted])
        sent = _bring(shell, incoming, tree.root, missing, had, progress)
        _hold_to(shell, incoming, missing)
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{tree.digest[:12]}"  # one tree may take turns with another fast
        note(shell, name, after)
        lock.switch(incoming, name)
        _prune(shell)
    return Published(True, name, len(wanted), sent, len(wanted) - len(missing))


def note(shell: Shell, name: str, what: Record) -> None:
    """Writes the record of a tree that is not current yet: whole, or not under its name. What a killed run left of one
    the next `Shell.alone` removes."""
    script = (
        'cat >"records/$1.new"; sync "records/$1.new"; mv -T -- "records/$1.new" "records/$1.json"; sync -f records'
    )
    shell.run(script, name, feed=[what.encoded()])


def _record(shell: Shell) -> Record | None:
    """What is known of the current tree: beside it, because it is not signed and readers do not need it."""
    name = _current(shell)
    if not name:
        return None
    content = shell.run('[ ! -e "records/$1.json" ] || cat "records/$1.json"', name)
    if not content:
        raise UniverseError(
            f"{shell.where}/current is not what dcos-universe publish made",
            why=f"there is no records/{name}.json beside it",
            hint="publish to a new folder, and have the web server read current in it",
        )
    return publication.record(content, f"{shell.where}/records/{name}.json")


def _current_file(shell: Shell, path: str) -> bytes | None:
    """The content of a file of the current tree; None if it is not there, or empty."""
    return shell.run('[ ! -e "current/$1" ] || cat -- "current/$1"', path) or None


def _current(shell: Shell) -> str:
    """The name of the tree that readers get; empty when there is none."""
    target = shell.run("[ ! -e current ] && [ ! -L current ] || readlink current || basename current")
    return target.decode().strip().removeprefix("trees/")


def _arrived(shell: Shell, incoming: str, before: Record | None) -> dict[str, Item]:
    """What is in the incoming folder, of a run that was interrupted, or else links to all that is current: files of a
    tree are never written to, only replaced."""
    if shell.run('[ ! -d "incoming/$1" ] || printf there', incoming):
        return _looked_at(shell, incoming)
    # The remains of other runs are not needed any more: this one holds the lock.
    shell.run("find incoming -mindepth 1 -maxdepth 1 -exec rm -rf {} +")
    if before is None:
        shell.run('mkdir -- "incoming/$1"', incoming)
        return {}
    shell.run('cp -al -- "$(readlink current)" "incoming/$1"', incoming)
    return {**{path: item for path, (item, _) in before.kept.items()}, **before.own}


def _looked_at(shell: Shell, incoming: str) -> dict[str, Item]:
    listing = shell.run('cd "incoming/$1"; find . -type f -printf "%s %P\\0"', incoming)
    sizes = {}
    for line in listing.decode().split("\0"):
        size, _, path = line.partition(" ")
        if path:
            sizes[path] = int(size)
    digests = _digests(shell, incoming, sizes)
    return {path: Item(path, size, digests[path]) for path, size in sizes.items() if path in digests}


def _digests(shell: Shell, incoming: str, paths: Iterable[str]) -> dict[str, str]:
    """Of these files, as they lie there now."""
    listed = [f"./{path}\0".encode() for path in paths]
    listing = shell.run('cd "incoming/$1"; xargs -0 -r sha256sum -z --', incoming, feed=listed)
    found = {}
    for line in listing.decode().split("\0"):
        digest, _, path = line.partition("  ")
        if path:
            found[path.removeprefix("./")] = digest
    return found


def _remove(shell: Shell, incoming: str, paths: Iterable[str]) -> None:
    listed = [f"./{path}\0".encode() for path in paths]
    if listed:
        shell.run('cd "incoming/$1"; xargs -0 -r rm -f --', incoming, feed=listed)
        shell.run('cd "incoming/$1"; find . -mindepth 1 -type d -empty -delete', incoming)


def _bring(
    shell: Shell, incoming: str, root: Path, missing: list[Item], had: Mapping[str, Item], progress: Progress
) -> int:
    progress.begin(f"uploading {counted(len(missing), 'file')}", sum(item.size for item in missing))
    sent, whole = 0, []
    alone = _unshared(shell, incoming, [i.path for i in missing if i.path in had and had[i.path].size >= _GOES_ON])
    for item in missing:
        part = had.get(item.path)
        if item.path in alone and part is not None and part.size < item.size and _begins(root / item.path, part):
            sent += _append(shell, incoming, root, item, part.size, progress)
        else:
            whole.append(item)
    if whole:
        sent += _unpack(shell, incoming, root, whole, progress)
    return sent


def _unshared(shell: Shell, incoming: str, paths: list[str]) -> set[str]:
    """Those that no other tree has as well: only such a one may be written on in its middle."""
    if not paths:
        return set()
    unshared = shell.run('cd "incoming/$1"; find . -type f -links 1 -printf "%P\\0"', incoming).decode().split("\0")
    return set(paths) & set(unshared)


def _begins(path: Path, part: Item) -> bool:
    digest = hashlib.sha256()
    left = part.size
    with path.open("rb") as file:
        while left and (block := file.read(min(_BLOCK, left))):
            digest.update(block)
            left -= len(block)
    return digest.hexdigest() == part.sha256


def _append(shell: Shell, incoming: str, root: Path, item: Item, at: int, progress: Progress) -> int:
    def rest() -> Iterator[bytes]:
        with (root / item.path).open("rb") as file:
            file.seek(at)
            while block := file.read(_BLOCK):
                progress.done(len(block))
                yield block

    progress.done(at)
    with _readable(root):
        shell.run('cat >>"incoming/$1/$2"', incoming, item.path, feed=rest())
    return item.size - at


# tar does not say why it wrote only a part of a file; head does.
_UNPACK = r"""
cd "incoming/$1"
tar -x --unlink-first --no-same-owner --no-same-permissions || {
    code=$?
    head -c 65536 /dev/zero >.written || :
    rm -f .written
    exit "$code"
}
"""


def _unpack(shell: Shell, incoming: str, root: Path, items: list[Item], progress: Progress) -> int:
    sent = 0
    with shell.pipe(_UNPACK, incoming) as running, _readable(root):
        with (
            contextlib.suppress(Ended),
            tarfile.open(
                fileobj=cast("IO[bytes]", running), mode="w|", format=tarfile.PAX_FORMAT, bufsize=1 << 18
            ) as archive,
        ):
            for item in items:
                path = root / item.path
                entry = tarfile.TarInfo(f"./{item.path}")
                entry.size, entry.mode, entry.mtime = item.size, 0o644, path.stat().st_mtime
                with path.open("rb") as file:
                    archive.addfile(entry, cast("io.BytesIO", _Counted(file, progress.done)))
                sent += item.size
        shell.finish(running)
    return sent


def _readable(root: Path) -> contextlib.AbstractContextManager[None]:
    return explained_faults(f"{root} cannot be read", "build it again, and publish again")


class _Counted:
    """A file that reports how much of it was read."""

    def __init__(self, file: io.BufferedReader, progress: Callable[[int], None]) -> None:
        self._file = file
        self._progress = progress

    def read(self, size: int = -1) -> bytes:
        block = self._file.read(size)
        self._progress(len(block))
        return block


def _hold_to(shell: Shell, incoming: str, items: list[Item]) -> None:
    """Raises `UniverseError` unless what was brought is what was to be brought."""
    found = _digests(shell, incoming, [item.path for item in items])
    wrong = [item.path for item in items if found.get(item.path) != item.sha256]
    if wrong:
        _remove(shell, incoming, wrong)
        raise UniverseError(
            f"{counted(len(wrong), 'file')} arrived at {shell.where} with other content than sent, such as {wrong[0]}",
            why="the tree was changed in between, or connection or disk are faulty; readers still have the old tree",
            hint="publish again: these are uploaded again",
        )


def _prune(shell: Shell) -> None:
    """Removes old trees, except the last few."""
    current = _current(shell)
    names = shell.run('find trees -mindepth 1 -maxdepth 1 -printf "%f\\n"').decode().split()
    for name in sorted(one for one in names if one != current)[: -(TREES - 1)]:
        names.remove(name)
        shell.run('rm -rf -- "trees/$1"', name)
    kept = {current, *names}
    records = shell.run('find records -mindepth 1 -maxdepth 1 -name "*.json" -printf "%f\\n"').decode().split()
    for record in records:
        if record.removesuffix(".json") not in kept:
            shell.run('rm -f -- "records/$1"', record)
