"""What the package manager costs with a repository as large as Universe's."""

from __future__ import annotations

import contextlib
import http.client
import json
import statistics
import time
import urllib.parse
from collections.abc import Iterator
from typing import Any

from dcos_universe import reading
from tests.bench.daemons import megabytes
from tests.bench.figures import Bench, Measured, at_most, figure
from tests.support.cosmos.client import media
from tests.support.cosmos.cluster import Packaged, packaged
from tests.support.cosmos.packages import entry
from tests.support.daemons.byhand import ask, wait_for
from tests.support.universe import synthetic

REQUESTS = 1000
HOW = f"{REQUESTS} requests over one connection to dcos-cosmos by hand, 1,200 synthetic revisions"
QUERIES = ("kafka", "a", "data*", "", "*", "hello-world", "the", "zzz")


@contextlib.contextmanager
def large(bench: Bench) -> Iterator[Packaged]:
    place = bench.place("packages")
    synthetic.write(place)
    entries: list[dict[str, Any]] = [
        reading.read(one).entry for one in reading.revisions(reading.packages(place).parent)
    ]
    with packaged(bench.place("cosmos"), *entries, entry("hello-world", "9.9", 99_999)) as one:
        wait_for(lambda: one.client.package("describe", {"packageName": "hello-world"}, 3).status == 200, 120)
        yield one


def _times(made: Packaged, path: str, name: str, version: int, bodies: list[dict[str, Any]]) -> list[float]:
    """Milliseconds of each request."""
    parts = urllib.parse.urlsplit(made.cosmos.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    headers = {"Content-Type": media(f"{name}-request"), "Accept": media(f"{name}-response", version)}
    found = []
    for number in range(REQUESTS):
        began = time.perf_counter()
        connection.request("POST", path, json.dumps(bodies[number % len(bodies)]), headers)
        response = connection.getresponse()
        response.read()
        found.append((time.perf_counter() - began) * 1000)
        assert response.status == 200
    connection.close()
    return found


@figure("cosmos.search", "a search, 99th percentile", unit="ms", how=HOW, aim=at_most(20))
def search(bench: Bench) -> Measured:
    made = bench.shared(large)
    samples, middle = [], 0.0
    for _ in bench.times(3):
        times = _times(made, "/package/search", "package.search", 1, [{"query": query} for query in QUERIES])
        samples.append(statistics.quantiles(times, n=100)[98])
        middle = statistics.median(times)
    return Measured(samples, note=f"median {middle:.2f} ms")


@figure("cosmos.describe", "describing a revision, 99th percentile", unit="ms", how=HOW, aim=at_most(10))
def describe(bench: Bench) -> Measured:
    made = bench.shared(large)
    names = [one["name"] for one in made.client.package("search", {}).body["packages"]]
    samples, middle = [], 0.0
    for _ in bench.times(3):
        bodies = [{"packageName": name} for name in names]
        times = _times(made, "/package/describe", "package.describe", 3, bodies)
        samples.append(statistics.quantiles(times, n=100)[98])
        middle = statistics.median(times)
    return Measured(samples, note=f"median {middle:.2f} ms")


@figure(
    "cosmos.install",
    "hello-world, from the request to TASK_RUNNING",
    unit="s",
    how="POST /package/install, then the init's tasks every 0.1 s",
    aim=at_most(3),
)
def install(bench: Bench) -> Measured:
    made = bench.shared(large)
    samples = []
    for _ in bench.times(3):
        began = time.perf_counter()
        assert made.client.install("hello-world", packageVersion="9.9").status == 200
        wait_for(lambda: made.cluster.running("hello-world"), 60)
        samples.append(time.perf_counter() - began)
        assert made.client.uninstall("hello-world").status == 200
        wait_for(lambda: ask(f"{made.cluster.marathon.url}/v2/deployments")[1] == [], 60)
    return Measured(samples)


@figure("cosmos.memory", "a package manager that leads", unit="MB", how=f"Rss after {HOW}", aim=at_most(120))
def memory(bench: Bench) -> Measured:
    made = bench.shared(large)
    _times(made, "/package/search", "package.search", 1, [{}])
    process = made.cosmos.process
    assert process is not None
    return Measured([megabytes(process.pid, "Rss")], note=f"proportional (PSS) {megabytes(process.pid):.0f} MB")
