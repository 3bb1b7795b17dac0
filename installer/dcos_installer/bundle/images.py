"""Golden images with the runtime of this installation in them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from dcos_images.cache import Note
from dcos_images.definition import ImageDefinition, Release
from dcos_images.images import Image, ImageBuilder
from dcos_images.runtime import RuntimePackage
from dcos_installer import bundle
from dcos_installer.ansible.host import facts, packages
from dcos_installer.ansible.host.errors import HostError
from dcos_installer.at_once import beside
from dcos_installer.bundle import Built
from dcos_installer.bundle.archive import BundleError
from dcos_installer.machines import THIS_RUNTIME, Carried
from dcos_installer.plan.facts import Target

_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


def machine_of(arch: str) -> str:
    """Debian's name for an architecture, as in `uname -m`."""
    return _MACHINES.get(arch, arch)


class Runtime:
    """The bundle, as a source of runtimes for images. See `dcos_images.runtime.RuntimeSource`."""

    def __init__(self, note: Note = lambda text: None) -> None:
        self._note = note

    def find(self, release: Release, arch: str) -> RuntimePackage | None:
        built = bundle.find(_target(release, arch))
        return None if built is None else _package(built)

    def ensure(self, release: Release, arch: str) -> RuntimePackage:
        return _package(bundle.build(_target(release, arch), note=self._note))


@contextmanager
def ensured(images: ImageBuilder, name: str, *, lock: Path | None = None) -> Iterator[Image]:
    """The image, from the cache or built now: its operating system and the runtime in it side by side. From the look
    for it to the end of its use nothing takes it away from the cache.

    Raises `ImageError`, and `InstallerError` when the runtime cannot be built.
    """
    with images.in_use():
        if lock is None and (found := images.find(name)) is not None:
            yield found
            return
        definition = images.definition(name)
        with beside(lambda: images.runtime_of(definition)) as runtime:
            images.prepare(name, lock=lock)
            runtime()
        yield images.ensure(name, lock=lock)


def carried(definition: ImageDefinition) -> Carried:
    """What machines made from the image have from the start, as it is built here."""
    return Carried(
        runtime=THIS_RUNTIME if definition.runtime else "",
        users=frozenset(user.name for user in definition.users),
        links=tuple((link.path, link.target) for link in definition.links),
    )


def _target(release: Release, arch: str) -> Target:
    return Target(release.python, machine_of(arch), release.libc)


def _package(built: Built) -> RuntimePackage:
    def unpack(home: Path) -> None:
        described = {
            "folder": built.folder,
            "sha256": built.package.sha256,
            "size": built.size,
            "unpacked": built.unpacked,
        }
        try:
            with Path(built.archive).open("rb") as stream:
                packages.unpack(described, stream, str(home))
        except HostError as error:
            raise BundleError(error.what, why=error.why, hint=error.hint) from error

    return RuntimePackage(built.folder, built.package.sha256, _form(), unpack)


@cache
def _form() -> str:
    """The format of an unpacked package, as machines check it; see decisions/006."""
    digest = hashlib.sha256()
    for module in (packages, facts):
        assert module.__file__
        digest.update(Path(module.__file__).read_bytes())
    return digest.hexdigest()
