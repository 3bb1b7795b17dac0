"""A builder of images that installs nothing: a small tree replaces the installed packages."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from dcos_images.cache import Note
from dcos_images.definition import ImageDefinition, Release
from dcos_images.host import BuildHost
from dcos_images.images import Image, ImageBuilder
from dcos_images.lock import Lock, asked_of
from dcos_images.packages import Job
from dcos_images.runtime import RuntimePackage
from dcos_images.store import LockedPackage

SOURCES = "deb http://mirror.example/debian {suite} main\n"
UNIT = "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n"


def small_tree(job: Job) -> None:
    """The content of the packages."""
    root = job.tree.root
    for folder in ("etc", "usr/lib/systemd/system", "var/log", "boot"):
        (root / folder).mkdir(parents=True)
    (root / "etc/hosts").write_text("localhost\n")
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/bash\n")
    (root / "etc/group").write_text("root:x:0:\n")
    (root / "etc/shadow").write_text("root:*:19000:0:99999:7:::\n")
    (root / "etc/gshadow").write_text("root:*::\n")
    (root / "usr/lib/systemd/system/one.service").write_text(UNIT)
    (root / "var/log/dpkg.log").write_text("installed\n")
    job.tree.clamp_times()


def no_trees() -> list[Path]:
    """No machine uses any tree."""
    return []


def locked_packages(definition: ImageDefinition, version: str = "1") -> tuple[LockedPackage, ...]:
    """The packages that are asked for and no others; ``version`` is that of systemd."""
    names = sorted(definition.packages)
    return tuple(LockedPackage(one, version if one == "systemd" else "1", "amd64", "0" * 64, 1) for one in names)


def lock_for(builder: ImageBuilder, name: str, version: str = "1") -> Lock:
    """A lock as if made before."""
    definition = builder.definition(name)
    lock = Lock(name, "bookworm", "amd64", asked_of(definition), locked_packages(definition, version))
    path = builder.locks.path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(lock.text())
    return lock


@dataclass
class SmallRuntime:
    """A runtime of one file. ``made``: whether it is built."""

    version: str = "1"
    made: bool = False

    def find(self, release: Release, arch: str) -> RuntimePackage | None:
        return self._package(f"{release.python}-{arch}") if self.made else None

    def ensure(self, release: Release, arch: str) -> RuntimePackage:
        self.made = True
        return self._package(f"{release.python}-{arch}")

    def _package(self, what: str) -> RuntimePackage:
        def unpack(home: Path) -> None:
            home.mkdir(parents=True)
            (home / "daemon").write_text(f"{self.version} for {what}\n")
            os.utime(home / "daemon", (7, 7))

        return RuntimePackage(f"runtime--{self.version}", self.version * 64, "form", unpack)


@dataclass
class Workshop:
    """``install`` replaces the installation; ``installed`` counts its calls. Machines use ``trees``."""

    host: BuildHost
    install: Callable[[Job], None] = small_tree
    installed: int = 0
    trees: list[Path] = field(default_factory=list)
    runtime: SmallRuntime = field(default_factory=SmallRuntime)

    def builder(self, cache: Path, note: Note = lambda text: None, definitions: Path | None = None) -> ImageBuilder:
        return ImageBuilder(
            trees_in_use=lambda: self.trees,
            host=self.host,
            cache=cache,
            note=note,
            definitions=definitions,
            runtime=self.runtime,
        )

    def ensure(self, cache: Path, note: Note = lambda text: None) -> Image:
        """The image ``machine``, with an existing lock."""
        builder = self.builder(cache, note)
        if not builder.locks.path("machine").exists():
            lock_for(builder, "machine")
        return builder.ensure("machine")
