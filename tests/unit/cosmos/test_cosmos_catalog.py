"""What the repositories have together: priority, versions, searching, ways up and down."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dcos_runtime.cosmos.core.catalog import Catalog, Reading, _matches
from dcos_runtime.cosmos.core.errors import CosmosError
from dcos_runtime.cosmos.refresher import judged
from tests.support.cosmos.packages import CONTENT_HASH, entry, read


def _catalog(*repositories: Sequence[object]) -> Catalog:
    return Catalog([read(f"r{place}", f"http://r{place}.test/repo", one) for place, one in enumerate(repositories)])


def test_the_first_repository_comes_before_the_others() -> None:
    catalog = _catalog(
        [entry("a", "1", 5, description="first")],
        [entry("a", "1", 9, description="second"), entry("a", "2", 10), entry("b", "1", 0)],
    )
    assert catalog.package("a").version == "1"
    assert catalog.package("a", "1").entry["description"] == "first"
    assert catalog.package("a", "2").source == "http://r1.test/repo"
    assert [kept.version for kept in catalog.versions("a")] == ["1", "2"]
    assert catalog.package("b").source == "http://r1.test/repo"


def test_the_newest_is_the_highest_revision_and_the_same_version_twice_is_the_newer() -> None:
    catalog = _catalog([entry("a", "9", 1), entry("a", "10", 3), entry("a", "9", 2, description="again")])
    assert catalog.package("a").version == "10"
    assert catalog.package("a", "9").entry["description"] == "again"
    (found,) = catalog.search("a")
    assert found["versions"] == {"10": "3", "9": "2"}
    assert found["currentVersion"] == "10"


def test_what_is_not_there() -> None:
    catalog = _catalog([entry("a", "1", 0)])
    with pytest.raises(CosmosError) as caught:
        catalog.package("b")
    assert (caught.value.type, caught.value.data) == ("PackageNotFound", {"packageName": "b"})
    with pytest.raises(CosmosError) as caught:
        catalog.package("a", "2")
    assert (caught.value.type, caught.value.data) == ("VersionNotFound", {"packageName": "a", "packageVersion": "2"})


def test_what_the_refresher_refuses_is_left_out_and_told() -> None:
    reading = Reading("r", "http://r.test")
    wrong: list[object] = [5, {"name": "x"}, entry("aa", tags="x"), entry("bb", resource=[]), entry("cc"), entry("cc")]
    for line in judged(wrong):
        reading.take(line)
    repository = reading.done()
    assert [kept.name for kept in repository.packages] == ["cc"]
    assert [text.partition(": ")[0] for text in repository.left_out] == [
        "/packages/0",
        "/packages/1 (x)",
        "/packages/2 (aa 1.0)",
        "/packages/3 (bb 1.0)",
        "/packages/5 (cc 1.0)",
    ]
    assert "/tags" in repository.left_out[2] and "same name and number" in repository.left_out[4]


SEARCHED = [
    entry("kafka", "1", 0, tags=["broker"], description="A log"),
    entry("kafka-manager", "1", 0, tags=["tool"], description="Manages brokers"),
    entry("akafka", "1", 0, tags=[], description="Other"),
    entry("spark", "1", 0, tags=["Kafka", "batch"], description="Engine", selected=True),
    entry("zeppelin", "1", 0, tags=[], description="Reads KAFKA topics"),
    entry("hdfs", "1", 0, tags=["files"], description="Files", selected=True),
]


def test_what_fits_best_comes_first() -> None:
    catalog = _catalog(SEARCHED)

    def names(query: str | None) -> list[str]:
        return [one["name"] for one in catalog.search(query)]

    assert names("kafka") == ["kafka", "kafka-manager", "akafka", "spark", "zeppelin"]
    assert names("KAFKA") == names("kafka")
    assert names("manager") == ["kafka-manager"]
    assert names(None) == ["hdfs", "spark", "akafka", "kafka", "kafka-manager", "zeppelin"]
    assert names("*") == names(None) == names("")
    assert names("kaf*") == ["spark", "kafka", "kafka-manager"]
    assert names("*kafka") == ["spark", "akafka", "kafka"]
    assert names("k*f*r") == ["kafka-manager"]
    assert names("nothing") == names("no*thing") == []
    assert names("[a-z]+") == []


@given(st.text("ab*", max_size=8), st.text("ab", max_size=8))
@settings(deadline=None)
def test_wildcards_mean_anything(pattern: str, text: str) -> None:
    pattern += "*"
    regex = ".*".join(map(re.escape, pattern.split("*")))
    assert _matches(pattern.split("*"), text) == bool(re.fullmatch(regex, text))


def test_a_nasty_wildcard_takes_no_time() -> None:
    catalog = _catalog([entry("a" * 60, "1", 0, description="a" * 5000)])
    began = time.process_time()
    assert catalog.search("*a" * 400 + "b") == []
    assert time.process_time() - began < 5
    with pytest.raises(CosmosError):
        catalog.search("x" * 5000)


def test_ways_up_and_down() -> None:
    entries = [
        entry("a", "1", 0, upgradesFrom=[], downgradesTo=[]),
        entry("a", "2", 1, upgradesFrom=["1"], downgradesTo=["1"]),
        entry("a", "3", 2, upgradesFrom=["*"], downgradesTo=["2"]),
    ]
    catalog = _catalog(entries)
    assert catalog.upgrades("a", "1") == ["3", "2"]
    assert catalog.upgrades("a", "3") == []
    assert catalog.downgrades(entries[2]) == ["2"]
    assert catalog.downgrades(entries[0]) == []


def test_only_named_urls_are_known() -> None:
    resource = {
        "assets": {"uris": {"a": "http://x.test/a%2B1.tgz", "empty": ""}, "container": {"docker": {"i": "x/y:1"}}},
        "images": {"icon-small": "http://x.test/i.png", "screenshots": ["http://x.test/s.png"]},
        "cli": {
            "binaries": {"linux": {"x86-64": {"kind": "zip", "url": "http://x.test/cli", "contentHash": CONTENT_HASH}}}
        },
    }
    catalog = _catalog([entry("a", "1", 0, resource=resource)])
    for url in ("a%2B1.tgz", "i.png", "s.png", "cli"):
        assert catalog.names_url(f"http://x.test/{url}")
        assert catalog.package_of_url(f"http://x.test/{url}") == "a"
    for url in ("x/y:1", "", "http://x.test/a+1.tgz", "http://x.test/"):
        assert not catalog.names_url(url)
    assert json.loads(catalog.package("a").text)["resource"] == resource
