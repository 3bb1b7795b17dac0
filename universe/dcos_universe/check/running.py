"""Runs a check over a source: revisions one by one, on all cores if there are many, then all of them together."""

from __future__ import annotations

import gc
import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec

from dcos_universe.check.across import check_across, check_states
from dcos_universe.check.cache import CheckCache, Known
from dcos_universe.check.findings import CountedFindings, Finding, Report
from dcos_universe.check.revision import Facts, check_loaded, check_revision
from dcos_universe.parsing import Fault
from dcos_universe.reading import Loaded, RevisionFolder, gather, layout, load, look, packages

MANY = 150
"""The number of revisions from which a second process takes less time than its start."""
_SHARE = 25
"""Revisions in one unit of work of a process."""

Progress = Callable[[int, int], None]


class Beside(Protocol):
    """Makes a further result of each checked revision, while its bytes are in memory."""

    @property
    def version(self) -> str:
        """The version of the result."""

    def make(self, loaded: Loaded) -> tuple[bytes, list[bytes | None]]:
        """The result for a revision without errors: a small part that is cached, and a part that is not."""


@dataclass(frozen=True)
class Revisions:
    """The results of a check for each revision of a source, in order. ``made``: the further results of those that were
    read (`Beside`), by their folder. ``new``: those that were not in the cache.
    """

    folders: Sequence[RevisionFolder]
    known: Sequence[Known]
    new: frozenset[str]
    made: dict[str, list[bytes | None]]


def check(
    root: Path, *, cache: Path | None = None, jobs: int | None = None, progress: Progress | None = None
) -> Report:
    """Checks the folder, which is a source of packages or one revision. ``progress`` gets the checked and the total
    number.

    Raises `UniverseError` only if there is no source at all.
    """
    if (root / "package.json").is_file() and not (root / "packages").is_dir():
        return _one(root)
    return check_source(packages(root), cache=cache, jobs=jobs, progress=progress)[0]


def check_source(
    folder: Path,
    *,
    cache: Path | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
    beside: Beside | None = None,
) -> tuple[Report, Revisions]:
    """Checks the folder ``packages`` of a source."""
    found, faults, stray = layout(folder)
    findings = [_of_layout(fault) for fault in faults]
    for place in stray:
        what = "it belongs to no package" if not place.endswith("/") else "the package has no revisions"
        findings.append(_of_layout(Fault("unknown-file", place.rstrip("/"), (), what, "take it away")))
    revisions = _checked(found, CheckCache(cache, beside.version if beside else ""), jobs, progress, beside)
    by_name: dict[str, list[tuple[int, str, Facts | None]]] = {}
    counts: list[tuple[str, CountedFindings]] = []
    below = len(str(folder)) + 1
    for one, known in zip(found, revisions.known, strict=True):
        place = f"packages/{one.path[below:]}"
        by_name.setdefault(one.name, []).append((one.number, place, known.facts))
        if known.findings.content:
            counts.append((place, known.findings))
    findings.extend(check_across(by_name))
    findings.extend(check_states(folder.parent, by_name))
    if findings:
        counts.append(("", CountedFindings.of(findings)))
    return Report(tuple(counts), len(by_name), len(found), len(revisions.new)), revisions


def _of_layout(fault: Fault) -> Finding:
    place = f"packages/{fault.file}" if fault.file else "packages"
    return Finding(place.encode("ascii", "backslashreplace").decode(), fault.path, fault.rule, fault.what, fault.remedy)


def _one(folder: Path) -> Report:
    """The folder of a revision, which may be anywhere: its name has a meaning only in a repository."""
    folder = folder.resolve()
    checked = check_revision(folder)
    anywhere = len(folder.parents) < 4 or folder.parents[2].name != "packages"
    findings = [one for one in checked.findings if not (anywhere and _is_of_names(one))]
    return Report((("", CountedFindings.of(findings)),), 1, 1, 1)


def _is_of_names(finding: Finding) -> bool:
    return (finding.file == "" and finding.rule == "revision") or (finding.rule == "name" and finding.path == ("name",))


def _checked(
    found: list[RevisionFolder],
    cache: CheckCache,
    jobs: int | None,
    progress: Progress | None,
    beside: Beside | None,
) -> Revisions:
    results: dict[str, Known] = {}
    looks: dict[str, tuple[bytes, int]] = {}
    for one in found:
        seen, newest = look(one.path)
        known = cache.same(one.path, seen)
        if known is None:
            looks[one.path] = seen, newest
        else:
            results[one.path] = known
    new = set()
    made: dict[str, list[bytes | None]] = {}
    jobs = (jobs or os.cpu_count() or 1) if len(looks) >= MANY else 1
    for path, result in _run(list(looks), _Work(cache, beside), jobs):
        known = result.known or cache.known(path, result.digest)
        assert known is not None
        if result.known is not None:
            new.add(path)
            made[path] = result.made
        cache.put(path, *looks[path], known)
        results[path] = known
        if progress is not None:
            progress(len(results), len(found))
    cache.write()
    return Revisions(found, [results[one.path] for one in found], frozenset(new), made)


class _Result(msgspec.Struct, array_like=True):
    """``known`` is None if these bytes were known before."""

    digest: str
    known: Known | None = None
    made: list[bytes | None] = []


_RESULTS = msgspec.msgpack.Decoder(list[_Result])


@dataclass(frozen=True)
class _Work:
    cache: CheckCache
    beside: Beside | None

    def one(self, path: str) -> _Result:
        files = gather(Path(path))
        digest = files.digest
        if self.cache.known(path, digest) is not None:
            return _Result(digest)
        loaded = load(files)
        checked = check_loaded(loaded)
        counts = CountedFindings.of(checked.findings)
        kept, made = self.beside.make(loaded) if self.beside is not None and not counts.errors else (b"", [])
        return _Result(digest, Known(digest, counts, checked.facts, kept), made)


def _run(paths: list[str], work: _Work, jobs: int) -> Iterator[tuple[str, _Result]]:
    left = deque(paths)
    # A process forked beside threads may inherit a lock that nobody releases.
    if jobs > 1 and threading.active_count() == 1:
        shares = [paths[at : at + _SHARE] for at in range(0, len(paths), _SHARE)]
        # It starts with the modules that this one has loaded, and with the cache.
        forked = multiprocessing.get_context("fork")
        try:
            with ProcessPoolExecutor(jobs, mp_context=forked, initializer=_begin, initargs=(work,)) as pool:
                for results in pool.map(_work_all, shares):
                    for result in _RESULTS.decode(results):
                        yield left.popleft(), result
        except BrokenProcessPool:
            # One of the processes was killed; the remaining revisions are checked here.
            pass
    while left:
        path = left.popleft()
        yield path, work.one(path)


_inherited: _Work | None = None


def _begin(work: _Work) -> None:
    global _inherited
    _inherited = work
    # The objects at the start are excluded from garbage collection, which would copy their pages.
    gc.freeze()


def _work_all(paths: list[str]) -> bytes:
    """The results as one byte string, which passes through the pipe without conversion."""
    assert _inherited is not None
    return msgspec.msgpack.encode([_inherited.one(path) for path in paths])
