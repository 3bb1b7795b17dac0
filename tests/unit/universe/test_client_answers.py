"""The client says what a repository's server answered, and takes no failure for a file that is not there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from dcos_universe.index.client import Client
from dcos_universe.index.fetching import FetchedResponse
from dcos_universe.index.trusted import DENIED, FAILED, MISSING, REMEDIES, RepositoryRefused, reason_of
from dcos_universe.mirror import sources
from tests.support.universe.publisher import Publisher

NOTHING: Mapping[str, str] = MappingProxyType({})
URL = "http://198.18.0.9/repo"
STATUSES = {204: FAILED, 301: FAILED, 401: DENIED, 403: DENIED, 404: MISSING, 410: MISSING, 418: FAILED, 500: FAILED}
STATUSES |= {502: FAILED, 503: FAILED}


@pytest.mark.parametrize("status", STATUSES)
def test_an_answer_that_is_none_is_named(tmp_path: Path, status: int) -> None:
    def fetch(url: str, max_length: int, headers: Mapping[str, str] = NOTHING) -> FetchedResponse:
        return FetchedResponse(status, {}, b"")

    publisher = Publisher(tmp_path / "publisher")
    publisher.begin()
    for root in (None, publisher.root):
        client = Client(URL, root=root, state=tmp_path / f"state-{root is None}", fetch=fetch)
        with pytest.raises(RepositoryRefused) as caught:
            client.refresh()
        assert caught.value.reason == reason_of(status) == STATUSES[status]
        assert f"is answered with {status}" in caught.value.why
        assert caught.value.hint == REMEDIES[caught.value.reason]


@pytest.mark.parametrize("status", STATUSES)
def test_digests_are_not_there_only_where_a_server_says_so(tmp_path: Path, status: int) -> None:
    def fetch(url: str, max_length: int, headers: Mapping[str, str] = NOTHING) -> FetchedResponse:
        return FetchedResponse(status, {}, b"")

    client = Client(URL, state=tmp_path / "state", fetch=fetch)
    if status in (403, 404, 410):
        assert client.artifacts("demo") is None
    else:
        with pytest.raises(RepositoryRefused, match="cannot be fetched"):
            client.artifacts("demo")


@pytest.mark.parametrize("status", STATUSES)
def test_a_server_that_fails_does_not_hide_from_a_mirror_what_is_withdrawn(
    tmp_path: Path, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetch(url: str, max_length: int, headers: Mapping[str, str] = NOTHING) -> FetchedResponse:
        whole = url.endswith("/universe.json")
        return FetchedResponse(200 if whole else status, {}, json.dumps({"packages": []}).encode() if whole else b"")

    monkeypatch.setattr("dcos_universe.index.fetching.fetch", fetch)
    if STATUSES[status] == MISSING:
        assert sources.read("http://198.18.0.9", root=None, state=tmp_path).revisions == []
    else:
        with pytest.raises(RepositoryRefused):
            sources.read("http://198.18.0.9", root=None, state=tmp_path)


def test_a_number_that_nobody_reads_is_no_reason_to_refuse_the_other_entries(tmp_path: Path) -> None:
    def fetch(url: str, max_length: int, headers: Mapping[str, str] = NOTHING) -> FetchedResponse:
        body = b'{"packages": [{"name": "a", "releaseVersion": %s}, {"name": "b", "releaseVersion": 1}]}' % (
            b"9" * 5000
        )
        return FetchedResponse(404 if "delta" in url else 200, {}, body)

    client = Client(URL, state=tmp_path / "state", fetch=fetch)
    for _ in range(2):  # the second time of what is kept
        assert [one["name"] for one in client.refresh()["packages"]] == ["b", "a"]
