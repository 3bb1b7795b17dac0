"""The verbs a machine tree is built with, one after the other. Each takes the `Job` and leaves the tree further on."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dcos_images.definition import ImageDefinition, Release
from dcos_images.errors import ImageError
from dcos_images.host import BuildHost, apt_settings, read_os_release
from dcos_images.process import ask, run
from dcos_images.sources import HostSources

_INSTALL_DEADLINE = 1800.0


@dataclass(frozen=True)
class Job:
    """One build: what is asked for, from what, and where. ``tree`` is the result's root, ``folder`` holds the rest."""

    definition: ImageDefinition
    release: Release
    host: BuildHost
    sources: HostSources
    folder: Path
    log_file: Path

    @property
    def tree(self) -> Path:
        return self.folder / "tree"

    def inside(self, path: str) -> Path:
        """Where an absolute path of the image lies. Raises `ImageError` when a link in the tree leads out of it."""
        found = self.tree / path.lstrip("/")
        if not found.parent.resolve().is_relative_to(self.tree.resolve()):
            raise ImageError(
                f"{path} lies outside of the image",
                why=f"a link on its way leads to {found.parent.resolve()}",
                hint="name the path that the link stands for",
            )
        return found


Step = Callable[[Job], None]


def install_packages(job: Job) -> None:
    """The distribution and the packages asked for, from the host's own sources."""
    sources = job.folder / "host.sources"
    settings = job.folder / "apt.conf"
    for path, text in ((sources, job.sources.deb822()), (settings, apt_settings(job.host))):
        path.touch(mode=0o600)  # both may hold a site's credentials
        path.write_text(text)
    run(
        install_command(job, sources, settings),
        what="install the image's packages",
        log_file=job.log_file,
        deadline=_INSTALL_DEADLINE,
        env={"SOURCE_DATE_EPOCH": str(job.definition.epoch)},
    )
    sources.unlink()
    settings.unlink()


def install_command(job: Job, sources: Path, settings: Path) -> list[str | Path]:
    """The command of `install_packages`. It dies with its parent, and its mounts with it."""
    return [
        *("setpriv", "--pdeathsig", "KILL"),
        *("unshare", "--mount", "--pid", "--fork", "--kill-child=KILL"),
        *("mmdebstrap", "--mode=root", "--variant=apt", "--format=directory"),
        f"--architectures={job.host.arch}",
        f"--aptopt={settings}",
        *(f"--dpkgopt=path-exclude={path}" for path in job.definition.exclude),
        f"--include={','.join(job.definition.packages)}",
        *(job.release.codename, job.tree, sources),
    ]


def check_release(job: Job) -> None:
    """The tree is what the definition says of its release: plans are made from those words before a machine exists."""
    found = read_os_release(job.inside("/etc/os-release").read_text())
    python = job.inside("/usr/bin/python3").readlink().name.removeprefix("python").replace(".", "")
    libc = _package_versions(job.tree).get("libc6", "").split("-")[0]
    for what, said, actual in (
        ("os_id", job.release.os_id, found.get("ID", "")),
        ("os_version", job.release.os_version, found.get("VERSION_ID", "")),
        ("python", job.release.python, f"cp{python}"),
        ("libc", job.release.libc, f"glibc-{libc}"),
    ):
        if said != actual:
            raise ImageError(
                f"the image's {what} is {actual!r}, but its definition says {said!r}",
                hint=f"correct [release.{job.release.codename}] in image.toml",
            )


def lay_down_files(job: Job) -> None:
    """The definition's own files."""
    for file in job.definition.files:
        path = job.inside(file.path)
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_bytes(file.content)
        path.chmod(file.mode)


def lay_down_links(job: Job) -> None:
    """The definition's own links: units switched on, and units masked."""
    for link in job.definition.links:
        path = job.inside(link.path)
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.symlink_to(link.target)


def remove_leftovers(job: Job) -> None:
    """What differs from build to build, what belongs to one machine only, and what told how it was built."""
    for pattern in job.definition.remove:
        for path in sorted(job.tree.glob(pattern.lstrip("/"))):
            inside = job.inside("/" + str(path.relative_to(job.tree)))
            if inside.is_dir() and not inside.is_symlink():
                shutil.rmtree(inside)
            else:
                inside.unlink()


def check_no_passwords(job: Job) -> None:
    """No account of the image can log in by password, nor be without one."""
    for line in job.inside("/etc/shadow").read_text().splitlines():
        name, password = line.split(":")[:2]
        if not password.startswith(("!", "*")):
            raise ImageError(
                f"the image's account {name!r} has a password or needs none", hint="remove what sets it from the image"
            )


def clamp_times(job: Job) -> None:
    """No file is younger than the definition's epoch."""
    epoch = job.definition.epoch * 1_000_000_000
    for folder, names, files in os.walk(job.tree, topdown=False):
        for name in (*names, *files):
            _clamp(Path(folder, name), epoch)
    _clamp(job.tree, epoch)


def _clamp(path: Path, epoch: int) -> None:
    entry = path.lstat()
    if entry.st_mtime_ns > epoch or stat.S_ISDIR(entry.st_mode):
        # A folder's time says when its entries were touched last, which is the build.
        os.utime(path, ns=(epoch, epoch), follow_symlinks=False)


BUILD_TREE: tuple[tuple[str, Step], ...] = (
    ("install the packages", install_packages),
    ("check the release", check_release),
    ("lay down files", lay_down_files),
    ("lay down links", lay_down_links),
    ("remove leftovers", remove_leftovers),
    ("check that there are no passwords", check_no_passwords),
    ("clamp times", clamp_times),
)


def package_versions(job: Job) -> dict[str, str]:
    """Every package in the tree and its version."""
    return _package_versions(job.tree)


def _package_versions(tree: Path) -> dict[str, str]:
    shown = ask(["dpkg-query", f"--admindir={tree}/var/lib/dpkg", "--show", "--showformat=${Package} ${Version}\\n"])
    return {line.split(" ", 1)[0]: line.split(" ", 1)[1] for line in sorted(shown.splitlines())}
