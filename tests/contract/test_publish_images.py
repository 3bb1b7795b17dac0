"""Images to S3 and EC2, against a server that stands in for AWS: what arrives, kills, two publishers, and failures."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.ebs.models import ebs_backends
from moto.server import ThreadedMotoServer

from dcos_images.errors import ImageError
from dcos_images.images import Image
from dcos_images.publishing import s3 as s3_module
from dcos_images.publishing.ami import Ami, publish_ami
from dcos_images.publishing.aws import aws_errors, client
from dcos_images.publishing.publication import publication
from dcos_images.publishing.s3 import Bucket, check_bucket, publish_to_bucket
from dcos_images.publishing.snapshot import BLOCK, DIGEST_TAG, Sent, read_disk
from tests.support.images.published import a_disk, a_netboot, no_progress

KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": "us-east-1"}
REGION = "us-east-1"
PATIENCE = 300.0


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)


class Aws:
    """The services, and what was asked of them."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.ec2, self.ebs = client("ec2", endpoint, REGION), client("ebs", endpoint, REGION, at_once=16)
        self.asked: list[tuple[str, dict[str, Any]]] = []
        for one in (self.ec2, self.ebs):
            one.meta.events.register("provide-client-params.*.*", self._note)

    def _note(self, params: dict[str, Any], model: Any, **_: object) -> None:
        self.asked.append((model.name, params))

    def of(self, operation: str) -> list[dict[str, Any]]:
        return [params for name, params in self.asked if name == operation]

    def publish(self, image: Image, notes: Path, said: list[str] | None = None) -> Ami:
        return publish_ami(
            "ec2",
            image,
            self.ec2,
            self.ebs,
            notes=notes,
            region=REGION,
            progress=no_progress,
            note=(said if said is not None else []).append,
        )


@pytest.fixture
def aws(endpoint: str) -> Aws:
    return Aws(endpoint)


def stored(snapshot: str) -> dict[int, bytes]:
    """What the stand-in has of a snapshot, by block."""
    (backend,) = [one for one in ebs_backends["123456789012"].values() if snapshot in one.snapshots]
    return {number: base64_or_bytes(block.block_data) for number, block in backend.snapshots[snapshot].blocks.items()}


def base64_or_bytes(data: bytes | str) -> bytes:
    return data if isinstance(data, bytes) else data.encode("latin-1")


def ours(aws: Aws) -> set[str]:
    """The snapshots that publishers began; the stand-in makes others for AMIs."""
    found = aws.ec2.describe_snapshots(OwnerIds=["self"], Filters=[{"Name": "tag-key", "Values": [DIGEST_TAG]}])
    return {one["SnapshotId"] for one in found["Snapshots"]}


