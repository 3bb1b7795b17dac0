"""The golden image that an inventory names: a qcow2 file, or an image of ours, which is built if necessary."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from dcos_images.definition import ImageDefinition
from dcos_images.errors import ImageError
from dcos_images.host import this_host
from dcos_images.images import ImageBuilder
from dcos_installer.bundle.images import carried, ensured, machine_of
from dcos_installer.providers.base import ProviderError
from dcos_installer.providers.image_builder import image_builder
from dcos_installer.providers.libvirt.golden import Golden, ImageRelease, disk_bytes, read_golden

_OUTPUT = "qcow2"


def release_of(image: str | Path) -> ImageRelease | None:
    """The facts of machines made from it, also before it is built; None: not known. Raises `ProviderError`."""
    if isinstance(image, Path):
        return read_golden(image).release
    try:
        definition, host = _definition(image_builder(lambda text: None), image), this_host()
        release = definition.release(host.codename)
    except ImageError as error:
        raise _of_image(error) from error
    return ImageRelease(
        release.os_id,
        release.os_version,
        machine_of(host.arch),
        release.python,
        release.libc,
        frozenset(definition.packages),
        carried(definition),
    )


def least_disk(image: str | Path) -> int:
    """The bytes of the smallest disk of a machine, also before the image is built. Raises `ProviderError`."""
    if isinstance(image, Path):
        return disk_bytes(image)
    try:
        definition = _definition(image_builder(lambda text: None), image)
    except ImageError as error:
        raise _of_image(error) from error
    return _least_disk(definition)


def _least_disk(definition: ImageDefinition) -> int:
    assert definition.partitions is not None  # one with a disk has them
    return definition.partitions.least_disk_mb << 20


@contextmanager
def golden_of(image: str | Path, note: Callable[[str], None]) -> Iterator[Golden]:
    """The file that machines are made from; one of the cache stays there meanwhile. Raises `ProviderError`."""
    if isinstance(image, Path):
        yield read_golden(image)
        return
    builder = image_builder(note)
    with ExitStack() as stack:
        try:
            definition = _definition(builder, image)
            output = stack.enter_context(ensured(builder, image)).outputs[_OUTPUT]
        except ImageError as error:
            raise _of_image(error) from error
        golden = replace(read_golden(output.path), sha256=output.sha256)
        yield replace(golden, disk_bytes=max(golden.disk_bytes, _least_disk(definition)))


def _definition(builder: ImageBuilder, name: str) -> ImageDefinition:
    definition = builder.definition(name)
    if _OUTPUT not in definition.outputs:
        raise ProviderError(
            f"no machine can be made from the image {name}",
            why=f"its outputs are {', '.join(definition.outputs)}, and no disk for QEMU",
            hint="name another one with dcos_libvirt_image, such as vm",
        )
    return definition


def _of_image(error: ImageError) -> ProviderError:
    return ProviderError(error.what, why=error.why, hint=error.hint, evidence=error.evidence)
