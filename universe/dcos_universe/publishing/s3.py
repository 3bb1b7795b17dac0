"""Publishing to an S3 bucket: what never changes first, fixed names last and only over what was there before."""

from __future__ import annotations

import base64
import contextlib
import json
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dcos_runtime.counting import counted
from dcos_universe import layout
from dcos_universe.errors import UniverseError
from dcos_universe.publishing import publication, signatures
from dcos_universe.publishing.destination import Bucket
from dcos_universe.publishing.directory import Progress, Published
from dcos_universe.publishing.publication import PAST, RECORD, Item, PublishedTree, Record
from dcos_universe.serving.tree import Snapshot

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LOCK = ".publish-lock.json"
LEASE = 120.0
"""Seconds after which any publisher may take a lock that its holder does not renew."""

_MULTIPART = 64 << 20
_AT_ONCE = 8


def client(endpoint: str | None) -> S3Client:
    """By boto3's own ways to find keys and region. Raises `UniverseError`."""
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    try:
        return boto3.client(
            "s3",
            endpoint_url=endpoint,
            config=Config(retries={"max_attempts": 5, "mode": "standard"}, connect_timeout=20, read_timeout=60),
        )
    except (BotoCoreError, ValueError) as error:
        raise UniverseError("S3 cannot be spoken to", why=str(error), hint="look at AWS_* and at --endpoint") from error


@dataclass(frozen=True)
class _Object:
    size: int
    etag: str


class Taken(Exception):
    """A conditional write was refused: another publisher has written."""


class S3Store:
    """One bucket below one prefix. Errors are `UniverseError`, except `Taken`."""

    def __init__(self, s3: S3Client, bucket: Bucket) -> None:
        self._s3 = s3
        self._bucket = bucket
        self.where = f"s3://{bucket.name}/{bucket.prefix}"

    def listed(self) -> dict[str, _Object]:
        with self._errors():
            pages = self._s3.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket.name, Prefix=self._bucket.prefix
            )
            return {
                entry["Key"][len(self._bucket.prefix) :]: _Object(entry["Size"], entry["ETag"])
                for page in pages
                for entry in page.get("Contents", [])
            }

    def get(self, name: str) -> tuple[bytes, str, float] | None:
        """Content, ETag, and how many seconds ago it was written by the store's own clock."""
        with self._errors():
            try:
                response = self._s3.get_object(Bucket=self._bucket.name, Key=self._bucket.prefix + name)
            except self._s3.exceptions.NoSuchKey:
                return None
            content = response["Body"].read()
            now = response["ResponseMetadata"]["HTTPHeaders"].get("date", "")
            return content, response["ETag"], _seconds(now) - response["LastModified"].timestamp()

    def put(self, name: str, content: bytes, over: str | None, **said: Any) -> str:
        """Writes where the object with the ETag ``over`` is, or, with None, where there is none. Returns the new ETag.
        Raises `Taken` when it is otherwise."""
        condition: dict[str, Any] = {"IfNoneMatch": "*"} if over is None else {"IfMatch": over}
        from botocore.exceptions import ClientError

        with self._errors():
            try:
                response = self._s3.put_object(
                    Bucket=self._bucket.name, Key=self._bucket.prefix + name, Body=content, **condition, **said
                )
            except ClientError as error:
                code = error.response.get("Error", {}).get("Code", "")
                if code in ("PreconditionFailed", "ConditionalRequestConflict", "412", "409"):
                    raise Taken(name) from error
                if code == "NoSuchKey" and over is not None:
                    raise Taken(name) from error
                raise
            return response["ETag"]

    def upload(self, tree: PublishedTree, item: Item, **said: str) -> None:
        """A file that never changes under its name, in parts when it is large."""
        from boto3.s3.transfer import TransferConfig

        with self._errors():
            self._s3.upload_file(
                str(tree.root / item.path),
                self._bucket.name,
                self._bucket.prefix + item.path,
                ExtraArgs=dict(said),
                Config=TransferConfig(multipart_threshold=_MULTIPART, max_concurrency=2),
            )

    def delete(self, names: list[str], so_far: str = "the new tree is published") -> None:
        for start in range(0, len(names), 1000):
            keys: Any = [{"Key": self._bucket.prefix + name} for name in names[start : start + 1000]]
            with self._errors():
                done = self._s3.delete_objects(Bucket=self._bucket.name, Delete={"Objects": keys, "Quiet": True})
            if wrong := done.get("Errors"):
                first = wrong[0]
                raise UniverseError(
                    f"{counted(len(wrong), 'old object')} in {self.where} cannot be removed; {so_far}",
                    why=f"{first.get('Key')}: {first.get('Code')}: {first.get('Message')}",
                    hint="give your keys the right to delete objects; the next publication removes them",
                )

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        from boto3.exceptions import Boto3Error
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except (ClientError, BotoCoreError, Boto3Error) as error:
            raise UniverseError(
                f"publishing to {self.where} failed; the files under fixed names are not damaged",
                why=str(error),
                hint="look at the bucket, its rights and your keys, and publish again: it continues from here",
            ) from error


