"""A cluster without internet: a mirror is made, its source ends, and packages are installed from the mirror alone."""

from __future__ import annotations

import base64
import json
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from dcos_universe.mirror import bundle
from dcos_universe.mirror.rewriting import files
from dcos_universe.model import Revision
from tests.support.cosmos.client import refused
from tests.support.cosmos.cluster import Packaged, packaged
from tests.support.cosmos.packages import CONFIG, TEMPLATE, entry
from tests.support.cosmos.served import Served
from tests.support.daemons.byhand import ask, free_port, wait_for
from tests.support.universe.registry import registry_running
from tests.support.universe.serving import serving

TOOL, ICON = b"#!/bin/sh\nexec sleep 1000\n", b"a picture"
FETCHING = TEMPLATE.replace(
    '"instances": 1,', '"instances": 1, "fetch": [{"uri": "{{resource.assets.uris.tool}}", "executable": true}],'
).replace('"GREETING": ', '"IMAGE": "{{resource.assets.container.docker.image}}", "GREETING": ')


@dataclass
class Airtight:
    """``icon``: the URL that its publisher names."""

    cluster: Packaged
    mirror: str
    icon: str


def _entry(name: str, source: str, image: str, tool: str = "tool") -> dict[str, Any]:
    config = json.loads(json.dumps(CONFIG))
    service = config["properties"]["service"]["properties"]
    service["name"]["default"], service["cmd"]["default"] = name, "./tool"
    resource = {
        "assets": {"uris": {"tool": f"{source}/{tool}"}, "container": {"docker": {"image": image}}},
        "images": {"icon-small": f"{source}/icon.png"},
    }
    return entry(name, template=FETCHING, config=config, resource=resource)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airtight]:
    folder = tmp_path_factory.mktemp("airtight")
    at = f"127.0.0.1:{free_port()}"
    source = Served()
    source.files |= {"/tool": TOOL, "/icon.png": ICON}
    with registry_running() as registry:
        registry.put("team/one", "1", b"one")
        package = _entry("airtight", source.url, f"{registry.address}/team/one:1")
        place = folder / "source" / "packages" / "A" / "airtight" / "0"
        place.mkdir(parents=True)
        for name, content in files(Revision(package)).items():
            (place / name).write_bytes(content)
        settings = bundle.Settings(f"http://{at}/", plain_http=True, registry=at)
        done = bundle.mirror(str(folder / "source"), folder / "tree", ["airtight"], settings)
        assert (done.files, done.images) == (2, 1)
    source.close()
    flags = (f"--mirror=http://{at}", f"--mirror_registry={at}")
    elsewhere = _entry("elsewhere", source.url, "nowhere.test/x:1", "other")
    with serving(folder / "tree", listen=at), packaged(folder, package, elsewhere, flags=flags) as made:
        yield Airtight(made, f"http://{at}", f"{source.url}/icon.png")
    text = made.cosmos.log.read_text()
    assert "Traceback" not in text, text


def _is_of_the_mirror(here: Airtight, app: str) -> None:
    wait_for(lambda: here.cluster.cluster.running(app), 60, "its task, with what was fetched from the mirror")
    made = ask(f"{here.cluster.cluster.marathon.url}/v2/apps/{app}")[1]["app"]
    (fetched,) = made["fetch"]
    assert fetched["uri"].startswith(f"{here.mirror}/blobs/") and fetched["uri"].endswith("/tool")
    assert made["env"]["IMAGE"] == f"{here.mirror.removeprefix('http://')}/team/one:1"
    assert here.cluster.client.uninstall("airtight").status == 200


def test_a_package_of_the_publishers_repository_is_installed_of_the_mirror(here: Airtight) -> None:
    assert here.cluster.client.install("airtight").status == 200
    _is_of_the_mirror(here, "airtight")


def test_a_package_of_the_mirrors_own_repository_is_installed(here: Airtight) -> None:
    client = here.cluster.client
    assert client.package("repository/add", {"name": "Mirror", "uri": f"{here.mirror}/repo", "index": 0}).status == 200
    package = client.package("describe", {"packageName": "airtight"}, 3).body["package"]
    icon = package["resource"]["images"]["icon-small"]
    assert urllib.parse.quote(here.mirror, safe="") in icon
    assert b"GREETING" in base64.b64decode(package["marathon"]["v2AppMustacheTemplate"])
    answer = client.raw("GET", icon.removeprefix(client.url), None, {})
    assert (answer.status, answer.body) == (200, ICON)
    assert client.install("airtight", appId="/again").status == 200
    _is_of_the_mirror(here, "again")
    assert client.package("repository/delete", {"name": "Mirror"}).status == 200


def test_pictures_come_of_the_mirror_and_what_it_has_not_comes_from_nowhere(here: Airtight) -> None:
    client = here.cluster.client
    url = urllib.parse.quote(here.icon, safe="")
    assert client.raw("GET", f"/package/resource?url={url}", None, {}).body == ICON
    data = refused(client.install("elsewhere"), 404, "ResourceNotMirrored")
    assert "other" in json.dumps(data)
