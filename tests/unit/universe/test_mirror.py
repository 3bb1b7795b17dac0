"""A mirror is whole or not there: what it names lies in it, verified; it is resumed; each thing comes once."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from dcos_universe.artifacts import Digest
from dcos_universe.building.builder import build
from dcos_universe.errors import UniverseError
from dcos_universe.mirror import bundle
from dcos_universe.mirror.downloading import Failed
from dcos_universe.mirror.selecting import select
from dcos_universe.model import Revision
from dcos_universe.publishing import publication
from dcos_universe.states import States
from dcos_universe.trust import contents, verifying
from tests.support.universe.publisher import Publisher, write_package

URL = "http://198.18.0.9:8000/universe"


@dataclass
class Origin:
    """A server of artifacts on loopback, which can do what servers do wrong."""

    files: dict[str, bytes] = field(default_factory=dict)
    cut: dict[str, int] = field(default_factory=dict)
    """By path, how many bytes of an answer come before the connection ends; once each."""
    fail: Counter[str] = field(default_factory=Counter)
    """By path, how many times it is answered with 503."""
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Path and Range of every request."""
    etags: bool = True
    ranges: bool = True
    lengths: bool = True
    pause: float = 0.0
    url: str = ""

    def put(self, path: str, content: bytes) -> str:
        self.files[path] = content
        return f"{self.url}{path}"


@pytest.fixture
def origin() -> Iterator[Origin]:
    made = Origin()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked = self.headers.get("Range", "")
            made.asked.append((self.path, asked))
            if made.fail[self.path] > 0:
                made.fail[self.path] -= 1
                self.send_response(503)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            content = made.files.get(self.path)
            if content is None:
                self.send_response(404)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            etag = f'"{hashlib.md5(content).hexdigest()}"'
            start = 0
            if made.ranges and asked and self.headers.get("If-Range", etag) == etag:
                start = int(asked.removeprefix("bytes=").rstrip("-"))
                if start >= len(content):
                    self.send_response(416)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            else:
                self.send_response(200)
            if made.etags:
                self.send_header("ETag", etag)
            if made.lengths:
                self.send_header("Content-Length", str(len(content) - start))
            else:
                self.send_header("Connection", "close")
                self.close_connection = True
            self.end_headers()
            body = content[start:]
            most = made.cut.pop(self.path, None)
            if most is not None:
                body = body[:most]
                self.close_connection = True
            try:
                for begin in range(0, len(body), 65536):
                    self.wfile.write(body[begin : begin + 65536])
                    if made.pause:
                        time.sleep(made.pause)
            except OSError:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield made
    server.shutdown()
    server.server_close()


def package(source: Path, name: str, origin: Origin, **more: str) -> dict[str, bytes]:
    """A package with a file of each kind; their contents by path. ``app``, ``cli``: the digests that are told of
    them."""
    number = 0
    files = {
        f"/{name}/{number}/app.tgz": f"app of {name} {number} ".encode() * 9000,
        f"/{name}/{number}/icon.png": b"\x89PNG" + name.encode(),
        f"/{name}/{number}/cli": b"\x7fELF" + name.encode() * 500,
        "/shared/jre.tar.gz": b"a runtime that all share " * 8000,
    }
    uris = {path: origin.put(path, content) for path, content in files.items()}
    names = list(files)
    cli = hashlib.sha256(files[names[2]]).hexdigest()
    resource = {
        "assets": {"uris": {"app": uris[names[0]], "jre": uris[names[3]], "nothing": ""}},
        "images": {"icon-small": uris[names[1]], "icon-medium": uris[names[1]], "screenshots": [uris[names[1]]]},
        "cli": {
            "binaries": {
                "linux": {
                    "x86-64": {
                        "kind": "executable",
                        "url": uris[names[2]],
                        "contentHash": [{"algo": "sha256", "value": more.get("cli", cli)}],
                    }
                }
            }
        },
    }
    folder = write_package(source, name, number, resource=resource)
    if "app" in more:
        (folder / "digests.json").write_text(json.dumps({uris[names[0]]: f"sha256:{more['app']}"}))
    return files


def settings(**more: Any) -> bundle.Settings:
    return bundle.Settings(URL, **{"pause": 0.01, **more})


