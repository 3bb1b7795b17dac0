"""The images of a mirror as clients pull them from `dcos-universe serve`: skopeo, and requests by the specification."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dcos_runtime.cosmos.core import mirror as cluster
from dcos_universe.mirror import bundle
from tests.support.universe.publisher import write_package
from tests.support.universe.registry import DOCKER, LIST, registry_running
from tests.support.universe.serving import Server, serving

OCI = "application/vnd.oci.image.manifest.v1+json"
BIG = os.urandom(1 << 20) * 24
ELSEWHERE = "198.18.0.9:5000"


@dataclass
class Mirrored:
    tree: Path
    server: Server
    one: str
    two: str
    listed: str
    references: dict[str, str]
    written: dict[str, str]
    """What the mirror wrote into the package, by name."""

    @property
    def at(self) -> str:
        return f"127.0.0.1:{self.server.port}"


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mirrored]:
    """Made by skopeo of a registry with two images, one of them in a list."""
    folder = tmp_path_factory.mktemp("registry")
    with registry_running() as registry:
        one = registry.put("team/one", "1", BIG, b"one")
        two = registry.put("two", "2.0", b"two")
        listed = registry.put_list("two", "all", two)
        references = {
            "one": f"{registry.address}/team/one:1",
            "two": f"{registry.address}/two@sha256:{listed}",
            "tagged": f"{registry.address}/two:2.0",
        }
        write_package(folder / "source", "alpha", resource={"assets": {"container": {"docker": references}}})
        settings = bundle.Settings("http://198.18.0.9/", plain_http=True, registry=ELSEWHERE)
        bundle.mirror(str(folder / "source"), folder / "tree", ["alpha"], settings)
    entry = json.loads((folder / "tree" / "universe.json").read_bytes())["packages"][0]
    written = entry["resource"]["assets"]["container"]["docker"]
    with serving(folder / "tree") as server:
        yield Mirrored(folder / "tree", server, one, two, listed, references, written)


def ask(
    mirrored: Mirrored, path: str, headers: Mapping[str, str] | None = None, method: str = "GET"
) -> tuple[int, Mapping[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", mirrored.server.port, timeout=240)
    try:
        connection.request(method, path, headers=dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def refused(told: tuple[int, Mapping[str, str], bytes]) -> tuple[int, str]:
    """Status and code of an error that has the form of the specification."""
    status, headers, body = told
    assert headers["content-type"] == "application/json"
    errors = json.loads(body)["errors"]
    assert len(errors) == 1
    assert set(errors[0]) == {"code", "message", "detail"}
    assert errors[0]["message"]
    return status, errors[0]["code"]


def skopeo(*argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["skopeo", "--insecure-policy", *argv], capture_output=True, text=True, timeout=120)


# --- a real client ---------------------------------------------------------------------------------------------------


def test_what_the_package_manager_names_is_what_is_pulled(mirrored: Mirrored, tmp_path: Path) -> None:
    """By the names that it makes for the cluster's own registry of those of the publisher."""
    for name, reference in mirrored.references.items():
        made = cluster.resource({"assets": {"container": {"docker": {"x": reference}}}}, None, mirrored.at, {})
        called = made["assets"]["container"]["docker"]["x"]
        assert called == mirrored.written[name].replace(ELSEWHERE, mirrored.at), "the mirror writes the same names"
        done = skopeo(
            *("--override-os", "linux", "--override-arch", "amd64", "copy", "--src-tls-verify=false"),
            *(f"docker://{called}", f"dir:{tmp_path / name}"),
        )
        assert done.returncode == 0, done.stderr
        digest = hashlib.sha256((tmp_path / name / "manifest.json").read_bytes()).hexdigest()
        assert digest == (mirrored.one if name == "one" else mirrored.two)


def test_tags_are_listed_for_a_client(mirrored: Mirrored) -> None:
    done = skopeo("list-tags", "--tls-verify=false", f"docker://{mirrored.at}/two")
    assert json.loads(done.stdout)["Tags"] == ["2.0"], done.stderr


