"""GPUs, with device files that nothing stands behind: which container has which, and that it has no other."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from dcos_runtime.agent.containers.base import ContainerPlace, LaunchError, LauncherUnusable
from dcos_runtime.agent.containers.spec import ContainerSpec, HostRoot, ImageRoot
from dcos_runtime.agent.core.capabilities import USUALLY
from dcos_runtime.agent.isolators import gpus
from dcos_runtime.agent.isolators.devices import DevicesIsolator
from dcos_runtime.agent.isolators.gpus import Gpus, GpusIsolator, Machine
from dcos_runtime.agent.launchers.oci import OciLauncher
from dcos_runtime.agent.launchers.posix import PosixLauncher
from tests.support.agent.clusters import skip_without
from tests.support.agent.containers import create, destroyed, spec
from tests.support.agent.surroundings import nobody_watches
from tests.support.daemons.agents import remove_cgroups

MAJOR = 121
"""Kept for local use (Documentation/admin-guide/devices.txt of Linux): no driver has it."""


def machine(folder: Path, *names: str) -> Machine:
    devices = folder / "dev"
    devices.mkdir()
    for minor, name in enumerate(names):
        try:
            os.mknod(devices / name, stat.S_IFCHR | 0o666, os.makedev(MAJOR, minor))
        except PermissionError:
            pytest.skip("device files cannot be made here")
    for name in ("lib", "bin"):
        (folder / name).mkdir()
    return Machine(devices, (folder / "lib",), (folder / "bin",))


ALL = ("nvidia0", "nvidia1", "nvidia2", "nvidiactl", "nvidia-uvm")

TRIES = """
import errno, json, os, sys
found = {}
os.mknod("/dev/other", 0o20666, os.makedev(121, int(sys.argv[1])))
for name in sorted(os.listdir("/dev")):
    if name.startswith("nvidia") or name == "other":
        try:
            os.close(os.open(f"/dev/{name}", os.O_RDWR))
            found[name] = "opened"
        except OSError as error:
            found[name] = errno.errorcode[error.errno]