def uris_of(tree: Path) -> list[str]:
    """Every URI that the index of the bundle names."""
    found: list[str] = []

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            for one in value.values():
                walk(one)
        elif isinstance(value, list):
            for one in value:
                walk(one)
        elif isinstance(value, str) and value.startswith("http"):
            found.append(value)

    for entry in json.loads((tree / "universe.json").read_bytes())["packages"]:
        walk(entry.get("resource"))
    return found


def test_a_bundle_holds_what_it_names_under_its_own_url(tmp_path: Path, origin: Origin) -> None:
    files = package(tmp_path / "source", "alpha", origin) | package(tmp_path / "source", "beta", origin)
    package(tmp_path / "source", "gamma", origin)
    done = bundle.mirror(str(tmp_path / "source"), tmp_path / "out", ["alpha", "beta"], settings())
    assert len(done.revisions) == 2 and done.files == 7
    named = uris_of(tmp_path / "out")
    assert len(named) == 12
    contents = {hashlib.sha256(content).hexdigest(): content for content in files.values()}
    for uri in named:
        path = tmp_path / "out" / uri.removeprefix(f"{URL}/")
        assert path.parent.name in contents and path.read_bytes() == contents[path.parent.name]
        assert path.name in ("app.tgz", "icon.png", "cli", "jre.tar.gz"), "tasks and unpacking go by the name"
    assert Counter(path for path, _ in origin.asked)["/shared/jre.tar.gz"] == 1, "each comes once"
    assert "gamma" not in (tmp_path / "out" / "universe.json").read_text()


def test_a_bundle_is_signed_and_verified_like_any_tree(tmp_path: Path, origin: Origin) -> None:
    publisher = Publisher(tmp_path / "publisher")
    publisher.begin()
    package(tmp_path / "source", "delta", origin)
    bundle.mirror(str(tmp_path / "source"), publisher.out, ["delta"], settings())
    signed = publisher.sign()
    assert signed.without_digest == [] and signed.artifacts == 6
    assert verifying.verify(str(publisher.out), publisher.root, now=publisher.now).unsigned == []
    found = publisher.client(publisher.out).artifacts("delta")
    assert found is not None
    for artifact in found["revisions"]["0"]["artifacts"]:
        content = (publisher.out / artifact["uri"].removeprefix(f"{URL}/")).read_bytes()
        assert artifact["sha256"] == hashlib.sha256(content).hexdigest() and artifact["size"] == len(content)
    before = publisher.sign().renewed
    package(tmp_path / "source", "epsilon", origin)
    bundle.mirror(str(tmp_path / "source"), publisher.out, ["delta", "epsilon"], settings())
    assert before == [] and "2.snapshot.json" in publisher.sign().renewed, "versions go on"


def test_a_signed_source_brings_its_digests_along_and_a_tampered_one_is_refused(tmp_path: Path, origin: Origin) -> None:
    publisher = Publisher(tmp_path / "publisher")
    publisher.begin()
    app = origin.put("/delta/0/app.tgz", b"app of delta 0 " * 9000)
    files = package(publisher.source, "delta", origin, app=hashlib.sha256(origin.files["/delta/0/app.tgz"]).hexdigest())
    publisher.build()
    from dcos_universe.trust import sidecars, signing

    signing.sign(
        publisher.out,
        publisher.ceremony,
        [publisher.signers["online"]],
        now=publisher.now,
        known=sidecars.known_of(publisher.source),
    )
    bundle.mirror(str(publisher.out), tmp_path / "out", ["delta"], settings(), root=publisher.root)
    origin.files["/delta/0/app.tgz"] = b"something else " * 9000
    with pytest.raises(Failed, match="not what it was"):
        bundle.mirror(str(publisher.out), tmp_path / "other", ["delta"], settings(), root=publisher.root)
    assert not (tmp_path / "other").exists() and app and files
    (publisher.out / "metadata" / "timestamp.json").unlink()
    with pytest.raises(UniverseError, match="missing"):
        bundle.mirror(str(publisher.out), tmp_path / "third", ["delta"], settings(), root=publisher.root)


