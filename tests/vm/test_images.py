"""Images that boot, really built and booted: what docs/images.md tells, and that a disk has the same bytes twice."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from dcos_images import trial
from dcos_images.data import definitions_dir
from dcos_images.definition import Partitions
from dcos_images.errors import ImageError
from dcos_images.housekeeping import first_difference
from dcos_images.images import ImageBuilder
from dcos_images.trial import Trial, boot
from dcos_installer.bundle.images import Runtime
from tests.support.documented import ROOT, fences
from tests.support.images.workshop import no_trees

PAGE = "docs/images.md"
PROGRAMS = Path(sys.executable).parent
HOURS = 2 * 3600.0

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(
        os.geteuid() != 0 or shutil.which("qemu-system-x86_64") is None,
        reason="needs root, qemu-system-x86 and ovmf",
    ),
]


@pytest.fixture(scope="module")
def cache_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def run(script: str, cache_home: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache_home), "PATH": f"{PROGRAMS}:{os.environ['PATH']}"}
    return subprocess.run(
        ["/bin/sh", "-c", script], env=environment, cwd=folder, capture_output=True, text=True, timeout=HOURS
    )


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What stands in for AWS, as the environment says where it is."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in (
        ("AWS_ENDPOINT_URL", f"http://{host}:{port}"),
        ("AWS_ACCESS_KEY_ID", "testing"),
        ("AWS_SECRET_ACCESS_KEY", "testing"),
        ("AWS_DEFAULT_REGION", "eu-central-1"),
    ):
        monkeypatch.setenv(name, value)
    boto3.Session().client("s3").create_bucket(
        Bucket="my-images", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    yield
    server.stop()


@pytest.mark.usefixtures("aws")
def test_the_commands_of_the_page_work_as_they_stand_there(cache_home: Path, tmp_path: Path) -> None:
    built = run("dcos-installer image build ec2", cache_home, tmp_path)  # what vm is compared with
    assert built.returncode == 0, built.stderr
    found = list(fences((ROOT / PAGE).read_text(), PAGE))
    (own,) = (fence.script for fence in found if fence.language == "python")
    (tmp_path / "site-tests").mkdir()
    (tmp_path / "site-tests/test_site.py").write_text(own)
    lines = [line for fence in found if fence.language == "sh" for line in fence.script.splitlines()]
    assert len(lines) >= 6
    for line in lines:
        done = run(line, cache_home, tmp_path)
        assert done.returncode == (1 if " diff " in line else 0), f"{line}: {done.stdout}{done.stderr}"
        assert done.stdout


def test_a_disk_built_twice_has_the_same_bytes(cache_home: Path, tmp_path: Path) -> None:
    first = ImageBuilder(trees_in_use=no_trees, runtime=Runtime(), cache=cache_home / "dcos/images")
    one = first.ensure("vm")
    second = ImageBuilder(trees_in_use=no_trees, runtime=Runtime(), cache=tmp_path / "elsewhere")
    second.cache.mkdir()
    for name in ("locks", "debs"):
        shutil.copytree(first.cache / name, second.cache / name, copy_function=os.link)
    assert first_difference(one.folder, second.ensure("vm").folder) == ""


def netboot(cache_home: Path, tmp_path: Path) -> ImageBuilder:
    """A builder whose ``vm`` is a folder to boot from a network."""
    definitions = tmp_path / "definitions"
    shutil.copytree(definitions_dir(), definitions)
    path = definitions / "vm/image.toml"
    text, usual = path.read_text(), 'outputs = ["qcow2", "update"]'
    assert usual in text
    path.write_text(text.replace(usual, 'outputs = ["netboot"]'))
    return ImageBuilder(
        trees_in_use=no_trees, runtime=Runtime(), cache=cache_home / "dcos/images", definitions=definitions
    )


def test_the_firmware_starts_the_uki_which_fetches_its_root_beside_the_file_that_dhcp_names(
    cache_home: Path, tmp_path: Path
) -> None:
    builder = netboot(cache_home, tmp_path)
    found = boot(builder.ensure("vm"), builder.definition("vm"), output="netboot", deadline=HOURS)
    mounts = [line.rpartition(" ")[0] for line in found.of("MOUNT")]
    assert "/ erofs ro" in mounts and "/var tmpfs rw" in mounts


def test_ipxe_fetches_the_script_and_all_that_it_names(cache_home: Path, tmp_path: Path) -> None:
    image = netboot(cache_home, tmp_path).ensure("vm")
    with trial._served(image, "netboot") as port:
        # Without UEFI QEMU's network card has iPXE, which takes the script for what DHCP says is to be started.
        network = trial._served_network(port, "boot.ipxe")
        with trial._running(["-boot", "n", "-m", "3072"], "tcg", tmp_path, network) as guest:
            assert trial._wait(guest, time.monotonic() + HOURS, HOURS) == "", guest.serial[-3000:]
            answer = trial._ssh_answer(guest, time.monotonic() + HOURS)
            found = Trial(trial._lines(guest.notified), 0.0, "tcg", answer)
    assert trial.problems(found, "netboot") == []


def test_a_disk_that_is_too_small_is_told_on_the_console(cache_home: Path) -> None:
    builder = ImageBuilder(trees_in_use=no_trees, runtime=Runtime(), cache=cache_home / "dcos/images")
    definition = builder.definition("vm")
    assert definition.partitions is not None
    smaller = Partitions(definition.partitions.esp_mb, definition.partitions.root_mb, -512)
    with pytest.raises(ImageError, match="does not boot properly") as caught:
        boot(builder.ensure("vm"), replace(definition, partitions=smaller), deadline=HOURS)
    assert f"it has to have {definition.partitions.least_disk_mb} MiB" in caught.value.evidence


def test_the_state_survives_a_power_cut_and_grows_with_the_disk(cache_home: Path, tmp_path: Path) -> None:
    builder = ImageBuilder(trees_in_use=no_trees, runtime=Runtime(), cache=cache_home / "dcos/images")
    image, definition = builder.ensure("vm"), builder.definition("vm")
    boots = trial._bootable(image, definition, "qcow2", tmp_path)
    received = []
    for size in ("", "8G"):
        if size:
            subprocess.run(["qemu-img", "resize", "-q", tmp_path / "disk.qcow2", size], check=True)
        with trial._running(boots, "tcg", tmp_path) as guest:  # which ends as a power cut does
            assert trial._wait(guest, time.monotonic() + HOURS, HOURS) == "", guest.serial[-3000:]
            answer = trial._ssh_answer(guest, time.monotonic() + HOURS)
            received.append(Trial(trial._lines(guest.notified), 0.0, "tcg", answer))
    first, second = received
    assert [trial.problems(one, "qcow2") for one in received] == [[], []]
    assert first.of("MACHINE_ID") == second.of("MACHINE_ID")
    assert first.of("HOST_KEY") == second.of("HOST_KEY")
    assert int(second.of("STATE_MB")[0]) > int(first.of("STATE_MB")[0]) + 3000
