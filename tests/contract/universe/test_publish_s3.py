"""Publishing to S3: the order in which readers see objects, what is written over what, and who may write at all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from dcos_universe.errors import UniverseError
from dcos_universe.publishing import publication, s3
from dcos_universe.publishing.destination import Bucket
from dcos_universe.publishing.directory import Progress
from dcos_universe.publishing.publication import PublishedTree
from tests.support.universe.publisher import Publisher
from tests.support.universe.serving import TYPE, small_tree

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PLACE = Bucket("repository", "universe/")
SPARED = ("repo-up-to-1.8", "repo-up-to-1.9", "repo-up-to-1.11", "repo-up-to-1.12", "repo-up-to-2.0", "repo-empty")


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Client]:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3", endpoint_url=endpoint)
    client.create_bucket(Bucket=PLACE.name)
    yield client
    for entry in client.list_objects_v2(Bucket=PLACE.name).get("Contents", []):
        client.delete_object(Bucket=PLACE.name, Key=entry["Key"])
    client.delete_bucket(Bucket=PLACE.name)


KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": "us-east-1"}


Trees = Callable[[str], PublishedTree]


@pytest.fixture
def tree(tmp_path: Path) -> Trees:
    """Makes signed trees. The metadata of each is one version after that of the one before."""
    publisher = Publisher(tmp_path / "publisher")
    publisher.begin(bits=1)
    return lambda mark: publication.read(publisher.sign_other(few(tmp_path / mark, mark)))


def few(root: Path, mark: str) -> Path:
    """A tree of few files: each is several requests to a store that is written in Python as well."""
    made = small_tree(root, mark)
    for path in list(made.rglob("*")):
        if path.is_file() and (path.parent.name == "package" or path.name.startswith(SPARED)):
            path.unlink()
    return made


def snapshot(made: PublishedTree) -> str:
    """The name of the tree's only snapshot."""
    [name] = [path for path in made.items if path.endswith(".snapshot.json")]
    return name


def target(made: PublishedTree) -> str:
    """The name with the digest of the tree's universe.json."""
    return f"targets/{made.items['universe.json'].sha256}.universe.json"


def there(client: S3Client) -> dict[str, bytes]:
    told = client.get_paginator("list_objects_v2").paginate(Bucket=PLACE.name, Prefix=PLACE.prefix)
    names = [entry["Key"] for page in told for entry in page.get("Contents", [])]
    return {
        name.removeprefix(PLACE.prefix): client.get_object(Bucket=PLACE.name, Key=name)["Body"].read() for name in names
    }


def files(made: PublishedTree) -> dict[str, bytes]:
    return {path: (made.root / path).read_bytes() for path in made.items}


def published(client: S3Client, made: PublishedTree, **more: Any) -> Any:
    return s3.publish(made, client, PLACE, keep=more.pop("keep", 5), progress=Progress(), **more)


def without_ours(found: dict[str, bytes]) -> dict[str, bytes]:
    return {name: content for name, content in found.items() if not name.startswith(".")}


def killed_at(monkeypatch: pytest.MonkeyPatch, end: str, after: bool = False) -> None:
    """A publisher is killed before, or after, it writes the first name that ends so."""
    put = s3.S3Store.put

    def dying(store: s3.S3Store, name: str, content: bytes, over: str | None, **said: Any) -> str:
        if not name.endswith(end):
            return put(store, name, content, over, **said)
        if after:
            put(store, name, content, over, **said)
        raise UniverseError("killed")

    monkeypatch.setattr(s3.S3Store, "put", dying)


def test_a_tree_is_brought_and_the_next_one_over_it(bucket: S3Client, tree: Trees) -> None:
    first, second = tree("one"), tree("two")
    assert published(bucket, first).changed
    assert without_ours(there(bucket)) == files(first)
    assert not published(bucket, first).changed
    published(bucket, second)
    found = without_ours(there(bucket))
    kept = {snapshot(first), target(first)} - second.items.keys()
    assert len(kept) == 2
    assert {name: content for name, content in found.items() if name in second.items} == files(second)
    assert kept <= found.keys()
    head = bucket.head_object(Bucket=PLACE.name, Key="universe/repo-up-to-1.10.json")
    assert (head["ContentType"], head["CacheControl"]) == (f"{TYPE}v4", "no-cache")
    assert "immutable" in bucket.head_object(Bucket=PLACE.name, Key="universe/metadata/2.snapshot.json")["CacheControl"]


def test_what_is_kept_goes_in_time_and_others_objects_stay(bucket: S3Client, tree: Trees) -> None:
    bucket.put_object(Bucket=PLACE.name, Key="universe/somebody-else.txt", Body=b"x")
    for number in range(1, 5):
        published(bucket, tree(f"m{number}"), keep=1)
    found = there(bucket)
    assert {name for name in found if name.endswith(".snapshot.json")} == {
        "metadata/3.snapshot.json",
        "metadata/4.snapshot.json",
    }
    assert found["somebody-else.txt"] == b"x"


