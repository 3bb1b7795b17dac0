"""Publishing into a folder: what readers find at any moment, what a killed run leaves, what stays and what goes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from dcos_images.errors import ImageError
from dcos_images.images import Image
from dcos_images.publishing import folder as folder_module
from dcos_images.publishing.folder import Published, publish_to_folder
from dcos_images.publishing.publication import publication
from tests.support.images.published import a_disk, a_netboot, an_image, no_progress

PATIENCE = 120.0


def published(image: Image, place: Path, name: str = "rack", keep: int = 1) -> Published:
    return publish_to_folder(publication(name, image), place, keep=keep, progress=no_progress)


def parts_of(script: str) -> list[str]:
    """What a machine that follows the script fetches."""
    kernel = re.search(r"^kernel (\S+) initrd=initrd ", script, re.M)
    initrd = re.search(r"^initrd --name initrd (\S+)$", script, re.M)
    root = re.search(r"\$\{cwduri\}(\S+)", script)
    assert kernel and initrd and root, script
    return [kernel[1], initrd[1], root[1]]


def test_a_script_leads_to_parts_of_one_version_which_stay_for_a_while(tmp_path: Path) -> None:
    place, scripts = tmp_path / "www", []
    for mark in ("one", "two", "three"):
        published(a_netboot(tmp_path / mark, mark), place)
        script = (place / "rack/boot.ipxe").read_text()
        kernel, initrd, root = (place / "rack" / part for part in parts_of(script))
        assert kernel.read_text() == f"kernel of {mark}" and initrd.read_text() == f"initrd of {mark}"
        assert root.stat().st_size == 3000 and (place / "rack/boot.efi").read_text() == f"program of {mark}"
        assert kernel.stat().st_mode & 0o777 == 0o644
        scripts.append(parts_of(script))
    there = {path.name for path in (place / "rack").iterdir()}
    assert set(scripts[2]) | set(scripts[1]) <= there  # who boots the one before goes on
    assert not set(scripts[0]) & there
    assert json.loads((place / "rack/manifest.json").read_text()) == {"of": "three"}
    record = json.loads((place / "rack/published.json").read_text())
    assert set(record["files"]) == set(scripts[2]) and record["image"] == "rack"


def test_published_again_it_brings_nothing(tmp_path: Path) -> None:
    image = a_disk(tmp_path / "one", "one")
    first = published(image, tmp_path / "www", "ec2")
    assert first.brought == image.outputs["raw"].path.stat().st_size
    assert published(image, tmp_path / "www", "ec2").brought == 0
    (disk,) = (tmp_path / "www/ec2").glob("ec2-*.raw")
    assert image.outputs["raw"].sha256 in disk.name
    assert disk.read_bytes() == image.outputs["raw"].path.read_bytes()
    assert disk.stat().st_blocks * 512 < disk.stat().st_size // 2  # holes stay


def test_a_publication_before_is_republished(tmp_path: Path) -> None:
    one, two = (a_netboot(tmp_path / mark, mark) for mark in ("one", "two"))
    place = tmp_path / "www"
    for image in (one, two, one, two, one):
        published(image, place)
        assert all((place / "rack" / part).is_file() for part in parts_of((place / "rack/boot.ipxe").read_text()))
    assert published(one, place).brought == 0


def test_what_is_not_as_built_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    image = a_disk(tmp_path / "one", "one")
    with image.outputs["raw"].path.open("r+b") as file:
        file.write(b"altered")
    with pytest.raises(ImageError, match="is not what was built") as caught:
        published(image, tmp_path / "www", "ec2")
    assert "run the same command again" in caught.value.hint and not (tmp_path / "www").exists()
    with pytest.raises(ImageError, match="nothing that could be published"):
        publication("machine", an_image(tmp_path, "tree", {}))


def test_what_is_altered_meanwhile_never_gets_its_name(tmp_path: Path) -> None:
    image = a_disk(tmp_path / "one", "one")
    prepared = publication("ec2", image)
    with image.outputs["raw"].path.open("r+b") as file:
        file.write(b"altered")
    with pytest.raises(ImageError, match="was altered while it was published"):
        publish_to_folder(prepared, tmp_path / "www", keep=1, progress=no_progress)
    assert not list((tmp_path / "www/ec2").glob("*.raw")) and not list((tmp_path / "www/ec2").glob(".*.part"))


CODE = """
import os, signal, sys, time
from pathlib import Path
from dcos_images.publishing import folder
from dcos_images.publishing.publication import publication
from tests.support.images.published import a_netboot, an_image, no_progress
place, at, step = Path(sys.argv[1]), int(sys.argv[2]), 0
def die(real):
    def wrapped(*words, **more):
        global step
        step += 1
        if step == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*words, **more)
    return wrapped
Path.replace = die(Path.replace)
Path.unlink = die(Path.unlink)
netboot = place / "two/rack.netboot"
image = an_image(place / "two", "two", {"netboot": netboot})
folder.publish_to_folder(publication("rack", image), place / "www", keep=0, progress=no_progress)
print(step)
"""


def test_killed_at_any_step_it_leaves_a_whole_version_and_a_repetition_completes(tmp_path: Path) -> None:
    one, two = (a_netboot(tmp_path / mark, mark) for mark in ("one", "two"))
    at = 0
    while True:
        at += 1
        published(one, tmp_path / "www", keep=0)
        done = subprocess.run(
            [sys.executable, "-c", CODE, str(tmp_path), str(at)],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path.cwd())},
            timeout=PATIENCE,
        )
        assert done.returncode in (0, -signal.SIGKILL), done.stderr
        script = (tmp_path / "www/rack/boot.ipxe").read_text()
        versions = {(tmp_path / "www/rack" / part).read_text()[-3:] for part in parts_of(script)[:2]}
        assert len(versions) == 1
        published(two, tmp_path / "www", keep=0)
        script = (tmp_path / "www/rack/boot.ipxe").read_text()
        assert {(tmp_path / "www/rack" / part).read_text()[-3:] for part in parts_of(script)[:2]} == {"two"}
        assert not list((tmp_path / "www/rack").glob(".*.part"))
        if done.returncode == 0:
            break
    assert at > 8


def test_two_at_once_wait_for_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = (a_netboot(tmp_path / mark, mark) for mark in ("one", "two"))
    waiting = threading.Event()
    bring = folder_module._bring

    def slow(*words: object) -> int:
        if not waiting.is_set():
            assert waiting.wait(PATIENCE)
        return bring(*words)  # type: ignore[arg-type]  # handed on as they are

    monkeypatch.setattr(folder_module, "_bring", slow)
    said: list[str] = []

    def publish(image: Image) -> None:
        def heard(text: str) -> None:
            said.append(text)
            waiting.set()

        publish_to_folder(publication("rack", image), tmp_path / "www", keep=1, progress=no_progress, note=heard)

    both = [threading.Thread(target=publish, args=(image,)) for image in (one, two)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(PATIENCE)
    assert any("another process publishes" in text for text in said)
    script = (tmp_path / "www/rack/boot.ipxe").read_text()
    assert len({(tmp_path / "www/rack" / part).read_text()[-3:] for part in parts_of(script)[:2]}) == 1


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ImageError, match="cannot be published to") as caught:
        published(a_netboot(tmp_path / "one", "one"), tmp_path / "file")
    assert "continues from here" in caught.value.hint
