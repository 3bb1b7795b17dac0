"""What the hypervisor lacks for machines, by the provider libvirt: said in plans, and before the image is built."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dcos_installer.config.model import HostSpec
from dcos_installer.providers.base import Condition, ProviderError, failed, well
from dcos_installer.providers.libvirt import names, room
from dcos_installer.providers.libvirt import provider as provider_module
from dcos_installer.providers.libvirt.descriptions import Pool
from dcos_installer.providers.libvirt.hypervisor import SeenPool
from dcos_installer.providers.libvirt.pools import ensure_pool, foreseen
from dcos_installer.providers.libvirt.preflight import refuse_what_cannot_be_had
from tests.support.installer.libvirt_lab import V1, V2, Lab, create, domains, host, lab
from tests.support.machines.nspawn_lab import done, orders


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Lab]:
    """A cluster of which nothing is there; two pools."""
    with lab(tmp_path, V1, V2) as made:
        yield made


def test_memory_that_lacks_is_told_in_megabytes_before_anything_is_made(tmp_path: Path) -> None:
    with lab(tmp_path, V1, V2, available_mb=1000) as made:
        for refused in (lambda: create(made), lambda: refuse_what_cannot_be_had(made.spec)):
            with pytest.raises(ProviderError) as caught:
                refused()
            assert f"lacks {2 * (512 + room.OVERHEAD_MB) - 1000} MiB of memory for v1, v2" in caught.value.what
            assert "1000 of 32768 MiB are free" in caught.value.why
        assert made.left() == []


def test_a_machine_that_runs_has_its_memory_already(two: Lab) -> None:
    create(two)
    two.hypervisor.available_mb = 0
    assert failed(create(two)) == {}
    refuse_what_cannot_be_had(two.spec)
    done(two.provider().power_off(["v2"]))
    with pytest.raises(ProviderError, match="of memory for v2"):
        create(two)


def test_a_pool_without_space_is_told_with_what_volumes_may_still_take(tmp_path: Path) -> None:
    with lab(tmp_path, host("v1", disk_mb=60_000), host("v2", disk_mb=60_000)) as made:
        with pytest.raises(ProviderError) as caught:
            create(made)
        assert "the storage pool dcos lacks" in caught.value.what and caught.value.what.endswith("MiB for v1, v2")
        assert "dcos_libvirt_pool" in caught.value.hint and "dcos_disk" in caught.value.hint
        assert domains(made) == {}
        done(made.provider().destroy())
        assert made.left() == []


def test_the_image_counts_when_its_size_is_known(two: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    pools = two.hypervisor.pools
    # Enough for the disks (2048 MiB and 2748 MiB), not for the image beside them.
    full = 2048 * room.MB
    monkeypatch.setattr(two.hypervisor, "pools", lambda: [replace(one, available=full) for one in pools()])
    with pytest.raises(ProviderError, match="the storage pool dcos lacks 1 MiB for v1, the image"):
        two.provider().create(orders([V1]))


@pytest.fixture
def no_build(monkeypatch: pytest.MonkeyPatch) -> None:
    def build(*_: object) -> None:
        raise AssertionError("the image is built")

    monkeypatch.setattr(provider_module, "golden_of", build)


LOGICAL = (
    "<pool type='logical'><name>{}</name><source><name>vg0</name></source><target><path>/dev/vg0</path></target></pool>"
)


@pytest.mark.parametrize(
    ("machine", "why"),
    [
        (host("v1", disk_mb=64 << 20), "the storage pool dcos lacks"),
        (host("v1", options={"dcos_libvirt_disks": "67108864"}), "the storage pool dcos lacks"),
        (host("v1", options={"dcos_libvirt_pool": "volumes"}), "the storage pool volumes is no folder"),
        (host("v1", cpus=1000.0), "more processors than"),
        (host("v1", disk_mb=512), "v1: its disk is too small for the image"),
    ],
)
@pytest.mark.parametrize("there", [True, False], ids=["a pool", "no pool yet"])
@pytest.mark.usefixtures("no_build")
def test_what_the_hypervisor_cannot_hold_is_refused_in_plans_and_before_the_image_is_built(
    machine: HostSpec, why: str, there: bool, tmp_path: Path
) -> None:
    with lab(tmp_path, machine) as made:
        made.hypervisor._connection.storagePoolDefineXML(LOGICAL.format("volumes"), 0)
        if there:
            ensure_pool(made.hypervisor, "dcos")
        before = len(made.faults.steps)
        with pytest.raises(ProviderError, match=why):
            refuse_what_cannot_be_had(made.spec)
        assert len(made.faults.steps) == before  # nothing was changed
        with pytest.raises(ProviderError, match=why):
            done(create(made))
        assert domains(made) == {} and made.hypervisor.networks() == []


@pytest.mark.usefixtures("no_build")
def test_kvm_that_lacks_is_refused_before_the_image_is_built(tmp_path: Path) -> None:
    with lab(tmp_path, V1, kinds=frozenset({"qemu"}), dcos_libvirt_acceleration="kvm") as made:
        for refused in (lambda: create(made), lambda: refuse_what_cannot_be_had(made.spec)):
            with pytest.raises(ProviderError, match="has no KVM"):
                refused()


def test_the_space_of_a_pool_that_is_not_there_is_known_on_this_host_alone(tmp_path: Path) -> None:
    new = foreseen(None, "dcos-none", local=True)
    assert new is not None and new.available > 0 and not new.active
    assert foreseen(None, "dcos-none", local=False) is None
    off = SeenPool("x", "", Pool("x", names.pool_uuid("x"), str(tmp_path / "not/there")).xml, False, 0)
    seen = foreseen(off, "x", local=True)
    assert seen is not None and seen.available > 0
    assert foreseen(off, "x", local=False) is None


def test_more_processors_than_there_are_are_refused(tmp_path: Path) -> None:
    with lab(tmp_path, host("v1", cpus=1000.0)) as made, pytest.raises(ProviderError, match="more processors than"):
        create(made)


def test_a_disk_too_small_for_the_image_is_that_machines_failure(tmp_path: Path) -> None:
    with lab(tmp_path, host("v1", disk_mb=512), host("v2")) as made:
        results = create(made)
        assert failed(results)["v1"].hint == "write dcos_disk=1024 or more"
        assert well(results)["v2"].condition is Condition.RUNNING


def test_a_pool_that_is_no_folder_is_refused(two: Lab) -> None:
    two.hypervisor._connection.storagePoolDefineXML(LOGICAL.format("dcos"), 0)
    with pytest.raises(ProviderError, match="the storage pool dcos is no folder"):
        create(two)
