"""Bills of materials are valid CycloneDX, the same bytes each time; digests come from where they are told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from dcos_universe import artifacts, reading, sbom
from dcos_universe.artifacts import Digest
from dcos_universe.check.revision import check_revision
from dcos_universe.errors import UniverseError
from dcos_universe.model import Revision
from dcos_universe.trust.sidecars import known_of
from tests.support.universe.sample import SAMPLE, needs_sample
from tests.support.universe.sources import FOLDER, good


def revision(**entry: Any) -> Revision:
    about = {
        "packagingVersion": "3.0",
        "name": "web",
        "version": "1.0",
        "releaseVersion": 3,
        "description": "d",
        "tags": [],
    }
    return Revision.of({**about, "maintainer": "somebody@example.com", **entry})


@needs_sample
def test_the_whole_sample_has_valid_bills_of_materials() -> None:
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    count = 0
    for folder in reading.revisions(SAMPLE):
        one = reading.read(folder)
        content = sbom.bom(one, artifacts.of(one))
        assert validator.validate_str(content.decode()) is None, folder
        assert content == sbom.bom(one, artifacts.of(one))
        count += 1
    assert count == 49


def test_serial_number_and_time_follow_from_what_it_is_of() -> None:
    def of(one: Revision, known: dict[str, Digest] | None = None) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(sbom.bom(one, artifacts.of(one, known)))
        return found

    resource = {"assets": {"uris": {"app": "http://198.18.0.9/app.tgz"}}}
    first = of(revision(resource=resource, lastUpdated=1557751702))
    assert first["metadata"]["timestamp"] == "2019-05-13T12:48:22+00:00"
    assert first["serialNumber"] == of(revision(resource=resource, lastUpdated=1557751702))["serialNumber"]
    assert of(revision())["metadata"]["timestamp"] == "1970-01-01T00:00:00+00:00"
    others = [
        of(revision(resource=resource, lastUpdated=1557751703)),
        of(revision(resource=resource, lastUpdated=1557751702), {"http://198.18.0.9/app.tgz": Digest("a" * 64)}),
    ]
    assert len({first["serialNumber"], *(one["serialNumber"] for one in others)}) == 3


@pytest.mark.parametrize("updated", [-1, 10**18, "now", None, True, 1546546674000, float("inf"), float("nan")])
def test_a_time_that_is_none_is_the_epoch(updated: object) -> None:
    result = json.loads(sbom.bom(revision(lastUpdated=updated), []))
    assert result["metadata"]["timestamp"] == "1970-01-01T00:00:00+00:00"


@pytest.mark.parametrize("updated", [1e9, 10**9, 1_000_000_000.9])
def test_its_time_is_in_seconds_however_the_number_is_written(updated: float) -> None:
    result = json.loads(sbom.bom(revision(lastUpdated=updated), []))
    assert result["metadata"]["timestamp"] == "2001-09-09T01:46:40+00:00"


def test_licences_are_named_by_spdx_where_they_can_be() -> None:
    licenses = [
        {"name": "Apache-2.0", "url": "http://198.18.0.9/L"},
        {"name": "Our own licence", "url": ""},
        {"url": "x"},
        3,
    ]
    result = json.loads(sbom.bom(revision(licenses=licenses), []))["metadata"]["component"]["licenses"]
    assert {one["license"].get("id") or one["license"].get("name") for one in result} == {
        "Apache-2.0",
        "Our own licence",
    }


def test_digests_come_from_resource_json_and_from_beside_it(tmp_path: Path) -> None:
    digest, image = "a" * 64, "b" * 64
    binary = {
        "kind": "zip",
        "url": "http://198.18.0.9/cli.zip",
        "contentHash": [{"algo": "sha256", "value": digest.upper()}],
    }
    resource = {
        "assets": {
            "uris": {"app": "http://198.18.0.9/app.tgz", "nothing": ""},
            "container": {"docker": {"one": f"x/y@sha256:{image}", "two": "x/y:1"}},
        },
        "images": {"icon-small": "http://198.18.0.9/i.png", "screenshots": ["http://198.18.0.9/s.png"]},
        "cli": {"binaries": {"linux": {"x86-64": binary}}},
    }
    (tmp_path / "digests.json").write_bytes(artifacts.encoded({"http://198.18.0.9/app.tgz": Digest("c" * 64, 12)}))
    known = artifacts.read(tmp_path)
    found = artifacts.of(revision(resource=resource), known)
    assert [(one.kind, one.name, one.digest and one.digest.sha256[0]) for one in found] == [
        ("asset", "app", "c"),
        ("image", "one", "b"),
        ("image", "two", None),
        ("cli", "linux/x86-64", "a"),
        ("icon", "icon-small", None),
        ("screenshot", "0", None),
    ]
    missing = artifacts.missing(tmp_path, revision(resource=resource))
    assert [one.kind for one in missing] == ["image", "icon", "screenshot"]
    with pytest.raises(UniverseError, match="there are two digests of"):
        artifacts.of(revision(resource=resource), {"http://198.18.0.9/cli.zip": Digest("d" * 64)})


@pytest.mark.parametrize(
    "content", ["", "[1]", "3", "{", '{"x": "md5:1"}', '{"x": "sha256:' + "A" * 64 + '"}', "[" * 5000]
)
def test_digests_that_are_none_are_told_with_their_file(tmp_path: Path, content: str) -> None:
    (tmp_path / "digests.json").write_text(content)
    with pytest.raises(UniverseError, match=r"digests\.json"):
        artifacts.read(tmp_path)


@pytest.mark.parametrize("content", ["[]", "{}"])
def test_a_file_without_digests_is_as_good_as_none_for_check_and_for_sign(tmp_path: Path, content: str) -> None:
    source = good()
    source.files["digests.json"] = content.encode()
    folder = tmp_path / FOLDER
    source.write(tmp_path)
    assert not [one for one in check_revision(folder).findings if "digests.json" in one.file]
    assert artifacts.read(folder) == {}
    assert list(known_of(tmp_path).values()) == [{}]