print(json.dumps(found))
"""


async def test_a_container_has_its_gpus_and_cannot_open_anothers(tmp_path: Path) -> None:
    skip_without("linux")
    root = f"dcos-test-{os.getpid()}-{tmp_path.name}"
    ours = Gpus((0, 2), machine(tmp_path, *ALL))
    launcher = OciLauncher(
        tmp_path / "oci" / "containers", tmp_path / "run", nobody_watches(), cgroups_root=root, gpus=ours
    )
    try:
        await launcher.prove()
        found = {}
        for name, other in (("one", 2), ("two", 0), ("none", 0)):
            given = spec(tmp_path, name, ("/usr/bin/python3", "-I", "-S", "-c", TRIES, str(other)))
            process = replace(given.process, capabilities=USUALLY.held(None, True))
            limits = replace(given.limits, gpus=0 if name == "none" else 1)
            await create(launcher, replace(given, process=process, limits=limits))
            await launcher.start(name)
            ended = await asyncio.wait_for(launcher.wait(name), 120)
            assert ended is not None and ended.code == 0, (given.sandbox / "stderr").read_text()
            found[name] = json.loads((given.sandbox / "stdout").read_text())
        # Nothing stands behind the files: who may open one gets ENXIO, and who may not EPERM.
        common = {"nvidiactl": "ENXIO", "nvidia-uvm": "ENXIO", "other": "EPERM"}
        assert found == {
            "one": {"nvidia0": "ENXIO", **common},
            "two": {"nvidia2": "ENXIO", **common},
            "none": {"other": "EPERM"},
        }
        again = Gpus((0, 2), ours.machine)
        again.resume(launcher.folder)
        assert (again.of("one"), again.of("two"), again.of("none")) == ((0,), (2,), ())
        for name in found:
            await destroyed(launcher, name)
        assert ours.of("one") == ours.of("two") == ()
    finally:
        remove_cgroups(root)


async def test_the_lowest_that_are_free_are_taken_and_waited_for_while_others_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = Gpus((5, 3, 4), machine(tmp_path))
    await ours.take("a", 2)
    assert ours.of("a") == (5, 3)
    waiting = asyncio.ensure_future(ours.take("b", 2))
    await asyncio.sleep(0)
    assert not waiting.done()
    ours.free("a")
    await asyncio.wait_for(waiting, 60)
    assert ours.of("b") == (5, 3) and ours.of("a") == ()
    with pytest.raises(LaunchError, match="4 GPUs are asked for, and 1 of 3 are free"):
        await ours.take("c", 4)
    monkeypatch.setattr(gpus, "WAIT_SECONDS", 0.0)
    with pytest.raises(LaunchError, match="2 GPUs are asked for, and 1 of 3 are free"):
        await ours.take("c", 2)
    assert ours.of("c") == ()


def document(given: ContainerSpec, ours: Gpus, folder: Path) -> dict[str, Any]:
    made: dict[str, Any] = {"linux": {"resources": {}}, "mounts": []}
    place = ContainerPlace(given.container_id, folder)
    for isolator in (DevicesIsolator(), GpusIsolator(ours)):
        isolator.prepare(given, place, made)
    return made


async def test_an_image_gets_the_drivers_libraries_and_programs_too(tmp_path: Path) -> None:
    ours = Gpus((0,), machine(tmp_path, "nvidia0", "nvidiactl"))
    (tmp_path / "lib" / "libcuda.so.550").touch()
    (tmp_path / "lib" / "libcuda.so").symlink_to("libcuda.so.550")
    (tmp_path / "lib" / "libm.so").touch()
    (tmp_path / "bin" / "nvidia-smi").touch()
    given = replace(spec(tmp_path, "c"), root=ImageRoot("sha256:0", (tmp_path,)))
    assert document(given, ours, tmp_path) == {
        "linux": {"resources": {"devices": [{"allow": False, "access": "rwm"}]}},
        "mounts": [],
    }, "it asks for none"
    await ours.take("c", 1)
    made = document(given, ours, tmp_path)
    assert [device["path"] for device in made["linux"]["devices"]] == ["/dev/nvidia0", "/dev/nvidiactl"]
    assert [rule["allow"] for rule in made["linux"]["resources"]["devices"]] == [False, True, True]
    library = str((tmp_path / "lib" / "libcuda.so.550").resolve())
    assert {mount["destination"]: mount["source"] for mount in made["mounts"]} == {
        "/usr/local/nvidia/lib64/libcuda.so": library,
        "/usr/local/nvidia/lib64/libcuda.so.550": library,
        "/usr/local/nvidia/bin/nvidia-smi": str((tmp_path / "bin" / "nvidia-smi").resolve()),
    }
    assert document(replace(given, root=HostRoot()), ours, tmp_path)["mounts"] == [], "it sees the machine's own"
    privileged = replace(given, privileged=True)
    alone: dict[str, Any] = {"linux": {"resources": {}}}
    DevicesIsolator().prepare(privileged, ContainerPlace("c", tmp_path), alone)
    every = document(privileged, ours, tmp_path)
    assert every["mounts"] == made["mounts"] and every["linux"] == alone["linux"], "it has all devices anyway"


async def test_gpus_that_are_not_there_or_that_plain_processes_cannot_be_held_to_are_refused(tmp_path: Path) -> None:
    there = machine(tmp_path, "nvidia0", "nvidiactl")
    Gpus((0,), there).check()
    (there.devices / "nvidia1").touch()
    for number, why in ((1, "another kind of file"), (2, os.strerror(errno.ENOENT))):
        with pytest.raises(LauncherUnusable, match=rf"nvidia{number} is no device file") as caught:
            Gpus((0, number), there).check()
        assert why in str(caught.value.why)
    launcher = PosixLauncher(tmp_path / "posix", nobody_watches())
    given = spec(tmp_path, "c")
    with pytest.raises(LaunchError, match="cannot be held to GPUs"):
        await launcher.prepare(replace(given, limits=replace(given.limits, gpus=1)))
