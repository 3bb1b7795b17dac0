"""An image published into a storage pool: the volume that machines are made from, kept when no machine is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dcos_images.definition import Release
from dcos_images.images import Image, Output
from dcos_installer.providers.base import Order, ProviderError, failed
from dcos_installer.providers.libvirt import publishing
from dcos_installer.providers.libvirt.golden import bring, forget_unused, read_golden
from dcos_installer.providers.libvirt.pools import ensure_pool
from dcos_installer.providers.libvirt.publishing import publish
from tests.support.installer.libvirt_lab import Killed, Lab, host, lab


@pytest.fixture
def one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    with lab(tmp_path / "lab", host("v1")) as made:
        monkeypatch.setattr(publishing, "Hypervisor", lambda uri: made.hypervisor)
        yield made


def image_of(made: Lab) -> Image:
    path = made.state_dir.parent / "golden.qcow2"
    sha256 = json.loads(path.with_name("manifest.json").read_text())["outputs"]["qcow2"]["sha256"]
    release = Release("bookworm", "debian", "12", "cp311", "glibc-2.36")
    return Image("k" * 32, path.parent, "", release, "amd64", {}, {"qcow2": Output(path, sha256, 1)})


def golden(made: Lab) -> list[str]:
    return sorted(line.rpartition(".")[2] for line in made.left() if line.startswith("volume dcos-golden-"))


def uploads(made: Lab) -> int:
    return len([step for step in made.faults.steps if step.startswith("upload dcos-golden")])


def test_machines_are_made_of_what_was_published_and_it_stays(one: Lab) -> None:
    found = publish(image_of(one), "dcos", print)
    assert found["pool"] == "dcos" and found["volume"].startswith("dcos-golden-") and found["path"]
    assert golden(one) == ["complete", "published", "qcow2"]
    assert publish(image_of(one), "dcos@qemu:///system", print) == found
    provider = one.provider()
    assert failed(provider.create([Order(one.spec.hosts[0], "t")])) == {}
    assert uploads(one) == 1
    assert failed(provider.destroy()) == {}
    assert golden(one) == ["complete", "published", "qcow2"]


def test_killed_anywhere_a_repetition_completes(one: Lab) -> None:
    at = 0
    while True:
        at += 1
        one.faults.steps.clear()
        one.faults.kill_at = at
        try:
            publish(image_of(one), "dcos", print)
        except Killed:
            one.faults.kill_at = 0
            publish(image_of(one), "dcos", print)
            assert golden(one) == ["complete", "published", "qcow2"]
            for volume in one.hypervisor.volumes("dcos"):
                one.hypervisor.delete_volume("dcos", volume.name)
            continue
        break
    assert at > 5


def test_an_image_that_did_not_fit_leaves_nothing(one: Lab) -> None:
    one.faults.refuse = {"uploaded dcos-golden": "No space left on device"}
    with pytest.raises(ProviderError) as caught:
        publish(image_of(one), "dcos", print)
    assert caught.value.why == "No space left on device" and golden(one) == []


@pytest.mark.parametrize(
    ("at", "other", "brought"),
    [
        (1, lambda made: publish(image_of(made), "dcos", print), 1),  # before the volume is made
        (3, lambda made: publish(image_of(made), "dcos", print), 1),  # before it is marked as published
        (3, lambda made: forget_unused(made.hypervisor, "dcos"), 2),
    ],
)
def test_two_operators_at_once_both_end_well(
    one: Lab, monkeypatch: pytest.MonkeyPatch, at: int, other: Callable[[Lab], object], brought: int
) -> None:
    create, calls = one.hypervisor.create_volume, 0

    def meanwhile(pool: str, xml: str) -> str:
        nonlocal calls
        calls += 1
        if calls == at:
            other(one)
        return create(pool, xml)

    monkeypatch.setattr(one.hypervisor, "create_volume", meanwhile)
    publish(image_of(one), "dcos", print)
    assert golden(one) == ["complete", "published", "qcow2"] and uploads(one) == brought


def test_a_machine_that_is_made_while_another_cluster_forgets_the_image_has_it_whole(
    one: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = one.hypervisor.create_volume

    def forgotten(pool: str, xml: str) -> str:
        if ".root.qcow2" in xml and "backingStore" in xml:
            monkeypatch.setattr(one.hypervisor, "create_volume", create)
            forget_unused(one.hypervisor, pool)
            assert golden(one) == []
        return create(pool, xml)

    monkeypatch.setattr(one.hypervisor, "create_volume", forgotten)
    assert failed(one.provider().create([Order(one.spec.hosts[0], "t")])) == {}
    assert golden(one) == ["complete", "qcow2"] and uploads(one) == 2


def test_an_image_over_which_a_machine_is_made_while_it_is_forgotten_stays(
    one: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure_pool(one.hypervisor, "dcos")
    bring(one.hypervisor, "dcos", read_golden(image_of(one).outputs["qcow2"].path), print)
    delete = one.hypervisor.delete_volume

    def meanwhile(pool: str, name: str) -> None:
        if name.endswith(".complete"):
            monkeypatch.setattr(one.hypervisor, "delete_volume", delete)
            assert failed(one.provider().create([Order(one.spec.hosts[0], "t")])) == {}
        delete(pool, name)

    monkeypatch.setattr(one.hypervisor, "delete_volume", meanwhile)
    forget_unused(one.hypervisor, "dcos")
    assert golden(one) == ["complete", "qcow2"] and uploads(one) == 1


@pytest.mark.parametrize(
    ("place", "expected"),
    [("", "storage pool"), ("a/b", "storage pool"), ("dcos@qemu:///session", "a session's machines have no network")],
)
def test_a_place_that_is_none_is_refused(one: Lab, place: str, expected: str) -> None:
    with pytest.raises(ProviderError, match="cannot be published to") as caught:
        publish(image_of(one), place, print)
    assert expected in caught.value.why and "libvirt:POOL" in caught.value.hint


def test_an_image_without_a_disk_and_a_pool_without_room_are_refused(one: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    image = image_of(one)
    with pytest.raises(ProviderError, match="no disk for QEMU"):
        publish(Image(image.key, image.folder, "", image.release, "amd64", {}, {}), "dcos", print)
    ensure_pool(one.hypervisor, "dcos")
    monkeypatch.setattr(
        publishing, "space_problem", lambda *_: ProviderError("the storage pool dcos lacks 5 MiB for the image")
    )
    with pytest.raises(ProviderError, match="lacks 5 MiB"):
        publish(image, "dcos", print)
    assert golden(one) == []