def _seconds(date: str) -> float:
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(date).timestamp()
    except (TypeError, ValueError):
        return time.time()


class Lease:
    """The lock of a bucket: an object that its holder renews. ``held`` says whether it is still ours."""

    def __init__(self, store: S3Store, who: str, seconds: float) -> None:
        self._store = store
        self._who = who
        self._seconds = seconds
        self._ended = threading.Event()
        self._etag = ""
        self._held = False
        self._thread = threading.Thread(target=self._renew, daemon=True)

    def __enter__(self) -> Lease:
        try:
            self._etag = self._store.put(LOCK, self._content(), self._free())
        except Taken:
            found = self._store.get(LOCK)
            raise self._refused(_holder(found[0]) if found else "another publisher, which was faster") from None
        self._held = True
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        if self._held:
            with contextlib.suppress(Taken, UniverseError):
                self._store.put(LOCK, b'{"holder":null}\n', self._etag)

    def _free(self) -> str | None:
        """The ETag of a lock that its holder has given up or left; None when there is no lock."""
        found = self._store.get(LOCK)
        if found is None:
            return None
        content, etag, age = found
        holder = _holder(content)
        if holder and age < self._seconds:
            raise self._refused(holder)
        return etag

    def _refused(self, holder: str) -> UniverseError:
        return UniverseError(
            f"another publisher publishes to {self._store.where} now",
            why=f"it is {holder}",
            hint=f"wait until that is done; the lock of one that died is free after {self._seconds:.0f} seconds",
        )

    def _content(self) -> bytes:
        return (json.dumps({"holder": self._who, "renewed": time.time()}) + "\n").encode("ascii")

    def _renew(self) -> None:
        last = time.monotonic()
        while not self._ended.wait(self._seconds / 6):
            try:
                self._etag = self._store.put(LOCK, self._content(), self._etag)
                last = time.monotonic()
            except Taken:
                self._held = False
                return
            except UniverseError:
                # It may come back. Long before others may take the lock, this one has stopped.
                if time.monotonic() - last > self._seconds / 2:
                    self._held = False
                    return

    def check(self) -> None:
        """Raises `UniverseError` when the lock is not ours any more."""
        if not self._held:
            raise UniverseError(
                f"the lock of {self._store.where} was lost",
                why=f"it could not be renewed for {self._seconds / 2:.0f} seconds, or another publisher took it",
                hint="see who publishes there, and publish again: it continues from here",
            )


def _holder(content: bytes) -> str:
    try:
        return str(json.loads(content)["holder"] or "")
    except (ValueError, KeyError, TypeError):
        return "an unknown publisher"


