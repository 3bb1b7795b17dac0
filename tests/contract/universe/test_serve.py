"""The server as clients meet it: requests of Cosmos as Cosmos sends them, and those of attackers."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import zstandard

from tests.support.universe.serving import RELEASES, TYPE, Server, serving, small_tree, version_of

BIG = os.urandom(1 << 20) * 12
COSMOS = ", ".join(f"{TYPE}{version}" for version in ("v3", "v4", "v5"))


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = small_tree(tmp_path_factory.mktemp("tree") / "tree", "one")
    blob = root / "blobs" / hashlib.sha256(BIG).hexdigest() / "data.tgz"
    blob.parent.mkdir(parents=True)
    blob.write_bytes(BIG)
    for path in root.rglob("*"):  # long ago: of a file that has just changed no time of change is told
        os.utime(path, (1_700_000_000, 1_700_000_000), follow_symlinks=False)
    (root / "link").symlink_to("/etc/passwd")
    (root / "up").symlink_to("..")
    (root / ".hidden").write_text("secret")
    os.mkfifo(root / "pipe.json")
    (root.parent / "outside").write_text("secret")
    return root


@pytest.fixture(scope="module")
def server(tree: Path) -> Iterator[Server]:
    with serving(tree) as running:
        yield running


def unpacked_by(coding: str | None, body: bytes) -> bytes:
    if coding is None:
        return body
    return gzip.decompress(body) if coding == "gzip" else bytes(zstandard.decompress(body))


def ask(
    server: Server, path: str, headers: Mapping[str, str] | None = None, method: str = "GET"
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=240)
    connection.putrequest(method, path, skip_accept_encoding=True)
    for name, value in (headers or {}).items():
        connection.putheader(name, value)
    connection.endheaders()
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response, body


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("version", ["v3", "v4", "v5"])
def test_cosmos_gets_its_release_in_the_type_it_accepts(server: Server, tree: Path, release: str, version: str) -> None:
    for agent in (f"cosmos/0.6.0 dcos/{release}", f"cosmos/0.6.0 dcos/{release}.3", f"dcos/{release}"):
        response, body = ask(server, "/repo", {"User-Agent": agent, "Accept": f"{TYPE}{version}"})
        assert response.status == 200
        assert body == (tree / f"repo-up-to-{release}.json").read_bytes()
        assert response.headers["Content-Type"] == TYPE + version
        package, one = ask(server, "/package/web", {"User-Agent": agent, "Accept": f"{TYPE}{version}"})
        assert one == (tree / release / "package" / "web.json").read_bytes()
        assert package.headers["Content-Type"] == TYPE + version


def test_of_several_types_the_newest_is_sent(server: Server) -> None:
    for accept, version in (
        (COSMOS, "v5"),
        (f"{TYPE}v3, {TYPE}v4", "v4"),
        (f"{TYPE}v4;q=0.1, {TYPE}v3;q=1.0, application/zip", "v4"),
        ("application/vnd.dcos.universe.repo+json; version=v4; charset=UTF-8", "v4"),
        (f"{TYPE}v5;q=0, {TYPE}v3", "v3"),
    ):
        response, _ = ask(server, "/repo", {"User-Agent": "cosmos/1 dcos/1.13", "Accept": accept})
        assert response.headers["Content-Type"] == TYPE + version, accept


@pytest.mark.parametrize("accept", [None, "*/*", "application/json", "text/html,*/*;q=0.8"])
def test_who_names_no_type_gets_the_file_s_own(server: Server, accept: str | None) -> None:
    for release in RELEASES:
        headers = {"User-Agent": f"x dcos/{release}", **({"Accept": accept} if accept else {})}
        response, _ = ask(server, "/repo", headers)
        assert response.headers["Content-Type"] == TYPE + version_of(release)


@pytest.mark.parametrize("agent", ["", "curl/8", "dcos/1.7", "dcos/3.0", "dcos/1.130", "dcos/x", "xdcos/1.8"])
def test_an_unknown_release_is_the_newest(server: Server, tree: Path, agent: str) -> None:
    _, body = ask(server, "/repo", {"User-Agent": agent})
    assert body == (tree / "repo-up-to-2.0.json").read_bytes()


def test_who_accepts_nothing_that_there_is_is_told(server: Server) -> None:
    response, body = ask(server, "/repo", {"Accept": "application/zip"})
    assert (response.status, b"v5, v4, v3" in body) == (406, True)


def test_every_file_has_its_own_path_and_type(server: Server, tree: Path) -> None:
    for path in sorted(tree.rglob("*")):
        if not path.is_file() or path.is_symlink() or path.name.startswith("."):
            continue
        name = path.relative_to(tree).as_posix()
        response, body = ask(server, f"/{name}")
        assert (response.status, body == path.read_bytes()) == (200, True), name
        assert response.headers["Content-Encoding"] is None
        told = path.with_name(path.name.replace(".json", ".content_type"))
        if told.is_file() and path.name.endswith(".json"):
            assert response.headers["Content-Type"] == told.read_text()
    assert ask(server, "/")[1] == (tree / "index.html").read_bytes()


@pytest.mark.parametrize(
    ("accepted", "sent"),
    [
        ("gzip", "gzip"),
        ("gzip, deflate", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("zstd;q=0.5, gzip", "gzip"),
        ("gzip;q=0", None),
        ("identity, gzip;q=0.5", None),
        ("*", "gzip"),
        ("*;q=0", None),
        ("", None),
        ("br", None),
        ("x-gzip", "gzip"),
    ],
)
def test_a_twin_is_sent_to_who_takes_it(server: Server, tree: Path, accepted: str, sent: str | None) -> None:
    response, body = ask(server, "/universe.json", {"Accept-Encoding": accepted})
    assert response.headers["Content-Encoding"] == sent
    assert "Accept-Encoding" in response.headers["Vary"]
    unpacked = unpacked_by(sent, body)
    assert unpacked == (tree / "universe.json").read_bytes()


def test_each_form_has_its_own_strong_tag_by_its_bytes(server: Server) -> None:
    tags = set()
    for coding in ("", "gzip", "zstd"):
        response, body = ask(server, "/universe.json", {"Accept-Encoding": coding})
        tag = response.headers["ETag"]
        assert tag == f'"{hashlib.sha256(body).hexdigest()[:40]}"'
        for condition in (tag, f"W/{tag}", f'"x", {tag}', "*"):
            again, nothing = ask(server, "/universe.json", {"Accept-Encoding": coding, "If-None-Match": condition})
            assert (again.status, nothing, again.headers["ETag"]) == (304, b"", tag)
        other, _ = ask(server, "/universe.json", {"Accept-Encoding": coding, "If-None-Match": '"x"'})
        assert other.status == 200
        assert ask(server, "/universe.json", {"Accept-Encoding": coding, "If-Match": '"x"'})[0].status == 412
        assert ask(server, "/universe.json", {"Accept-Encoding": coding, "If-Match": tag})[0].status == 200
        tags.add(tag)
    assert len(tags) == 3


def test_head_is_get_without_the_body(server: Server) -> None:
    for path in ("/repo", "/package/web", "/universe.json", "/nothing", "/"):
        got, body = ask(server, path, {"Accept-Encoding": "gzip"})
        head, nothing = ask(server, path, {"Accept-Encoding": "gzip"}, method="HEAD")
        assert (head.status, nothing) == (got.status, b"")
        assert int(head.headers["Content-Length"]) == len(body)
        assert {**dict(head.headers), "Date": ""} == {**dict(got.headers), "Date": ""}


def test_ranges_put_together_are_the_file(server: Server, tree: Path) -> None:
    path = next((tree / "blobs").rglob("data.tgz"))
    name = f"/{path.relative_to(tree).as_posix()}"
    response, body = ask(server, name)
    assert body == BIG
    assert "immutable" in response.headers["Cache-Control"]
    tag = response.headers["ETag"]
    middle = len(BIG) // 2 + 7
    parts = []
    for span in (f"bytes=0-{middle - 1}", f"bytes={middle}-"):
        part, piece = ask(server, name, {"Range": span, "If-Range": tag})
        assert part.status == 206
        parts.append(piece)
    assert b"".join(parts) == BIG
    part, piece = ask(server, name, {"Range": "bytes=-100"})
    assert (piece, part.headers["Content-Range"]) == (
        BIG[-100:],
        f"bytes {len(BIG) - 100}-{len(BIG) - 1}/{len(BIG)}",
    )
    for whole in ({"Range": "bytes=0-9", "If-Range": '"other"'}, {"Range": "lines=1-2"}, {"Range": "bytes=9-1"}):
        assert ask(server, name, whole)[0].status == 200
    beyond, _ = ask(server, name, {"Range": f"bytes={len(BIG)}-"})
    assert (beyond.status, beyond.headers["Content-Range"]) == (416, f"bytes */{len(BIG)}")


@pytest.mark.parametrize(
    "path",
    [
        "/../outside",
        "/%2e%2e/outside",
        "/..%2foutside",
        "/x/../../outside",
        "//etc/passwd",
        "/%2fetc/passwd",
        "/link",
        "/up/outside",
        "/.hidden",
        "/%2ehidden",
        "/package/../universe",
        "/package/..%2f..%2funiverse",
        "/package/web%00",
        "/universe.json%00",
        "/universe.json/",
        "/universe.json/x",
        "/pipe.json",
        "/package",
        "/package/",
        "/1.13",
        "/%ff%fe",
        "/x\\..\\outside",
        "/" + "a/" * 900,
        "/" + "a" * 1500,
    ],
)
def test_nothing_outside_of_the_tree_is_sent(server: Server, path: str) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=240) as raw:
        raw.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode("latin-1"))
        told = b"".join(iter(lambda: raw.recv(65536), b""))
    assert told.startswith((b"HTTP/1.1 404", b"HTTP/1.1 400")), told[:200]
    assert b"secret" not in told and b"root:" not in told


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "BREW"])
def test_other_methods_are_refused(server: Server, method: str) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=240) as raw:
        target = "x:1" if method == "CONNECT" else "/repo"
        raw.sendall(f"{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        told = b"".join(iter(lambda: raw.recv(65536), b""))
    assert told.split(b" ")[1] in (b"400", b"405"), told[:200]
    assert b"aiohttp" not in told


def test_the_server_is_well(server: Server) -> None:
    assert ask(server, "/health")[0].status == 200


def test_each_answer_is_whole_while_the_tree_is_switched(tmp_path: Path) -> None:
    """Trees of which every file says the same word take each other's place as fast as can be; each answer is a whole
    file of one of them, its tag is of its bytes, and none is missing."""
    current = tmp_path / "current"
    marks = [f"mark{number}" for number in range(4)]
    for mark in marks:
        small_tree(tmp_path / mark, mark, padding=300_000)
    current.symlink_to(marks[0])
    ended = threading.Event()

    def switch() -> None:
        number = 0
        while not ended.is_set():
            number += 1
            mark = marks[number % len(marks)]
            (tmp_path / "new").symlink_to(mark)
            (tmp_path / "new").rename(current)
            time.sleep(0.002)

    switcher = threading.Thread(target=switch)
    with serving(current) as server:
        switcher.start()
        try:
            seen = set()
            for turn in range(300):
                coding = ("", "gzip", "zstd")[turn % 3]
                path = ("/repo", "/universe.json", "/package/web")[turn % 2]
                response, body = ask(server, path, {"Accept-Encoding": coding})
                assert response.status == 200
                assert response.headers["ETag"] == f'"{hashlib.sha256(body).hexdigest()[:40]}"'
                sent = response.headers["Content-Encoding"]
                plain = unpacked_by(sent, body)
                entry = json.loads(plain)["packages"][0]
                assert entry["padding"] == (entry["version"] * 300_000)[:300_000]
                seen.add(entry["version"])
            assert len(seen) > 1
        finally:
            ended.set()
            switcher.join()


def test_a_large_answer_goes_on_from_the_tree_it_began_with(tmp_path: Path) -> None:
    first, second = small_tree(tmp_path / "a", "a"), small_tree(tmp_path / "b", "b")
    (first / "large.bin").write_bytes(BIG)
    (second / "large.bin").write_bytes(BIG[::-1])
    current = tmp_path / "current"
    current.symlink_to("a")
    with serving(current) as server, socket.create_connection(("127.0.0.1", server.port), timeout=240) as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        raw.sendall(b"GET /large.bin HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        got = raw.recv(1000)
        (tmp_path / "new").symlink_to("b")
        (tmp_path / "new").rename(current)
        subprocess.run(["rm", "-r", str(first)], check=True)
        got += b"".join(iter(lambda: raw.recv(1 << 16), b""))
        assert got.partition(b"\r\n\r\n")[2] == BIG
        assert ask(server, "/large.bin")[1] == BIG[::-1]


def test_a_file_that_is_replaced_in_the_tree_is_sent_anew(tmp_path: Path) -> None:
    tree = small_tree(tmp_path / "tree", "a")
    with serving(tree) as server:
        tags = set()
        for mark in ("aaaa", "bbbb", "cccc"):
            (tree / "beside").write_text(mark)
            os.utime(tree / "beside", (1, 1))
            (tree / "beside").rename(tree / "note.txt")
            response, body = ask(server, "/note.txt")
            assert body == mark.encode()
            tags.add(response.headers["ETag"])
        assert len(tags) == 3


def test_an_artifact_that_is_not_what_its_name_says_is_not_sent(tmp_path: Path) -> None:
    content = b"an artifact " * 9000
    name = f"blobs/{hashlib.sha256(content).hexdigest()}/app.tgz"
    root = small_tree(tmp_path / "tree", "one", {name: content})
    with serving(root) as running:
        assert ask(running, f"/{name}")[1] == content
        (root / name).write_bytes(b"z" + content[1:])
        for headers in ({}, {"Range": "bytes=10-19"}, {"If-None-Match": "*"}):
            answer, body = ask(running, f"/{name}", headers)
            assert answer.status == 500 and b"not what its name says" in body


def test_a_server_waits_for_its_first_tree(tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    with serving(place, "--may-be-empty") as server:
        assert ask(server, "/repo")[0].status == 503
        assert ask(server, "/health")[0].status == 200
        small_tree(place / "trees" / "1", "first")
        (place / "current").symlink_to("trees/1")
        assert b"first" in ask(server, "/repo")[1]


@pytest.mark.parametrize(
    ("folder", "options", "says"),
    [
        ("none", (), "there is no tree to serve"),
        ("source", (), "is no tree of a repository"),
        ("source", ("--may-be-empty",), "is no tree of a repository"),
    ],
)
def test_without_a_tree_it_says_so(tmp_path: Path, folder: str, options: tuple[str, ...], says: str) -> None:
    """Of a folder that is no tree it serves no file."""
    import sys

    (tmp_path / "source" / "packages").mkdir(parents=True)
    program = "from dcos_universe.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "serve", str(tmp_path / folder), *options],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1
    assert says in done.stderr and "dcos-universe build" in done.stderr


def test_an_end_lets_answers_come_to_theirs(tmp_path: Path) -> None:
    tree = small_tree(tmp_path / "tree", "a")
    (tree / "large.bin").write_bytes(BIG)
    with serving(tree) as server, socket.create_connection(("127.0.0.1", server.port), timeout=240) as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        raw.sendall(b"GET /large.bin HTTP/1.1\r\nHost: x\r\n\r\n")
        got = raw.recv(1000)
        server.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 240
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", server.port), timeout=5).close()
            except ConnectionError:
                break
            except TimeoutError:  # its line is full, and it is not at work
                continue
            time.sleep(0.05)
        else:
            pytest.fail("it takes connections though it was told to end")
        got += b"".join(iter(lambda: raw.recv(1 << 16), b""))
        assert got.partition(b"\r\n\r\n")[2] == BIG
        assert server.process.wait(240) == 0


def test_https_with_a_certificate(tmp_path: Path) -> None:
    tree = small_tree(tmp_path / "tree", "a")
    pem = tmp_path / "both.pem"
    key = tmp_path / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-keyout", str(key), "-out", str(pem), "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    options = ["--listen-tls", "127.0.0.1:0", "--certificate", str(pem), "--key", str(key)]
    with serving(tree, *options, addresses=2) as server:
        tls = ssl.create_default_context(cafile=str(pem))
        connection = http.client.HTTPSConnection("127.0.0.1", server.ports[1], context=tls, timeout=240)
        connection.request("GET", "/repo", headers={"User-Agent": "dcos/1.13"})
        response = connection.getresponse()
        assert (response.status, response.read()) == (200, (tree / "repo-up-to-1.13.json").read_bytes())
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        old.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises(OSError), socket.create_connection(("127.0.0.1", server.ports[1]), timeout=240) as raw:
            old.wrap_socket(raw)


def test_one_address_shuts_nobody_out_with_half_sent_requests(tmp_path: Path) -> None:
    with serving(small_tree(tmp_path / "tree", "one"), "--connections=40") as server, contextlib.ExitStack() as kept:
        for number in range(120):
            half = socket.create_connection(("127.0.0.1", server.port), source_address=("127.0.0.9", 0))
            kept.callback(half.close)
            half.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
            if number % 20 == 0:
                assert ask(server, "/repo")[0].status == 200
        calm = http.client.HTTPConnection("127.0.0.1", server.port, timeout=240)
        kept.callback(calm.close)
        for _ in range(3):  # and keeps its connection, however many more come
            calm.request("GET", "/repo")
            answer = calm.getresponse()
            assert (answer.status, bool(answer.read())) == (200, True)
            for _ in range(45):
                half = socket.create_connection(("127.0.0.1", server.port), source_address=("127.0.0.9", 0))
                kept.callback(half.close)
                half.sendall(b"GET / HTTP/1.1\r\n")