@pytest.mark.parametrize("known", [False, True])
def test_what_broke_off_is_gone_on_with(tmp_path: Path, origin: Origin, known: bool) -> None:
    content = b"app of alpha 0 " * 9000
    more = {"app": hashlib.sha256(content).hexdigest()} if known else {}
    package(tmp_path / "source", "alpha", origin, **more)
    origin.etags = not known
    origin.cut["/alpha/0/app.tgz"] = 70_000
    origin.pause = 0.3  # What comes with the end of a connection is lost with it.
    bundle.mirror(str(tmp_path / "source"), tmp_path / "out", ["alpha"], settings())
    asked = [range_ for path, range_ in origin.asked if path == "/alpha/0/app.tgz"]
    assert len(asked) == 2 and asked[0] == "" and asked[1].startswith("bytes=")
    assert int(asked[1].removeprefix("bytes=").rstrip("-")) > 0


def test_a_file_that_changed_in_between_is_begun_anew(tmp_path: Path, origin: Origin) -> None:
    package(tmp_path / "source", "alpha", origin)
    origin.fail.update({"/alpha/0/cli": 99})
    origin.cut["/alpha/0/app.tgz"] = 70_000
    path = "/alpha/0/app.tgz"
    with pytest.raises(Failed):
        bundle.mirror(str(tmp_path / "source"), tmp_path / "out", ["alpha"], settings())
    (part,) = (tmp_path / ".out.mirror" / "blobs").glob(hashlib.sha256(origin.files[path]).hexdigest())
    # As if it had been killed after 70,000 bytes, and the file replaced at its server since.
    key = hashlib.sha256(f"{origin.url}{path}".encode()).hexdigest()
    (tmp_path / ".out.mirror" / "parts" / key).write_bytes(part.read_bytes()[:70_000])
    (tmp_path / ".out.mirror" / "parts" / f"{key}.json").write_text(json.dumps({"validator": '"old"'}))
    (tmp_path / ".out.mirror" / "uris" / key).unlink()
    origin.files[path] = b"another file " * 9000
    origin.fail.clear()
    bundle.mirror(str(tmp_path / "source"), tmp_path / "out", ["alpha"], settings())
    digest = hashlib.sha256(origin.files[path]).hexdigest()
    assert (tmp_path / "out" / "blobs" / digest / "app.tgz").read_bytes() == origin.files[path]


def test_parts_of_two_files_are_never_one(tmp_path: Path, origin: Origin) -> None:
    """A server without ETag gave a part of another file: the digest shows it, and the download starts again."""
    content = b"app of alpha 0 " * 9000
    package(tmp_path / "source", "alpha", origin, app=hashlib.sha256(content).hexdigest())
    origin.etags = False
    key = hashlib.sha256(f"{origin.url}/alpha/0/app.tgz".encode()).hexdigest()
    parts = tmp_path / ".out.mirror" / "parts"
    parts.mkdir(parents=True)
    (parts / key).write_bytes(b"z" * 70_000)
    bundle.mirror(str(tmp_path / "source"), tmp_path / "out", ["alpha"], settings())
    digest = hashlib.sha256(content).hexdigest()
    assert (tmp_path / "out" / "blobs" / digest / "app.tgz").read_bytes() == content


def test_what_is_not_what_its_digest_says_is_refused_and_all_else_kept(tmp_path: Path, origin: Origin) -> None:
    package(tmp_path / "source", "alpha", origin, app="0" * 64, cli="1" * 64)
    with pytest.raises(Failed) as caught:
        bundle.mirror(str(tmp_path / "source"), tmp_path / "out", ["alpha"], settings())
    assert len(caught.value.failures) == 2
    assert "app.tgz is not what it was" in str(caught.value) and "0" * 64 in str(caught.value)
    assert not (tmp_path / "out").exists()
    assert len(list((tmp_path / ".out.mirror" / "blobs").iterdir())) == 2


def test_a_body_that_is_always_cut_short_is_refused(tmp_path: Path, origin: Origin) -> None:
    package(tmp_path / "source", "alpha", origin)
    origin.lengths = False
    with pytest.raises(Failed, match="neither its length nor its end"):
        bundle.mirror(str(tmp_path / "source"), tmp_path / "out", ["alpha"], settings())
    assert not (tmp_path / "out").exists()


