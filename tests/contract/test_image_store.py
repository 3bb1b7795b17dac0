"""The store of images by itself: real registries on loopback, archives and layouts, crashes, full disks, room."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from dcos_runtime.agent.images import appc
from dcos_runtime.agent.images.errors import ImageError
from dcos_runtime.agent.images.records import layer_name
from dcos_runtime.agent.images.store import ImageStore, StoredImage, Wanted
from dcos_runtime.errors import Unstartable
from tests.support.agent import image_lab
from tests.support.agent.image_lab import (
    Entry,
    RegistryLab,
    digest,
    folder,
    make_layout,
    opened,
    registry,
    skopeo,
    tar,
    wanted,
)
from tests.support.daemons.byhand import wait_for

BASE = tar(folder("base"), Entry("base/file", os.urandom(300_000)))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegistryLab]:
    place = tmp_path_factory.mktemp("registry")
    if why := image_lab.unusable(place):
        pytest.skip(why)
    with registry(place) as lab:
        lab.push(image(place / "one", b"one"), "one:1")
        lab.push(image(place / "two", b"two"), "two:1")
        yield lab


def image(place: Path, mark: bytes) -> Path:
    return make_layout(place, [BASE, tar(Entry("mark", mark))], {"Cmd": ["/mark"]})


@contextlib.asynccontextmanager
async def leased(store: ImageStore, *args: Any, **more: Any) -> AsyncIterator[StoredImage]:
    async with store.lease(wanted(*args, **more)) as stored:
        yield stored


def mark(stored: StoredImage) -> bytes:
    return (stored.layers[0] / "mark").read_bytes()


def closed(store: ImageStore) -> None:
    os.close(store.lock)


def age(store: ImageStore) -> None:
    """As if more than a minute had gone by."""
    for known, record in list(store.records.images.items()):
        store.records.images[known] = msgspec.structs.replace(record, used=1.0)


def leftovers(place: Path) -> list[str]:
    return [path.name for path in (place / "staging").iterdir()]


async def refused(store: ImageStore, *args: Any) -> str:
    with pytest.raises(ImageError) as caught:
        async with leased(store, *args):
            pass
    assert leftovers(store.folder) == []
    return str(caught.value)


# --- sources ----------------------------------------------------------------------------------------------------------


async def test_images_share_the_layers_of_their_base_and_fetch_only_what_is_missing(
    served: RegistryLab, tmp_path: Path
) -> None:
    store = opened(tmp_path / "store")
    async with leased(store, served.url, "one:1") as one:
        assert mark(one) == b"one" and one.config.cmd == ["/mark"]
        async with leased(store, served.url, "two:1") as two:
            assert mark(two) == b"two"
            assert one.layers[1] == two.layers[1] and one.layers[0] != two.layers[0]
    base = digest(gzip.compress(BASE, 1, mtime=0))
    wait_for(lambda: served.requests(f"GET /v2/one/blobs/{base}"), 60, "the registry's word of what it served")
    assert served.requests(f"GET /v2/two/blobs/{base}") == 0
    assert len(list((store.folder / "layers").iterdir())) == 3
    closed(store)
    again = opened(tmp_path / "store")
    async with leased(again, "http://127.0.0.1:1", "one:1") as found:  # a registry that is not there
        assert mark(found) == b"one"
    assert again.pulls.found == 1 and again.pulls.succeeded == 0
    closed(again)


async def test_digests_name_what_they_say(served: RegistryLab, tmp_path: Path) -> None:
    store = opened(tmp_path / "store")
    index = json.loads((served.place / "one" / "index.json").read_bytes())
    by_digest = f"one@{index['manifests'][0]['digest']}"
    async with leased(store, served.url, by_digest) as found:
        assert mark(found) == b"one"
    assert "cannot be fetched" in await refused(store, served.url, "one@sha256:" + "0" * 64)
    closed(store)


async def test_a_tag_that_moves_is_followed_only_when_asked(served: RegistryLab, tmp_path: Path) -> None:
    store = opened(tmp_path / "store")
    served.push(image(tmp_path / "old", b"old"), "moving:1")
    async with leased(store, served.url, "moving:1") as found:
        assert mark(found) == b"old"
    served.push(image(tmp_path / "new", b"new"), "moving:1")
    async with leased(store, served.url, "moving:1") as found:
        assert mark(found) == b"old"
    async with leased(store, served.url, "moving:1", again=True) as found:
        assert mark(found) == b"new"
    closed(store)


@pytest.mark.parametrize("secret", [False, True])
@pytest.mark.parametrize("tls", [False, True])
async def test_registries_with_and_without_credentials_and_tls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, secret: bool, tls: bool
) -> None:
    if why := image_lab.unusable(tmp_path):
        pytest.skip(why)
    with registry(tmp_path / "registry", secret=secret, tls=tls) as lab:
        lab.push(image(tmp_path / "image", b"here"), "team/app:1")
        store = opened(tmp_path / "store")
        if tls:
            assert "certificate" in await refused(store, lab.url, "team/app:1")
            monkeypatch.setenv("SSL_CERT_FILE", str(lab.ca))
        if secret:
            assert "unauthorized" in (await refused(store, lab.url, "team/app:1")).lower()
            closed(store)
            store = opened(tmp_path / "store", credentials=lab.credentials)
        async with leased(store, lab.url, f"{lab.host}/team/app:1") as found:
            assert mark(found) == b"here"
        closed(store)


async def test_archives_and_layouts_of_a_folder(served: RegistryLab, tmp_path: Path) -> None:
    place = tmp_path / "images" / "team"
    place.mkdir(parents=True)
    layout = image(place / "layout", b"layout")
    skopeo("copy", f"oci:{layout}:t", f"oci-archive:{tmp_path}/oci.tar:t")
    (tmp_path / "oci.tar").rename(place / "packed:1.tar")
    skopeo("copy", f"oci:{layout}:t", f"docker-archive:{tmp_path}/docker.tar:team/saved:1")
    (tmp_path / "docker.tar").rename(place / "saved:1.tar")
    store = opened(tmp_path / "store")
    for name in ("team/layout:t", "team/packed:1", "team/saved:1"):
        async with leased(store, str(tmp_path / "images"), name) as found:
            assert mark(found) == b"layout"
    assert len(list((store.folder / "layers").iterdir())) == 2
    (place / "damaged:1.tar").write_bytes(b"no archive at all")
    assert "no archive" in await refused(store, str(tmp_path / "images"), "team/damaged:1")
    assert "neither" in await refused(store, str(tmp_path / "images"), "team/absent:1")
    closed(store)


async def test_appc_images(served: RegistryLab, tmp_path: Path) -> None:
    manifest = {"acKind": "ImageManifest", "acVersion": "0.8.11", "name": "team/w", "app": {"exec": ["/run"]}}
    packed = tar(Entry("manifest", json.dumps(manifest).encode()), folder("rootfs"), Entry("rootfs/mark", b"aci"))
    source = appc.source_of("team/w", {"version": "1"}, "amd64", f"{tmp_path}/")
    source.archive.parent.mkdir(parents=True)
    source.archive.write_bytes(packed)
    store = opened(tmp_path / "store")
    async with store.lease(Wanted("appc:w", source)) as found:
        assert mark(found) == b"aci" and found.config.entrypoint == ["/run"]
        assert not (found.layers[0] / "manifest").exists()
    source.archive.write_bytes(tar(folder("rootfs"), Entry("rootfs/mark", b"aci")))
    with pytest.raises(ImageError, match="no manifest"):
        async with store.lease(Wanted("appc:none", source)):
            pass
    assert leftovers(store.folder) == []
    closed(store)


# --- damage -----------------------------------------------------------------------------------------------------------


async def test_a_layer_that_is_not_what_its_digest_says_is_never_unpacked(served: RegistryLab, tmp_path: Path) -> None:
    layout = image(tmp_path / "images" / "bad", b"bad")
    manifest = json.loads((layout / "index.json").read_bytes())["manifests"][0]["digest"]
    layers = json.loads((layout / "blobs" / "sha256" / manifest.removeprefix("sha256:")).read_bytes())["layers"]
    blob = layout / "blobs" / "sha256" / layers[0]["digest"].removeprefix("sha256:")
    content = bytearray(blob.read_bytes())
    content[-20] ^= 1
    blob.write_bytes(content)
    store = opened(tmp_path / "store")
    assert "cannot be fetched" in await refused(store, str(tmp_path / "images"), "bad:t")
    assert list((store.folder / "layers").iterdir()) == []
    closed(store)


async def test_a_configuration_that_names_another_layer_is_refused(served: RegistryLab, tmp_path: Path) -> None:
    layout = make_layout(tmp_path / "images" / "liar", [tar(Entry("a"))], {})
    true, wrong = digest(tar(Entry("a"))), digest(b"other")
    for path in sorted((layout / "blobs" / "sha256").iterdir(), key=lambda one: one.stat().st_mtime):
        if true.encode() in path.read_bytes():
            rewrite(layout, path, path.read_bytes().replace(true.encode(), wrong.encode()))
    store = opened(tmp_path / "store")
    assert "configuration says" in await refused(store, str(tmp_path / "images"), "liar:t")
    closed(store)


def rewrite(layout: Path, config: Path, content: bytes) -> None:
    """Replaces a configuration, and its digest in the manifest and the index."""
    blobs = layout / "blobs" / "sha256"
    (blobs / digest(content).removeprefix("sha256:")).write_bytes(content)
    index = json.loads((layout / "index.json").read_bytes())
    at = index["manifests"][0]
    manifest = json.loads((blobs / at["digest"].removeprefix("sha256:")).read_bytes())
    manifest["config"] |= {"digest": digest(content), "size": len(content)}
    whole = json.dumps(manifest).encode()
    (blobs / digest(whole).removeprefix("sha256:")).write_bytes(whole)
    at |= {"digest": digest(whole), "size": len(whole)}
    (layout / "index.json").write_text(json.dumps(index))
    config.unlink()


async def test_an_image_that_unpacks_to_more_than_is_allowed_is_ended(served: RegistryLab, tmp_path: Path) -> None:
    bomb = tar(Entry("zeros", bytes(20 << 20)))
    make_layout(tmp_path / "images" / "bomb", [bomb], {})
    store = opened(tmp_path / "store", limit=8 << 20)
    assert "takes more than" in await refused(store, str(tmp_path / "images"), "bomb:t")
    closed(store)


async def test_a_full_disk_gives_room_by_what_nobody_has_or_fails_and_leaves_nothing(
    served: RegistryLab, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "small") as place:
        for name in ("first", "second"):
            layer = tar(Entry(name, os.urandom(3 << 20)), Entry("mark", name.encode()))
            make_layout(tmp_path / "images" / name, [layer], {})
        make_layout(tmp_path / "images" / "huge", [tar(Entry("huge", os.urandom(11 << 20)))], {})
        store = opened(place / "store")
        where = str(tmp_path / "images")
        async with leased(store, where, "first:t"):
            pass
        age(store)
        async with leased(store, where, "second:t") as found:
            assert mark(found) == b"second"
            assert "cannot be fetched" in await refused(store, where, "huge:t")
            assert mark(found) == b"second"
        assert "first:t" not in store.records.names
        closed(store)


@contextlib.contextmanager
def small_disk(place: Path) -> Iterator[Path]:
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


CRASHING = """
import asyncio, sys
from pathlib import Path
from tests.support.agent.image_lab import opened, wanted
async def main():
    store = opened(Path(sys.argv[1]))
    print("begun", flush=True)
    async with store.lease(wanted(sys.argv[2], "large:t")):
        print("there", flush=True)
