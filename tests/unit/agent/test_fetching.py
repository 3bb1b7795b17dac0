"""What is fetched is whole or fails with its reason: the fetch process as it is run, against servers that misbehave."""

from __future__ import annotations

import asyncio
import base64
import bz2
import contextlib
import gzip
import io
import json
import lzma
import os
import signal
import socket
import stat
import subprocess
import sys
import tarfile
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from dcos_runtime.agent.containers.base import User
from dcos_runtime.agent.fetcher import Fetcher, end_leftovers
from dcos_runtime.agent.fetching import process
from dcos_runtime.wire.common import CommandInfo

MB = 1 << 20


@dataclass
class Outcome:
    code: int
    why: str
    said: str
    sandbox: Path

    def text(self, name: str) -> str:
        return (self.sandbox / name).read_text()


@dataclass
class Server:
    """Answers each path with the bytes it was given, headers and all, then closes."""

    answers: dict[str, bytes] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    port: int = 0

    def __post_init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                head = b""
                while b"\r\n\r\n" not in head and (more := connection.recv(65536)):
                    head += more
                self.requests.append(head.decode("latin-1"))
                path = head.split(b" ")[1].decode() if head else ""
                connection.sendall(self.answers.get(path, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"))

    def close(self) -> None:
        self._socket.close()

    def put(self, path: str, body: bytes) -> str:
        self.answers[path] = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        return f"http://127.0.0.1:{self.port}{path}"

    def raw(self, path: str, answer: bytes) -> str:
        self.answers[path] = answer
        return f"http://127.0.0.1:{self.port}{path}"


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


Fetch = Callable[..., Outcome]


def started(order: dict[str, Any]) -> subprocess.Popen[bytes]:
    running = subprocess.Popen(
        [sys.executable, "-I", "-S", process.__file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PATH": "/usr/bin:/bin", "MALLOC_ARENA_MAX": "1"},
    )
    assert running.stdin is not None
    running.stdin.write(json.dumps(order).encode() + b"\n")
    running.stdin.flush()
    return running


@pytest.fixture
def fetch(tmp_path: Path) -> Fetch:
    sandbox = tmp_path / "sandbox"
    sandbox.mkdir()

    def run(*uris: str | dict[str, Any], **changed: Any) -> Outcome:
        order: dict[str, Any] = {
            "sandbox": str(sandbox),
            "uris": [
                {"value": uri, "extract": True, "executable": False, "output_file": None}
                if isinstance(uri, str)
                else {"extract": True, "executable": False, "output_file": None, **uri}
                for uri in uris
            ],
            "user": None,
            "stall_seconds": 60,
            "max_bytes": 64 * MB,
            "max_rule": "that is the rule",
            "roots": [str(tmp_path / "open")],
            "never": [str(tmp_path / "open/never")],
            "home": None,
            "public_only": False,
            **changed,
        }
        with started(order) as running:
            # Its stdin stays open while it runs: that is the agent's.
            output, errors = running.stdout, running.stderr
            assert output is not None and errors is not None
            said: list[bytes] = []
            reading = threading.Thread(target=lambda: said.append(errors.read()))
            reading.start()
            why = output.read().decode().strip()
            reading.join()
            outcome = Outcome(running.wait(120), why, said[0].decode(), sandbox)
        assert "Traceback" not in outcome.said + outcome.why, outcome.said
        return outcome

    return run


def tar(*members: tuple[str, bytes] | tarfile.TarInfo, mode: str = "w:gz") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member)
                continue
            info = tarfile.TarInfo(member[0])
            info.size = len(member[1])
            archive.addfile(info, io.BytesIO(member[1]))
    return buffer.getvalue()


def special(name: str, kind: bytes, to: str = "", mode: int = 0o644) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, to, mode
    return info


# --- bodies -----------------------------------------------------------------------------------------------------------


def test_a_body_that_is_cut_short_fails_and_says_so(fetch: Fetch, server: Server) -> None:
    cuts = {
        "/length": (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b"x" * 40, "40 of 100 bytes"),
        "/chunk": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nxxxx", "cut short"),
        "/between": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nxxxx\r\n", "cut short"),
        "/noise": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnoise\r\nxxxx\r\n", "cut short"),
        "/nothing": (b"", "without an answer"),
        "/garbage": (b"SSH-2.0-x\r\n\r\n", "does not answer as HTTP does"),
        "/empty": (b"HTTP/1.1 204 No Content\r\n\r\n", "HTTP 204 No Content"),
    }
    for path, (answer, why) in cuts.items():
        url = server.raw(path, answer)
        outcome = fetch(url)
        assert outcome.code == 1 and outcome.why.startswith(f"{url}: ") and why in outcome.why, outcome.why
    for coding in (b"chunked", b"  chunked ", b"Chunked\t"):
        answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding:" + coding + b"\r\n\r\n4\r\nxxxx\r\n0\r\n\r\n"
        assert fetch(server.raw("/whole", answer)).text("whole") == "xxxx"
        failed = fetch(server.raw("/cut", answer.removesuffix(b"0\r\n\r\n")))
        assert failed.code == 1 and "cut short" in failed.why


def test_a_body_whose_length_or_coding_cannot_be_known_is_refused(fetch: Fetch, server: Server) -> None:
    chunks = b"4\r\nxxxx\r\n0\r\n\r\n"
    cases = {
        b"Transfer-Encoding: gzip, chunked": "transfer coding 'gzip, chunked'",
        b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked": "transfer coding 'gzip, chunked'",
        b"Transfer-Encoding: chunked, chunked": "transfer coding",
        b"Transfer-Encoding: ": "transfer coding ''",
        b"Content-Length: 3\r\nContent-Length: 22": "several lengths",
        b"Content-Length: 3, 22": "several lengths",
        b"Content-Length: -3": "Content-Length '-3'",
        b"Content-Length: 10x": "Content-Length '10x'",
        b"Content-Length: ": "Content-Length ''",
        b"Content-Length: \xb2": "Content-Length",
    }
    for header, why in cases.items():
        failed = fetch(server.raw("/x", b"HTTP/1.1 200 OK\r\n" + header + b"\r\n\r\n" + chunks))
        assert failed.code == 1 and why in failed.why, (header, failed.why)
    for header in (b"Content-Length: 4\r\nContent-Length: 4", b"Content-Length: 4, 4", b"Content-Length:\t004 "):
        fetched = fetch(server.raw("/x", b"HTTP/1.1 200 OK\r\n" + header + b"\r\n\r\nxxxx"))
        assert fetched.code == 0 and fetched.text("x") == "xxxx", (header, fetched.why)
    for size in (b"-4", b"0x4", b"4_0"):
        answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + size + b"\r\nxxxx\r\n0\r\n\r\n"
        failed = fetch(server.raw("/x", answer))
        assert failed.code == 1 and "cut short" in failed.why, (size, failed.why)


def test_what_is_not_there_is_named_with_its_cause(fetch: Fetch, server: Server) -> None:
    assert "HTTP 404 Not Found" in fetch(f"http://127.0.0.1:{server.port}/none").why
    server.raw("/no", b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
    assert "HTTP 403 Forbidden" in fetch(f"http://127.0.0.1:{server.port}/no").why
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        assert f"127.0.0.1:{port}: Connection refused" in fetch(f"http://127.0.0.1:{port}/x").why
        assert f"[::1]:{port}: " in fetch(f"http://[::1]:{port}/x").why
    assert "port" in fetch("http://127.0.0.1:none/x").why
    assert "no host" in fetch("http:///x").why
    assert "names no file" in fetch(server.put("/", b"x")).why
    assert "names no file" in fetch(server.put("/%2e%2e", b"x")).why


def test_names_with_spaces_and_letters_beyond_ascii(fetch: Fetch, server: Server) -> None:
    server.put("/a%20b/gr%C3%BC%C3%9Fe%20%C3%A9.txt?q=%C3%B6%20x", b"hello")
    base = f"http://127.0.0.1:{server.port}"
    for value in (f"{base}/a b/grüße é.txt?q=ö x", f"{base}/a%20b/gr%C3%BC%C3%9Fe%20%C3%A9.txt?q=%C3%B6%20x"):
        outcome = fetch(value)
        assert outcome.code == 0, outcome.said
        assert outcome.text("grüße é.txt") == "hello"
        (outcome.sandbox / "grüße é.txt").unlink()


def test_credentials_are_used_and_never_told(fetch: Fetch, server: Server) -> None:
    server.put("/x", b"x")
    place = f"127.0.0.1:{server.port}"
    outcome = fetch(f"http://me:p%40ss word@{place}/x")
    basic = base64.b64encode(b"me:p@ss word").decode()
    assert outcome.code == 0 and f"Authorization: Basic {basic}" in server.requests[-1]
    assert "p%40ss" not in outcome.said and f"http://***@{place}/x" in outcome.said
    for path in ("/none", "/x:y"):
        failed = fetch(f"http://me:s3cret@{place}{path}?sig=abcdef")
        assert failed.code == 1 and f"http://***@{place}{path}?sig=***: HTTP 404" in failed.why
        assert not any(secret in failed.why + failed.said for secret in ("s3cret", "abcdef"))


def test_what_a_server_says_of_a_secret_is_not_told(fetch: Fetch, server: Server) -> None:
    place = f"127.0.0.1:{server.port}"
    basic = base64.b64encode(b"me:pw1").decode()
    for reason in (f"no {basic}", "no pw1", "no me:pw1", "NO PW1", "no " + basic.rstrip("="), "bad \x1b[31m\x07"):
        server.raw("/echo", f"HTTP/1.1 500 {reason}\r\nContent-Length: 0\r\n\r\n".encode())
        failed = fetch(f"http://me:pw1@{place}/echo")
        told = failed.why + failed.said
        assert failed.code == 1 and "HTTP 500" in failed.why
        assert not any(text in told.lower() for text in ("pw1", basic.lower().rstrip("="), "\x1b")), told
    server.raw("/go", f"HTTP/1.1 302 x\r\nLocation: http://{basic}.invalid/\r\n\r\n".encode())
    failed = fetch(f"http://me:pw1@{place}/go")
    assert failed.code == 1 and basic.rstrip("=").lower() not in (failed.why + failed.said).lower(), failed.why
    server.raw("/why", b"HTTP/1.1 404 Really not here\r\nContent-Length: 0\r\n\r\n")
    assert "HTTP 404 Really not here" in fetch(f"http://me:pw1@{place}/why").why


def test_a_uri_that_is_none_does_not_tell_its_password(fetch: Fetch) -> None:
    for value in (
        "http:/me:s3cret@h/x",
        "http:me:s3cret@h/x",
        "//me:s3cret@h/x",
        "me:s3cret@h/x",
        "file://me:s3cret@h/x",
        "http//me:s3cret@h/x",
        "http ://me:s3cret@h/x",
    ):
        failed = fetch(value)
        assert failed.code == 1 and "s3cret" not in failed.why + failed.said, (value, failed.why, failed.said)


def test_redirects_keep_credentials_at_home(fetch: Fetch, server: Server) -> None:
    other = Server()
    place = f"127.0.0.1:{server.port}"
    try:
        target = other.put("/there", b"there")
        server.put("/here", b"here")
        for path, to in (("/out", target), ("/in", "/here"), ("/file", "file:///etc/passwd"), ("/round", "/round")):
            server.raw(path, f"HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode())
        assert fetch({"value": f"http://me:s3cret@{place}/out", "output_file": "out"}).text("out") == "there"
        assert "Authorization" not in other.requests[-1]
        assert fetch({"value": f"http://me:s3cret@{place}/in", "output_file": "in"}).text("in") == "here"
        assert "Authorization" in server.requests[-1]
        assert "redirected to file://" in fetch(f"http://{place}/file").why
        assert "redirects" in fetch(f"http://{place}/round").why
    finally:
        other.close()


# --- archives ---------------------------------------------------------------------------------------------------------


def test_an_archive_that_is_damaged_or_cut_anywhere_fails(fetch: Fetch, server: Server) -> None:
    noise = os.urandom(3000)
    members = [("a", noise), ("b", noise), ("c", noise)]
    plain = tar(*members, mode="w:")
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    whole = {
        "x.tar": plain,
        "x.tar.gz": tar(*members),
        "x.tar.bz2": tar(*members, mode="w:bz2"),
        "x.tar.xz": tar(*members, mode="w:xz"),
        "x.gz": gzip.compress(noise),
        "x.bz2": bz2.compress(noise),
        "x.xz": lzma.compress(noise),
        "x.zip": zipped.getvalue(),
    }
    first_member = 512 + 3072
    for name, data in whole.items():
        good = fetch(server.put(f"/{name}", data))
        assert good.code == 0, good.why
        cuts = {0, len(data) // 2, len(data) - 8}
        if name == "x.tar":
            cuts = {100, 512 + 40, first_member, first_member + 100, 3 * first_member}
        for cut in cuts:
            outcome = fetch(server.put(f"/{name}", data[:cut]))
            assert outcome.code == 1 and "damaged" in outcome.why, (name, cut, outcome.why)
        middle = len(data) // 2 if name != "x.tar" else first_member + 10
        flipped = data[:middle] + bytes([data[middle] ^ 0xFF]) + data[middle + 1 :]
        outcome = fetch(server.put(f"/{name}", flipped))
        assert outcome.code == 1 and name in outcome.why and "damaged" in outcome.why, (name, outcome.why)


def test_what_stands_behind_the_end_of_an_archive_fails_it(fetch: Fetch, server: Server) -> None:
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("a", "a")
        archive.comment = b"a comment"
    whole = {
        "x.tgz": tar(("a", b"a")),
        "x.tbz2": tar(("a", b"a"), mode="w:bz2"),
        "x.txz": tar(("a", b"a"), mode="w:xz"),
        "a.gz": gzip.compress(b"a"),
        "a.bz2": bz2.compress(b"a"),
        "a.xz": lzma.compress(b"a"),
        "x.zip": zipped.getvalue(),
    }
    for name, data in whole.items():
        assert fetch(server.put(f"/{name}", data)).text("a") == "a"
        failed = fetch(server.put(f"/{name}", data + (b"garbage" * 300 if name.startswith("a") else b"g")))
        assert failed.code == 1 and "damaged" in failed.why, (name, failed.why)
        if name.endswith(("bz2", "xz")):
            assert fetch(server.put(f"/{name}", data + bytes(512))).code == 0  # padding
    for name, pack in (("b.gz", gzip.compress), ("b.bz2", bz2.compress), ("b.xz", lzma.compress)):
        assert fetch(server.put(f"/{name}", pack(b"one") + pack(b"two"))).text("b") == "onetwo"
        failed = fetch(server.put(f"/{name}", pack(b"one") + pack(b"two")[:-4]))
        assert failed.code == 1 and "damaged" in failed.why


def large_dictionary(data: bytes, bits: int) -> bytes:
    """An .xz whose header asks for a dictionary that needs so much memory."""
    header = bytearray(data[12:24])
    assert header[2:4] == b"\x21\x01"
    header[4] = bits
    header[8:] = zlib.crc32(header[:8]).to_bytes(4, "little")
    return data[:12] + bytes(header) + data[24:]


def test_an_archive_that_needs_much_memory_is_refused_with_the_figure(fetch: Fetch, server: Server) -> None:
    for name, data in (("a.xz", lzma.compress(b"a")), ("x.txz", tar(("a", b"a"), mode="w:xz"))):
        good = fetch(server.put(f"/{name}", large_dictionary(data, 30)))  # 128 MB
        assert good.code == 0 and good.text("a") == "a", good.why
        for bits, needs in ((32, "257 MB"), (36, "1025 MB"), (40, "4096 MB")):
            failed = fetch(server.put(f"/{name}", large_dictionary(data, bits)))
            assert failed.code == 1 and f"needs {needs} of memory" in failed.why, failed.why
            assert "160 MB" in failed.why
    # Whatever else asks for much gets no more than the process may take.
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 1 << 33
    failed = fetch(server.put("/pax.tar", info.tobuf() + bytes(1024)))
    assert failed.code == 1 and ("256 MB" in failed.why or "damaged" in failed.why), failed.why


def test_folders_and_files_keep_the_modes_they_were_packed_with(fetch: Fetch, server: Server) -> None:
    info = tarfile.TarInfo("ro/sub/file")
    info.mode, info.size = 0o400, 1
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.addfile(special("ro", tarfile.DIRTYPE, mode=0o500))
        archive.addfile(special("ro/sub", tarfile.DIRTYPE, mode=0o555))
        archive.addfile(info, io.BytesIO(b"x"))
        archive.addfile(info, io.BytesIO(b"y"))  # again, over the first
        archive.addfile(special("was", tarfile.DIRTYPE, mode=0o500))
        archive.addfile(special("was", tarfile.SYMTYPE, "/usr"))
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as other:
        for name, mode in (("zipped/", stat.S_IFDIR | 0o511), ("zipped/file", stat.S_IFREG | 0o440)):
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            other.writestr(entry, b"")
    later = server.put("/later.tgz", tar(("ro/later", b"l")))  # into a folder that is closed at the end
    usr = Path("/usr").stat().st_mode
    outcome = fetch(server.put("/ro.tgz", packed.getvalue()), server.put("/x.zip", zipped.getvalue()), later)
    assert outcome.code == 0, outcome.why
    found = {
        path: oct(stat.S_IMODE((outcome.sandbox / path).stat().st_mode))
        for path in ("ro", "ro/sub", "ro/sub/file", "zipped", "zipped/file")
    }
    assert found == {
        "ro": "0o500",
        "ro/sub": "0o555",
        "ro/sub/file": "0o400",
        "zipped": "0o511",
        "zipped/file": "0o440",
    }
    assert outcome.text("ro/sub/file") == "y" and outcome.text("ro/later") == "l"
    assert Path("/usr").stat().st_mode == usr


# --- the process ------------------------------------------------------------------------------------------------------


def hanging(sandbox: Path, port: int) -> dict[str, Any]:
    uri = {"value": f"http://127.0.0.1:{port}/x", "extract": True, "executable": False, "output_file": None}
    rules = {"stall_seconds": 600, "max_bytes": MB, "max_rule": "", "roots": [], "never": [], "home": None}
    return {"sandbox": str(sandbox), "uris": [uri], "user": None, "public_only": False, **rules}


def test_it_ends_with_the_agent(tmp_path: Path) -> None:
    silent = socket.create_server(("127.0.0.1", 0))
    with silent, started(hanging(tmp_path, silent.getsockname()[1])) as running:
        connection, _ = silent.accept()
        connection.recv(1000)
        assert running.poll() is None and running.stdin is not None
        running.stdin.close()  # what the end of the agent does, whatever it ends of
        assert running.wait(60) == 1
        connection.close()


def test_what_a_former_agent_left_is_ended_and_nothing_else(tmp_path: Path) -> None:
    for name in ("ours", "others"):
        (tmp_path / name / "sandbox").mkdir(parents=True)
    with socket.create_server(("127.0.0.1", 0)) as silent, contextlib.ExitStack() as stack:
        port = silent.getsockname()[1]
        processes = {}
        for name in ("ours", "others"):
            processes[name] = stack.enter_context(started(hanging(tmp_path / name / "sandbox", port)))
            stack.enter_context(silent.accept()[0])
        processes["ours"].send_signal(signal.SIGSTOP)
        end_leftovers(tmp_path / "ours")
        assert processes["ours"].wait(60) == -signal.SIGKILL
        assert processes["others"].poll() is None
        processes["others"].kill()


async def test_no_more_than_so_many_fetch_at_once(tmp_path: Path) -> None:
    open_now = most = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(0.2)
        open_now -= 1
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
        writer.close()

    web = await asyncio.start_server(answer, "127.0.0.1", 0)
    uri = CommandInfo.URI(value=f"http://127.0.0.1:{web.sockets[0].getsockname()[1]}/x")
    fetcher = Fetcher(60, 120, MB, (), (), None, False, asyncio.Semaphore(2))
    user = User("", os.geteuid(), os.getegid(), (), "/")
    folders = [tmp_path / str(number) for number in range(6)]
    for folder in folders:
        folder.mkdir()
        (folder / "stderr").touch()
    async with web:
        await asyncio.gather(*(fetcher.fetch(folder.name, [uri], folder, user) for folder in folders))
    assert most <= 2 and all((folder / "x").read_text() == "x" for folder in folders)


def test_what_is_no_archive_says_so(fetch: Fetch, server: Server) -> None:
    for name in ("page.zip", "page.tgz", "page.gz", "page.xz"):
        assert "damaged" in fetch(server.put(f"/{name}", b"<html>please log in</html>" * 50)).why


def test_links_are_made_as_they_are_and_nothing_is_written_through_them(
    fetch: Fetch, server: Server, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    venv = tar(
        special("venv/bin/python3", tarfile.SYMTYPE, "/usr/bin/python3"),
        special("venv/up", tarfile.SYMTYPE, "../../.."),
        special("venv/lib64", tarfile.SYMTYPE, "lib"),
        ("venv/lib/one", b"1"),
        ("venv/lib64/two", b"2"),
    )
    outcome = fetch(server.put("/venv.tgz", venv))
    assert outcome.code == 0, outcome.why
    assert (outcome.sandbox / "venv/bin/python3").readlink() == Path("/usr/bin/python3")
    assert (outcome.sandbox / "venv/up").readlink() == Path("../../..")
    assert outcome.text("venv/lib/two") == "2"
    for index, target in enumerate((str(outside), "../outside", "x/../../outside")):
        through = tar(special(f"door{index}", tarfile.SYMTYPE, target), (f"door{index}/escaped", b"x"))
        failed = fetch(server.put("/through.tgz", through))
        assert failed.code == 1 and "outside the sandbox" in failed.why, failed.why
    # A member in the place of a link replaces the link, not what it leads to.
    (outside / "victim").write_text("mine")
    over = tar(special("v", tarfile.SYMTYPE, str(outside / "victim")), ("v", b"theirs"))
    outcome = fetch(server.put("/over.tgz", over))
    assert outcome.code == 0 and outcome.text("v") == "theirs" and (outside / "victim").read_text() == "mine"
    # So does what is fetched later, under a name that an archive made a link.
    link = server.put("/link.tgz", tar(special("later", tarfile.SYMTYPE, str(outside / "victim"))))
    assert fetch(link, server.put("/later", b"x")).code == 0
    assert [path.name for path in outside.iterdir()] == ["victim"] and (outside / "victim").read_text() == "mine"


def test_names_and_kinds_of_members(fetch: Fetch, server: Server) -> None:
    good = tar(
        ("/absolute/name", b"a"),
        ("./plain", b"p"),
        special("suid", tarfile.REGTYPE, mode=0o4755),
        ("twice", b"first"),
        ("twice", b"second"),
        special("hard", tarfile.LNKTYPE, "plain"),
        special("folder", tarfile.DIRTYPE, mode=0o500),
        ("folder/in", b"i"),
        ("grüße", b"g"),
    )
    outcome = fetch(server.put("/good.tgz", good))
    assert outcome.code == 0, outcome.why
    assert outcome.text("absolute/name") == "a" and outcome.text("twice") == "second" and outcome.text("grüße") == "g"
    assert stat.S_IMODE((outcome.sandbox / "suid").stat().st_mode) == 0o755
    assert (outcome.sandbox / "hard").samefile(outcome.sandbox / "plain")
    refused = {
        "../up": tar(("../up", b"x")),
        "a/../../up": tar(("a/../../up", b"x")),
        "/etc/passwd": tar(special("h", tarfile.LNKTYPE, "/etc/passwd")),
        "../../secret": tar(special("h", tarfile.LNKTYPE, "../../secret")),
        "device": tar(special("null", tarfile.CHRTYPE)),
        "pipe": tar(special("pipe", tarfile.FIFOTYPE)),
        "task's own": tar(("./stdout", b"x")),
        "the task's own": tar(special("here", tarfile.SYMTYPE, "."), ("here/stderr", b"x")),
    }
    for what, data in refused.items():
        failed = fetch(server.put("/bad.tgz", data))
        assert failed.code == 1 and what in failed.why, (what, failed.why)


def test_zip_keeps_modes_and_links_and_refuses_what_tar_refuses(fetch: Fetch, server: Server) -> None:
    def packed(*entries: tuple[str, int, bytes]) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, mode, data in entries:
                info = zipfile.ZipInfo(name)
                info.external_attr = mode << 16
                archive.writestr(info, data)
        return buffer.getvalue()

    link = stat.S_IFLNK | 0o777
    good = packed(("run.sh", stat.S_IFREG | 0o4755, b"#!"), ("py", link, b"/usr/bin/python3"), ("/top/é", 0, b"e"))
    outcome = fetch(server.put("/good.zip", good))
    assert outcome.code == 0, outcome.why
    assert stat.S_IMODE((outcome.sandbox / "run.sh").stat().st_mode) == 0o755
    assert (outcome.sandbox / "py").readlink() == Path("/usr/bin/python3") and outcome.text("top/é") == "e"
    assert "outside" in fetch(server.put("/b.zip", packed(("../x", 0, b"x")))).why
    assert "outside" in fetch(server.put("/b.zip", packed(("d", link, b"/tmp"), ("d/x", 0, b"x")))).why


def test_bombs_end_at_the_limit(fetch: Fetch, server: Server) -> None:
    bomb = server.put("/bomb.gz", gzip.compress(b"\0" * (80 * MB)))
    assert "that is the rule" in fetch(bomb).why
    many = server.put("/many.tgz", tar(*((f"d/{index}", b"") for index in range(3000))))
    assert "that is the rule" in fetch(many, max_bytes=MB).why
    started = fetch(many)
    assert started.code == 0 and len(list((started.sandbox / "d").iterdir())) == 3000


def test_output_files_go_where_they_are_told_and_archives_into_the_sandbox(fetch: Fetch, server: Server) -> None:
    url = server.put("/a.tgz?sig=a", tar(("inside", b"i")))
    outcome = fetch(
        {"value": url, "output_file": "sub/b.tgz"}, {"value": url, "output_file": "tool", "executable": True}
    )
    assert outcome.code == 0, outcome.why
    assert outcome.text("inside") == "i" and (outcome.sandbox / "sub/b.tgz").exists()
    assert stat.S_IMODE((outcome.sandbox / "tool").stat().st_mode) == 0o755
    for name in ("../x", "/x", "stdout", "a/../../x", "."):
        assert "output_file" in fetch({"value": url, "output_file": name}).why


# --- files of the machine ---------------------------------------------------------------------------------------------


def test_only_what_is_on_the_allow_list_is_fetched_from_this_machine(fetch: Fetch, tmp_path: Path) -> None:
    allowed = tmp_path / "open"
    (allowed / "never").mkdir(parents=True)
    (tmp_path / "opened").mkdir()
    for path in ("open/ok file", "open/never/x", "opened/x", "secret"):
        (tmp_path / path).write_text("text")
    (allowed / "door").symlink_to(tmp_path / "secret")
    (allowed / "inner").symlink_to("ok file")
    os.mkfifo(allowed / "pipe")
    good = (f"file://{allowed}/ok%20file", f"{allowed}/ok file", f"file://localhost{allowed}/inner")
    for value in good:
        assert fetch(value).code == 0
    bad = ("open/never/x", "opened/x", "secret", "open/door", "open/../secret", "sandbox/../secret")
    for name in bad:
        failed = fetch(f"file://{tmp_path}/{name}")
        assert failed.code == 1 and "not for tasks" in failed.why and "--fetcher_local_roots" in failed.why, name
    assert "not for tasks" in fetch("/etc/hostname").why
    assert "plain file" in fetch(f"{allowed}/pipe").why
    assert "No such file" in fetch(f"{allowed}/nothing").why
    (allowed / "ok file").chmod(0o640)
    assert "everybody" in fetch(f"{allowed}/ok file", public_only=True).why


def test_relative_paths_begin_at_the_frameworks_home(fetch: Fetch, tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open/app").write_text("app")
    assert fetch("app", home=str(tmp_path / "open")).text("app") == "app"
    assert "--frameworks_home" in fetch("app").why
    assert "hdfs:// is not supported" in fetch("hdfs://n/x").why
