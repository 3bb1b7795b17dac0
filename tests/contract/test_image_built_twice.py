"""A small image, really built: twice the same bytes; neither a kill nor a mirror that is gone poisons the cache."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dcos_images.errors import ImageError
from dcos_images.host import BuildHost, this_host
from dcos_images.housekeeping import first_difference
from dcos_images.images import ImageBuilder
from tests.support.images.workshop import no_trees

DEFINITIONS = Path(__file__).parents[1] / "support/images/definitions"
PATIENCE = 300.0

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("mmdebstrap") is None, reason="needs root and mmdebstrap (make setup)"
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> ImageBuilder:
    """A builder with the image in its cache."""
    builder = ImageBuilder(
        trees_in_use=no_trees, cache=tmp_path_factory.mktemp("images") / "one", definitions=DEFINITIONS
    )
    builder.ensure("small")
    return builder


def elsewhere(built: ImageBuilder, cache: Path, host: BuildHost | None = None) -> ImageBuilder:
    """Another cache, with the same lock and the packages, but with nothing that was built."""
    cache.mkdir(parents=True)
    for name in ("locks", "debs"):
        shutil.copytree(built.cache / name, cache / name, copy_function=os.link)
    return ImageBuilder(trees_in_use=no_trees, host=host, cache=cache, definitions=DEFINITIONS)


def test_built_twice_after_a_kill_and_without_a_mirror_it_has_the_same_bytes(
    built: ImageBuilder, tmp_path: Path
) -> None:
    apt = tmp_path / "apt"
    apt.mkdir()
    here = this_host()
    # Nobody listens there: a request would be refused.
    (apt / "sources.list").write_text(f"deb http://127.0.0.1:9/debian {here.codename} main\n")
    other = elsewhere(built, tmp_path / "in another folder" / "two", BuildHost(here.codename, here.arch, apt))
    code = (
        "import sys; from pathlib import Path; from dcos_images.images import ImageBuilder\n"
        "builder = ImageBuilder(trees_in_use=list, cache=Path(sys.argv[1]), definitions=Path(sys.argv[2]))\n"
        "builder.ensure('small')\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(other.cache), str(DEFINITIONS)], start_new_session=True, umask=0o077
    )
    deadline = time.monotonic() + PATIENCE
    while not list(other.cache.glob("steps/.building-*/tree/usr")):  # packages are being unpacked
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert other.find("small") is None

    again = other.ensure("small")
    first = built.ensure("small")
    assert first_difference(first.folder, again.folder) == ""
    assert first.outputs["tar"].sha256 == again.outputs["tar"].sha256
    assert list(other.cache.glob("steps/.building-*")) == []


def test_a_mirror_that_is_gone_and_a_package_that_is_missing_are_told_and_leave_the_lock(
    built: ImageBuilder, tmp_path: Path
) -> None:
    here = this_host()
    apt = tmp_path / "apt"
    apt.mkdir()
    (apt / "sources.list").write_text(f"deb http://127.0.0.1:9/debian {here.codename} main\n")
    other = elsewhere(built, tmp_path / "two", BuildHost(here.codename, here.arch, apt))
    before = other.locks.path("small").read_text()
    with pytest.raises(ImageError, match="the host's package sources do not answer") as caught:
        other.lock("small")
    assert "127.0.0.1" in caught.value.evidence
    assert other.locks.path("small").read_text() == before

    definitions = tmp_path / "definitions"
    shutil.copytree(DEFINITIONS, definitions)
    path = definitions / "small/image.toml"
    path.write_text(path.read_text().replace('"python3-minimal"]', '"python3-minimal", "no-such-package"]'))
    with pytest.raises(ImageError, match="there is no package no-such-package for the image 'small'"):
        ImageBuilder(trees_in_use=no_trees, cache=built.cache, definitions=definitions).ensure("small")
    assert built.find("small") is not None


@pytest.mark.parametrize(
    ("size", "brought"),
    [("120M", ("locks", "debs")), ("20M", ("locks",))],
    ids=["the packages fit, the tree does not", "nor what the mirror has"],
)
def test_a_full_disk_is_told_and_what_was_built_before_is_used_once_there_is_room(
    built: ImageBuilder, tmp_path: Path, size: str, brought: tuple[str, ...]
) -> None:
    code = (
        "import sys; from pathlib import Path; from dcos_images.images import ImageBuilder\n"
        "from dcos_images.errors import ImageError\n"
        "builder = ImageBuilder(trees_in_use=list, cache=Path(sys.argv[1]), definitions=Path(sys.argv[2]))\n"
        "try:\n    builder.ensure('small')\n"
        "except ImageError as error:\n    print(error)\n"
        "left = [*builder.cache.glob('steps/*/'), *builder.cache.glob('fetch-*'), *builder.cache.glob('steps/.b*')]\n"
        "print(builder.find('small'), left)\n"
    )
    # A file system of its own, which goes with its namespace.
    script = (
        'mount -t tmpfs -o size=$5 tmpfs "$1" && for one in $6; do cp -r "$2/$one" "$1"; done && "$4" -c "$7" "$1" "$3"'
    )
    arguments = [
        str(one) for one in (tmp_path, built.cache, DEFINITIONS, sys.executable, size, " ".join(brought), code)
    ]
    argv = ["unshare", "--mount", "sh", "-c", script, "sh", *arguments]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    assert f"there is no room for the image in {tmp_path}" in done.stdout, done.stdout
    assert "dcos-installer image gc" in done.stdout
    assert done.stdout.endswith("None []\n")
