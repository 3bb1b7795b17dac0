"""What somebody without the keys does to a signed repository is refused by its name, by clients and by `verify`."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, MetaFile, Snapshot, Targets, Timestamp

from dcos_universe.index import fetching
from dcos_universe.index.client import Client, RepositoryRefused
from dcos_universe.index.fetching import FetchedResponse, FetchError, TooLarge, TooSlow, Unreachable
from dcos_universe.trust import verifying
from dcos_universe.trust.ceremony import COMPACT
from tests.support.universe.publisher import Publisher, names, replace, write_package


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    made = Publisher(tmp_path)
    made.begin()
    return made


def refusal(publisher: Publisher, where: Path | str, state: str = "state") -> str:
    """The reason for which a client refuses; `verify`, which has seen the same, does so as well."""
    with pytest.raises(RepositoryRefused) as caught:
        publisher.client(where, state).refresh()
    assert caught.value.reason in str(caught.value) and caught.value.hint
    url = where.as_uri() if isinstance(where, Path) else where
    seen = publisher.folder / state
    with pytest.raises(RepositoryRefused) as also:
        verifying.verify(url, publisher.root, now=datetime.now(UTC), state=seen if seen.is_dir() else None)
    assert also.value.reason == caught.value.reason
    return caught.value.reason


@pytest.mark.parametrize("host", ["slow.example", "too-large.example", "comes-too-slowly.example", "a.example"])
@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (lambda url: Unreachable(url, "no route"), "unreachable"),
        (lambda url: TooSlow(url, "a minute without a byte"), "slow"),
        (lambda url: TooLarge(url, 10), "endless"),
    ],
)
def test_the_reason_of_a_refusal_is_that_of_the_fault_whatever_the_host_is_called(
    host: str, fault: Callable[[str], FetchError], reason: str, tmp_path: Path, publisher: Publisher
) -> None:
    def fetch(url: str, *_: object, **__: object) -> FetchedResponse:
        raise fault(url)

    for root in (None, publisher.root):
        with pytest.raises(RepositoryRefused) as caught:
            Client(f"https://{host}/slow", root=root, state=tmp_path / f"state-{root is None}", fetch=fetch).refresh()
        assert caught.value.reason == reason
        assert str(caught.value).count("what to do: ") == 1 and str(caught.value).count("why: ") == 1


def file_of(tree: Path, folder: str, ending: str) -> Path:
    (found,) = (path for path in (tree / folder).iterdir() if path.name.endswith(ending))
    return found


def test_an_untouched_repository_is_taken(publisher: Publisher) -> None:
    tree = publisher.publish()
    assert names(publisher.client(tree).refresh()) == [("alpha", 0), ("beta", 0)]
    result = verifying.verify(str(tree), publisher.root, now=publisher.now)
    assert result.unsigned == [] and result.files > 10


@pytest.mark.parametrize("role", ["timestamp", "1.snapshot", "1.targets", "1.index"])
def test_metadata_that_was_altered_is_tampered(publisher: Publisher, role: str) -> None:
    tree = publisher.publish()
    path = tree / "metadata" / f"{role}.json"
    altered = json.loads(path.read_bytes())
    altered["signed"]["expires"] = "2999-01-01T00:00:00Z"
    replace(path, json.dumps(altered, separators=(",", ":")).encode())
    assert refusal(publisher, tree) == "tampered"


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b'{"signed": {}, "signatures": []}', b"\xff\xfe", b"[" * 9000]
)
def test_metadata_that_is_none_is_tampered(publisher: Publisher, content: bytes) -> None:
    tree = publisher.publish()
    replace(tree / "metadata" / "timestamp.json", content)
    assert refusal(publisher, tree) == "tampered"


def test_an_index_that_was_altered_is_tampered(publisher: Publisher) -> None:
    tree = publisher.publish()
    path = file_of(tree, "targets", ".repo-up-to-2.0.json.zst")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    replace(path, bytes(content))
    with pytest.raises(RepositoryRefused) as caught:
        publisher.client(tree).refresh()
    assert caught.value.reason == "tampered"
    with pytest.raises(RepositoryRefused):
        raise verifying.refused(verifying.verify(str(tree), publisher.root, now=publisher.now))


@pytest.mark.parametrize(
    "name",
    [
        "universe.json",
        "repo-up-to-1.9.json.gz",
        "2.0/package/alpha.json",
        "sbom/alpha/0.cdx.json",
        "artifacts/alpha.json",
    ],
)
def test_verify_knows_every_file_that_is_not_as_it_was_signed(publisher: Publisher, name: str) -> None:
    tree = publisher.publish()
    replace(tree / name, b"{}")
    replace(tree / "evil.json", b"{}")
    (tree / "universe.content_type").unlink()
    unsigned = verifying.verify(str(tree), publisher.root, now=publisher.now).unsigned
    assert f"{name} is not what was signed" in unsigned
    assert "evil.json was never signed" in unsigned
    assert "universe.content_type is missing" in unsigned


def test_a_repository_that_is_never_renewed_is_frozen(publisher: Publisher) -> None:
    tree = publisher.publish(now=publisher.now - timedelta(days=8))
    assert refusal(publisher, tree) == "frozen"


def test_a_root_that_has_expired_is_named(tmp_path: Path) -> None:
    publisher = Publisher(tmp_path)
    publisher.begin(now=publisher.now - timedelta(days=400))
    tree = publisher.publish(now=publisher.now - timedelta(days=40))
    assert refusal(publisher, tree) == "expired-root"


def test_an_older_state_is_a_rollback(publisher: Publisher) -> None:
    before = publisher.publish()
    write_package(publisher.source, "gamma")
    after = publisher.publish()
    client = publisher.client(publisher.folder / "shown")
    shutil.copytree(after, publisher.folder / "shown")
    assert ("gamma", 0) in names(client.refresh())
    shutil.rmtree(publisher.folder / "shown")
    shutil.copytree(before, publisher.folder / "shown")
    assert refusal(publisher, publisher.folder / "shown") == "rolled-back"
    assert ("gamma", 0) in names(client.cached() or {})


def test_an_older_index_under_a_newer_timestamp_is_a_rollback(publisher: Publisher) -> None:
    """An attacker with the keys of snapshot and timestamp, but not of the packages, cannot bring an old index back."""
    before = publisher.publish()
    write_package(publisher.source, "gamma")
    tree = publisher.publish()
    publisher.client(tree).refresh()
    snapshot: Metadata[Snapshot] = Metadata.from_file(str(tree / "metadata" / "2.snapshot.json"))
    old: Metadata[Snapshot] = Metadata.from_file(str(before / "metadata" / "1.snapshot.json"))
    forged = Metadata(
        Snapshot(
            3, None, snapshot.signed.expires, {**snapshot.signed.meta, "index.json": old.signed.meta["index.json"]}
        )
    )
    forged.sign(publisher.signers["online"])
    content = forged.to_bytes(COMPACT)
    replace(tree / "metadata" / "3.snapshot.json", content)
    timestamp = Metadata(Timestamp(3, None, snapshot.signed.expires, MetaFile.from_data(3, content, ["sha256"])))
    timestamp.sign(publisher.signers["online"])
    replace(tree / "metadata" / "timestamp.json", timestamp.to_bytes(COMPACT))
    with pytest.raises(RepositoryRefused) as caught:
        publisher.client(tree).refresh()
    assert caught.value.reason == "rolled-back"


@pytest.mark.parametrize("role", ["snapshot", "index"])
def test_metadata_of_another_state_is_mix_and_match(publisher: Publisher, role: str) -> None:
    before = publisher.publish()
    write_package(publisher.source, "gamma")
    tree = publisher.publish()
    replace(tree / "metadata" / f"2.{role}.json", (before / "metadata" / f"1.{role}.json").read_bytes())
    assert refusal(publisher, tree) == "mix-and-match"


def test_too_few_signatures_are_named(tmp_path: Path) -> None:
    publisher = Publisher(tmp_path)
    publisher.begin(packages=2)
    publisher.build()
    publisher.sign(by=("online", "second"))
    path = publisher.out / "metadata" / "1.index.json"
    index: Metadata[Targets] = Metadata.from_bytes(path.read_bytes())
    index.sign(publisher.signers["online"])
    resign(publisher, publisher.out, "index", index)
    assert refusal(publisher, publisher.out) == "threshold"


def resign(publisher: Publisher, tree: Path, role: str, made: Metadata[Targets]) -> None:
    """Puts a role's metadata in under new snapshot and timestamp, as one who has their keys can."""
    content = made.to_bytes(COMPACT)
    version = made.signed.version
    replace(tree / "metadata" / f"{version}.{role}.json", content)
    snapshot: Metadata[Snapshot] = Metadata.from_file(str(tree / "metadata" / "1.snapshot.json"))
    snapshot.signed.meta[f"{role}.json"] = MetaFile.from_data(version, content, ["sha256"])
    snapshot.sign(publisher.signers["online"])
    content = snapshot.to_bytes(COMPACT)
    replace(tree / "metadata" / "1.snapshot.json", content)
    timestamp: Metadata[Timestamp] = Metadata.from_file(str(tree / "metadata" / "timestamp.json"))
    timestamp.signed.snapshot_meta = MetaFile.from_data(1, content, ["sha256"])
    timestamp.sign(publisher.signers["online"])
    replace(tree / "metadata" / "timestamp.json", timestamp.to_bytes(COMPACT))


