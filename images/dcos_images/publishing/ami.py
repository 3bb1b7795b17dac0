"""Publishes an image as an AMI of EC2, one for each digest and region: its disk as a snapshot, registered for UEFI,
IMDSv2 and ENA.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dcos_images.cache import Note
from dcos_images.errors import ImageError
from dcos_images.images import Image
from dcos_images.publishing import snapshot
from dcos_images.publishing.aws import aws_errors, code_of
from dcos_images.publishing.publication import Progress

ROOT_DEVICE = "/dev/xvda"
_ARCHITECTURES = {"amd64": "x86_64", "arm64": "arm64"}
_OUTPUT = "raw"


@dataclass(frozen=True)
class Ami:
    """``made``: this run has registered it."""

    id: str
    snapshot: str
    name: str
    made: bool


def publish_ami(
    name: str, image: Image, ec2: Any, ebs: Any, *, notes: Path, region: str, progress: Progress, note: Note
) -> Ami:
    """The AMI of the image's raw disk in one region, which is made if it does not exist. Raises `ImageError`.

    ``notes`` is a folder with the record of sent blocks. The AMI's name contains the disk's digest, and a name is
    unique in AWS: of two publishers on different hosts the second finds the first's, and removes its own snapshot.
    """
    check_output(name, tuple(image.outputs))
    output = image.outputs[_OUTPUT]
    called = f"dcos-{name}-{output.sha256[:32]}"
    disk = snapshot.read_disk(output.path, output.sha256)
    sent = snapshot.Sent(notes / f"{region}-{output.sha256}.sent", note)
    with sent.held():
        if (known := _registered(ec2, called)) is not None:
            sent.forget()
            return known
        note(f"sending {len(disk.blocks)} blocks of {snapshot.BLOCK >> 10} KiB, {disk.gb} GiB with the zero ones")
        made = snapshot.bring(disk, ebs, ec2, sent, description=called, progress=progress, note=note)
        _await_complete(ec2, made)
        ami = _register(ec2, called, image, made)
        sent.forget()
        return ami


def check_output(name: str, outputs: Sequence[str]) -> None:
    """Raises `ImageError` when the image's outputs have no disk for an AMI."""
    if _OUTPUT not in outputs:
        raise ImageError(
            f"no AMI can be made of the image {name!r}",
            why=f"its outputs are {', '.join(outputs) or 'a tree'}, and a snapshot is made of a raw disk",
            hint="publish an image with the output raw, such as ec2",
        )


def _registered(ec2: Any, called: str) -> Ami | None:
    with aws_errors("look for the AMI", right="ec2:DescribeImages"):
        found = ec2.describe_images(Owners=["self"], Filters=[{"Name": "name", "Values": [called]}])["Images"]
    for one in found:
        disks = [mapping["Ebs"]["SnapshotId"] for mapping in one.get("BlockDeviceMappings", []) if "Ebs" in mapping]
        return Ami(one["ImageId"], disks[0] if disks else "", called, made=False)
    return None


def _await_complete(ec2: Any, made: str) -> None:
    from botocore.exceptions import WaiterError

    with aws_errors(f"wait for the snapshot {made}", right="ec2:DescribeSnapshots"):
        try:
            ec2.get_waiter("snapshot_completed").wait(SnapshotIds=[made])
        except WaiterError as error:
            raise ImageError(
                f"the snapshot {made} does not become complete",
                why=str(error),
                hint="look at it in EC2; publish again: it is waited for again",
            ) from error


def _register(ec2: Any, called: str, image: Image, made: str) -> Ami:
    from botocore.exceptions import ClientError

    with aws_errors(f"register the AMI {called}", right="ec2:RegisterImage and ec2:CreateTags"):
        try:
            image_id = ec2.register_image(
                Name=called,
                Description=f"dcos image, {image.release.codename}, {image.key}",
                Architecture=_ARCHITECTURES[image.arch],
                RootDeviceName=ROOT_DEVICE,
                BlockDeviceMappings=[
                    {
                        "DeviceName": ROOT_DEVICE,
                        "Ebs": {"SnapshotId": made, "VolumeType": "gp3", "DeleteOnTermination": True},
                    }
                ],
                VirtualizationType="hvm",
                BootMode="uefi",
                ImdsSupport="v2.0",
                EnaSupport=True,
                TagSpecifications=[
                    {
                        "ResourceType": "image",
                        "Tags": [
                            {"Key": snapshot.DIGEST_TAG, "Value": image.outputs[_OUTPUT].sha256},
                            {"Key": "dcos:image", "Value": image.key},
                        ],
                    }
                ],
            )["ImageId"]
        except ClientError as error:
            winner = _registered(ec2, called) if code_of(error) == "InvalidAMIName.Duplicate" else None
            if winner is None:
                raise
            if winner.snapshot != made:
                ec2.delete_snapshot(SnapshotId=made)
            return winner
    return Ami(str(image_id), made, called, made=True)