def test_a_push_is_refused_and_changes_nothing(mirrored: Mirrored, tmp_path: Path) -> None:
    skopeo("copy", "--src-tls-verify=false", f"docker://{mirrored.at}/two:2.0", f"dir:{tmp_path}")
    before = sorted(str(path) for path in mirrored.tree.rglob("*"))
    done = skopeo("copy", "--dest-tls-verify=false", f"dir:{tmp_path}", f"docker://{mirrored.at}/two:3.0")
    assert done.returncode != 0
    assert "for reading only" in done.stderr
    assert sorted(str(path) for path in mirrored.tree.rglob("*")) == before


# --- the specification -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/v2/", "/v2"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_base_says_that_the_protocol_is_spoken(mirrored: Mirrored, path: str, method: str) -> None:
    status, headers, _ = ask(mirrored, path, method=method)
    assert status == 200
    assert headers["docker-distribution-api-version"] == "registry/2.0"


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, DOCKER),
        ("*/*", DOCKER),
        (DOCKER, DOCKER),
        (OCI, OCI),
        (f"{LIST}, {OCI}", OCI),
        (f"{OCI}, {DOCKER}", DOCKER),
        (f"{DOCKER};q=0, {OCI}", OCI),
        ("application/*", DOCKER),
    ],
)
def test_a_tag_gives_the_form_that_the_client_accepts(mirrored: Mirrored, accept: str | None, kind: str) -> None:
    headers = {} if accept is None else {"Accept": accept}
    status, told, body = ask(mirrored, "/v2/two/manifests/2.0", headers)
    assert (status, told["content-type"]) == (200, kind)
    assert json.loads(body)["mediaType"] == kind
    digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
    assert told["docker-content-digest"] == digest
    assert told["cache-control"] == "no-cache"
    # The same by its digest, whatever is accepted, and kept for ever.
    status, told, again = ask(mirrored, f"/v2/two/manifests/{digest}", headers)
    assert (status, told["content-type"], again) == (200, kind, body)
    assert "immutable" in told["cache-control"]
    status, told, nothing = ask(mirrored, "/v2/two/manifests/2.0", headers, "HEAD")
    assert (status, told["content-length"], told["docker-content-digest"], nothing) == (
        200,
        str(len(body)),
        digest,
        b"",
    )


def test_a_form_that_there_is_not_is_told(mirrored: Mirrored) -> None:
    told = ask(mirrored, "/v2/two/manifests/2.0", {"Accept": "application/vnd.docker.distribution.manifest.v1+json"})
    assert refused(told) == (404, "MANIFEST_UNKNOWN")


def test_the_list_of_a_reference_by_digest_is_there(mirrored: Mirrored) -> None:
    status, told, body = ask(mirrored, f"/v2/two/manifests/sha256:{mirrored.listed}")
    assert (status, told["content-type"]) == (200, LIST)
    assert hashlib.sha256(body).hexdigest() == mirrored.listed


def _big(mirrored: Mirrored) -> tuple[str, int]:
    manifest = json.loads(ask(mirrored, "/v2/team/one/manifests/1")[2])
    layer = max(manifest["layers"], key=lambda one: one["size"])
    return layer["digest"], layer["size"]


def test_blobs_come_whole_in_parts_and_as_heads(mirrored: Mirrored) -> None:
    digest, size = _big(mirrored)
    status, told, body = ask(mirrored, f"/v2/team/one/blobs/{digest}")
    assert (status, told["docker-content-digest"], len(body)) == (200, digest, size)
    assert f"sha256:{hashlib.sha256(body).hexdigest()}" == digest
    assert told["accept-ranges"] == "bytes"
    status, told, nothing = ask(mirrored, f"/v2/team/one/blobs/{digest}", method="HEAD")
    assert (status, told["content-length"], nothing) == (200, str(size), b"")
    status, told, part = ask(mirrored, f"/v2/team/one/blobs/{digest}", {"Range": "bytes=1000-1999"})
    assert (status, told["content-range"], part) == (206, f"bytes 1000-1999/{size}", body[1000:2000])
    status, told, part = ask(mirrored, f"/v2/team/one/blobs/{digest}", {"Range": f"bytes={size - 10}-"})
    assert (status, part) == (206, body[-10:])
    status, told, _ = ask(mirrored, f"/v2/team/one/blobs/{digest}", {"Range": f"bytes={size}-"})
    assert (status, told["content-range"]) == (416, f"bytes */{size}")
    status, _, part = ask(mirrored, f"/v2/team/one/blobs/{digest.replace(':', '%3A')}")
    assert (status, part) == (200, body)


