"""What is fetched is whole or fails with its reason: the fetch process as it is run, against servers that misbehave."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import signal
import socket
from pathlib import Path
from typing import Any

import pytest

from dcos_runtime.agent.container_user import ContainerUser
from dcos_runtime.agent.fetcher import Fetcher, end_leftovers
from dcos_runtime.wire.common import CommandInfo
from tests.support.agent.fetching_lab import MB, Fetch, Server, started

# --- bodies -----------------------------------------------------------------------------------------------------------


def test_a_body_that_is_cut_short_fails_and_says_so(fetch: Fetch, server: Server) -> None:
    cuts = {
        "/length": (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b"x" * 40, "40 of 100 bytes"),
        "/chunk": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nxxxx", "incomplete"),
        "/between": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nxxxx\r\n", "incomplete"),
        "/longer": (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcXX3\r\ndef\r\n0\r\n\r\n",
            "one of its chunks does not end where its size says",
        ),
        "/noise": (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nxxxx\r\n",
            "'zz' stands where the size",
        ),
        "/unsized": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4", "incomplete"),
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
        assert failed.code == 1 and "incomplete" in failed.why


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
        assert failed.code == 1 and "where the size of a chunk should be" in failed.why, (size, failed.why)


def test_an_answer_whose_headers_are_malformed_is_refused(fetch: Fetch, server: Server) -> None:
    """Whatever http.client would pass over with them, it could be the length of the body."""
    body = b"4\r\nxxxx\r\n0\r\n\r\n"
    for headers in (
        b"Transfer-Encoding : chunked",
        b"Transfer-Encoding\t: chunked",
        b" Content-Length: 100",
        b"\tContent-Length: 100\r\nX: y",
        b"X: y\r\nContent-Length : 100",
        b"X: y\r\nno header\r\nContent-Length: 100",
        b": nameless\r\nContent-Length: 100",
        b"From here\r\nContent-Length: 100",
        b"X: y\rContent-Length: 4",
        b"X: y\rTransfer-Encoding: chunked",
        b"X: y\0\r\nContent-Length: 100",
        b"X\xe9: y",
        b"X: y\r\n\0 folded",
    ):
        failed = fetch(server.raw("/x", b"HTTP/1.1 200 OK\r\n" + headers + b"\r\n\r\n" + body))
        assert failed.code == 1 and "is no header" in failed.why, (headers, failed.why)
    for cut in (b"", b"X: y\r\n", b"X: y\r\nContent-Le", b"Content-Length: 0"):
        failed = fetch(server.raw("/x", b"HTTP/1.1 200 OK\r\n" + cut))
        assert failed.code == 1 and "incomplete" in failed.why, (cut, failed.why)
    for headers in (
        b"X: y\r\n folded\r\nContent-Length: 18",
        b"x_!#:\xe9\r\nContent-Length:18",
        b"X:\r\nContent-Length:18",
    ):
        fetched = fetch(server.raw("/x", b"HTTP/1.1 200 OK\r\n" + headers + b"\r\n\r\n" + body[:18] + b"cut off"))
        assert fetched.code == 0 and len(fetched.text("x")) == len(body[:18]), (headers, fetched.why)


def test_chunks_end_with_an_empty_line_whatever_trailers_stand_before_it(fetch: Fetch, server: Server) -> None:
    chunks = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nxxxx\r\n0\r\n"
    for trailers in (b"\r\n", b"X: y\r\n\r\n", b"X: y\r\nZ: y\r\n\r\n"):
        whole = fetch(server.raw("/x", chunks + trailers))
        assert whole.code == 0 and whole.text("x") == "xxxx"
        for length in range(len(trailers)):
            failed = fetch(server.raw("/x", chunks + trailers[:length]))
            assert failed.code == 1 and "incomplete" in failed.why, (trailers[:length], failed.why)
    for endless in (b"X: y\r\n" * 1000, b"X" * 100_000):
        failed = fetch(server.raw("/x", chunks + endless))
        assert failed.code == 1 and "does not end" in failed.why, failed.why


def test_what_is_not_there_is_named_with_its_cause(fetch: Fetch, server: Server) -> None:
    assert "HTTP 404 Not Found" in fetch(f"http://127.0.0.1:{server.port}/none").why
    server.raw("/no", b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
    assert "HTTP 403 Forbidden" in fetch(f"http://127.0.0.1:{server.port}/no").why
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        assert f"127.0.0.1:{port}: connection refused" in fetch(f"http://127.0.0.1:{port}/x").why
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


@pytest.mark.parametrize("secret", ["7", "q7", "q7z"])
def test_a_short_secret_is_left_out_with_all_that_the_server_said(fetch: Fetch, server: Server, secret: str) -> None:
    """Blanked in the middle of our own words it would be told by them."""
    place = f"127.0.0.1:{server.port}"
    answers = {
        f"500 no x{secret}x": "HTTP 500",
        f"200 OK\r\nTransfer-Encoding: x{secret}x": "transfer coding '***'",
        f"200 OK\r\nContent-Length: x{secret}x": "Content-Length '***'",
        f"200 OK\r\nno header x{secret.upper()}x": "no header: '***'",
        f"302 x\r\nLocation: a{secret}://h/": "redirected to ***://…",
    }
    for answer, told in answers.items():
        server.raw(f"/echo?token={secret}", f"HTTP/1.1 {answer}\r\n\r\n".encode())
        failed = fetch(f"http://{place}/echo?token={secret}")
        assert failed.code == 1 and told in failed.why, failed.why
        assert f"x{secret}x" not in (failed.why + failed.said).lower()


def test_no_secret_of_a_redirect_is_told(fetch: Fetch, server: Server) -> None:
    place = f"127.0.0.1:{server.port}"
    answers = {
        "401 no /to?token=TOPSECRET9\r\nContent-Length: 0": "HTTP 401",
        "200 OK\r\nTransfer-Encoding: TOPSECRET9": "transfer coding '***'",
        "200 OK\r\nContent-Length: topsecret9": "Content-Length '***'",
    }
    for to in ("/to?token=TOPSECRET9", f"http://me:TOPSECRET9@{place}/to?token=TOPSECRET9", "?token=TOPSECRET9"):
        server.raw("/go", f"HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode())
        for answer, told in answers.items():
            for path in ("/to", "/go"):
                server.raw(f"{path}?token=TOPSECRET9", f"HTTP/1.1 {answer}\r\n\r\n".encode())
            failed = fetch(f"http://{place}/go")
            assert failed.code == 1 and told in failed.why, failed.why
            assert "topsecret9" not in (failed.why + failed.said).lower(), (to, failed.why)


@pytest.mark.parametrize("name", ["code", "pass", "jwt", "ticket", "otp", "anything"])
def test_no_value_of_a_query_is_told_by_anybody(fetch: Fetch, server: Server, name: str) -> None:
    place = f"127.0.0.1:{server.port}"
    query = f"?{name}=T0PSECRET9&v=1"
    for answer in ("404 no T0PSECRET9", f"404 no /x{query}", "302 Found\r\nLocation: ftp://h/T0PSECRET9"):
        server.raw(f"/x{query}", f"HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n".encode())
        server.raw("/go", f"HTTP/1.1 302 Found\r\nLocation: /x{query}\r\nContent-Length: 0\r\n\r\n".encode())
        for asked in (f"/x{query}", "/go"):
            failed = fetch(f"http://{place}{asked}")
            assert failed.code == 1 and "T0PSECRET9" not in failed.why + failed.said, failed.why
    assert f"/x?{name}=***&v=***: " in fetch(f"http://{place}/x{query}").why


def test_what_is_answered_before_the_answer_is_passed_over(fetch: Fetch, server: Server) -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </x.css>; rel=preload\r\n\r\n"
    for early in (hints, b"HTTP/1.1 100 Continue\r\n\r\n" + hints + hints, b"HTTP/1.1 102 Processing\r\n\r\n"):
        url = server.raw("/x", early + b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
        assert fetch(url).text("x") == "x"
        assert "without an answer" in fetch(server.raw("/cut", early)).why
    switched = fetch(server.raw("/x", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"))
    assert "HTTP 101 Switching Protocols" in switched.why


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


# --- the process ------------------------------------------------------------------------------------------------------


def hanging(sandbox: Path, port: int) -> dict[str, Any]:
    uri = {"value": f"http://127.0.0.1:{port}/x", "extract": True, "executable": False, "output_file": None}
    uri["cached"] = None
    rules = {"stall_seconds": 600, "max_bytes": MB, "max_rule": "", "roots": {}, "never": [], "home": None}
    return {"sandbox": str(sandbox), "uris": [uri], "user": None, "public_only": False, **rules}


def test_it_ends_with_the_agent(tmp_path: Path) -> None:
    silent = socket.create_server(("127.0.0.1", 0))
    with silent, started(hanging(tmp_path, silent.getsockname()[1])) as running:
        connection, _ = silent.accept()
        connection.recv(1000)
        assert running.poll() is None and running.stdin is not None
        running.stdin.close()  # what the end of the agent does, whatever it ends of
        assert running.wait(240) == 1
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
        assert processes["ours"].wait(240) == -signal.SIGKILL
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
    user = ContainerUser("", os.geteuid(), os.getegid(), (), "/")
    folders = [tmp_path / str(number) for number in range(6)]
    for folder in folders:
        folder.mkdir()
        (folder / "stderr").touch()
    async with web:
        await asyncio.gather(*(fetcher.fetch(folder.name, [uri], folder, user) for folder in folders))
    assert most <= 2 and all((folder / "x").read_text() == "x" for folder in folders)


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


def test_what_is_outside_is_refused_in_the_same_words_whether_it_is_there_or_not(fetch: Fetch, tmp_path: Path) -> None:
    allowed = tmp_path / "open"
    (allowed / "never/deep").mkdir(parents=True)
    (tmp_path / "closed/there").mkdir(parents=True)
    (tmp_path / "closed/back").symlink_to(allowed)
    (allowed / "ok").write_text("text")
    (allowed / "out").symlink_to(tmp_path / "closed/there")
    (allowed / "gone").symlink_to(tmp_path / "closed/gone")
    (allowed / "loop").symlink_to("loop")
    (allowed / "up").symlink_to("..")

    def reason(path: str) -> str:
        failed = fetch(f"file://{tmp_path}/{path}")
        assert failed.code == 1
        return failed.why.partition(": ")[2]

    told = reason("closed/there")
    assert told.startswith("this file is not for tasks: local files come from ") and "leads" not in told
    for path in ("closed/gone", "closed/there/x/y", "nothing", "open/never/deep", "open/never/x", "open/../closed/x"):
        assert reason(path) == told, path
    assert reason("closed/back/ok") == reason("closed/back/nothing") == told, "a link outside is not followed either"
    for link in ("out", "gone", "out/x", "up/closed/gone", "up/closed/there"):
        there = tmp_path / "closed"
        assert reason(f"open/{link}") == f"{told}, and this leads to {there}", link
    assert "No such file" in reason("open/nothing") and "symbolic links" in reason("open/loop")
    assert "Not a directory" in reason("open/ok/") and "Not a directory" in reason("open/ok/x")
    assert fetch(f"{allowed}/up/open/./ok").code == 0


def test_a_root_may_be_named_by_a_link_and_hold_links_to_other_roots(fetch: Fetch, tmp_path: Path) -> None:
    for name in ("real", "second", "hidden"):
        (tmp_path / name).mkdir()
    (tmp_path / "real/app").symlink_to(tmp_path / "second/app")
    (tmp_path / "second/app").write_text("app")
    (tmp_path / "hidden/hop").symlink_to(tmp_path / "real")
    (tmp_path / "named").symlink_to(tmp_path / "hidden/hop")
    roots = {str(tmp_path / name): str((tmp_path / name).resolve()) for name in ("named", "second")}
    assert fetch(f"file://{tmp_path}/named/app", roots=roots).text("app") == "app"
    assert "not for tasks" in fetch(f"file://{tmp_path}/hidden/hop/app", roots=roots).why


def test_relative_paths_begin_at_the_frameworks_home(fetch: Fetch, tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open/app").write_text("app")
    assert fetch("app", home=str(tmp_path / "open")).text("app") == "app"
    assert "--frameworks_home" in fetch("app").why
    assert "hdfs:// is not supported" in fetch("hdfs://n/x").why
