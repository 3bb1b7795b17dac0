"""The destinations of images: folders, S3, EC2, and those of providers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from dcos_images.definition import ImageDefinition
from dcos_images.errors import ImageError
from dcos_images.images import Image, ImageBuilder
from dcos_installer.providers.registry import declarations, libraries_of

_TENTHS = 10


def publish(
    builder: ImageBuilder,
    name: str,
    image: Image,
    destination: str,
    *,
    keep: int,
    endpoint: str | None,
    note: Callable[[str], None],
) -> dict[str, Any]:
    """The results of the publication, by name, for display and for JSON. Raises `ImageError` and `InstallerError`."""
    kind, _, place = destination.partition(":")
    if destination.startswith("s3://"):
        return _to_bucket(name, image, destination.removeprefix("s3://"), endpoint, note)
    if kind == "ec2":
        return _to_ec2(builder, name, image, place or None, endpoint, note)
    if (provider := declarations().get(kind)) is not None and provider.takes_images:
        with libraries_of(provider):
            return {"where": destination, **provider.publish(image, place, note)}
    _refuse_unknown(destination)
    return _to_folder(name, image, Path(destination), keep, note)


def check(definition: ImageDefinition, destination: str, *, endpoint: str | None) -> None:
    """Raises `ImageError` or `InstallerError` when the image surely cannot be published there: before it is built."""
    kind, _, place = destination.partition(":")
    if destination.startswith("s3://"):
        from dcos_images.publishing.aws import client
        from dcos_images.publishing.s3 import Bucket, check_bucket

        bucket = Bucket.parse(destination.removeprefix("s3://"))
        _refuse_nothing(definition)
        check_bucket(definition.name, client("s3", endpoint, None), bucket)
    elif kind == "ec2":
        from dcos_images.publishing.ami import check_output
        from dcos_images.publishing.aws import client

        check_output(definition.name, definition.outputs)
        client("ec2", endpoint, place or None)
    elif (provider := declarations().get(kind)) is not None and provider.takes_images:
        with libraries_of(provider):
            provider.check_place(definition.outputs, place)
    else:
        from dcos_images.publishing.folder import check_folder

        _refuse_unknown(destination)
        _refuse_nothing(definition)
        check_folder(definition.name, Path(destination).absolute())


def _refuse_nothing(definition: ImageDefinition) -> None:
    if not set(definition.outputs) - {"tree"}:
        raise ImageError(
            f"the image {definition.name!r} has nothing that could be published",
            why="a tree is for machines of this host",
            hint="choose an image with another output (dcos-installer image list)",
        )


def _refuse_unknown(destination: str) -> None:
    kind = destination.partition(":")[0]
    if "://" in destination or (kind and ":" in destination and "/" not in kind):
        takers = [f"{one.name}:{one.takes_images}" for one in declarations().values() if one.takes_images]
        raise ImageError(
            f"an image cannot be published to {destination!r}",
            why=f"{kind!r} is not a kind of destination",
            hint=f"name a folder, s3://BUCKET/PREFIX, ec2:REGION, or {', '.join(takers)}",
        )


def _to_folder(name: str, image: Image, folder: Path, keep: int, note: Callable[[str], None]) -> dict[str, Any]:
    from dcos_images.publishing.folder import publish_to_folder
    from dcos_images.publishing.publication import publication

    done = publish_to_folder(
        publication(name, image), folder.absolute(), keep=keep, progress=_progress(note, "copied"), note=note
    )
    return {"where": done.where, "brought": done.brought, "removed": list(done.removed)}


def _to_bucket(name: str, image: Image, rest: str, endpoint: str | None, note: Callable[[str], None]) -> dict[str, Any]:
    from dcos_images.publishing.aws import client
    from dcos_images.publishing.publication import publication
    from dcos_images.publishing.s3 import Bucket, publish_to_bucket

    bucket = Bucket.parse(rest)
    done = publish_to_bucket(
        publication(name, image), client("s3", endpoint, None), bucket, progress=_progress(note, "sent")
    )
    return {"where": done.where, "brought": done.brought}


def _to_ec2(
    builder: ImageBuilder,
    name: str,
    image: Image,
    region: str | None,
    endpoint: str | None,
    note: Callable[[str], None],
) -> dict[str, Any]:
    from dcos_images.publishing.ami import publish_ami
    from dcos_images.publishing.aws import client
    from dcos_images.publishing.snapshot import AT_ONCE

    ec2, ebs = client("ec2", endpoint, region), client("ebs", endpoint, region, at_once=AT_ONCE)
    ami = publish_ami(
        name,
        image,
        ec2,
        ebs,
        notes=builder.cache / "published",
        region=ec2.meta.region_name,
        progress=_progress(note, "sent"),
        note=note,
    )
    return {"where": f"ec2:{ec2.meta.region_name}", "ami": ami.id, "snapshot": ami.snapshot, "name": ami.name}


def _progress(note: Callable[[str], None], what: str) -> Callable[[int, int], None]:
    """Reports each tenth once."""
    reported = 0

    def progress(done: int, total: int) -> None:
        nonlocal reported
        if (tenth := done * _TENTHS // max(1, total)) > reported:
            reported = tenth
            note(f"{what} {done >> 20} of {total >> 20} MiB")

    return progress