def test_too_large_a_file_is_left(tmp_path: Path, origin: Origin) -> None:
    package(tmp_path / "source", "alpha", origin)
    with pytest.raises(Failed, match="may have 100000"):
        bundle.mirror(str(tmp_path / "source"), tmp_path / "out", ["alpha"], settings(largest=100_000))


def test_a_busy_server_is_asked_again_and_a_missing_file_is_not(tmp_path: Path, origin: Origin) -> None:
    package(tmp_path / "source", "alpha", origin)
    origin.fail.update({"/alpha/0/cli": 2})
    del origin.files["/alpha/0/icon.png"]
    with pytest.raises(Failed, match=r"icon\.png cannot be downloaded: it is answered with 404"):
        bundle.mirror(str(tmp_path / "source"), tmp_path / "out", ["alpha"], settings())
    counted = Counter(path for path, _ in origin.asked)
    assert counted["/alpha/0/cli"] == 3 and counted["/alpha/0/icon.png"] == 1


def test_what_is_damaged_here_is_passed_on_by_no_verb_and_brought_again(tmp_path: Path, origin: Origin) -> None:
    publisher = Publisher(tmp_path / "publisher")
    publisher.begin()
    app = package(tmp_path / "source", "alpha", origin)["/alpha/0/app.tgz"]
    bundle.mirror(str(tmp_path / "source"), publisher.out, ["alpha"], settings())
    publisher.sign()
    name = f"blobs/{hashlib.sha256(app).hexdigest()}/app.tgz"
    (publisher.out / name).write_bytes(b"z" + app[1:])
    assert verifying.verify(str(publisher.out), publisher.root, now=publisher.now).unsigned
    for verb in (publisher.sign, lambda: publication.read(publisher.out)):
        with pytest.raises(UniverseError, match=rf"damaged(?s:.*){name} has the digest "):
            verb()
    asked = len(origin.asked)
    bundle.mirror(str(tmp_path / "source"), publisher.out, ["alpha"], settings())
    assert (publisher.out / name).read_bytes() == app
    assert [path for path, _ in origin.asked[asked:]] == ["/alpha/0/app.tgz"]
    publisher.sign()
    assert verifying.verify(str(publisher.out), publisher.root, now=publisher.now).unsigned == []


def test_packages_of_python_come_along_with_their_digests(tmp_path: Path, origin: Origin) -> None:
    publisher = Publisher(tmp_path / "publisher")
    publisher.begin()
    wheel = b"a wheel " * 900
    uri, digest = origin.put("/dcos_demo-1.0-py3-none-any.whl", wheel), hashlib.sha256(wheel).hexdigest()
    write_package(tmp_path / "source", "alpha", command={"pip": [uri, "of-an-index==1.0"]})
    done = bundle.mirror(str(tmp_path / "source"), publisher.out, ["alpha"], settings())
    assert done.outside == ["alpha 1.0.0 (revision 0): its command.json names of-an-index==1.0"]
    place = f"blobs/{digest}/dcos_demo-1.0-py3-none-any.whl"
    (entry,) = json.loads((publisher.out / "universe.json").read_bytes())["packages"]
    assert entry["command"] == {"pip": [f"{URL}/{place}#sha256={digest}", "of-an-index==1.0"]}
    assert (publisher.out / place).read_bytes() == wheel
    publisher.sign()
    found = publisher.client(publisher.out).artifacts("alpha")
    assert found is not None
    (artifact,) = found["revisions"]["0"]["artifacts"]
    assert (artifact["kind"], artifact["uri"], artifact["sha256"]) == ("wheel", f"{URL}/{place}", digest)


def test_a_signature_makes_no_damaged_file_a_good_one() -> None:
    """As a signing of a former version could have signed it."""
    named = f"blobs/{'a' * 64}/app.tgz"
    assert list(contents.damaged({named: ("b" * 64, 1), f"images/blobs/sha256/{'c' * 64}": ("c" * 64, 1)})) == [
        f"{named} has the digest {'b' * 64}"
    ]