def publish(
    tree: PublishedTree,
    s3: S3Client,
    bucket: Bucket,
    *,
    keep: int,
    progress: Progress,
    lease: float | None = None,
    new_root: bool = False,
) -> Published:
    """Brings the tree to the bucket. Each object is replaced whole, what others lead to before what leads to it, and
    ``metadata/timestamp.json`` after all of them: readers of signatures see the old tree or the new one. A publisher
    that comes to its senses too late overwrites nothing. ``new_root``: also over a tree of another root, whose metadata
    is removed first. Raises `UniverseError`."""
    signatures.verify(tree)
    store = S3Store(s3, bucket)
    with Lease(store, publication.this_publisher(), LEASE if lease is None else lease) as lock:
        there = store.listed()
        found = store.get(RECORD)
        before = publication.record(found[0], f"{store.where}{RECORD}") if found else None
        if before is not None and before.digest == tree.digest:
            return Published(False, before.digest[:12], len(tree.items), 0, 0)
        other = signatures.refuse_rollback(
            tree, lambda path: None if (one := store.get(path)) is None else one[0], new_root=new_root
        )
        if other:
            there = _without_metadata(store, lock, there)
        after = publication.following(tree, before, keep, new_root=other)
        had = before.own if before else {}
        todo = [item for path, item in tree.items.items() if not _there(path, item, there, had)]
        etag = there[RECORD].etag if RECORD in there else None
        if todo:
            etag = _noted(store, _begun(before, after, todo), etag)
        progress.begin(f"uploading {counted(len(todo), 'object')}", sum(item.size for item in todo))
        types = Snapshot(tree.root)
        for rank in sorted({publication.rank(item.path) for item in todo}):
            batch = [item for item in todo if publication.rank(item.path) == rank]
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                for item in pool.map(lambda one: _bring(store, lock, tree, one, there, types), batch):
                    progress.done(item.size)
        lock.check()
        old = {} if before is None else {**{path: one for path, (one, _) in before.kept.items()}, **before.own}
        gone = sorted((old.keys() - tree.items.keys() - after.kept.keys()) & there.keys())
        # After a kill between the two writes the next publisher still knows what is to be removed.
        leaving = replace(after, kept={**after.kept, **{path: (old[path], PAST) for path in gone}})
        etag = _noted(store, leaving, etag)
        if gone:
            lock.check()
            store.delete(gone)
            _noted(store, after, etag)
    return Published(True, tree.digest[:12], len(tree.items), sum(i.size for i in todo), len(tree.items) - len(todo))


def _begun(before: Record | None, after: Record, todo: list[Item]) -> Record:
    """What is known of the place while these files are brought. After a kill nobody knows which of them are there: the
    next publisher brings its own again, whatever tree that is, and removes in time what it does not have."""
    begun = before or replace(after, own={}, kept={})
    new = {item.path: (item, 1 if layout.immutable(item.path) else PAST) for item in todo}
    own = {path: item for path, item in begun.own.items() if path not in new}
    return replace(begun, digest="", own=own, kept={**begun.kept, **new})


def _without_metadata(store: S3Store, lock: Lease, there: Mapping[str, _Object]) -> dict[str, _Object]:
    """Removes the metadata of another root, what leads to the rest first: one of its files among those of the new root
    would have these refused. Until those have come, readers of signatures find none."""
    found = sorted((path for path in there if path.startswith("metadata/")), key=publication.rank, reverse=True)
    for paths in (found[:1], found[1:]):
        lock.check()
        store.delete(paths, "the new tree is not published")
    return {path: one for path, one in there.items() if path not in set(found)}


def _noted(store: S3Store, what: Record, over: str | None) -> str:
    try:
        return store.put(RECORD, what.encoded(), over)
    except Taken:
        raise _overtaken(store, RECORD) from None


def _there(path: str, item: Item, there: Mapping[str, _Object], had: Mapping[str, Item]) -> bool:
    found = there.get(path)
    if found is None or found.size != item.size:
        return False
    # A name that has the digest of its bytes needs no other proof: S3 has an object whole or not at all. Two publishers
    # can have signed other metadata of one version.
    return had.get(path) == item or (layout.immutable(path) and not layout.versioned(path))


def _bring(
    store: S3Store, lock: Lease, tree: PublishedTree, item: Item, there: Mapping[str, _Object], types: Snapshot
) -> Item:
    lock.check()
    said = {
        "ContentType": types.content_type(item.path),
        "CacheControl": "public, max-age=31536000, immutable" if layout.immutable(item.path) else "no-cache",
    }
    if layout.immutable(item.path) and item.size > _MULTIPART:
        store.upload(tree, item, **said)
        return item
    content = (tree.root / item.path).read_bytes()
    known = there.get(item.path)
    try:
        store.put(
            item.path,
            content,
            known.etag if known else None,
            ChecksumSHA256=base64.b64encode(bytes.fromhex(item.sha256)).decode(),
            **said,
        )
    except Taken:
        raise _overtaken(store, item.path) from None
    return item


def _overtaken(store: S3Store, name: str) -> UniverseError:
    return UniverseError(
        f"{name} in {store.where} was changed by another publisher in between",
        why="it is not what it was when this publisher looked",
        hint="see who writes there, and publish again",
    )