def holds(image: Image, snapshot: str) -> bool:
    path = image.outputs["raw"].path
    content = bytearray(-(-path.stat().st_size // BLOCK) * BLOCK)
    for number, block in stored(snapshot).items():
        content[number * BLOCK : (number + 1) * BLOCK] = block
    return bytes(content[: path.stat().st_size]) == path.read_bytes()


# EC2


def test_a_disk_becomes_an_ami_for_uefi_with_imdsv2_and_ena(aws: Aws, tmp_path: Path) -> None:
    image = a_disk(tmp_path / "one", "one")
    ami = aws.publish(image, tmp_path / "notes")
    assert ami.made and holds(image, ami.snapshot)
    (asked,) = aws.of("RegisterImage")
    assert (asked["BootMode"], asked["ImdsSupport"], asked["EnaSupport"]) == ("uefi", "v2.0", True)
    assert (asked["Architecture"], asked["VirtualizationType"]) == ("x86_64", "hvm")
    (mapping,) = asked["BlockDeviceMappings"]
    assert mapping["DeviceName"] == asked["RootDeviceName"] and mapping["Ebs"]["SnapshotId"] == ami.snapshot
    assert image.outputs["raw"].sha256[:32] in asked["Name"]


def test_zero_blocks_are_left_out_and_each_other_one_has_its_checksum(aws: Aws, tmp_path: Path) -> None:
    image = a_disk(tmp_path / "two", "two")
    aws.publish(image, tmp_path / "notes")
    sent = aws.of("PutSnapshotBlock")
    assert sorted(one["BlockIndex"] for one in sent) == [*range(0, 40, 3), 40]
    for one in sent:
        assert len(one["BlockData"]) == BLOCK == one["DataLength"] and one["ChecksumAlgorithm"] == "SHA256"
        assert one["Checksum"] == base64.b64encode(hashlib.sha256(one["BlockData"]).digest()).decode()
    (complete,) = aws.of("CompleteSnapshot")
    linear = b"".join(base64.b64decode(one["Checksum"]) for one in sorted(sent, key=lambda one: one["BlockIndex"]))
    assert complete["Checksum"] == base64.b64encode(hashlib.sha256(linear).digest()).decode()
    assert complete["ChangedBlocksCount"] == len(sent)


def test_published_again_nothing_is_sent(aws: Aws, endpoint: str, tmp_path: Path) -> None:
    image = a_disk(tmp_path / "three", "three")
    with_names(aws)
    first = aws.publish(image, tmp_path / "notes")
    again = Aws(endpoint)
    with_names(again, first)
    second = again.publish(image, tmp_path / "other notes")
    assert (second.id, second.snapshot, second.made) == (first.id, first.snapshot, False)
    assert not again.of("PutSnapshotBlock") and not again.of("RegisterImage")


def with_names(aws: Aws, *known: Ami) -> None:
    """The stand-in forgets the disks of an AMI: what AWS would tell of it."""
    plain = aws.ec2.describe_images

    def describe_images(**asked: Any) -> dict[str, Any]:
        (wanted,) = asked["Filters"][0]["Values"]
        for one in known:
            if one.name == wanted:
                return {"Images": [{"ImageId": one.id, "BlockDeviceMappings": [{"Ebs": {"SnapshotId": one.snapshot}}]}]}
        found: dict[str, Any] = plain(**asked)
        return found

    aws.ec2.describe_images = describe_images


CODE = """
import os, signal, sys
from pathlib import Path
from dcos_images.publishing.ami import publish_ami
from dcos_images.publishing.aws import client
from tests.support.images.published import a_disk, no_progress
endpoint, place, operation, at = sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
seen = 0
def die(model, **_):
    global seen
    seen += model.name == operation
    if model.name == operation and seen == abs(at):
        os.kill(os.getpid(), signal.SIGKILL)
ec2, ebs = client("ec2", endpoint, "us-east-1"), client("ebs", endpoint, "us-east-1")
for one in (ec2, ebs):
    one.meta.events.register("before-call.*.*" if at > 0 else "after-call.*.*", die)
image = a_disk(place / "image", place.name)
publish_ami("ec2", image, ec2, ebs, notes=place / "notes", region="us-east-1", progress=no_progress, note=print)
"""


@pytest.mark.parametrize(
    ("operation", "at"),
    [
        ("StartSnapshot", 1),
        ("StartSnapshot", -1),
        ("PutSnapshotBlock", 1),
        ("PutSnapshotBlock", -9),
        ("CompleteSnapshot", 1),
        ("CompleteSnapshot", -1),
        ("RegisterImage", 1),
    ],
)
def test_killed_at_any_point_a_repetition_completes_with_the_same_snapshot(
    aws: Aws, endpoint: str, tmp_path: Path, operation: str, at: int
) -> None:
    place = tmp_path / f"{operation}{at}"
    place.mkdir()
    before = ours(aws)
    done = subprocess.run(
        [sys.executable, "-c", CODE, endpoint, str(place), operation, str(at)],
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == -signal.SIGKILL, done.stdout + done.stderr
    image = a_disk(place / "image", place.name)
    ami = aws.publish(image, place / "notes")
    assert ami.made and holds(image, ami.snapshot)
    after = ours(aws)
    assert after - before == {ami.snapshot}
    assert not list((place / "notes").glob("*.sent"))


def test_a_run_that_goes_on_sends_only_what_is_missing(aws: Aws, tmp_path: Path) -> None:
    image = a_disk(tmp_path / "four", "four")
    output = image.outputs["raw"]
    disk = read_disk(output.path, output.sha256)
    started = aws.ebs.start_snapshot(VolumeSize=1)["SnapshotId"]
    sent = Sent(tmp_path / "notes" / f"{REGION}-{output.sha256}.sent", print)
    with sent.held():
        sent.anew()
        sent.began(started)
        for number in (0, 3, 6):
            aws.ebs.put_snapshot_block(
                SnapshotId=started,
                BlockIndex=number,
                BlockData=disk.read(number),
                DataLength=BLOCK,
                Checksum="x",
                ChecksumAlgorithm="SHA256",
            )
            sent.arrived(number)
    with next((tmp_path / "notes").glob("*.sent")).open("a") as file:
        file.write('{"blocks": [9')  # torn by a kill
    aws.asked.clear()
    said: list[str] = []
    ami = aws.publish(image, tmp_path / "notes", said)
    assert ami.snapshot == started and holds(image, started)
    assert sorted(one["BlockIndex"] for one in aws.of("PutSnapshotBlock")) == [*range(9, 40, 3), 40]
    assert any("3 blocks are there" in text for text in said)


def test_a_snapshot_that_is_gone_is_made_anew(aws: Aws, tmp_path: Path) -> None:
    image = a_disk(tmp_path / "five", "five")
    sent = Sent(tmp_path / "notes" / f"{REGION}-{image.outputs['raw'].sha256}.sent", print)
    with sent.held():
        sent.anew()
        sent.began("snap-0123456789abcdef0")
        sent.arrived(0)
    said: list[str] = []
    ami = aws.publish(image, tmp_path / "notes", said)
    assert holds(image, ami.snapshot) and any("another one is made" in text for text in said)


def test_a_disk_that_is_not_as_built_or_altered_meanwhile_is_never_sent(aws: Aws, tmp_path: Path) -> None:
    image = a_disk(tmp_path / "six", "six")
    path, sha256 = image.outputs["raw"].path, image.outputs["raw"].sha256
    disk = read_disk(path, sha256)
    with path.open("r+b") as file:
        file.seek(3 * BLOCK)
        file.write(b"altered")
    with pytest.raises(ImageError, match="is not what was built"):
        disk.read(3)
    with pytest.raises(ImageError, match="is not what was built"):
        aws.publish(image, tmp_path / "notes")
    assert not aws.of("StartSnapshot") and not aws.of("PutSnapshotBlock")


def test_of_two_publishers_on_two_hosts_the_second_takes_the_firsts_ami(aws: Aws, tmp_path: Path) -> None:
    image = a_disk(tmp_path / "seven", "seven")
    first = Ami("ami-0first", "snap-0first", f"dcos-ec2-{image.outputs['raw'].sha256[:32]}", made=True)
    from botocore.exceptions import ClientError

    registered = False

    def register_image(**asked: Any) -> dict[str, Any]:
        nonlocal registered
        registered = True
        with_names(aws, first)
        refusal: Any = {"Error": {"Code": "InvalidAMIName.Duplicate", "Message": "in use"}}
        raise ClientError(refusal, "RegisterImage")

    aws.ec2.register_image = register_image
    before = ours(aws)
    got = aws.publish(image, tmp_path / "notes")
    assert registered and (got.id, got.made) == ("ami-0first", False)
    assert ours(aws) == before


def test_two_at_once_on_one_host_send_once(endpoint: str, tmp_path: Path) -> None:
    image = a_disk(tmp_path / "eight", "eight")
    made: list[Ami] = []
    both = [Aws(endpoint), Aws(endpoint)]

    def publish(one: Aws) -> None:
        ami = one.publish(image, tmp_path / "notes")
        made.append(ami)

    threads = [threading.Thread(target=publish, args=(one,)) for one in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert len({ami.id for ami in made}) == 1 and [ami.made for ami in made].count(True) == 1
    assert sum(len(one.of("StartSnapshot")) for one in both) == 1


# S3


@pytest.fixture
def bucket(endpoint: str) -> Iterator[Any]:
    s3 = client("s3", endpoint, REGION)
    s3.create_bucket(Bucket="images")
    yield s3
    for one in s3.list_multipart_uploads(Bucket="images").get("Uploads", []):
        s3.abort_multipart_upload(Bucket="images", Key=one["Key"], UploadId=one["UploadId"])
    for one in s3.list_objects_v2(Bucket="images").get("Contents", []):
        s3.delete_object(Bucket="images", Key=one["Key"])
    s3.delete_bucket(Bucket="images")


PLACE = Bucket("images", "golden/")


def names_in(s3: Any) -> set[str]:
    return {one["Key"] for one in s3.list_objects_v2(Bucket="images").get("Contents", [])}


def body(s3: Any, key: str) -> bytes:
    found: bytes = s3.get_object(Bucket="images", Key=key)["Body"].read()
    return found


def test_other_bytes_of_the_same_size_under_our_name_are_replaced(bucket: Any, tmp_path: Path) -> None:
    prepared = publication("rack", a_netboot(tmp_path / "one", "one"))
    for item in prepared.kept:
        key = f"golden/rack/{item.name}"
        bucket.put_object(Bucket="images", Key=key, Body=b"A" * item.size, Metadata={"sha256": item.sha256})
    publish_to_bucket(prepared, bucket, PLACE, progress=no_progress)
    assert all(body(bucket, f"golden/rack/{item.name}") == item.source.read_bytes() for item in prepared.kept)
    for item in prepared.kept:  # the same bytes, in another way
        bucket.put_object(Bucket="images", Key=f"golden/rack/{item.name}", Body=item.source.read_bytes())
    assert publish_to_bucket(prepared, bucket, PLACE, progress=no_progress).brought == 0


def test_a_record_of_somebody_else_in_a_bucket_is_refused(bucket: Any, tmp_path: Path) -> None:
    bucket.put_object(Bucket="images", Key="golden/rack/published.json", Body=b"not ours")
    with pytest.raises(ImageError, match="does not say what is published there"):
        check_bucket("rack", bucket, PLACE)
    with pytest.raises(ImageError, match="could not look into"):
        check_bucket("rack", bucket, Bucket("none", ""))
    with pytest.raises(ImageError, match="does not say what is published there"):
        publish_to_bucket(publication("rack", a_netboot(tmp_path / "one", "one")), bucket, PLACE, progress=no_progress)
    assert names_in(bucket) == {"golden/rack/published.json"}


def test_an_image_in_a_bucket_is_found_by_its_record(bucket: Any, tmp_path: Path) -> None:
    image = a_netboot(tmp_path / "one", "one")
    done = publish_to_bucket(publication("rack", image), bucket, PLACE, progress=no_progress)
    assert done.brought > 0 and done.where == "s3://images/golden/rack/"
    record = json.loads(body(bucket, "golden/rack/published.json"))
    for name, about in record["files"].items():
        assert hashlib.sha256(body(bucket, f"golden/rack/{name}")).hexdigest() == about["sha256"]
    script = body(bucket, "golden/rack/boot.ipxe").decode()
    assert all(name in script for name in record["files"])
    assert bucket.head_object(Bucket="images", Key="golden/rack/boot.ipxe")["CacheControl"] == "no-cache"
    again = publish_to_bucket(publication("rack", image), bucket, PLACE, progress=no_progress)
    assert again.brought == 0


def test_an_upload_that_was_cut_off_goes_on(bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_module, "_PART", 5 << 20)
    image = a_disk(tmp_path / "one", "one")
    prepared = publication("ec2", image)
    sent: list[int] = []
    plain = bucket.upload_part

    def upload_part(**asked: Any) -> Any:
        if len(sent) == 2:
            raise ImageError("cut off", hint="none")
        sent.append(asked["PartNumber"])
        return plain(**asked)

    bucket.upload_part = upload_part
    with pytest.raises(ImageError, match="cut off"):
        publish_to_bucket(prepared, bucket, PLACE, progress=no_progress)
    assert names_in(bucket) == set()

    def upload_rest(**asked: Any) -> Any:
        sent.append(asked["PartNumber"])
        return plain(**asked)

    bucket.upload_part = upload_rest
    publish_to_bucket(prepared, bucket, PLACE, progress=no_progress)
    assert sorted(sent) == list(range(1, len(sent) + 1))  # each part once
    (name,) = (one for one in names_in(bucket) if one.endswith(".raw"))
    assert body(bucket, name) == image.outputs["raw"].path.read_bytes()


def test_who_reads_an_older_record_writes_nothing_over_the_others(bucket: Any, tmp_path: Path) -> None:
    one, two = (publication("rack", a_netboot(tmp_path / mark, mark)) for mark in ("one", "two"))
    plain, overtaken = bucket.create_multipart_upload, False

    def create_multipart_upload(**asked: Any) -> Any:
        nonlocal overtaken
        if not overtaken:
            overtaken = True
            publish_to_bucket(two, bucket, PLACE, progress=no_progress)
        return plain(**asked)

    bucket.create_multipart_upload = create_multipart_upload
    with pytest.raises(ImageError, match="another process has published") as caught:
        publish_to_bucket(one, bucket, PLACE, progress=no_progress)
    assert "publish again" in caught.value.hint
    assert body(bucket, "golden/rack/published.json") == dict(two.fixed)["published.json"]
    publish_to_bucket(one, bucket, PLACE, progress=no_progress)
    assert body(bucket, "golden/rack/boot.ipxe") == dict(one.fixed)["boot.ipxe"]


@pytest.mark.parametrize("at", range(1, 15))
def test_wherever_another_publishes_in_between_the_fixed_names_are_of_one_version(
    bucket: Any, tmp_path: Path, at: int
) -> None:
    """The second one goes through as a whole before a request of the first one that writes, or looks."""
    zero, one, two = (publication("rack", a_netboot(tmp_path / mark, mark)) for mark in ("zero", "one", "two"))
    publish_to_bucket(zero, bucket, PLACE, progress=no_progress)
    requests = 0
    plain = {name: getattr(bucket, name) for name in ("put_object", "get_object", "head_object")}

    def before(name: str) -> Callable[..., Any]:
        def asked(**rest: Any) -> Any:
            nonlocal requests
            requests += 1
            if requests == at:
                publish_to_bucket(two, bucket, PLACE, progress=no_progress)
            return plain[name](**rest)

        return asked

    for name in plain:
        setattr(bucket, name, before(name))
    overtaken = False
    try:
        publish_to_bucket(one, bucket, PLACE, progress=no_progress)
    except ImageError as error:
        assert "another process has published" in error.what
        overtaken = True
    for name, method in plain.items():
        setattr(bucket, name, method)
    # The second came before the first looked, or had the last word.
    there = {name: body(bucket, f"golden/rack/{name}") for name in dict(one.fixed)}
    assert there == dict((two if overtaken else one).fixed)
    publish_to_bucket(one, bucket, PLACE, progress=no_progress)
    assert {name: body(bucket, f"golden/rack/{name}") for name in there} == dict(one.fixed)


def test_who_has_the_record_writes_over_what_another_wrote_late(bucket: Any, tmp_path: Path) -> None:
    one, two = (publication("rack", a_netboot(tmp_path / mark, mark)) for mark in ("one", "two"))
    plain = bucket.put_object

    def put_object(**asked: Any) -> Any:
        if asked["Key"].endswith("boot.ipxe"):
            bucket.put_object = plain
            plain(Bucket="images", Key=asked["Key"], Body=dict(two.fixed)["boot.ipxe"])
        return plain(**asked)

    bucket.put_object = put_object
    publish_to_bucket(one, bucket, PLACE, progress=no_progress)
    assert {name: body(bucket, f"golden/rack/{name}") for name in dict(one.fixed)} == dict(one.fixed)


# Failures


def test_failures_say_what_why_and_what_to_do_with_the_requests_id(endpoint: str, tmp_path: Path) -> None:
    image = a_netboot(tmp_path / "one", "one")
    with pytest.raises(ImageError, match="could not look into s3://none/") as caught:
        publish_to_bucket(
            publication("rack", image), client("s3", endpoint, REGION), Bucket("none", ""), progress=no_progress
        )
    assert "NoSuchBucket" in caught.value.why and "request id " in caught.value.why
    assert caught.value.hint == "make the bucket, or name another"


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("UnauthorizedOperation", "get the permission ec2:RegisterImage for your keys"),
        ("ExpiredToken", "look at your keys"),
        ("SnapshotLimitExceeded", "have the quota raised"),
        ("RequestLimitExceeded", "wait"),
        ("SomethingElse", "look at what AWS says"),
    ],
)
def test_each_refusal_of_aws_has_its_remedy(code: str, hint: str) -> None:
    from botocore.exceptions import ClientError

    answer: Any = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"RequestId": "abc-1"}}
    with (
        pytest.raises(ImageError, match="could not register the AMI") as caught,
        aws_errors("register the AMI", right="ec2:RegisterImage"),
    ):
        raise ClientError(answer, "RegisterImage")
    assert hint in caught.value.hint
    assert caught.value.why == f"RegisterImage: {code}: no (request id abc-1)"


def test_without_keys_region_or_a_way_there_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = publication("rack", a_netboot(tmp_path / "one", "one"))
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    nobody = client("s3", "http://127.0.0.1:9", REGION)
    with pytest.raises(ImageError, match="could not look into") as caught:
        publish_to_bucket(image, nobody, PLACE, progress=no_progress)
    assert "look at the network" in caught.value.hint
    for name in KEYS:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, "/nowhere")
    with pytest.raises(ImageError, match="could not speak with AWS") as caught:
        client("ec2", None, None)
    assert "ec2:REGION" in caught.value.hint
    with pytest.raises(ImageError, match="could not look into") as caught:
        publish_to_bucket(image, client("s3", "http://127.0.0.1:9", REGION), PLACE, progress=no_progress)
    assert "AWS_PROFILE" in caught.value.hint