def test_what_no_package_needs_any_more_does_not_stay(tmp_path: Path, origin: Origin) -> None:
    package(tmp_path / "source", "alpha", origin)
    package(tmp_path / "source", "beta", origin)
    bundle.mirror(str(tmp_path / "source"), tmp_path / "out", ["alpha", "beta"], settings())
    work = tmp_path / ".out.mirror"
    (work / "parts" / "of-a-run-that-was-killed").write_bytes(b"z")
    (work / "oci" / f"{'0' * 64}.part").mkdir()
    bundle.mirror(str(tmp_path / "source"), tmp_path / "out", ["beta"], settings())
    found = {name: len(list((work / name).iterdir())) for name in ("blobs", "uris", "parts", "oci")}
    assert found == {"blobs": 4, "uris": 4, "parts": 0, "oci": 0}


def test_a_place_that_cannot_be_replaced_is_refused_before_anything_is_fetched(tmp_path: Path, origin: Origin) -> None:
    package(tmp_path / "source", "alpha", origin)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter").write_text("dear")
    with pytest.raises(UniverseError, match="no tree of a repository"):
        bundle.mirror(str(tmp_path / "source"), tmp_path / "home", ["alpha"], settings())
    assert origin.asked == [] and not (tmp_path / ".home.mirror").exists()


@pytest.mark.parametrize("uri", ["file:///etc/passwd", "ftp://198.18.0.9/x", "http:///x", "/etc/passwd"])
def test_a_package_brings_no_file_of_this_machine_into_a_mirror(tmp_path: Path, uri: str) -> None:
    write_package(tmp_path / "source", "alpha", resource={"assets": {"uris": {"app": uri}}})
    with pytest.raises(UniverseError):
        bundle.mirror(str(tmp_path / "source"), tmp_path / "out", ["alpha"], settings())
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "../../../../tmp/evil"},
        {"name": "a/b"},
        {"name": ".hidden"},
        {"name": "alpha\n"},
        {"releaseVersion": -1},
        {"resource": []},
        {"resource": {"assets": {"uris": ["http://198.18.0.9/x"]}}},
        {"resource": {"cli": {"binaries": {"linux": 3}}}},
        {"marathon": {"v2AppMustacheTemplate": "%%%"}},
        {"config": "x"},
    ],
    ids=str,
)
def test_an_entry_that_is_none_harms_nothing(tmp_path: Path, changed: dict[str, Any]) -> None:
    """A repository without a signature may say anything."""
    write_package(tmp_path / "source", "alpha")
    build(tmp_path / "source", tmp_path / "tree", with_site=False, with_twins=False)
    index = json.loads((tmp_path / "tree" / "universe.json").read_bytes())
    index["packages"][0] |= changed
    served = tmp_path / "served"
    served.mkdir()
    (served / "universe.json").write_text(json.dumps(index))
    with pytest.raises(UniverseError):
        bundle.mirror(str(served), tmp_path / "out", [f"{index['packages'][0]['name']}=*"], settings())
    assert sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith(".")) == [
        "served",
        "source",
        "tree",
    ]


def test_digests_may_be_required(tmp_path: Path, origin: Origin) -> None:
    package(tmp_path / "source", "alpha", origin)
    with pytest.raises(UniverseError, match="digest of 3 artifacts"):
        bundle.mirror(str(tmp_path / "source"), tmp_path / "out", ["alpha"], settings(require_digests=True))
    assert origin.asked == []


def test_what_a_template_fetches_past_the_mirror_is_told(tmp_path: Path, origin: Origin) -> None:
    package(tmp_path / "source", "alpha", origin)
    template = tmp_path / "source" / "packages" / "A" / "alpha" / "0" / "marathon.json.mustache"
    template.write_text(
        '{"id": "x", "cmd": "y", "uris": ["http://198.18.0.9/else.tgz", "{{resource.assets.uris.app}}"],'
        ' "container": {"docker": {"image": "some/image:1"}}}'
    )
    done = bundle.mirror(str(tmp_path / "source"), tmp_path / "out", ["alpha"], settings())
    assert [one.partition(": ")[2] for one in done.outside] == [
        "its template names http://198.18.0.9/else.tgz",
        "its template names the image some/image:1",
    ]


