"""Package repositories: what a build of as many revisions as Universe had costs, and what clients fetch of a change."""

from __future__ import annotations

import http.client
import json
import shutil
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import zstandard

from dcos_universe.building.builder import Built, build
from dcos_universe.check.revision import check_revision
from dcos_universe.index import fetching
from dcos_universe.index.files import COMPARED, numbers
from tests.bench.figures import Bench, Measured, at_most, figure
from tests.support.universe import synthetic
from tests.support.universe.costly import costly
from tests.support.universe.publisher import Publisher
from tests.support.universe.serving import serving
from tests.support.universe.trees import edit

HOW = f"building.build() of a source of {synthetic.REVISIONS} revisions from a seed"
UPSTREAM = "Universe's own generator takes 22 to 26 s for its 1,235 revisions, JSON files alone"


@dataclass
class Source:
    folder: Path
    revisions: list[Path]
    turn: int = 0

    def change(self) -> Path:
        """Changes one package, and waits until its files are old enough to go by their times."""
        self.turn += 1
        one = self.revisions[self.turn * 397 % len(self.revisions)]
        edit(one, description=f"change {self.turn}")
        time.sleep(0.2)
        return one


@contextmanager
def _source(bench: Bench) -> Iterator[Source]:
    folder = bench.place("universe")
    yield Source(folder, synthetic.write(folder))


def _whole(bench: Bench) -> list[Built]:
    """Builds from nothing, with all there is."""
    source = bench.shared(_source)
    return [build(source.folder, bench.place("tree") / "out") for _ in bench.times(3)]


@contextmanager
def _builds(bench: Bench) -> Iterator[list[Built]]:
    yield _whole(bench)


@figure(
    "universe.build",
    "check and JSON files of 1,200 revisions, from nothing",
    unit="s",
    how=HOW,
    aim=at_most(2.0),
)
def build_json(bench: Bench) -> Measured:
    builds = bench.shared(_builds)
    return Measured([made.seconds["check"] + made.seconds["files"] for made in builds], note=UPSTREAM)


@figure("universe.compression", "gzip and zstd twins of all files, from nothing", unit="s", how=HOW)
def compression(bench: Bench) -> Measured:
    return Measured([made.seconds["compression"] for made in bench.shared(_builds)])


@figure("universe.site", "the catalogue, from nothing", unit="s", how=HOW)
def catalogue(bench: Bench) -> Measured:
    return Measured([made.seconds["site"] for made in bench.shared(_builds)])


@figure(
    "universe.check.worst",
    "CPU time of checking the package that costs most of those that were made to cost much",
    unit="s",
    how="check_revision() of each package of tests/support/universe/costly.py; the worst of them is the sample",
    aim=at_most(1.0),
)
def worst(bench: Bench) -> Measured:
    samples, slowest = [], ""
    for _ in bench.times(1):
        worst = 0.0
        for name, make in costly():
            place = make().write(bench.place("costly"))
            before = time.process_time()
            check_revision(place)
            if (taken := time.process_time() - before) > worst:
                worst, slowest = taken, name
            shutil.rmtree(place)
        samples.append(worst)
    return Measured(samples, note=f"that is {slowest!r}")


@figure(
    "universe.change",
    "check and JSON files after a change of one package",
    unit="s",
    how=f"{HOW}, again after a change of one",
    aim=at_most(0.2),
)
def one_change(bench: Bench) -> Measured:
    source = bench.shared(_source)
    out = bench.place("change") / "out"
    samples = []
    for _ in range(2):
        build(source.folder, out, with_site=False, with_twins=False)
        time.sleep(0.2)
    for _ in bench.times(7):
        source.change()
        made = build(source.folder, out, with_site=False, with_twins=False)
        samples.append(made.seconds["check"] + made.seconds["files"] + made.seconds["switch"])
    return Measured(samples)


@figure(
    "universe.delta",
    "what a client fetches of a change beyond the changed revision, without signatures, of the whole index",
    unit="%",
    how="head and step of repo-up-to-2.0, zstd, less the revision's own entry, over the index' own twin",
    aim=at_most(1.0),
)
def delta(bench: Bench) -> Measured:
    source = bench.shared(_source)
    out = bench.place("delta") / "out"
    build(source.folder, out, with_site=False)
    samples = []
    for _ in bench.times(3):
        while not _offered(source.change()):
            pass
        build(source.folder, out, with_site=False)
        head = out / "delta" / "repo-up-to-2.0.json"
        step = out / json.loads(head.read_bytes())["steps"][-1]["file"]
        fetched = sum(Path(f"{path}.zst").stat().st_size for path in (head, step))
        samples.append(100 * (fetched - _own(out)) / _index(out))
    return Measured(samples)


def _own(out: Path) -> int:
    """The changed entry itself, packed."""
    head = json.loads((out / "delta" / "repo-up-to-2.0.json").read_bytes())
    put = json.dumps(json.loads((out / head["steps"][-1]["file"]).read_bytes())["put"]).encode()
    return len(zstandard.ZstdCompressor(level=3).compress(put))


def _index(out: Path) -> int:
    return Path(f"{out / 'repo-up-to-2.0.json'}.zst").stat().st_size


class _Counting:
    """A `Fetch` that counts the bytes of bodies as they come, packed."""

    def __init__(self) -> None:
        self.bytes = 0

    def __call__(self, url: str, max_length: int, headers: Mapping[str, str] = {}) -> fetching.FetchedResponse:
        parts = urllib.parse.urlsplit(url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        try:
            connection.request("GET", parts.path, headers={"Accept-Encoding": "gzip", **headers})
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        answer_headers = {name.lower(): value for name, value in answer.headers.items()}
        if answer.status == 200:
            self.bytes += len(body)
        if answer_headers.get("content-encoding") == "gzip":
            body = fetching.gunzip(body, url, max_length)
        return fetching.FetchedResponse(answer.status, answer_headers, body)


@figure(
    "universe.delta.signed",
    "what a client that holds the repository to its root fetches of a change beyond the changed revision, of the whole"
    " index",
    unit="%",
    how="bodies as `dcos-universe serve` sends them, timestamp, snapshot and bins among them, less the revision's own"
    " entry, over the index' own twin",
    aim=at_most(1.0),
)
def signed_delta(bench: Bench) -> Measured:
    source, publisher, counted = bench.shared(_source), Publisher(bench.place("signed")), _Counting()
    publisher.source = source.folder
    publisher.begin()
    publisher.build()
    publisher.sign()
    samples = []
    with serving(publisher.out) as server:
        client = publisher.client(f"http://127.0.0.1:{server.port}", fetch=counted)
        client.refresh()
        first = counted.bytes
        for turn in bench.times(3):
            while not _offered(source.change()):
                pass
            publisher.build()
            publisher.sign(now=publisher.now + timedelta(seconds=turn + 1))
            counted.bytes = 0
            client.refresh()
            samples.append(100 * (counted.bytes - _own(publisher.out)) / _index(publisher.out))
    return Measured(samples, note=f"the first time {first} bytes")


def _offered(revision: Path) -> bool:
    """Whether the newest release can have it."""
    package = json.loads((revision / "package.json").read_bytes())
    return numbers(package.get("minDcosReleaseVersion", "0.0")) <= COMPARED["2.0"]
