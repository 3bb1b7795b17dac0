"""A cluster without internet runs the images of packages: they are mirrored with all they need and published, their
registry ends, and agents fetch images and files from what is served alone.
"""

from __future__ import annotations

import json
import subprocess
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dcos_universe.mirror.rewriting import files
from dcos_universe.model import Revision
from tests.support.agent import image_lab
from tests.support.agent.image_lab import Entry, RegistryLab, make_layout, programs, registry, skopeo, tar
from tests.support.cosmos.cluster import Packaged, packaged
from tests.support.cosmos.packages import CONFIG, entry
from tests.support.cosmos.served import Served
from tests.support.daemons.agents import Agent, containers_work, mounts_below
from tests.support.daemons.byhand import PATIENCE, PROGRAMS, ask, free_port, told, wait_for
from tests.support.universe.serving import serving

pytestmark = pytest.mark.soak

TEMPLATE = """{
  "id": "{{service.name}}",
  "cpus": 0.1, "mem": 64, "instances": 1,
  "cmd": "cat /mark $MESOS_SANDBOX/words.txt; echo end; exec sleep 1000",
  "fetch": [{"uri": "{{resource.assets.uris.words}}"}],
  "container": {
    "type": "KIND",
    "docker": {"image": "{{resource.assets.container.docker.image}}", "forcePullImage": true}
  },
  "portDefinitions": []
}
"""


@dataclass
class Airtight:
    """``at``: ``HOST:PORT`` of the mirror."""

    cluster: Packaged
    agent: Agent
    at: str

    def fetched(self) -> int:
        """Images that the agent has fetched."""
        return int(told(f"{self.agent.url}/metrics/snapshot")["containerizer/images/pulls_succeeded"])


def _image(lab: RegistryLab, name: str, mark: str, form: str) -> str:
    """Pushed in this form of manifests (`skopeo copy --format`); its digest."""
    layers = [programs(("sh", "cat", "sleep")), tar(Entry("mark", mark.encode()))]
    layout = make_layout(lab.place / f"layout-{mark.strip()}", layers, {"Env": ["PATH=/bin"]})
    digest = lab.place / "digest"
    options = ("--dest-tls-verify=false", f"--format={form}", f"--digestfile={digest}")
    skopeo("copy", *options, f"oci:{layout}:t", f"docker://{lab.host}/{name}:1")
    return digest.read_text().strip()


def _package(name: str, kind: str, image: str, words: str) -> dict[str, Any]:
    config = json.loads(json.dumps(CONFIG))
    config["properties"]["service"]["properties"]["name"]["default"] = name
    assets = {"uris": {"words": words}, "container": {"docker": {"image": image}}}
    return entry(name, template=TEMPLATE.replace("KIND", kind), config=config, resource={"assets": assets})


def _universe(*argv: str | Path) -> dict[str, Any]:
    """What `dcos-universe … --json` says."""
    command = [PROGRAMS / "dcos-universe", *argv, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240 * PATIENCE)
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def _published(folder: Path, at: str, *packages: dict[str, Any]) -> Path:
    """The place that a mirror of them was published to, as a master has it."""
    for one in packages:
        place = folder / "source" / "packages" / one["name"][0].upper() / one["name"] / "0"
        place.mkdir(parents=True)
        for name, content in files(Revision(one)).items():
            (place / name).write_bytes(content)
    chosen = [f"--package={one['name']}" for one in packages]
    where = (f"--url=http://{at}/", f"--registry={at}", "--plain-http")
    said = _universe("mirror", folder / "source", folder / "tree", *chosen, *where)
    assert (said["files"], said["images"], said["outside"]) == (1, 2, []), said
    _universe("publish", folder / "tree", folder / "published")
    return folder / "published"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airtight]:
    """One package names an image of Docker's form by tag, the other an image of OCI's form by digest."""
    folder = tmp_path_factory.mktemp("airtight-images")
    if why := containers_work() or image_lab.unusable(folder):
        pytest.skip(why)
    at = f"127.0.0.1:{free_port()}"
    source = Served()
    source.files["/words.txt"] = b"a file\n"
    with registry(folder / "registry") as lab:
        _image(lab, "team/tagged", "an image\n", "v2s2")
        digest = _image(lab, "pinned", "another\n", "oci")
        words = f"{source.url}/words.txt"
        tagged = _package("tagged", "DOCKER", f"{lab.host}/team/tagged:1", words)
        pinned = _package("pinned", "MESOS", f"{lab.host}/pinned@{digest}", words)
        place = _published(folder, at, tagged, pinned)
    source.close()
    flags = (f"--mirror=http://{at}", f"--mirror_registry={at}")
    with serving(place, listen=at), packaged(folder / "cluster", tagged, flags=flags, agents=0) as made:
        port = urllib.parse.urlsplit(made.cluster.master.url).port
        assert port is not None
        agent = Agent(folder, port, "linux", f"--docker_registry=http://{at}", "--image_providers=docker")
        try:
            agent.start()
            yield Airtight(made, agent, at)
        finally:
            agent.clean()


def _runs_and_goes(here: Airtight, name: str, image: str, says: str) -> None:
    before = here.fetched()
    installed = here.cluster.client.install(name)
    assert installed.status == 200, installed
    marathon = here.cluster.cluster.marathon.url
    running = wait_for(lambda: here.cluster.cluster.running(name), 120, f"a task of {name}, in its image")
    task = running[0]["id"]
    wait_for(lambda: here.agent.text(task, framework="*").endswith("end\n"), 60, "what its task prints")
    assert here.agent.text(task, framework="*") == f"{says}end\n"
    app = told(f"{marathon}/v2/apps/{name}")["app"]
    assert app["container"]["docker"]["image"] == image
    assert [one["uri"].startswith(f"http://{here.at}/blobs/") for one in app["fetch"]] == [True]
    assert here.fetched() == before + 1
    gone = here.cluster.client.uninstall(name)
    assert gone.status == 200, gone
    wait_for(lambda: ask(f"{marathon}/v2/apps/{name}")[0] == 404, 60, f"the end of {name}")
    wait_for(lambda: not mounts_below(here.agent.work_dir), 60, "the removal of its container's root")


def test_an_image_that_its_publishers_repository_names_comes_from_the_mirror(here: Airtight) -> None:
    _runs_and_goes(here, "tagged", f"{here.at}/team/tagged:1", "an image\na file\n")


def test_an_image_that_the_mirrors_repository_names_by_digest_comes_from_the_mirror(here: Airtight) -> None:
    client = here.cluster.client
    assert client.package("repository/add", {"name": "Mirror", "uri": f"http://{here.at}/repo"}).status == 200
    package = client.package("describe", {"packageName": "pinned"}, 3).body["package"]
    image = package["resource"]["assets"]["container"]["docker"]["image"]
    assert image.startswith(f"{here.at}/pinned@sha256:")
    _runs_and_goes(here, "pinned", image, "another\na file\n")