def test_tags_come_in_pages(mirrored: Mirrored) -> None:
    assert json.loads(ask(mirrored, "/v2/team/one/tags/list")[2]) == {"name": "team/one", "tags": ["1"]}
    assert json.loads(ask(mirrored, "/v2/team/one/tags/list?n=0")[2])["tags"] == []
    assert json.loads(ask(mirrored, "/v2/team/one/tags/list?n=5&last=1")[2])["tags"] == []
    assert refused(ask(mirrored, "/v2/team/one/tags/list?n=-1")) == (400, "PAGINATION_NUMBER_INVALID")


def test_nothing_refers_to_an_image(mirrored: Mirrored) -> None:
    status, told, body = ask(mirrored, f"/v2/two/referrers/sha256:{mirrored.two}")
    assert (status, told["content-type"]) == (200, "application/vnd.oci.image.index.v1+json")
    assert json.loads(body)["manifests"] == []


ZEROS = "0" * 64


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v2/absent/manifests/1", 404, "NAME_UNKNOWN"),
        ("/v2/absent/tags/list", 404, "NAME_UNKNOWN"),
        (f"/v2/absent/blobs/sha256:{ZEROS}", 404, "NAME_UNKNOWN"),
        ("/v2/two/manifests/absent", 404, "MANIFEST_UNKNOWN"),
        (f"/v2/two/manifests/sha256:{ZEROS}", 404, "MANIFEST_UNKNOWN"),
        (f"/v2/two/blobs/sha256:{ZEROS}", 404, "BLOB_UNKNOWN"),
        ("/v2/_catalog", 404, "NAME_UNKNOWN"),
        ("/v2/two", 404, "NAME_UNKNOWN"),
        ("/v2/Two/manifests/1", 400, "NAME_INVALID"),
        ("/v2/a..b/manifests/1", 400, "NAME_INVALID"),
        ("/v2/../../etc/manifests/1", 400, "NAME_INVALID"),
        ("/v2/%2e%2e/%2e%2e/etc/manifests/1", 400, "NAME_INVALID"),
        ("/v2//manifests/1", 400, "NAME_INVALID"),
        ("/v2/two//manifests/1", 400, "NAME_INVALID"),
        ("/v2/t%C3%A9/manifests/1", 400, "NAME_INVALID"),
        ("/v2/two%0A/manifests/1", 400, "NAME_INVALID"),
        (f"/v2/{'a' * 300}/manifests/1", 400, "NAME_INVALID"),
        (f"/v2/{'a/' * 1500}b/manifests/1", 400, "NAME_INVALID"),
        ("/v2/two/manifests/a%20b", 400, "MANIFEST_INVALID"),
        ("/v2/two/manifests/" + "a" * 129, 400, "MANIFEST_INVALID"),
        ("/v2/two/manifests/..", 400, "MANIFEST_INVALID"),
        ("/v2/two/manifests/sha256:12", 400, "DIGEST_INVALID"),
        ("/v2/two/manifests/sha512:" + "0" * 128, 400, "DIGEST_INVALID"),
        ("/v2/two/blobs/..", 400, "DIGEST_INVALID"),
        ("/v2/two/blobs/..%2f..%2findex.json", 400, "DIGEST_INVALID"),
        (f"/v2/two/blobs/sha256:{ZEROS}%0A", 400, "DIGEST_INVALID"),
        (f"/v2/two/blobs/sha256:{'A' * 64}", 400, "DIGEST_INVALID"),
        (f"/v2/two/blobs/{ZEROS}", 400, "DIGEST_INVALID"),
    ],
)
def test_what_there_is_not_and_what_means_nothing_is_told_by_code(
    mirrored: Mirrored, path: str, status: int, code: str
) -> None:
    assert refused(ask(mirrored, path)) == (status, code)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/v2/two/blobs/uploads/", "/v2/two/manifests/2.0", f"/v2/two/blobs/sha256:{ZEROS}"])
