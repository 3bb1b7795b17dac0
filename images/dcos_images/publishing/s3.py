"""Publishing to a bucket of S3: files under their digests first, in parts that a later run goes on with. The record
follows, if it is still the one that was read; the publisher that has written it last owns the other fixed names.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from dcos_images.cache import altered
from dcos_images.errors import ImageError
from dcos_images.publishing.aws import aws_errors, code_of
from dcos_images.publishing.folder import Published
from dcos_images.publishing.publication import RECORD, Item, Progress, Publication, files_of

_PART = 16 << 20
"""Bytes of one part of a large object; S3 allows 10,000 of them."""
_AT_ONCE = 4
_TRIES = 20
_TYPES = {".json": "application/json", ".ipxe": "text/plain", ".efi": "application/efi"}


@dataclass(frozen=True)
class Bucket:
    """``prefix`` is empty or ends with a slash."""

    name: str
    prefix: str

    @classmethod
    def parse(cls, rest: str) -> Bucket:
        """The bucket in the text after ``s3://``. Raises `ImageError`."""
        name, _, prefix = rest.partition("/")
        if not name:
            raise ImageError("no bucket is named", why=f"s3://{rest} has none", hint="write s3://BUCKET/PREFIX")
        return cls(name, f"{prefix.strip('/')}/" if prefix.strip("/") else "")


def publish_to_bucket(publication: Publication, s3: Any, bucket: Bucket, *, progress: Progress) -> Published:
    """Publishes below ``PREFIX/NAME/``. Nothing is removed: the bucket's lifecycle is its owner's.

    Two publishers may be at it: what is under a digest is the same of both, one of them gets the record, and the fixed
    names become those of the record: never some of one version and some of the other. Raises `ImageError`.
    """
    store = _Store(s3, bucket.name, f"{bucket.prefix}{publication.image}/")
    there, record = store.sizes(), store.record()
    brought = done = 0
    for item in publication.kept:
        if there.get(item.name) != item.size or not store.has(item):
            try:
                for count in store.bring(item):
                    progress(done + count, publication.size)
                brought += item.size
            except ImageError:
                # Two publishers of the same file share its parts: the other may have completed it meanwhile.
                if not store.has(item):
                    raise
        done += item.size
        progress(done, publication.size)
    fixed = dict(publication.fixed)
    store.put_over(RECORD, fixed[RECORD], record)
    for name in (one for one in fixed if one != RECORD):
        store.put_as_owner(name, fixed[name], fixed[RECORD])
    return Published(store.where, brought)


def check_bucket(name: str, s3: Any, bucket: Bucket) -> None:
    """Raises `ImageError` when the bucket cannot be read, or the record there is not one of ours."""
    store = _Store(s3, bucket.name, f"{bucket.prefix}{name}/")
    store.sizes()
    store.record()