def test_old_objects_that_could_not_be_removed_are_told_and_go_with_the_next_publication(
    bucket: S3Client, tree: Trees
) -> None:
    def denied(parsed: dict[str, Any], **_: Any) -> None:
        parsed["Errors"] = [{"Key": "x", "Code": "AccessDenied", "Message": "no"}]

    published(bucket, tree("one"))
    old = there(bucket)["metadata/1.snapshot.json"]
    second = tree("two")
    bucket.meta.events.register("after-call.s3.DeleteObjects", denied)
    with pytest.raises(UniverseError, match="cannot be removed; the new tree is published") as told:
        published(bucket, second, keep=0)
    assert "AccessDenied" in told.value.why
    bucket.meta.events.unregister("after-call.s3.DeleteObjects", denied)
    # What a store that denied it has kept:
    bucket.put_object(Bucket=PLACE.name, Key="universe/metadata/1.snapshot.json", Body=old)
    assert not published(bucket, second, keep=0).changed
    third = tree("three")
    published(bucket, third, keep=0)
    assert without_ours(there(bucket)) == files(third)


def test_what_a_killed_run_brought_of_a_tree_that_never_came_goes_in_time(
    bucket: S3Client, tree: Trees, monkeypatch: pytest.MonkeyPatch
) -> None:
    for first in (True, False):
        lost = tree(f"lost-{first}")
        with monkeypatch.context() as killed:
            killed_at(killed, "universe.json.gz")
            with pytest.raises(UniverseError, match="killed"):
                published(bucket, lost, keep=1)
        assert snapshot(lost) in there(bucket)
        for number in (1, 2, 3) if first else (4, 5, 6):
            last = tree(f"m{number}")
            assert published(bucket, last, keep=1).changed
        found = there(bucket)
        assert not found.keys() & {snapshot(lost), target(lost)}
        assert files(last).items() <= found.items()


@pytest.mark.parametrize("then", ["the old tree", "a third tree"])
def test_what_a_killed_run_wrote_over_is_brought_again_whatever_tree_is_next(
    bucket: S3Client, tree: Trees, monkeypatch: pytest.MonkeyPatch, then: str
) -> None:
    old, lost, third = tree("one"), tree("two"), tree("three")
    published(bucket, old)
    with monkeypatch.context() as killed:
        killed_at(killed, "repo-up-to-1.13.json.zst", after=True)
        with pytest.raises(UniverseError, match="killed"):
            published(bucket, lost)
    assert without_ours(there(bucket)) != files(old)
    following = old if then == "the old tree" else third
    assert published(bucket, following).changed
    assert files(following).items() <= there(bucket).items()


