"""Publishes an image into a storage pool, as the volume that machines are made from: a deploy then uploads nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from dcos_images.images import Image
from dcos_installer.providers.base import ProviderError
from dcos_installer.providers.libvirt.golden import bring, bring_again, mark_published, read_golden
from dcos_installer.providers.libvirt.hypervisor import Hypervisor
from dcos_installer.providers.libvirt.options import POOL, URI
from dcos_installer.providers.libvirt.pools import ensure_pool
from dcos_installer.providers.libvirt.room import space_problem

_OUTPUT = "qcow2"


def check_place(outputs: Sequence[str], place: str) -> None:
    """Raises `ProviderError` if an image with these outputs has no disk for QEMU, or if no libvirt answers there."""
    _, uri = _parsed(place)
    _refuse_without_disk(outputs)
    Hypervisor(uri).close()


def publish(image: Image, place: str, note: Callable[[str], None]) -> Mapping[str, str]:
    """Uploads the image's disk to ``POOL`` or ``POOL@URI``; a complete or incomplete one is treated as in a deploy.
    Raises `ProviderError`.
    """
    pool, uri = _parsed(place)
    _refuse_without_disk(tuple(image.outputs))
    output = image.outputs[_OUTPUT]
    golden = replace(read_golden(output.path), sha256=output.sha256)
    hypervisor = Hypervisor(uri)
    seen, there = ensure_pool(hypervisor, pool), hypervisor.volumes(pool)
    wanted = {} if golden.volume in {one.name for one in there} else {"the image": golden.bytes}
    if (problem := space_problem(seen, there, wanted)) is not None:
        raise problem
    path = bring(hypervisor, pool, golden, note)
    mark_published(hypervisor, pool, golden)
    bring_again(hypervisor, pool, golden, note)
    return {"pool": pool, "volume": golden.volume, "path": path}


def _parsed(place: str) -> tuple[str, str]:
    """The storage pool and the URI of its libvirt."""
    pool, at, uri = place.partition("@")
    try:
        return POOL.parse(pool), URI.parse(uri if at else URI.default)
    except ValueError as error:
        raise ProviderError(
            f"an image cannot be published to {place!r}",
            why=f"expected: {error}",
            hint="write libvirt:POOL, or libvirt:POOL@qemu+ssh://user@host/system",
        ) from error


def _refuse_without_disk(outputs: Sequence[str]) -> None:
    if _OUTPUT not in outputs:
        raise ProviderError(
            "this image has no disk for QEMU",
            why=f"its outputs are {', '.join(outputs) or 'a tree'}",
            hint="publish one with the output qcow2, such as vm",
        )