def test_a_root_that_too_few_of_the_old_holders_signed_is_not_followed(publisher: Publisher) -> None:
    tree = publisher.publish()
    thief = CryptoSigner.generate_ed25519()
    publisher.ceremony.rotate(
        add=[("root", thief.public_key), ("targets", thief.public_key)],
        thresholds={"root": 1, "targets": 1},
        now=publisher.now,
    )
    publisher.ceremony.sign([thief, publisher.signers["carol"]])
    assert publisher.ceremony.missing(), "one of the old holders is not enough"
    replace(tree / "metadata" / "2.root.json", (publisher.ceremony.folder / "2.root.json").read_bytes())
    assert refusal(publisher, tree) == "threshold"


def test_a_repository_of_other_keys_is_tampered(publisher: Publisher, tmp_path: Path) -> None:
    other = Publisher(tmp_path / "other")
    other.begin()
    tree = other.publish()
    assert refusal(publisher, tree) == "tampered"


def test_what_is_signed_and_not_there_is_missing(publisher: Publisher) -> None:
    tree = publisher.publish()
    (tree / "metadata" / "1.index.json").unlink()
    assert refusal(publisher, tree) == "missing"
    assert refusal(publisher, publisher.folder / "nothing") == "missing"


# --- servers that do not end, or take their time ---------------------------------------------------------------------


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[BaseHTTPRequestHandler], None]], str]]:
    servers = []

    def start(answer: Callable[[BaseHTTPRequestHandler], None]) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer(self)

            def log_message(self, *_: object) -> None:
                return

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def begin(handler: BaseHTTPRequestHandler, status: int = 200) -> None:
    handler.send_response(status)
    handler.send_header("Connection", "close")
    handler.end_headers()


