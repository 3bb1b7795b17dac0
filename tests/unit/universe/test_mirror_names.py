"""What a mirror calls artifacts and images, and what its layout of images is read as."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from dcos_runtime.cosmos.core import mirror as cluster
from dcos_universe.index.mirror_names import blob_at, blob_name, image_at, image_name
from dcos_universe.serving import negotiation
from dcos_universe.serving.registry import ImageLayout, RegistryRefused

A, B, C = (f"sha256:{one * 64}" for one in "abc")
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
OCI = "application/vnd.oci.image.manifest.v1+json"
OWN, CONVERTED = "io.dcos.image.original", "org.opencontainers.image.ref.name"


@pytest.mark.parametrize(
    ("reference", "name", "tag", "digest"),
    [
        ("nginx", "library/nginx", "", ""),
        ("nginx:1", "library/nginx", "1", ""),
        ("docker://nginx:1", "library/nginx", "1", ""),
        ("docker.io/nginx:1", "library/nginx", "1", ""),
        ("docker.io/library/nginx:1", "library/nginx", "1", ""),
        ("team/app:1", "team/app", "1", ""),
        ("example.com/app:1", "app", "1", ""),
        ("example.com:5000/team/app", "team/app", "", ""),
        ("localhost/app", "app", "", ""),
        (f"team/app@{A}", "team/app", "", A),
        (f"example.com:5000/team/app:2@{A}", "team/app", "2", A),
    ],
)
def test_a_reference_has_one_name_without_its_host(reference: str, name: str, tag: str, digest: str) -> None:
    called = image_name(reference)
    assert (called.name, called.tag, called.digest) == (name, tag, digest)
    placed = image_at("198.18.0.9:7075", reference)
    assert image_name(placed) == called, "what is written means what is served"
    assert image_at("198.18.0.9:7075", placed) == placed


def layout(*manifests: tuple[str, str, str, str]) -> ImageLayout:
    found = [
        {"mediaType": kind, "digest": digest, "size": 1, "annotations": {annotation: reference}}
        for digest, kind, annotation, reference in manifests
    ]
    return ImageLayout(json.dumps({"schemaVersion": 2, "manifests": found}).encode())


def test_images_of_docker_s_library_have_their_bare_names_too() -> None:
    made = layout((A, OCI, CONVERTED, "nginx:1"), (B, DOCKER, OWN, "nginx:1"))
    for name in ("nginx", "library/nginx"):
        assert made.manifest(name, "1", None).digest == B
        assert made.manifest(name, "1", OCI).digest == A
        assert made.manifest(name, A, None).media_type == OCI
        assert made.tags(name) == ["1"]


def test_no_tag_is_latest_and_a_digest_alone_is_no_tag() -> None:
    made = layout((A, OCI, CONVERTED, "team/app"), (B, OCI, CONVERTED, f"team/other@{C}"))
    assert made.manifest("team/app", "latest", None).digest == A
    assert made.tags("team/other") == []
    assert made.manifest("team/other", B, None).digest == B


def test_the_same_name_of_two_registries_is_told_by_digest_only() -> None:
    made = layout((A, OCI, CONVERTED, "one.example/team/app:1"), (B, OCI, CONVERTED, "two.example/team/app:1"))
    with pytest.raises(RegistryRefused, match="ask by digest"):
        made.manifest("team/app", "1", None)
    assert made.manifest("team/app", A, None).digest == A
    assert made.manifest("team/app", B, None).digest == B
    same = layout((A, OCI, CONVERTED, "one.example/team/app:1"), (A, OCI, CONVERTED, "two.example/team/app:1"))
    assert same.manifest("team/app", "1", None).digest == A


@pytest.mark.parametrize("document", [None, [], {}, {"manifests": {}}, {"manifests": [{"digest": "sha256:1"}]}])
def test_what_is_no_index_is_refused(document: Any) -> None:
    with pytest.raises(ValueError):
        ImageLayout(json.dumps(document).encode())


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("https://files.example/a/web-1.0.tgz?x=1#y", "web-1.0.tgz"),
        ("https://files.example/a%20b%2Fc.tgz", "a_b_c.tgz"),
        ("https://files.example/a(b)&%C3%A9.tgz", "a_b___.tgz"),
        ("https://files.example/a+b@c~.tgz", "a+b@c~.tgz"),
        ("https://files.example/%2e%2e", "file"),
        ("https://files.example/.hidden", "hidden"),
        ("https://files.example/", "file"),
        ("https://files.example/" + "a" * 300 + ".tgz", "a" * 196 + ".tgz"),
    ],
)
def test_an_artifact_is_called_the_same_on_the_disk_in_packages_and_in_requests(uri: str, name: str) -> None:
    digest = "a" * 64
    assert blob_name(uri, digest) == f"blobs/{digest}/{name}"
    url = blob_at("http://198.18.0.9/", uri, digest)
    assert url == f"http://198.18.0.9/blobs/{digest}/{name}"
    assert negotiation.segments(urlsplit(url).path) == ("blobs", digest, name), "the server finds it"
    given = {"assets": {"uris": {"x": uri}}}
    assert cluster.resource(given, "http://198.18.0.9", None, {uri: digest})["assets"]["uris"] == {"x": url}
