"""`build`: from a folder of packages to the tree that is published (docs/universe.md has its layout)."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import msgspec

from dcos_runtime.counting import counted
from dcos_universe import check, reading, site, states
from dcos_universe.building import deltas
from dcos_universe.building.cache import ObjectCache, maker
from dcos_universe.building.digests import TreeDigests
from dcos_universe.building.placing import PLACE, Placed, Tree, entry_digests, index_digest, index_size, spliced
from dcos_universe.building.room import Room, room
from dcos_universe.building.sources import EntryMaker, gather
from dcos_universe.building.stage import Made, Stage
from dcos_universe.building.twins import Text, Twins
from dcos_universe.check.running import check_source
from dcos_universe.errors import UniverseError, explained_faults
from dcos_universe.index.delta import Key
from dcos_universe.index.files import EMPTY, INDEXES, RELEASES, content_type, index_name, joined
from dcos_universe.stock import Stock

CARRIED = ("metadata", "targets", "contents.json", "artifacts", "sbom", "blobs", "images")
"""What `sign` and `mirror` have made in the previous tree; a build takes it over."""

Progress = Callable[[str, int, int], None]
"""Gets the stage of the build, how many of its items are done, and how many it has."""

_RECORD = "tree"
_MADE_BY = (
    "dcos_universe.building.builder",
    "dcos_universe.building.deltas",
    "dcos_universe.building.placing",
    "dcos_universe.building.sources",
    "dcos_universe.building.stage",
    "dcos_universe.index.delta",
    "dcos_universe.index.files",
    "dcos_universe.model",
    "dcos_universe.reading",
)
"""The code that the files of a tree and its record follow from, besides pages and twins, which name their own."""


class BuildRefused(UniverseError):
    """The packages are not built; ``report`` says why, file by file."""

    def __init__(self, source: Path, report: check.Report, strict: bool) -> None:
        self.report = report
        errors, warnings = report.error_count, report.warning_count
        found = counted(errors, "error") + (f" and {counted(warnings, 'warning')}" if strict else "")
        super().__init__(
            f"{source} is not built", why=f"it has {found}", hint=f"correct what dcos-universe check {source} reports"
        )


@dataclass
class Built:
    """What a build made. ``seconds`` are by stage; ``written`` and ``kept`` are numbers of files."""

    out: Path
    channel: str
    packages: int
    revisions: int
    warnings: int
    read: int = 0
    written: int = 0
    kept: int = 0
    digests: dict[str, str] = field(default_factory=dict)
    steps: int = 0
    seconds: dict[str, float] = field(default_factory=dict)


class _Record(msgspec.Struct):
    """Of the tree at ``out``: what code made it, what each file was made of, the packages, and the digests of its
    indexes. A record of other code is not used: it may mean something else by the same form."""

    made_by: str
    files: dict[str, Made]
    packages: dict[str, Placed]
    digests: dict[str, str]


def build(
    source: Path,
    out: Path,
    *,
    channel: str | None = None,
    with_site: bool = True,
    with_twins: bool = True,
    strict: bool = False,
    title: str = "Packages",
    progress: Progress | None = None,
) -> Built:
    """Makes the tree of ``source``, the folder that holds ``packages/``, and puts it in ``out``'s place. Revisions of
    ``channel`` are in it, by default the most trusted one. ``strict``: warnings are refused, too.

    Raises `BuildRefused` when the check finds errors, and `UniverseError`; the tree at ``out`` then stays as it was.
    """
    packages = reading.packages(source).absolute()
    _refuse_nested(packages, out)
    with (
        explained_faults(f"{out} cannot be built", "look at the disk and at rights; the tree is as it was"),
        room(out) as place,
    ):
        return _Build(source, packages, place, strict, title, progress).run(channel, with_site, with_twins)


def _refuse_nested(source: Path, out: Path) -> None:
    packages, tree = source.resolve(), out.resolve()
    if packages.is_relative_to(tree) or tree.is_relative_to(packages):
        raise UniverseError(
            f"{out} cannot be built of {source}",
            why="the one holds the other",
            hint="name a folder elsewhere, build/repo say",
        )


def _record(cache: ObjectCache) -> _Record:
    """What the last build of this very code has noted; nothing else."""
    found = cache.read(_RECORD, _Record)
    made_by = maker(*_MADE_BY)
    return found if found is not None and found.made_by == made_by else _Record(made_by, {}, {}, {})


def _stands(stage: Stage, record: _Record, name: str) -> bool:
    """Whether that index in the previous tree is the one that the record names."""
    known = record.digests.get(name)
    return known is not None and stage.is_as_it_was(f"{name}.json") == known


def _place(stock: Stock, before: Placed | None) -> Placed:
    return before if before is not None and before.rows == stock.rows else Placed.of(stock.rows)


@dataclass
class _Build:
    source: Path
    packages: Path
    place: Room
    strict: bool
    title: str
    progress: Progress | None
    seconds: dict[str, float] = field(default_factory=dict)
    texts: list[Text] = field(default_factory=list)

    def run(self, channel: str | None, with_site: bool, with_twins: bool) -> Built:
        cache = ObjectCache(self.place.cache)
        with self._timed("check"):
            report, revisions = check_source(
                self.packages,
                cache=self.place.cache / "check",
                progress=self._progress("check"),
                beside=EntryMaker(),
            )
            if not report.ok(strict=self.strict):
                raise BuildRefused(self.source, report, self.strict)
        with self._timed("files"):
            said = states.read(self.packages.parent)
            channel = said.known(channel or said.channels[-1])
            record = _record(cache)
            digests = TreeDigests(self.place.cache)
            stage = Stage(self.place.stage, self.place.out, record.files, digests)
            before = Tree(self.place.out, record.packages, lambda name: _stands(stage, record, name))
            try:
                stocks = gather(revisions, said, channel, before)
            except BaseException:
                stage.close()
                self.place.clear()
                raise
            placed = {name: _place(stock, record.packages.get(name)) for name, stock in stocks.items()}
        made = Built(
            self.place.out,
            channel,
            len(placed),
            sum(len(one.rows) for one in placed.values()),
            report.warning_count,
            read=len({Path(path).parent for path in revisions.new}),
            seconds=self.seconds,
        )
        try:
            with self._timed("files"):
                files = _Files(stage, record, stocks, placed, made, self.texts)
                # After one change, a build mostly copies indexes, which Linux does; the rest goes on beside it.
                with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
                    written = files.indexes(pool)
                    files.fixed()
                    files.of_packages()
                    for one in written:
                        one.result()
            if with_site:
                with self._timed("site"):
                    for page in site.pages(stocks, said, title=self.title, channel=channel):
                        stage.put(page.name, page.of, page.make)
                        self.texts.append(Text(page.name, page.of))
            if with_twins:
                with self._timed("compression"):
                    Twins(stage, cache, stocks, placed, self._progress("compression")).make(self.texts)
            with self._timed("switch"):
                for name in CARRIED:
                    stage.carry(name)
                self.place.switch()
                made.written, made.kept = stage.written, stage.linked
                cache.write(_RECORD, _Record(maker(*_MADE_BY), stage.record, placed, made.digests))
        finally:
            stage.close()
            with self._timed("clearing"):
                self.place.clear()
                digests.close(whole=False)
        return made

    def _progress(self, stage: str) -> Callable[[int, int], None] | None:
        progress = self.progress
        return None if progress is None else lambda done, of: progress(stage, done, of)

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        started = time.perf_counter()
        if self.progress is not None:
            self.progress(stage, 0, 0)
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - started


@dataclass
class _Files:
    """The repository's JSON files in the stage."""

    stage: Stage
    record: _Record
    stocks: Mapping[str, Stock]
    placed: Mapping[str, Placed]
    made: Built
    texts: list[Text]

    def indexes(self, pool: Executor) -> list[Future[None]]:
        """Makes repository files, their content types, and their heads with steps. The repository files themselves are
        written by ``pool``; the futures are done when they are."""
        names = [*self.placed, *(name for name in self.record.packages if name not in self.placed)]
        other = {name for name in names if self.placed.get(name) != self.record.packages.get(name)}
        written = []
        for name, release in INDEXES.items():
            digest = index_digest(self.placed, release)
            self.made.digests[name] = digest
            self.texts.append(Text(f"{name}.json", digest, tuple(self.placed), name))
            if not self.stage.keep(f"{name}.json", digest):
                written.append(pool.submit(self._index, name, release, digest))
            self._kind(name, release)
            self._deltas(name, release, digest, other)
        return written

    def _index(self, name: str, release: str | None, digest: str) -> None:
        file = f"{name}.json"
        before = self.record.packages if _stands(self.stage, self.record, name) else {}
        self.stage.write(file, digest, spliced(name, before, self.placed, self._fetcher(release)))

    def _fetcher(self, release: str | None) -> Callable[[str, int], bytes]:
        return lambda package, number: self.stocks[package].piece(number).bytes_in(release)

    def _deltas(self, name: str, release: str | None, digest: str, other: set[str]) -> None:
        before = deltas.read_before(self.stage.before, name)
        steps = list(before.steps) if before is not None else []
        if before is not None and before.digest != digest:
            old: dict[Key, str] | None
            if self.record.digests.get(name) == before.digest:
                old = entry_digests(_only(self.record.packages, other), release)
                new = entry_digests(_only(self.placed, other), release)
            else:
                old = deltas.read_rows(self.stage.before, name, before.digest)
                new = entry_digests(self.placed, release)
            if old is None:
                # The index that lies there is not the one that its head names: steps that lead to that cannot be used.
                steps = []
            else:
                ends = before.digest, digest
                steps.append(deltas.step(name, ends, old, new, lambda key: self._fetcher(release)(*key)))
        head, listed = deltas.head(name, digest, index_size(self.placed, name), steps)
        self._text(deltas.head_file(name), deltas.head_bytes(head))
        for kept in listed:
            self._text(kept.step.file, kept.content)
        self.made.steps += len(listed)

    def fixed(self) -> None:
        """Makes the repository file without packages."""
        self._text(f"{EMPTY}.json", joined(()))
        self._kind(EMPTY, "1.8")

    def of_packages(self) -> None:
        """Makes a file for each package and release."""
        for release in RELEASES:
            index = index_name(release)
            place = PLACE[index]
            for package, placed in self.placed.items():
                chunk = placed.chunks[place]
                if chunk.size:
                    name = f"{release}/package/{package}.json"
                    self.texts.append(Text(name, chunk.digest, (package,), index))
                    if not self.stage.keep(name, chunk.digest):
                        self._package(name, package, index)

    def _package(self, name: str, package: str, index: str) -> None:
        """Makes a package's file: it is as an index would be that has this package only."""
        known = self.record.packages.get(package)
        made_of = self.stage.is_as_it_was(name)
        before = {package: known} if known is not None and made_of == known.chunks[PLACE[index]].digest else {}
        after = {package: self.placed[package]}
        parts = spliced(index, before, after, self._fetcher(INDEXES[index]))
        self.stage.write(name, after[package].chunks[PLACE[index]].digest, parts)

    def _kind(self, name: str, release: str | None) -> None:
        kind = content_type(release)
        self.stage.put(f"{name}.content_type", kind, kind.encode)

    def _text(self, name: str, content: bytes) -> None:
        of = sha256(content).hexdigest()
        self.stage.put(name, of, lambda: content)
        self.texts.append(Text(name, of))


def _only(packages: Mapping[str, Placed], names: set[str]) -> dict[str, Placed]:
    return {name: packages[name] for name in sorted(names) if name in packages}
