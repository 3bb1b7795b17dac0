"""Installs the locked packages into a tree, from the store alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from dcos_images.errors import ImageError
from dcos_images.host import read_os_release
from dcos_images.process import ask, bound, run
from dcos_images.store import DebStore
from dcos_images.trees import ImageTree

if TYPE_CHECKING:
    from dcos_images.definition import ImageDefinition, Release
    from dcos_images.host import BuildHost
    from dcos_images.lock import Lock
    from dcos_images.runtime import RuntimePackage

_INSTALL_DEADLINE = 1800.0
# The folders that lead into /usr are made before the first package is unpacked. Otherwise usrmerge would have to move
# what is in them, which is slow and wants all of Perl (38 MB).
_MERGE_USR = 'for one in bin sbin lib lib64; do mkdir -p "$1/usr/$one"; ln -s "usr/$one" "$1/$one"; done'
# Files of every image that record how the tree was made, or are left over from that.
_TRACES = (
    *("/etc/apt/apt.conf.d/99mmdebstrap", "/etc/apt/sources.list", "/etc/apt/sources.list.d/*"),
    *("/etc/dpkg/dpkg.cfg.d/99mmdebstrap", "/dev/*", "/tmp/*", "/run/*", "/var/cache/apt/*", "/var/lib/apt/lists/*"),
)


@dataclass(frozen=True)
class Job:
    """One build: its definition, its inputs, and folders. ``tree`` is the result's root, ``folder`` holds the rest."""

    definition: ImageDefinition
    release: Release
    host: BuildHost
    lock: Lock
    store: DebStore
    folder: Path
    log_file: Path
    runtime: RuntimePackage | None = None
    """Its runtime package, if its definition includes one and it is known."""

    @property
    def tree(self) -> ImageTree:
        return ImageTree(self.folder / "tree", self.definition.epoch)


def install_packages(job: Job) -> None:
    """Installs the distribution and the requested packages."""
    job.store.verify(job.lock.packages)
    repository = job.folder / "repository"
    job.store.repository(job.lock.packages, repository)
    run(
        install_command(job, repository),
        what="install the image's packages",
        log_file=job.log_file,
        deadline=_INSTALL_DEADLINE,
        # The initrd is made once, at the end, by a step of its own.
        env={"SOURCE_DATE_EPOCH": str(job.definition.epoch), "INITRD": "No"},
    )
    for path in repository.iterdir():
        path.unlink()
    repository.rmdir()
    _check_installed(job)
    check_release(job)
    job.tree.remove(_TRACES)
    job.tree.clamp_times()


def install_command(job: Job, repository: Path) -> list[str | Path]:
    """The command of `install_packages`. It ends with its parent, and its mounts with it."""
    return [
        *bound("unshare", "--mount", "--pid", "--fork", "--kill-child=KILL"),
        *bootstrap_command(job.definition, job.lock, job.tree.root, repository),
    ]


def bootstrap_command(definition: ImageDefinition, lock: Lock, root: Path, repository: Path) -> list[str | Path]:
    """The program that installs the locked packages from a flat repository into an empty root."""
    return [
        *("mmdebstrap", "--mode=root", "--variant=apt", "--format=directory"),
        f"--architectures={lock.arch}",
        "--dpkgopt=force-unsafe-io",
        *(f"--dpkgopt=path-exclude={path}" for path in definition.exclude),
        f"--setup-hook={_MERGE_USR}",
        f"--include={','.join(definition.packages)}",
        # The store was just verified by the lock's digests: that is stricter than a repository's signature.
        *(lock.release, root, f"deb [trusted=yes] copy://{quote(str(repository))} ./"),
    ]


def check_release(job: Job) -> None:
    """Checks that the tree has the release's properties in the definition, because plans are made from those before a
    machine exists.
    """
    found = read_os_release(job.tree.followed("/etc/os-release").read_text())
    link = job.tree.inside("/usr/bin/python3")
    python = link.readlink().name.removeprefix("python").replace(".", "") if link.is_symlink() else ""
    libc = package_versions(job.tree.root).get("libc6", "").split("-")[0]
    for what, said, actual in (
        ("os_id", job.release.os_id, found.get("ID", "")),
        ("os_version", job.release.os_version, found.get("VERSION_ID", "")),
        ("python", job.release.python, f"cp{python}" if python else ""),
        ("libc", job.release.libc, f"glibc-{libc}"),
    ):
        if said != actual:
            raise ImageError(
                f"the image's {what} is not what its definition says",
                why=f"it is {actual!r}, not {said!r}" if actual else f"it has none, and is to have {said!r}",
                hint=f"correct [release.{job.release.codename}] in image.toml, or the packages",
            )


def _check_installed(job: Job) -> None:
    found = package_versions(job.tree.root)
    locked = {one.name: one.version for one in job.lock.packages}
    if found != locked:
        differ = sorted(name for name in {*found, *locked} if found.get(name) != locked.get(name))
        raise ImageError(
            "the packages that were installed are not those of the lock",
            why="; ".join(
                f"{name}: {found.get(name, 'not installed')}, locked {locked.get(name, 'not at all')}"
                for name in differ[:10]
            ),
            hint=f"lock again with dcos-installer image lock {job.definition.name}",
        )


def package_versions(tree: Path) -> dict[str, str]:
    """Every package in the tree with its version."""
    return {name: version for name, version, _ in _packages(tree)}


def package_sizes(tree: Path) -> dict[str, int]:
    """Every package in the tree with its size by its own data, in KiB."""
    return {name: size for name, _, size in _packages(tree)}


def _packages(tree: Path) -> list[tuple[str, str, int]]:
    form = "${Package} ${Version} ${Installed-Size}\\n"
    shown = ask(["dpkg-query", f"--admindir={tree}/var/lib/dpkg", "--show", f"--showformat={form}"])
    found = []
    for line in sorted(shown.splitlines()):
        name, version, *size = line.split(" ")
        found.append((name, version, int(size[0]) if size and size[0].isdigit() else 0))
    return found
