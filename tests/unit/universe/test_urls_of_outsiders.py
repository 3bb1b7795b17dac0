"""A malformed URL in a definition or on a command line is refused with the reason, wherever it is met."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from dcos_universe.authoring import conversion
from dcos_universe.check.resources import check_resource
from dcos_universe.errors import UniverseError
from dcos_universe.index.client import folder_and_index
from dcos_universe.index.fetching import Unreachable, fetch
from dcos_universe.mirror.downloading import BlobStore, Download, download

BAD = ["http://[/b", "http://[::g]/b", "http://::1]/b", "http://a:b/", "http://a:99999/", "http://:80/", "http://a..b/"]


@pytest.mark.parametrize("url", BAD)
def test_the_checker_reports_it(url: str) -> None:
    resource = {"assets": {"uris": {"x": url}}, "images": {"icon-small": url}}
    found = [one for one in check_resource(resource, "4.0") if one.rule == "url"]
    assert {one.path for one in found} == {("assets", "uris", "x"), ("images", "icon-small")}


@pytest.mark.parametrize("url", BAD)
def test_a_repository_there_is_refused(url: str) -> None:
    with pytest.raises(UniverseError, match="no address of a repository"):
        folder_and_index(url)


@pytest.mark.parametrize("url", BAD)
def test_it_is_not_fetched(url: str) -> None:
    with pytest.raises(Unreachable):
        fetch(url, 10)


@pytest.mark.parametrize("url", [*BAD, "http://℀/b"])
def test_a_converted_app_keeps_it_and_a_note_says_why(url: str) -> None:
    app: dict[str, Any] = {"id": "/web", "cmd": "true", "fetch": [{"uri": url}]}
    made = conversion.convert(app, "web", version="1.0", maintainer="a@example.org", description="Web")
    assert any(url in note and "it cannot be a resource" in note for note in made.notes)


@pytest.mark.parametrize("url", BAD)
def test_it_is_not_downloaded(url: str, tmp_path: Path) -> None:
    with pytest.raises(UniverseError) as failed:
        asyncio.run(download([Download(url)], BlobStore(tmp_path)))
    assert f"{url} is not downloaded" in f"{failed.value}"
