"""The build as a flat list of steps. Each has a key, the digest of its inputs; the cache has one result for each key.

The key of a step covers the keys of the steps that it uses, the part of the definition that it reads, and its code. So
another unit file makes the tree anew, but neither installs packages nor makes the initrd.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dcos_images.cache import Cache
from dcos_images.code import code_digest
from dcos_images.definition import ImageFile
from dcos_images.disks import all_files
from dcos_images.initrd import concerning_files, make_boot_files
from dcos_images.lock import Lock
from dcos_images.packages import Job, install_packages
from dcos_images.runtime import unpack_runtime

_FORMAT = 3


@dataclass(frozen=True)
class Keys:
    """The digests of the inputs of each step. ``runtime`` is empty for an image without one; when the runtime is not
    made yet, ``tree`` and ``image`` are empty, too.
    """

    packages: str
    initrd: str
    runtime: str
    tree: str
    image: str


MADE_BY = {"packages": "packages", "initrd": "initrd", "runtime": "runtime", "tree": "composing", "image": "assembling"}
"""The module of each step. Its code, with all that it imports, is part of the step's key."""


def keys_of(job: Job) -> Keys:
    definition, host = job.definition, job.host
    files = all_files(definition)
    packages = _key(
        "packages",
        {
            "lock": job.lock.contents(),
            "asked": definition.packages,
            "exclude": definition.exclude,
            "epoch": definition.epoch,
            "release": host.codename,
            "arch": host.arch,
            "told": [job.release.os_id, job.release.os_version, job.release.python, job.release.libc],
        },
    )
    concerned = [_plain(file) for file in concerning_files(definition)]
    initrd = _key("initrd", {"packages": packages, "files": concerned})
    if definition.runtime and job.runtime is None:
        return Keys(packages, initrd, "", "", "")
    runtime = _key("runtime", {"package": job.runtime.inputs()}) if job.runtime else ""
    tree = _key(
        "tree",
        {
            "packages": packages,
            "runtime": runtime,
            "files": [_plain(file) for file in files],
            "folders": definition.folders,
            "links": [(link.path, link.target) for link in definition.links],
            "users": [(user.name, user.uid, user.comment, user.home) for user in definition.users],
            "units": [definition.enable, definition.mask],
            "remove": definition.remove,
            "epoch": definition.epoch,
        },
    )
    # The name is in a file's name, and in an SBOM.
    image = _key(
        "image",
        {"tree": tree, "initrd": initrd if definition.bootable else "", "definition": definition.digest()},
    )
    return Keys(packages, initrd, runtime, tree, image)


def _plain(file: ImageFile) -> tuple[str, int, str]:
    return (file.path, file.mode, hashlib.sha256(file.content).hexdigest())


def _key(step: str, asked: Mapping[str, Any]) -> str:
    """The digest of the request, and of the code of the step."""
    text = json.dumps({"format": _FORMAT, "code": code_digest(MADE_BY[step]), "asked": asked}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def installed_tree(job: Job, steps: Cache, key: str, fetch: Callable[[Lock], None]) -> Path:
    """The tree of packages alone, from the cache or made now. It is read-only: other trees are copies of it.

    ``fetch`` downloads the packages into the store if they are needed.
    """

    def work(folder: Path) -> dict[str, Any]:
        fetch(job.lock)
        install_packages(replace(job, folder=folder))
        return {"step": "packages", "image": job.definition.name}

    steps.ensure(key, "install the packages", work)
    return steps.folder / key / "tree"


def boot_files(job: Job, steps: Cache, key: str, packages: Path) -> Path:
    """The folder of kernel, initrd and EFI programs, from the cache or made now."""

    def work(folder: Path) -> dict[str, Any]:
        with steps.compared(packages.parent.name):
            make_boot_files(replace(job, folder=folder), packages)
        return {"step": "initrd", "image": job.definition.name}

    steps.ensure(key, "make the initrd", work)
    return steps.folder / key


def runtime_package(job: Job, steps: Cache, key: str) -> Path:
    """The runtime package, unpacked, from the cache or made now."""
    package = job.runtime
    assert package is not None  # it would have no key otherwise

    def work(folder: Path) -> dict[str, Any]:
        unpack_runtime(package, folder)
        return {"step": "runtime", "image": job.definition.name}

    steps.ensure(key, "unpack the runtime", work)
    return steps.folder / key / package.folder
