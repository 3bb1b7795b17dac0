"""A host that builds images, and a workshop that installs nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from dcos_images import images, steps
from dcos_images.host import BuildHost
from dcos_images.images import ImageBuilder
from dcos_images.keeping import LockKeeper
from dcos_images.packages import Job
from tests.support.images.workshop import SOURCES, Workshop


@pytest.fixture
def host(tmp_path: Path) -> BuildHost:
    apt = tmp_path / "apt"
    apt.mkdir()
    (apt / "sources.list").write_text(SOURCES.format(suite="bookworm"))
    return BuildHost(codename="bookworm", arch="amd64", apt_dir=apt)


@pytest.fixture
def workshop(host: BuildHost, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    made = Workshop(host)

    def install(job: Job) -> None:
        made.installed += 1
        made.install(job)

    monkeypatch.setattr(steps, "install_packages", install)
    monkeypatch.setattr(images, "package_sizes", lambda tree: {"systemd": 2048})
    monkeypatch.setattr(ImageBuilder, "_can_build", lambda self, definition: None)
    monkeypatch.setattr(LockKeeper, "fetch", lambda self, lock: None)
    return made