class _Store:
    def __init__(self, s3: Any, bucket: str, prefix: str) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._prefix = prefix
        self.where = f"s3://{bucket}/{prefix}"

    def _aws_errors(self, what: str, right: str) -> Any:
        return aws_errors(f"{what} {self.where}", right=right)

    def sizes(self) -> Mapping[str, int]:
        """Every complete object, with its size."""
        with self._aws_errors("look into", "s3:ListBucket"):
            pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix)
            return {
                one["Key"].removeprefix(self._prefix): one["Size"] for page in pages for one in page.get("Contents", [])
            }

    def has(self, item: Item) -> bool:
        """Whether the object has the item's bytes, by the checksum that the store made of them. One without a checksum
        is read.
        """
        found = self._about(item.name)
        if found is None or found["ContentLength"] != item.size:
            return False
        if checksum := str(found.get("ChecksumSHA256", "")).partition("-")[0]:
            parts = b"".join(base64.b64decode(part.checksum) for part in _parts(item))
            whole = base64.b64encode(bytes.fromhex(item.sha256)).decode()
            return checksum in (whole, _checksum(parts))
        digest = hashlib.sha256()
        with self._aws_errors(f"read {item.name} in", "s3:GetObject"):
            body = self._s3.get_object(Bucket=self._bucket, Key=self._prefix + item.name)["Body"]
            for chunk in body.iter_chunks(1 << 20):
                digest.update(chunk)
        return digest.hexdigest() == item.sha256

    def record(self) -> str | None:
        """The ETag of the present record. Raises `ImageError` when it is not one of ours."""
        if (etag := self.etag(RECORD)) is not None:
            with self._aws_errors("look into", "s3:GetObject"):
                found: bytes = self._s3.get_object(Bucket=self._bucket, Key=self._prefix + RECORD)["Body"].read()
            files_of(found, self.where + RECORD)
        return etag

    def etag(self, name: str) -> str | None:
        found = self._about(name)
        return None if found is None else str(found["ETag"])

    def _about(self, name: str) -> Mapping[str, Any] | None:
        """The attributes of an object. None: there is none."""
        from botocore.exceptions import ClientError

        with self._aws_errors("look into", "s3:GetObject"):
            try:
                found: Mapping[str, Any] = self._s3.head_object(
                    Bucket=self._bucket, Key=self._prefix + name, ChecksumMode="ENABLED"
                )
                return found
            except ClientError as error:
                if code_of(error) in ("404", "NoSuchKey", "NotFound"):
                    return None
                raise

    def put(self, name: str, content: bytes, **condition: str) -> None:
        with self._aws_errors(f"write {name} to", "s3:PutObject"):
            self._s3.put_object(
                Bucket=self._bucket,
                Key=self._prefix + name,
                Body=content,
                ContentType=_type(name),
                CacheControl="no-cache",
                ChecksumSHA256=base64.b64encode(hashlib.sha256(content).digest()).decode(),
                **condition,
            )

    def put_over(self, name: str, content: bytes, over: str | None) -> None:
        """Writes where the object is that has the ETag ``over``, or, with None, where there is none.

        Raises `ImageError` when it is another one now, unless it has this very content.
        """
        if not self._exchange(name, content, over) and not self.holds(name, content):
            raise self._overtaken(name)

    def put_as_owner(self, name: str, content: bytes, record: bytes) -> None:
        """Writes a fixed name as long as the record is this one. Raises `ImageError` once it is another.

        Each write is over what was there before the record was looked at: so what its next owner writes stays, and what
        its former owner wrote late is written over.
        """
        for _ in range(_TRIES):
            over = self.etag(name)
            if not self.holds(RECORD, record):
                raise self._overtaken(RECORD)
            if self._exchange(name, content, over):
                return
        raise ImageError(
            f"{name} cannot be written to {self.where}",
            why=f"it was another one after each look, {_TRIES} times",
            hint="see who else writes there, then publish again",
        )

    def _exchange(self, name: str, content: bytes, over: str | None) -> bool:
        """Whether it could be written, because the object there was the one with this ETag, or, with None, none."""
        from botocore.exceptions import ClientError

        try:
            self.put(name, content, **({"IfNoneMatch": "*"} if over is None else {"IfMatch": over}))
        except ImageError as error:
            cause = error.__cause__
            if isinstance(cause, ClientError) and code_of(cause) in (
                *("PreconditionFailed", "ConditionalRequestConflict", "412", "409", "NoSuchKey"),
            ):
                return False
            raise
        return True

    def _overtaken(self, name: str) -> ImageError:
        return ImageError(
            f"another process has published to {self.where} in between",
            why=f"{name} is not what this run has found or written there",
            hint="see what is published there now, and publish again if it should be yours",
        )

    def holds(self, name: str, content: bytes) -> bool:
        with self._aws_errors("look into", "s3:GetObject"):
            found: bytes = self._s3.get_object(Bucket=self._bucket, Key=self._prefix + name)["Body"].read()
            return found == content

    # Large objects

    def bring(self, item: Item) -> Iterator[int]:
        """Uploads the item in parts, several at once, without those of an earlier run; yields the bytes uploaded so
        far.

        Each part is checked by its own sha256 on both sides, and all of them by the item's before the first is sent.
        """
        key, parts = self._prefix + item.name, _parts(item)
        with self._aws_errors(f"write {item.name} to", "s3:PutObject and s3:ListBucketMultipartUploads"):
            upload = self._begun(key) or self._begin(key)
            have = self._listed(key, upload)
            missing = [part for part in parts if not part.is_there(have.get(part.number, {}))]

            def send(part: _Part) -> int:
                self._s3.upload_part(
                    Bucket=self._bucket,
                    Key=key,
                    UploadId=upload,
                    PartNumber=part.number,
                    Body=part.read(item),
                    ChecksumSHA256=part.checksum,
                )
                return part.size

            done = item.size - sum(part.size for part in missing)
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                for count in pool.map(send, missing):
                    done += count
                    yield done
            there = self._listed(key, upload)
            made = [
                {"PartNumber": part.number, "ETag": there[part.number]["ETag"], "ChecksumSHA256": part.checksum}
                for part in parts
            ]
            self._s3.complete_multipart_upload(
                Bucket=self._bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": made}
            )

    def _begun(self, key: str) -> str:
        """The upload of this object that an earlier run started; empty: none."""
        pages = self._s3.get_paginator("list_multipart_uploads").paginate(Bucket=self._bucket, Prefix=key)
        found = [one for page in pages for one in page.get("Uploads", []) if one["Key"] == key]
        return str(min(found, key=lambda one: one["Initiated"])["UploadId"]) if found else ""

    def _begin(self, key: str) -> str:
        return str(
            self._s3.create_multipart_upload(
                Bucket=self._bucket,
                Key=key,
                ContentType=_type(key),
                CacheControl="public, max-age=31536000, immutable",
                ChecksumAlgorithm="SHA256",
            )["UploadId"]
        )

    def _listed(self, key: str, upload: str) -> dict[int, Any]:
        pages = self._s3.get_paginator("list_parts").paginate(Bucket=self._bucket, Key=key, UploadId=upload)
        return {one["PartNumber"]: one for page in pages for one in page.get("Parts", [])}


@dataclass(frozen=True)
class _Part:
    number: int
    start: int
    size: int
    checksum: str
    md5: str

    def is_there(self, found: Mapping[str, Any]) -> bool:
        """A store without checksums has the MD5 as the ETag."""
        if checksum := found.get("ChecksumSHA256"):
            return bool(checksum == self.checksum)
        return found.get("Size") == self.size and str(found.get("ETag", "")).strip('"') == self.md5

    def read(self, item: Item) -> bytes:
        with item.source.open("rb") as file:
            file.seek(self.start)
            content = file.read(self.size)
        if _checksum(content) != self.checksum:
            raise _altered(item)
        return content


def _parts(item: Item) -> list[_Part]:
    """All parts with their checksums, after the whole was compared with the item's digest."""
    parts, digest = [], hashlib.sha256()
    with item.source.open("rb") as file:
        for number, start in enumerate(range(0, max(1, item.size), _PART), start=1):
            content = file.read(_PART)
            digest.update(content)
            md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
            parts.append(_Part(number, start, len(content), _checksum(content), md5))
    if digest.hexdigest() != item.sha256:
        raise _altered(item)
    return parts


def _checksum(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def _altered(item: Item) -> ImageError:
    why = f"its sha256 is not {item.sha256} any more"
    return altered(item.source, why, "was altered while it was published")


def _type(name: str) -> str:
    return next((kind for end, kind in _TYPES.items() if name.endswith(end)), "application/octet-stream")
