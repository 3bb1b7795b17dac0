"""Images come into a mirror as one OCI layout, verified, each once; from a registry on loopback."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from dcos_universe.artifacts import Digest
from dcos_universe.errors import UniverseError
from dcos_universe.mirror import bundle, images
from tests.support.universe.publisher import Publisher, write_package
from tests.support.universe.registry import Registry, registry_running


@pytest.fixture
def registry() -> Iterator[Registry]:
    with registry_running() as made:
        yield made


def settings(registry: str = "") -> bundle.Settings:
    return bundle.Settings("http://198.18.0.9/", plain_http=True, registry=registry)


def test_images_of_a_bundle_lie_in_one_layout_with_all_their_blobs(tmp_path: Path, registry: Registry) -> None:
    shared = b"a base that both share " * 5000
    one = registry.put("team/one", "1", shared, b"one")
    two = registry.put("team/two", "2.0", shared, b"two")
    one_reference = f"{registry.address}/team/one:1"
    two_reference = f"{registry.address}/team/two@sha256:{two}"
    docker = {"one": one_reference, "two": two_reference}
    write_package(tmp_path / "source", "alpha", resource={"assets": {"container": {"docker": docker}}})
    publisher = Publisher(tmp_path / "publisher")
    publisher.begin()
    done = bundle.mirror(str(tmp_path / "source"), publisher.out, ["alpha"], settings(registry="198.18.0.9:5000"))
    assert done.images == 2
    layout = publisher.out / "images"
    assert json.loads((layout / "oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}
    manifests = json.loads((layout / "index.json").read_text())["manifests"]
    own = {each["annotations"].get(images.ORIGINAL): each["digest"] for each in manifests}
    assert {one_reference: f"sha256:{one}", two_reference: f"sha256:{two}"}.items() <= own.items(), "digests stay"
    blobs = {path.name: path.read_bytes() for path in (layout / "blobs" / "sha256").iterdir()}
    assert all(hashlib.sha256(content).hexdigest() == name for name, content in blobs.items())
    assert {one, two} < set(blobs) and len(blobs) <= 11, "two manifests and two configs in two forms, and three layers"
    entry = json.loads((publisher.out / "universe.json").read_bytes())["packages"][0]
    assert entry["resource"]["assets"]["container"]["docker"] == {
        "one": "198.18.0.9:5000/team/one:1",
        "two": f"198.18.0.9:5000/team/two@sha256:{two}",
    }
    assert publisher.sign().without_digest == []
    found = publisher.client(publisher.out).artifacts("alpha")
    assert found is not None
    digests = {each["name"]: f"sha256:{each['sha256']}" for each in found["revisions"]["0"]["artifacts"]}
    assert digests == {"one": f"sha256:{one}", "two": f"sha256:{two}"}
    back = ["skopeo", "--insecure-policy", "copy", "--quiet", f"oci:{layout}:{one_reference}", f"dir:{tmp_path}/back"]
    subprocess.run(back, check=True)
    layers = json.loads((tmp_path / "back" / "manifest.json").read_bytes())["layers"]
    assert {layer["digest"].removeprefix("sha256:") for layer in layers} < set(blobs) and len(layers) == 2
    asked = len(registry.asked)
    bundle.mirror(str(tmp_path / "source"), publisher.out, ["alpha"], settings())
    assert len(registry.asked) == asked, "what is here is not asked for again"


def test_an_image_of_another_digest_is_refused(tmp_path: Path, registry: Registry) -> None:
    registry.put("team/one", "1", b"one")
    other = Digest("0" * 64)
    with pytest.raises(UniverseError, match="cannot be copied"):
        images.copy(f"{registry.address}/team/one:1", other, tmp_path, plain_http=True)
    swapped = registry.put("team/one", "2", b"two")
    registry.manifests[f"/v2/team/one/manifests/sha256:{'0' * 64}"] = registry.manifests["/v2/team/one/manifests/2"]
    with pytest.raises(UniverseError, match="cannot be copied"):
        images.copy(f"{registry.address}/team/one:1", other, tmp_path, plain_http=True)
    assert not [path for path in tmp_path.iterdir() if path.suffix != ".part"] and swapped


def test_a_layer_that_was_altered_is_refused(tmp_path: Path, registry: Registry) -> None:
    registry.put("team/one", "1", b"one")
    (layer,) = [digest for digest, content in registry.blobs.items() if content[:2] == b"\x1f\x8b"]
    content = registry.blobs[layer]
    registry.blobs[layer] = content[:20] + bytes([content[20] ^ 1]) + content[21:]
    with pytest.raises(UniverseError, match="cannot be copied"):
        images.copy(f"{registry.address}/team/one:1", None, tmp_path, plain_http=True)


def test_an_image_that_was_damaged_here_is_copied_again(tmp_path: Path, registry: Registry) -> None:
    registry.put("team/one", "1", b"one")
    reference = f"{registry.address}/team/one:1"
    made = images.copy(reference, None, tmp_path, plain_http=True)
    damaged = max(made.blobs.values(), key=lambda path: path.stat().st_size)
    before = damaged.read_bytes()
    damaged.write_bytes(before[:-1])
    again = images.copy(reference, None, tmp_path, plain_http=True)
    assert again == made and damaged.read_bytes() == before


@pytest.mark.parametrize("reference", ["--help", "", "a b", "oci:/etc", "x\n", "docker://-x"])
def test_a_reference_is_never_an_option_or_another_transport(tmp_path: Path, reference: str) -> None:
    if reference == "oci:/etc":
        assert images.source_of(reference, None).startswith("docker://")
        return
    with pytest.raises(UniverseError, match="no container image"):
        images.source_of(reference, None)


def test_a_machine_without_skopeo_is_told(tmp_path: Path) -> None:
    with pytest.raises(UniverseError, match="apt-get install skopeo"):
        images.copy("127.0.0.1:1/x:1", None, tmp_path, skopeo="no-such-skopeo")


def test_a_tag_gives_way_to_a_digest() -> None:
    digest = Digest("a" * 64)
    assert images.source_of("host:5000/a/b:1", digest) == f"docker://host:5000/a/b@sha256:{'a' * 64}"
    assert images.source_of("b", digest) == f"docker://b@sha256:{'a' * 64}"
    assert images.source_of("b:1", None) == "docker://b:1"