def test_names_are_chosen_by_version(tmp_path: Path) -> None:
    entries = [("a", "1.0", 0), ("a", "1.1", 1), ("a", "1.1", 2), ("b", "2.0", 0)]
    revisions = [
        Revision.of({"packagingVersion": "3.0", "name": name, "version": version, "releaseVersion": number})
        for name, version, number in entries
    ]

    def chosen(*wanted: str) -> list[tuple[str, int]]:
        return [(one.name, one.release_version) for one in select(revisions, States(), wanted)]

    assert chosen("a") == [("a", 2)]
    assert chosen("a=1.0", "b", "b") == [("a", 0), ("b", 0)]
    assert chosen("a=1.1") == [("a", 2)]
    assert chosen("a=*") == [("a", 0), ("a", 1), ("a", 2)]
    with pytest.raises(UniverseError, match=r"c is no package of it; a has no version 9, but 1\.1, 1\.0"):
        chosen("c", "a=9")


MIRROR = """
import sys
from pathlib import Path
from dcos_universe.mirror import bundle
source, out, *packages = sys.argv[1:]
print("go", flush=True)
bundle.mirror(source, Path(out), packages, bundle.Settings("http://198.18.0.9:8000/universe", pause=0.01))
"""


@pytest.mark.parametrize("attempts", [3, pytest.param(40, marks=pytest.mark.soak)])
def test_kill_9_at_any_moment_leaves_the_old_bundle_or_the_new_one(
    tmp_path: Path, origin: Origin, attempts: int
) -> None:
    package(tmp_path / "source", "alpha", origin)
    bundle.mirror(str(tmp_path / "source"), tmp_path / "out", ["alpha"], settings())
    dice = random.Random(5)
    whole = 2.0
    names = ["alpha"]
    origin.pause = 0.01
    for attempt in range(attempts):
        name = f"more{attempt}"
        package(tmp_path / "source", name, origin)
        command = [sys.executable, "-c", MIRROR, str(tmp_path / "source"), str(tmp_path / "out"), *names, name]
        with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as process:
            assert process.stdout is not None and process.stdout.readline() == b"go\n"
            began = time.monotonic()
            try:
                process.wait(dice.uniform(0.0, whole))
                whole = max(0.2, time.monotonic() - began)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
        names.append(name)
        whole_or_nothing(tmp_path / "out")
    origin.pause = 0.0
    bundle.mirror(str(tmp_path / "source"), tmp_path / "out", names, settings())
    whole_or_nothing(tmp_path / "out")
    assert len(json.loads((tmp_path / "out" / "universe.json").read_bytes())["packages"]) == 1 + attempts


def whole_or_nothing(tree: Path) -> None:
    """Every URI that the index names is there, with its digest, and its compressed twin is of the same index."""
    for uri in uris_of(tree):
        path = tree / uri.removeprefix(f"{URL}/")
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.parent.name
    assert gzip.decompress((tree / "universe.json.gz").read_bytes()) == (tree / "universe.json").read_bytes()


def test_a_digest_is_64_small_hex_digits() -> None:
    good = "a" * 64
    assert Digest.of(f"sha256:{good}", "x") == Digest(good)
    assert Digest.of({"sha256": good, "size": 3}, "x") == Digest(good, 3)
    for wrong in ("a" * 64, "sha256:" + "A" * 64, f"sha256:{good}\n", "md5:aa", 3, None, {"sha256": good, "size": -1}):
        with pytest.raises(UniverseError):
            Digest.of(wrong, "x")


@pytest.mark.parametrize(
    "more",
    [
        *(
            {"url": url}
            for url in ("http://h:99999/", "http://h:0", "http://h:x/", "http://", "ftp://h/", "http://[x/")
        ),
        *({"registry": name} for name in ("h:99999", "h:0", ":5000", "[x")),
    ],
    ids=str,
)
def test_where_nothing_can_be_served_no_mirror_is_made(tmp_path: Path, more: dict[str, str]) -> None:
    wrong = bundle.Settings(**{"url": URL, **more})  # type: ignore[arg-type]  # texts all of them
    with pytest.raises(UniverseError, match=r"is not where a mirror is served|is no registry of images"):
        bundle.mirror(str(tmp_path), tmp_path / "out", ["*"], wrong)
    assert not list(tmp_path.iterdir())
