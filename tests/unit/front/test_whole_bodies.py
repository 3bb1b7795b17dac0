"""No client of ours takes a part of a body for the whole: packed, chunked, by its length, or with no end of its own."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import ipaddress
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import zstandard

from dcos_runtime.cli.connection.http import Http
from dcos_runtime.cli.errors import CliError
from dcos_runtime.cli.plugins.download import download as download_plugin
from dcos_runtime.cli.plugins.sources import PluginSource
from dcos_runtime.cosmos.artifacts import Artifacts, FolderStore
from dcos_runtime.cosmos.core.addresses import Allowed
from dcos_runtime.cosmos.core.errors import CosmosError
from dcos_runtime.cosmos.fetching import Downloader, DownloadError
from dcos_universe.errors import UniverseError
from dcos_universe.index import fetching
from dcos_universe.mirror.downloading import BlobStore, Download, download
from tests.support.answering import answering

LOOPBACK = Allowed([ipaddress.ip_network("127.0.0.0/8")])
CONTENT = b"".join(b"line %d of what is fetched\n" % number for number in range(200))
REFUSALS = (DownloadError, UniverseError, CliError, CosmosError)

PACKED = {
    "gzip": gzip.compress(CONTENT),
    "x-gzip": gzip.compress(CONTENT),
    "deflate": zlib.compress(CONTENT),
    "zstd": zstandard.ZstdCompressor().compress(CONTENT),
}
STREAMS = {
    "gzip": gzip.compress(CONTENT[:1000]) + gzip.compress(CONTENT[1000:]),
    "zstd": zstandard.compress(CONTENT[:1000]) + zstandard.compress(CONTENT[1000:]),
}


def answer(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, "", ""]).encode() + body


def with_length(body: bytes, *headers: str) -> bytes:
    return answer(body, f"Content-Length: {len(body)}", *headers)


# --- what is read at once ---------------------------------------------------------------------------------------------


def of_cosmos(url: str) -> bytes:
    async def run() -> bytes:
        fetcher = Downloader(LOOPBACK)
        try:
            return (await fetcher.get(url, most=1 << 20, seconds=60)).body
        finally:
            await fetcher.close()

    return asyncio.run(run())


def of_the_universe(url: str) -> bytes:
    return fetching.fetch(url, 1 << 20).body


READERS = {"cosmos": of_cosmos, "universe": of_the_universe}
KNOWN = {"cosmos": set(PACKED), "universe": {"gzip", "x-gzip"}}


@pytest.mark.parametrize(
    ("reader", "coding"), [(reader, coding) for reader in READERS for coding in sorted(KNOWN[reader])]
)
def test_what_is_packed_comes_whole_or_not_at_all(reader: str, coding: str) -> None:
    read, packed, header = READERS[reader], PACKED[coding], f"Content-Encoding: {coding}"
    with answering(with_length(packed, header)) as port:
        assert read(f"http://127.0.0.1:{port}/") == CONTENT
    # The server has packed it badly: by its length it is whole.
    for cut in (1, len(packed) // 3, len(packed) - 9, len(packed) - 1):
        with answering(with_length(packed[:cut], header)) as port, pytest.raises(REFUSALS):
            read(f"http://127.0.0.1:{port}/")
    with answering(with_length(packed + b"more", header)) as port, pytest.raises(REFUSALS):
        read(f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize(
    ("reader", "coding"), [(reader, coding) for reader in READERS for coding in STREAMS if coding in KNOWN[reader]]
)
def test_all_streams_of_a_body_are_unpacked(reader: str, coding: str) -> None:
    header = f"Content-Encoding: {coding}"
    with answering(with_length(STREAMS[coding], header)) as port:
        assert READERS[reader](f"http://127.0.0.1:{port}/") == CONTENT
    with answering(with_length(STREAMS[coding][:-3], header)) as port, pytest.raises(REFUSALS):
        READERS[reader](f"http://127.0.0.1:{port}/")


def test_an_answer_that_has_no_body_is_none_that_broke_off() -> None:
    with answering(answer(b"", "Content-Encoding: gzip", status="304 Not Modified")) as port:
        assert of_cosmos(f"http://127.0.0.1:{port}/") == b""


# --- what is brought into files ---------------------------------------------------------------------------------------


def plugin(url: str, digest: str | None, folder: Path) -> bytes:
    return download_plugin(PluginSource(url, digest), Http(), lambda _: None, lambda _: None)


def mirrored(url: str, digest: str | None, folder: Path) -> bytes:
    from dcos_universe.artifacts import Digest

    store = BlobStore(folder)
    wanted = Download(url, Digest(digest, None) if digest else None)
    found = asyncio.run(download([wanted], store, pause=0.0))[url]
    return store.blob(found.sha256).read_bytes()


def stored(url: str, digest: str | None, folder: Path) -> bytes:
    async def digests(source: str, package: str) -> Mapping[str, str]:
        return {url: digest} if digest else {}

    async def run() -> None:
        fetcher = Downloader(LOOPBACK)
        try:
            given = {"assets": {"uris": {"one": url}}}
            await Artifacts(FolderStore(str(folder), None), fetcher, 1 << 20, digests).place("http://r", "p", given)
        finally:
            await fetcher.close()

    asyncio.run(run())
    (path,) = [path for path in folder.rglob("*") if path.is_file()]
    return path.read_bytes()


Bring = Callable[[str, str | None, Path], bytes]
BRINGERS: Mapping[str, Bring] = {"plugin": plugin, "mirror": mirrored, "store": stored}
SHA256 = hashlib.sha256(CONTENT).hexdigest()
CHUNKED = b"%x\r\n%s\r\n" % (len(CONTENT), CONTENT)
PARTS = {
    "less than its length": answer(CONTENT[:-7], f"Content-Length: {len(CONTENT)}"),
    "no last chunk": answer(CHUNKED, "Transfer-Encoding: chunked"),
    "half a chunk": answer(CHUNKED[:-70], "Transfer-Encoding: chunked"),
    "no end of its own": answer(CONTENT[:-7], "Connection: close"),
    "packed unasked": with_length(PACKED["gzip"], "Content-Encoding: gzip"),
}


@pytest.mark.parametrize("who", sorted(BRINGERS))
@pytest.mark.parametrize("how", sorted(PARTS))
@pytest.mark.parametrize("digest", [None, SHA256], ids=["without a digest", "with one"])
def test_a_part_of_a_file_is_not_taken(who: str, how: str, digest: str | None, tmp_path: Path) -> None:
    with answering(PARTS[how]) as port, pytest.raises(REFUSALS):
        BRINGERS[who](f"http://127.0.0.1:{port}/file", digest, tmp_path)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.parent.name in ("blobs", SHA256)]


@pytest.mark.parametrize("who", sorted(BRINGERS))
def test_a_whole_file_is(who: str, tmp_path: Path) -> None:
    for number, (content, digest) in enumerate(
        [
            (with_length(CONTENT), None),
            (answer(CHUNKED + b"0\r\n\r\n", "Transfer-Encoding: chunked"), None),
            (answer(CONTENT, "Connection: close"), SHA256),
        ]
    ):
        with answering(content) as port:
            place = tmp_path / str(number)
            place.mkdir()
            assert BRINGERS[who](f"http://127.0.0.1:{port}/file", digest, place) == CONTENT
