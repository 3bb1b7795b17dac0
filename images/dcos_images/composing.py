"""From the tree of packages to the tree of an image: users, files, units, removals and checks, in order."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from dcos_images.disks import all_files
from dcos_images.errors import ImageError
from dcos_images.runtime import SEEDS
from dcos_images.trees import ImageTree, copy_linked

if TYPE_CHECKING:
    from dcos_images.packages import Job


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


_OF_THE_DEFINITION = (
    *(errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENOTEMPTY),
    *(errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL),
)
"""Errors that the shape of a tree causes, never this machine."""

Step = Callable[["Job", ImageTree], None]

COMPOSE: tuple[tuple[str, Step], ...] = (
    ("remove leftovers", remove_leftovers),
    ("add users", add_users),
    ("lay down files and links", lay_down_files),
    ("switch units", switch_units),
    ("check that there are no passwords", check_no_passwords),
    ("clamp times", clamp_times),
)
"""They take a second together, and are repeated for each image."""


def compose(job: Job, packages: Path, runtime: Path | None) -> None:
    """Makes the tree of the image in the job's folder. ``runtime`` is its runtime package, unpacked."""
    copy_linked(packages, job.tree.root, job.log_file)
    if runtime is not None:
        job.tree.make_folder(SEEDS)
        copy_linked(runtime, job.tree.inside(f"{SEEDS}/{runtime.name}"), job.log_file)
    for what, step in COMPOSE:
        try:
            step(job, job.tree)
        except OSError as error:
            if error.errno not in _OF_THE_DEFINITION:
                raise
            path = str(error.filename or "").removeprefix(str(job.tree.root))
            raise ImageError(
                f"the step {what!r} is not possible in the image {job.definition.name!r}",
                why=f"{path}: {error.strerror}",
                hint=f"correct what concerns that path in {job.definition.name}/image.toml",
            ) from error