def test_whatever_would_change_something_is_refused(mirrored: Mirrored, method: str, path: str) -> None:
    told = ask(mirrored, path, {"Content-Length": "0"}, method)
    assert refused(told) == (405, "UNSUPPORTED")
    assert told[1]["allow"] == "GET, HEAD"


# --- damage ----------------------------------------------------------------------------------------------------------


def _changed(path: Path, change: Any) -> None:
    """Another file in its place: blobs are shared by hard links."""
    content = bytearray(path.read_bytes())
    change(content)
    path.unlink()
    path.write_bytes(content)


def _rest(content: bytearray) -> None:
    content[len(content) // 2] ^= 1


def test_a_damaged_blob_is_never_served_as_whole(mirrored: Mirrored) -> None:
    digest, _ = _big(mirrored)
    ask(mirrored, f"/v2/team/one/blobs/{digest}")
    path = mirrored.tree / "images" / "blobs" / "sha256" / digest.removeprefix("sha256:")
    before = path.read_bytes()
    try:
        for change in (_rest, lambda content: content.append(1), lambda content: content.pop()):
            _changed(path, change)
            assert refused(ask(mirrored, f"/v2/team/one/blobs/{digest}")) == (500, "BLOB_UNKNOWN")
            assert refused(ask(mirrored, f"/v2/team/one/blobs/{digest}", {"Range": "bytes=0-9"}))[0] == 500
            path.write_bytes(before)
        path.unlink()
        path.symlink_to("/etc/passwd")
        assert refused(ask(mirrored, f"/v2/team/one/blobs/{digest}")) == (404, "BLOB_UNKNOWN")
    finally:
        path.unlink()
        path.write_bytes(before)
    assert ask(mirrored, f"/v2/team/one/blobs/{digest}")[0] == 200


def test_a_damaged_manifest_or_index_is_told(mirrored: Mirrored) -> None:
    path = mirrored.tree / "images" / "blobs" / "sha256" / mirrored.two
    before = path.read_bytes()
    _changed(path, _rest)
    assert refused(ask(mirrored, "/v2/two/manifests/2.0")) == (500, "MANIFEST_UNKNOWN")
    path.write_bytes(before)
    index = mirrored.tree / "images" / "index.json"
    before = index.read_bytes()
    for content in (b"{", b"[]", b'{"manifests": [1]}', b'{"manifests": [{"digest": "x"}]}', b"[" * 100_000):
        index.write_bytes(content)
        assert refused(ask(mirrored, "/v2/two/manifests/2.0")) == (500, "UNKNOWN")
    index.write_bytes(before)
    assert ask(mirrored, "/v2/two/manifests/2.0")[0] == 200


def test_a_large_blob_costs_no_memory(mirrored: Mirrored) -> None:
    size = 256 << 20
    place = mirrored.tree / "images" / "blobs" / "sha256"
    block, digest = b"\0" * (1 << 20), hashlib.sha256()
    for _ in range(size >> 20):
        digest.update(block)
    path = place / digest.hexdigest()
    with path.open("wb") as file:
        file.truncate(size)
    try:
        before = _memory(mirrored)
        connection = http.client.HTTPConnection("127.0.0.1", mirrored.server.port, timeout=240)
        connection.request("GET", f"/v2/two/blobs/sha256:{digest.hexdigest()}")
        answer = connection.getresponse()
        read = 0
        while piece := answer.read(1 << 20):
            read += len(piece)
        assert (answer.status, read) == (200, size)
        assert _memory(mirrored) - before < 64 << 20
    finally:
        path.unlink()


def _memory(mirrored: Mirrored) -> int:
    """The most that the server ever had."""
    status = Path(f"/proc/{mirrored.server.process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) << 10