def test_a_server_that_never_ends_is_left(publisher: Publisher, serve: Callable[..., str]) -> None:
    sent: list[int] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if "root.json" in handler.path:
            begin(handler, 404)
            return
        begin(handler)
        try:
            while len(sent) < 10_000:
                handler.wfile.write(b"x" * 4096)
                sent.append(4096)
        except OSError:
            return

    assert refusal(publisher, serve(answer)) == "endless"
    assert sum(sent) < 40 << 20, "it was left long before it ended"


def test_an_answer_that_unpacks_to_more_than_it_may_is_endless(publisher: Publisher, serve: Callable[..., str]) -> None:
    import gzip

    bomb = gzip.compress(b"0" * (64 << 20))

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(404 if "root.json" in handler.path else 200)
        handler.send_header("Content-Encoding", "gzip")
        handler.send_header("Content-Length", str(len(bomb)))
        handler.end_headers()
        handler.wfile.write(bomb[: 16 << 10])

    with pytest.raises(fetching.TooLarge):
        fetching.gunzip(bomb, "it", 16 << 10)
    url = serve(answer)
    with pytest.raises(RepositoryRefused):
        publisher.client(url).refresh()


@pytest.mark.parametrize("part", ["headers", "body"])
def test_a_server_that_takes_its_time_is_left(
    publisher: Publisher, serve: Callable[..., str], monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    monkeypatch.setattr(fetching, "SILENCE", 1.0)
    monkeypatch.setattr(fetching, "GRACE", 0.5)

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if "root.json" in handler.path:
            begin(handler, 404)
            return
        if part == "body":
            begin(handler)
        deadline = time.monotonic() + 120
        try:
            while time.monotonic() < deadline:
                handler.wfile.write(b"H")
                handler.wfile.flush()
                time.sleep(0.2)
        except OSError:
            return

    started = time.monotonic()
    assert refusal(publisher, serve(answer)) == "slow"
    assert time.monotonic() - started < 100


def test_a_body_that_breaks_off_is_not_taken(serve: Callable[..., str]) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b"x" * 999)

    with pytest.raises(fetching.Unreachable, match="broke off"):
        fetching.fetch(serve(answer), 2000)
