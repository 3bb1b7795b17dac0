"""Artifacts of packages in a store of the cluster's own: put there when a package is installed, fetched from there."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.cosmos.client import refused
from tests.support.cosmos.cluster import Packaged, packaged
from tests.support.cosmos.packages import CONFIG, TEMPLATE, entry
from tests.support.cosmos.served import Served
from tests.support.daemons.byhand import PROGRAMS, ask, wait_for

FETCHING = TEMPLATE.replace(
    '"instances": 1,', '"instances": 1, "fetch": [{"uri": "{{resource.assets.uris.tool}}", "executable": true}],'
)
TOOL = b"#!/bin/sh\necho the tool runs\nexec sleep 1000\n"
DIGEST = hashlib.sha256(TOOL).hexdigest()


def _entry(served: Served, name: str, path: str) -> dict[str, Any]:
    config = json.loads(json.dumps(CONFIG))
    service = config["properties"]["service"]["properties"]
    service["name"]["default"], service["cmd"]["default"] = name, f"./{path.rpartition('/')[2]}"
    resource = {"assets": {"uris": {"tool": f"{served.url}{path}"}}}
    return entry(name, template=FETCHING, config=config, resource=resource)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Packaged]:
    folder = tmp_path_factory.mktemp("artifacts")
    (folder / "store").mkdir()
    flags = (f"--artifact_store=folder:{folder / 'store'}", "--resource_size=1MB")
    with packaged(folder, flags=flags) as one:
        served = one.served
        for path in ("/known/tool", "/unknown/tool", "/other/tool"):
            served.files[path] = TOOL
        served.files["/large/tool"] = b"x" * (1024 * 1024 + 1)
        names = ("known", "unknown", "other", "large", "missing")
        served.publish(*(_entry(served, name, f"/{name}/tool") for name in names))
        for name, digest in (("known", DIGEST), ("other", "0" * 64)):
            artifact = {"uri": f"{served.url}/{name}/tool", "sha256": digest}
            sidecar = {"revisions": {"0": {"artifacts": [artifact]}}}
            served.files[f"/artifacts/{name}.json"] = json.dumps(sidecar).encode()
        wait_for(lambda: one.client.package("describe", {"packageName": "known"}, 3).status == 200, 60)
        yield one
    text = one.cosmos.log.read_text()
    assert "Traceback" not in text, text


def _store(here: Packaged) -> Path:
    return here.cluster.folder / "store"


def _times(here: Packaged, path: str) -> int:
    return len([one for one, _ in here.served.asked if one == path])


def _output(here: Packaged, app: str) -> str:
    found = here.cluster.folder.glob(f"agent0/slaves/*/frameworks/*/executors/{app}*/runs/latest/stdout")
    return "".join(path.read_text() for path in found)


@pytest.mark.parametrize("name", ["known", "unknown"])
def test_an_artifact_comes_once_and_is_fetched_from_the_store(here: Packaged, name: str) -> None:
    uri = f"{here.served.url}/{name}/tool"
    key = DIGEST if name == "known" else "uri-" + hashlib.sha256(uri.encode()).hexdigest()
    place = _store(here) / key / "tool"
    body = {"packageName": name}
    rendered = here.client.package("render", body).body["marathonJson"]
    assert [one["uri"] for one in rendered["fetch"]] == [place.as_uri()]
    assert not place.exists() and _times(here, f"/{name}/tool") == 0, "a look changes nothing"
    for app in (f"{name}-1", f"{name}-2"):
        assert here.client.install(name, appId=app).status == 200
        wait_for(lambda app=app: "the tool runs" in _output(here, app), 60, f"{app}'s output")  # type: ignore[misc]  # mypy infers no lambda with a default
    assert place.read_bytes() == TOOL and place.stat().st_mode & 0o777 == 0o644
    assert _times(here, f"/{name}/tool") == 1
    assert here.client.uninstall(name, all=True).status == 200


@pytest.mark.parametrize(
    ("name", "type", "why"),
    [
        ("other", "ArtifactMismatch", "its SHA-256 is"),
        ("large", "ArtifactMismatch", "larger than 1048576 bytes"),
        ("missing", "EndpointUriConnection", "status 404"),
    ],
)
def test_what_cannot_be_placed_is_not_installed(here: Packaged, name: str, type: str, why: str) -> None:
    answer = here.client.install(name)
    refused(answer, 502, type)
    assert why in answer.body["message"]
    assert ask(f"{here.cluster.marathon.url}/v2/apps/{name}")[0] == 404
    assert list(_store(here).glob(".*")) == [] and not (_store(here) / ("0" * 64)).exists()


def test_a_store_that_is_gone_is_told(here: Packaged) -> None:
    aside = _store(here).rename(here.cluster.folder / "aside")
    try:
        refused(here.client.install("known", appId="/none"), 502, "ArtifactNotStored")
    finally:
        aside.rename(_store(here))


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("hdfs://198.18.0.1:9000/dcos", "'hdfs' is no kind of store that this version has; there is folder:/PATH"),
        ("s3:bucket", "'s3' is no kind of store"),
        ("folder:relative", "is not the absolute path of a folder"),
        ("folder:/srv/../etc", "is not the absolute path of a folder"),
        ("/srv/artifacts", "is no kind of store"),
    ],
)
def test_what_is_no_store_is_refused_at_the_start(tmp_path: Path, value: str, why: str) -> None:
    argv = [str(PROGRAMS / "dcos-cosmos"), f"--work_dir={tmp_path}", f"--artifact_store={value}"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=240)
    assert done.returncode == 2 and why in done.stderr, done.stderr


def test_a_store_that_cannot_be_used_is_refused_at_the_start(tmp_path: Path) -> None:
    argv = [str(PROGRAMS / "dcos-cosmos"), f"--work_dir={tmp_path}", f"--artifact_store=folder:{tmp_path / 'none'}"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=240)
    assert done.returncode == 1 and "make it, or mount it, on every master and agent" in done.stderr
