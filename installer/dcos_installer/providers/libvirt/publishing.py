"""Publishes an image into a storage pool, as the volume that machines are made from: a deploy then uploads nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from dcos_images.images import Image
from dcos_installer.providers.base import ProviderError
from dcos_installer.providers.libvirt.golden import bring, bring_again, mark_published, read_golden
from dcos_installer.providers.libvirt.hypervisor import Hypervisor
from dcos_installer.providers.libvirt.options import POOL, URI
from dcos_installer.providers.libvirt.pools import ensure_pool
from dcos_installer.providers.libvirt.room import space_problem

_OUTPUT = "qcow2"


def publish(image: Image, place: str, note: Callable[[str], None]) -> Mapping[str, str]:
    """Uploads the image's disk to ``POOL`` or ``POOL@URI``; a complete or incomplete one is treated as in a deploy.
    Raises `ProviderError`.
    """
    pool, at, uri = place.partition("@")
    try:
        pool, uri = POOL.parse(pool), URI.parse(uri if at else URI.default)
    except ValueError as error:
        raise ProviderError(
            f"an image cannot be published to {place!r}",
            why=f"expected: {error}",
            hint="write libvirt:POOL, or libvirt:POOL@qemu+ssh://user@host/system",
        ) from error
    output = image.outputs.get(_OUTPUT)
    if output is None:
        raise ProviderError(
            "this image has no disk for QEMU",
            why=f"its outputs are {', '.join(image.outputs) or 'a tree'}",
            hint="publish one with the output qcow2, such as vm",
        )
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
