"""The build as a flat list of steps. Each has a key, the digest of what goes in; a kept one is made once a key.

The key of a step covers the keys of those before it that it is made of, the definition's part that it reads, and the
code that does it. So another unit file makes the tree anew, and neither installs packages nor makes the initrd.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dcos_images.cache import Cache, Note
from dcos_images.definition import ImageDefinition, ImageFile
from dcos_images.disks import disk_files
from dcos_images.initrd import CONCERNS, make_initrd
from dcos_images.lock import Lock
from dcos_images.packages import Job, install_packages
from dcos_images.store import file_digest
from dcos_images.trees import ImageTree, copy_linked

_FORMAT = 2


@dataclass(frozen=True)
class Keys:
    """The digests of what each step is made of."""

    packages: str
    initrd: str
    tree: str
    image: str


def keys_of(job: Job) -> Keys:
    definition, host = job.definition, job.host
    files = all_files(definition)
    packages = _key(
        ["packages"],
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
    concerned = [_plain(file) for file in files if file.path.startswith(CONCERNS)]
    initrd = _key(["initrd"], {"packages": packages, "files": concerned})
    tree = _key(
        ["trees", "disks"],
        {
            "packages": packages,
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
        ["outputs", "documents", "disks", "images"],
        {"tree": tree, "initrd": initrd if definition.bootable else "", "definition": definition.digest()},
    )
    return Keys(packages, initrd, tree, image)


def all_files(definition: ImageDefinition) -> tuple[ImageFile, ...]:
    """The definition's own, and those that follow from its partitions."""
    return (*definition.files, *disk_files(definition))


def _plain(file: ImageFile) -> tuple[str, int, str]:
    return (file.path, file.mode, hashlib.sha256(file.content).hexdigest())


def _key(modules: list[str], asked: Mapping[str, Any]) -> str:
    """The digest of what is asked for, and of the code of the modules that do it."""
    code = []
    for name in modules:
        module = importlib.import_module(f"dcos_images.{name}")
        assert module.__file__
        code.append(file_digest(Path(module.__file__)))
    text = json.dumps({"format": _FORMAT, "code": code, "asked": asked}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


# What changes the tree, in order.


def add_users(job: Job, tree: ImageTree) -> None:
    tree.add_users(job.definition.users)


def lay_down_files(job: Job, tree: ImageTree) -> None:
    for folder in job.definition.folders:
        tree.make_folder(folder)
    tree.lay_down(all_files(job.definition), job.definition.links)


def switch_units(job: Job, tree: ImageTree) -> None:
    for unit in job.definition.enable:
        tree.enable(unit)
    for unit in job.definition.mask:
        tree.mask(unit)


def remove_leftovers(job: Job, tree: ImageTree) -> None:
    """Removes what differs between builds, what belongs to one machine only, and traces of the build."""
    tree.remove(job.definition.remove)


def check_no_passwords(job: Job, tree: ImageTree) -> None:
    tree.check_no_passwords()


def clamp_times(job: Job, tree: ImageTree) -> None:
    tree.clamp_times()


Step = Callable[[Job, ImageTree], None]

COMPOSE: tuple[tuple[str, Step], ...] = (
    ("remove leftovers", remove_leftovers),
    ("add users", add_users),
    ("lay down files and links", lay_down_files),
    ("switch units", switch_units),
    ("check that there are no passwords", check_no_passwords),
    ("clamp times", clamp_times),
)
"""From the packages to the tree. They take a second together and are done each time."""


def installed_tree(job: Job, steps: Cache, key: str, fetch: Callable[[Lock], None]) -> Path:
    """The tree of packages alone, from the cache or made now. It is read only: others are made of it.

    ``fetch`` brings the packages into the store when they are wanted.
    """

    def work(folder: Path) -> dict[str, Any]:
        fetch(job.lock)
        install_packages(_in(job, folder))
        return {"step": "packages", "image": job.definition.name}

    steps.ensure(key, "install the packages", work)
    return steps.folder / key / "tree"


def boot_files(job: Job, steps: Cache, key: str, packages: Path) -> Path:
    """The folder of kernel, initrd and EFI programs, from the cache or made now."""

    def work(folder: Path) -> dict[str, Any]:
        tree = ImageTree(folder / "scratch", job.definition.epoch)
        copy_linked(packages, tree.root, job.log_file)
        tree.lay_down([file for file in all_files(job.definition) if file.path.startswith(CONCERNS)], ())
        make_initrd(tree, job.definition.epoch, folder, job.log_file)
        shutil.rmtree(tree.root)
        return {"step": "initrd", "image": job.definition.name}

    steps.ensure(key, "make the initrd", work)
    return steps.folder / key


def compose(job: Job, packages: Path, note: Note) -> None:
    """The tree of the image, in the job's folder."""
    copy_linked(packages, job.tree.root, job.log_file)
    for _, step in COMPOSE:
        step(job, job.tree)


def _in(job: Job, folder: Path) -> Job:
    return Job(job.definition, job.release, job.host, job.lock, job.store, folder, job.log_file)
