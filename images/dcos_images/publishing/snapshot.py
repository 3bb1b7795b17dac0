"""Uploads a disk as a snapshot of EBS, block by block (EBS direct APIs): zero blocks are left out, several are sent at
once, and sent blocks are recorded here, so that the next run continues a killed one.

AWS does not list the blocks of an unfinished snapshot, so the record is the only source.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dcos_images.cache import Note, altered
from dcos_images.files import write_whole
from dcos_images.outputs import data_extents
from dcos_images.publishing.aws import aws_errors, code_of
from dcos_images.publishing.publication import Progress

BLOCK = 512 << 10
"""Bytes of a block of EBS."""
_GB = 1 << 30
AT_ONCE = 16
_ZERO = bytes(BLOCK)
_TIMEOUT_MINUTES = 360
"""How long AWS keeps an unfinished snapshot without new blocks."""
DIGEST_TAG = "dcos:sha256"
TOKEN_TAG = "dcos:token"


@dataclass(frozen=True)
class Disk:
    """A raw disk, and the sha256 of each block of it that is not zero, by number."""

    path: Path
    sha256: str
    blocks: Mapping[int, bytes]

    @property
    def gb(self) -> int:
        """The size of the smallest volume that holds it."""
        return max(1, -(-self.path.stat().st_size // _GB))

    @property
    def aggregate(self) -> str:
        """The checksum that AWS computes over all sent blocks (LINEAR)."""
        digest = hashlib.sha256(b"".join(self.blocks[number] for number in sorted(self.blocks)))
        return base64.b64encode(digest.digest()).decode()

    def read(self, number: int) -> bytes:
        """One block, compared with its digest when the whole disk was read. Raises `ImageError`."""
        with self.path.open("rb") as file:
            content = _block(file, number)
        if hashlib.sha256(content).digest() != self.blocks[number]:
            raise altered(self.path, f"its block {number} is another one now")
        return content


def read_disk(path: Path, sha256: str) -> Disk:
    """Reads the whole disk once. Raises `ImageError` when it has another digest."""
    digest, blocks = hashlib.sha256(), {}
    size = path.stat().st_size
    with path.open("rb") as file:
        holding = {number for start, end in data_extents(file.fileno()) for number in _numbers(start, end)}
        for number in range(-(-size // BLOCK)):
            content = _block(file, number) if number in holding else _ZERO
            digest.update(content[: min(BLOCK, size - number * BLOCK)])
            if content != _ZERO:
                blocks[number] = hashlib.sha256(content).digest()
    if digest.hexdigest() != sha256:
        raise altered(path, f"its sha256 is {digest.hexdigest()}, not {sha256}")
    return Disk(path, sha256, blocks)


def _numbers(start: int, end: int) -> range:
    return range(start // BLOCK, -(-end // BLOCK))


def _block(file: Any, number: int) -> bytes:
    file.seek(number * BLOCK)
    content: bytes = file.read(BLOCK)
    return content.ljust(BLOCK, b"\0")


class Sent:
    """The record of one unfinished snapshot: its token, its id once it is known, the blocks that arrived, and whether
    AWS was told that all are sent.

    One process at a time holds it.
    """

    def __init__(self, path: Path, note: Note) -> None:
        self._path = path
        self._note = note
        self._file: Any = None
        self.token = ""
        self.snapshot = ""
        self.blocks: set[int] = set()
        self.whole = False

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        self._path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        with self._path.with_suffix(".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._note("another process publishes the same there: waiting for it")
                fcntl.flock(lock, fcntl.LOCK_EX)
            self._read()
            with self._path.open("a") as self._file:
                self._file.write("\n")  # the last line may be incomplete
                yield

    def _read(self) -> None:
        """Reads the lines, of which the last may be incomplete: a block without a record is sent again."""
        self.token, self.snapshot, self.blocks, self.whole = "", "", set(), False
        with contextlib.suppress(FileNotFoundError):
            for line in self._path.read_text().splitlines():
                with contextlib.suppress(ValueError):
                    record = dict(json.loads(line))
                    self.token = str(record.get("token", self.token))
                    self.snapshot = str(record.get("snapshot", self.snapshot))
                    self.blocks.update(record.get("blocks", ()))
                    self.whole = bool(record.get("whole", self.whole))

    def anew(self) -> None:
        """Drops the snapshot: another is started, with another token."""
        self.token, self.snapshot, self.blocks, self.whole = uuid.uuid4().hex, "", set(), False
        write_whole(self._path, json.dumps({"token": self.token}) + "\n")
        self._file.close()
        self._file = self._path.open("a")

    def began(self, snapshot: str) -> None:
        self.snapshot = snapshot
        self._write({"snapshot": snapshot})

    def arrived(self, number: int) -> None:
        self.blocks.add(number)
        self._write({"blocks": [number]})

    def is_whole(self) -> None:
        """Recorded before AWS is told: a run that is killed after this may have told it."""
        self.whole = True
        self._write({"whole": True})

    def forget(self) -> None:
        self._path.unlink(missing_ok=True)

    def _write(self, record: Mapping[str, object]) -> None:
        self._file.write(json.dumps(record) + "\n")
        self._file.flush()


def bring(disk: Disk, ebs: Any, ec2: Any, sent: Sent, *, description: str, progress: Progress, note: Note) -> str:
    """The id of a complete snapshot of the disk. The caller holds ``sent``. Raises `ImageError`."""
    if not sent.token:
        sent.anew()
    if not sent.snapshot:
        sent.began(_begun(ec2, sent.token) or _begin(ebs, disk, sent.token, description))
    state = _state(ec2, sent.snapshot)
    if state == "completed" and sent.whole:
        return sent.snapshot
    if state not in ("pending", "completed"):
        note(f"the snapshot {sent.snapshot} that was started is {state or 'gone'}: another one is made")
        sent.anew()
        sent.began(_begin(ebs, disk, sent.token, description))
    missing = sorted(disk.blocks.keys() - sent.blocks)
    if len(missing) < len(disk.blocks):
        note(f"continuing the snapshot {sent.snapshot}: {len(disk.blocks) - len(missing)} blocks are there")
    _send(disk, ebs, sent, missing, progress)
    again = sent.whole
    sent.is_whole()
    _complete(disk, ebs, sent.snapshot, again=again)
    return sent.snapshot


def _complete(disk: Disk, ebs: Any, snapshot: str, *, again: bool) -> None:
    """``again``: an earlier run may have completed it, and was killed before the answer came."""
    from botocore.exceptions import ClientError

    with aws_errors(f"complete the snapshot {snapshot}", right="ebs:CompleteSnapshot"):
        try:
            ebs.complete_snapshot(
                SnapshotId=snapshot,
                ChangedBlocksCount=len(disk.blocks),
                Checksum=disk.aggregate,
                ChecksumAlgorithm="SHA256",
                ChecksumAggregationMethod="LINEAR",
            )
        except ClientError as error:
            if not again or code_of(error) not in ("ConflictException", "ValidationException"):
                raise


def _send(disk: Disk, ebs: Any, sent: Sent, missing: list[int], progress: Progress) -> None:
    def put(number: int) -> int:
        content = disk.read(number)
        with aws_errors(f"send block {number} of {disk.path.name} to {sent.snapshot}", right="ebs:PutSnapshotBlock"):
            ebs.put_snapshot_block(
                SnapshotId=sent.snapshot,
                BlockIndex=number,
                BlockData=content,
                DataLength=BLOCK,
                Checksum=base64.b64encode(disk.blocks[number]).decode(),
                ChecksumAlgorithm="SHA256",
            )
        return number

    total, waiting, under_way = len(disk.blocks), iter(missing), set[Future[int]]()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            while True:
                for number in waiting:
                    under_way.add(pool.submit(put, number))
                    if len(under_way) >= 2 * AT_ONCE:
                        break
                if not under_way:
                    return
                done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
                for one in done:
                    sent.arrived(one.result())
                progress(len(sent.blocks) * BLOCK, total * BLOCK)
        except BaseException:
            for one in under_way:
                one.cancel()
            raise


def _begin(ebs: Any, disk: Disk, token: str, description: str) -> str:
    with aws_errors("start a snapshot", right="ebs:StartSnapshot and ec2:CreateTags"):
        return str(
            ebs.start_snapshot(
                VolumeSize=disk.gb,
                Description=description,
                ClientToken=token,
                Timeout=_TIMEOUT_MINUTES,
                Tags=[{"Key": DIGEST_TAG, "Value": disk.sha256}, {"Key": TOKEN_TAG, "Value": token}],
            )["SnapshotId"]
        )


def _begun(ec2: Any, token: str) -> str:
    """The snapshot with this token, of a run that was killed before it got the id; empty: none."""
    with aws_errors("look for snapshots", right="ec2:DescribeSnapshots"):
        found = ec2.describe_snapshots(OwnerIds=["self"], Filters=[{"Name": f"tag:{TOKEN_TAG}", "Values": [token]}])
    return str(found["Snapshots"][0]["SnapshotId"]) if found["Snapshots"] else ""


def _state(ec2: Any, snapshot: str) -> str:
    """``pending``, ``completed``, ``error``; empty: it no longer exists."""
    from botocore.exceptions import ClientError

    with aws_errors(f"look at the snapshot {snapshot}", right="ec2:DescribeSnapshots"):
        try:
            (found,) = ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"]
        except ClientError as error:
            if code_of(error) == "InvalidSnapshot.NotFound":
                return ""
            raise
    return str(found["State"])