def test_metadata_of_the_same_version_that_a_killed_publisher_left_is_replaced(
    bucket: S3Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher = Publisher(tmp_path / "publisher")
    publisher.begin(bits=1)
    made = []
    for mark in ("one", "two"):  # from two copies of the root's folder: of the same size, and not the same
        (publisher.ceremony.folder / "signed.json").unlink(missing_ok=True)
        made.append(publication.read(publisher.sign_other(few(tmp_path / mark, mark))))
    assert made[0].items[snapshot(made[0])].size == made[1].items[snapshot(made[1])].size
    assert snapshot(made[0]) == snapshot(made[1]) and made[0].items != made[1].items
    with monkeypatch.context() as killed:
        killed_at(killed, "metadata/timestamp.json")
        with pytest.raises(UniverseError, match="killed"):
            published(bucket, made[0])
    published(bucket, made[1])
    assert files(made[1]).items() <= there(bucket).items()


def test_another_root_takes_a_place_over_only_where_that_is_wanted(
    bucket: S3Client, tree: Trees, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = Publisher(tmp_path / "others")
    others.begin(bits=1)
    others.rotate()
    before = [publication.read(others.sign_other(few(tmp_path / name, name))) for name in ("x", "y")]
    for one in before:
        published(bucket, one)
    found = there(bucket)
    assert {"metadata/2.root.json", snapshot(before[0])} <= found.keys()
    made = tree("one")
    with pytest.raises(UniverseError, match="another root") as refused:
        published(bucket, made)
    assert "--new-root" in refused.value.hint and there(bucket).keys() == found.keys()
    with monkeypatch.context() as killed:
        killed_at(killed, "metadata/timestamp.json")
        with pytest.raises(UniverseError, match="killed"):
            published(bucket, made, new_root=True)
    assert "metadata/2.root.json" not in there(bucket)
    assert published(bucket, made).changed, "what was begun goes on without being wanted again"
    found = without_ours(there(bucket))
    assert files(made).items() <= found.items()
    assert {name for name in found if name.startswith("metadata/")} <= made.items.keys()


def test_what_leads_to_others_comes_after_them(bucket: S3Client, tree: Trees) -> None:
    """By the store's own order of writes: digests' and versions' names, then fixed ones, then the timestamp."""
    published(bucket, tree("one"))
    written: list[str] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        written.append(params["Key"].removeprefix(PLACE.prefix))

    bucket.meta.events.register("before-parameter-build.s3.PutObject", note)
    made = tree("two")
    published(bucket, made)
    names = [name for name in written if not name.startswith(".")]
    assert names[-1] == "metadata/timestamp.json"
    ranks = [publication.rank(name) for name in names]
    assert ranks == sorted(ranks)
    first_fixed = names.index("universe.json")
    assert names.index(snapshot(made)) < first_fixed
    assert names.index(target(made)) < first_fixed
    assert written[-2:] == [publication.RECORD, s3.LOCK]


def test_nothing_is_written_over_what_somebody_else_wrote_meanwhile(bucket: S3Client, tree: Trees) -> None:
    first = tree("one")
    published(bucket, first)
    done = False

    def interfere(params: dict[str, Any], **_: Any) -> None:
        nonlocal done
        if params["Key"].endswith("/universe.json") and not done:
            done = True
            bucket.put_object(Bucket=PLACE.name, Key="universe/universe.json", Body=b"another's")

    bucket.meta.events.register("before-parameter-build.s3.PutObject", interfere)
    with pytest.raises(UniverseError, match="changed by another publisher"):
        published(bucket, tree("two"))
    found = there(bucket)
    assert found["universe.json"] == b"another's"
    assert found["metadata/timestamp.json"] == files(first)["metadata/timestamp.json"]


def test_of_two_publishers_the_second_is_told_who_publishes(bucket: S3Client, tree: Trees) -> None:
    store = s3.S3Store(bucket, PLACE)
    with s3.Lease(store, "anna@build7 (process 3)", 60):
        with pytest.raises(UniverseError) as refused:
            published(bucket, tree("one"))
        assert "anna@build7 (process 3)" in str(refused.value)
    assert published(bucket, tree("two")).changed


def test_the_lock_of_a_dead_publisher_is_taken_and_a_paused_one_writes_no_more(
    bucket: S3Client, tree: Trees, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tree("one")
    store = s3.S3Store(bucket, PLACE)
    paused = s3.Lease(store, "bert@build8 (process 9)", 1.5)
    monkeypatch.setattr(paused, "_renew", lambda: None)
    monkeypatch.setattr(paused._thread, "run", lambda: None)
    with paused:
        deadline, lease = time.monotonic() + 900, 1.5
        while True:
            try:
                published(bucket, made, lease=lease)
                break
            except UniverseError as error:
                assert time.monotonic() < deadline
                lease *= 2 if "was lost" in str(error) else 1  # a busy host does not renew in time
                time.sleep(0.2)
        with pytest.raises(s3.Taken):
            store.put(s3.LOCK, b"{}", paused._etag)


def test_a_kill_leaves_a_whole_snapshot_for_readers_of_signatures_and_the_next_run_ends_it(
    bucket: S3Client, endpoint: str, tree: Trees
) -> None:
    made = [tree("one"), tree("two")]
    published(bucket, made[0])
    began = time.monotonic()
    lease = 2.0

    def argv() -> list[str]:
        program = (
            f"from dcos_universe.publishing import s3; s3.LEASE = {lease}\nfrom dcos_universe.cli import main; main()"
        )
        words = ["publish", str(made[1].root), "s3://repository/universe", "--endpoint", endpoint]
        return [sys.executable, "-c", program, *words]

    for turn in range(3):
        process = subprocess.Popen(argv(), env={**os.environ, **KEYS}, stderr=subprocess.DEVNULL)
        time.sleep(0.7 + turn * 0.5)
        process.send_signal(signal.SIGKILL)
        process.wait()
        found = there(bucket)
        version = json.loads(found["metadata/timestamp.json"])["signed"]["version"]
        for name in (snapshot(made[version - 1]), target(made[version - 1])):
            assert found[name] == files(made[version - 1])[name]
        for name in ("universe.json", "repo-up-to-1.13.json"):
            assert found[name] in (files(made[0])[name], files(made[1])[name])
    while True:
        done = subprocess.run(argv(), env={**os.environ, **KEYS}, capture_output=True, text=True, timeout=900)
        if done.returncode == 0:
            break
        # Either its lease has not ended yet, or this host is so busy that a new one ended before it was renewed.
        assert "another publisher publishes" in done.stderr or "was lost" in done.stderr, done.stderr
        lease *= 2 if "was lost" in done.stderr else 1
        assert time.monotonic() - began < 1200
        time.sleep(0.3)
    found = without_ours(there(bucket))
    assert {name: content for name, content in found.items() if name in made[1].items} == files(made[1])