asyncio.run(main())
"""


@pytest.mark.parametrize("moment", [0.05, 0.2, 0.35, 0.5, 0.7, 0.9])
async def test_a_kill_at_any_moment_leaves_a_store_that_works(
    served: RegistryLab, tmp_path: Path, moment: float
) -> None:
    layers = [tar(*(Entry(f"{number}/{name}", os.urandom(4000)) for name in range(400))) for number in range(3)]
    make_layout(tmp_path / "images" / "large", [*layers, tar(Entry("mark", b"whole"))], {})
    begin_and_kill(tmp_path, moment)
    store = opened(tmp_path / "store")
    assert leftovers(store.folder) == []
    async with leased(store, str(tmp_path / "images"), "large:t") as found:
        assert mark(found) == b"whole" and len(found.layers) == 4
        assert all(len(list(path.rglob("*"))) == 401 for path in found.layers[1:])
    names = {layer_name(one) for one in store.records.layers}
    assert names == {path.name for path in (store.folder / "layers").iterdir()}
    closed(store)


def begin_and_kill(place: Path, moment: float) -> None:
    argv = [sys.executable, "-c", CRASHING, str(place / "store"), str(place / "images")]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None and process.stdout.readline() == b"begun\n"
    time.sleep(moment)
    process.kill()
    process.wait()
    wait_for(lambda: not running_in(place), what="the end of what the killed process had begun")


def running_in(place: Path) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                cwd = (entry / "cwd").readlink()
                if str(place).encode() in (entry / "cmdline").read_bytes() or cwd.is_relative_to(place):
                    found.append(int(entry.name))
    return found


# --- many at once -----------------------------------------------------------------------------------------------------


async def test_a_hundred_launches_make_one_fetch_and_each_cancelled_one_waits_alone(
    served: RegistryLab, tmp_path: Path
) -> None:
    store = opened(tmp_path / "store")

    async def launch() -> bytes:
        async with leased(store, served.url, "one:1") as found:
            return mark(found)

    tasks = [asyncio.create_task(launch()) for _ in range(100)]
    await asyncio.sleep(0)
    for task in tasks[:50]:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert results[50:] == [b"one"] * 50
    assert all(isinstance(one, asyncio.CancelledError) for one in results[:50])
    assert (store.pulls.succeeded, store.pulls.failed) == (1, 0)
    closed(store)


async def test_a_fetch_ends_when_nobody_waits_any_more_and_when_nothing_comes(tmp_path: Path) -> None:
    if why := image_lab.unusable(tmp_path):
        pytest.skip(why)
    server = await asyncio.start_server(lambda reader, writer: asyncio.sleep(600), "127.0.0.1", 0)
    where = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    store = opened(tmp_path / "store", seconds=1)
    assert "no data arrived for 1 s" in await refused(store, where, "silent:1")
    closed(store)
    store = opened(tmp_path / "store")

    async def launch() -> None:
        async with leased(store, where, "silent:1"):
            pass

    task = asyncio.create_task(launch())
    await asyncio.sleep(0.5)
    task.cancel()
    await asyncio.wait([task])
    assert leftovers(store.folder) == [] and store.pulls.failed == 1
    assert not [pid for pid in running_in(tmp_path) if pid != os.getpid()]
    closed(store)
    server.close()


async def test_room_is_made_of_what_no_container_has(served: RegistryLab, tmp_path: Path) -> None:
    used: set[str] = set()
    store = opened(tmp_path / "store", used=used)
    async with leased(store, served.url, "one:1") as one:
        async with leased(store, served.url, "two:1"):
            pass
        assert await store.make_room(float("inf")) == 0  # both were asked for just now
        age(store)
        await store.make_room(float("inf"))
        assert list(store.records.names) == ["one:1"] and mark(one) == b"one"
    used.update(path.name for path in one.layers)
    age(store)
    assert await store.make_room(float("inf")) == 0 and mark(one) == b"one"
    used.clear()
    assert await store.make_room(float("inf")) > 300_000
    assert list((store.folder / "layers").iterdir()) == [] and leftovers(store.folder) == []
    closed(store)


async def test_an_operator_prunes_all_that_nobody_has(served: RegistryLab, tmp_path: Path) -> None:
    """Also what was fetched just now; not what is being fetched, or excluded."""
    store = opened(tmp_path / "store")
    async with leased(store, served.url, "one:1"):
        pass
    async with leased(store, served.url, "two:1") as two:
        assert await store.prune(()) > 0
        assert mark(two) == b"two" and list(store.records.names) == ["two:1"]
    assert await store.prune(["two:1"]) == 0
    pruning = True

    async def prune_on() -> None:
        while pruning:
            await store.prune(())
            await asyncio.sleep(0)

    task = asyncio.create_task(prune_on())
    for _ in range(3):
        async with leased(store, served.url, "one:1") as one:
            assert mark(one) == b"one"
    pruning = False
    await task
    await store.prune(())
    assert store.records.images == {} and list((store.folder / "layers").iterdir()) == []
    closed(store)


async def test_lost_records_cost_a_fetch_and_no_container_its_root(served: RegistryLab, tmp_path: Path) -> None:
    store = opened(tmp_path / "store")
    async with leased(store, served.url, "one:1") as one:
        names = {path.name for path in one.layers}
    closed(store)
    for damage in (b"", b"{", b'{"version": 99}'):
        (tmp_path / "store" / "records.json").write_bytes(damage)
        store = opened(tmp_path / "store", used=names)
        assert mark(one) == b"one" and store.records.images == {}
        async with leased(store, served.url, "one:1") as found:
            assert mark(found) == b"one"
        closed(store)
    with pytest.raises(Unstartable, match="another agent"):
        first = opened(tmp_path / "store")
        try:
            opened(tmp_path / "store")
        finally:
            closed(first)
