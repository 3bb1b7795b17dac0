"""The provider libvirt on libvirt's test driver: killed anywhere it resumes, touches its own only."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dcos_installer.providers.answering import SshProblem
from dcos_installer.providers.base import Condition, ProviderError, Results, failed, well
from dcos_installer.providers.libvirt import control, golden, names
from dcos_installer.providers.libvirt.descriptions import Network, Pool, Volume, reservations
from dcos_installer.providers.libvirt.domain import mark_of
from dcos_installer.providers.libvirt.hypervisor import LibvirtFailed, Power, SeenVolume
from dcos_installer.providers.libvirt.options import NETWORKS
from dcos_installer.providers.libvirt.preflight import refuse_what_cannot_be_had
from dcos_installer.providers.libvirt.remains import remains
from tests.support.installer.libvirt_lab import (
    CLUSTER,
    OTHER,
    V1,
    V2,
    Killed,
    Lab,
    cluster,
    create,
    domains,
    host,
    lab,
    write_image,
)
from tests.support.machines.nspawn_lab import done, orders

HAND_MADE = '<domain type="test"><name>{}</name><memory>1024</memory><os><type>hvm</type></os></domain>'


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Lab]:
    """A cluster of which nothing is there: one address is told, the other given; two pools."""
    with lab(tmp_path, V1, V2) as made:
        yield made


def addresses(results: Results) -> dict[str, str]:
    return {name: state.address for name, state in well(done(results)).items()}


# Killed anywhere


def test_a_creation_that_is_killed_at_any_step_is_finished_by_the_next_one(tmp_path: Path) -> None:
    with lab(tmp_path / "whole", V1, V2) as made:
        wanted, whole = addresses(create(made)), domains(made)
        steps, everything = len(made.faults.steps), sorted(made.left())
    assert steps > 20
    for step in range(1, steps + 1):
        with lab(tmp_path / f"killed-{step}", V1, V2) as made:
            made.faults.kill_at = step
            with pytest.raises(Killed):
                create(made)
            made.faults.kill_at = 0
            for state in made.provider().inspect().values():
                assert state.condition in (Condition.ABSENT, Condition.BROKEN, Condition.OFF, Condition.RUNNING)
            assert addresses(create(made)) == wanted, step
            assert domains(made) == whole
            # Nothing is there twice, and all is there, except for the image, whose digest is each lab's own.
            assert _without_images(made.left()) == _without_images(everything), step


def test_a_removal_that_is_killed_at_any_step_is_finished_by_the_next_one(tmp_path: Path) -> None:
    with lab(tmp_path / "whole", V1, V2) as made:
        create(made)
        before = len(made.faults.steps)
        done(made.provider().destroy())
        steps = len(made.faults.steps) - before
        assert made.left() == []
    for step in range(1, steps + 1):
        with lab(tmp_path / f"killed-{step}", V1, V2) as made:
            create(made)
            made.faults.steps.clear()
            made.faults.kill_at = step
            with pytest.raises(Killed):
                made.provider().destroy()
            made.faults.kill_at = 0
            conditions = {state.condition for state in made.provider().inspect().values()}
            assert conditions <= {Condition.RUNNING, Condition.OFF, Condition.REMOVING, Condition.ABSENT}, step
            done(made.provider().destroy())
            assert made.left() == [], step


def test_a_machine_whose_removal_was_begun_is_told_and_not_started(two: Lab) -> None:
    create(two)
    two.faults.refuse = {"delete volume": "the disk is in use"}
    error = failed(two.provider().destroy())["v1"]
    assert "the disk is in use" in error.why
    assert two.provider().inspect()["v1"].condition is Condition.REMOVING
    refused = failed(two.provider().start(["v1"]))["v1"]
    assert "is being removed" in refused.what and "destroy finishes it" in refused.hint
    two.faults.refuse = {}
    done(two.provider().destroy())
    assert two.left() == []


def test_disks_without_a_machine_are_broken_and_start_makes_the_machine(two: Lab) -> None:
    two.faults.refuse = {"define domain": "not now"}
    assert {name: error.why for name, error in failed(create(two)).items()} == {"v1": "not now", "v2": "not now"}
    two.faults.refuse = {}
    assert two.provider().inspect()["v2"].condition is Condition.BROKEN
    assert well(done(two.provider().start(["v1", "v2"])))["v2"].condition is Condition.RUNNING


# Its own only


def test_destroy_touches_only_what_is_of_its_cluster(tmp_path: Path) -> None:
    with lab(tmp_path, V1, V2) as made:
        hypervisor = made.hypervisor
        hypervisor.define(
            '<domain type="test"><name>dcos-hand-made</name><memory>1024</memory><os><type>hvm</type></os></domain>'
        )
        hypervisor.define_pool(Pool("second", "5d2f9c5e-6f0c-4c5b-9c55-0d6c05d1b7a2", "/srv/second").xml)
        hypervisor.start_pool("second")
        hypervisor.create_volume("second", Volume(f"dcos-{OTHER}-v1.root.qcow2", 1 << 20, "qcow2").xml)
        hypervisor.create_volume("second", Volume("holiday.raw", 1 << 20, "raw").xml)
        before = made.left()
        other = cluster(tmp_path / "golden.qcow2", host("v1"), cluster_id=OTHER, dcos_libvirt_network="198.19.252.0/28")
        theirs = Lab(other, tmp_path / "other", hypervisor)
        done(create(theirs))
        beside = set(theirs.left())
        done(create(made))
        assert made.provider().inspect().keys() == {"v1", "v2"}
        done(made.provider().destroy())
        assert set(made.left()) == beside
        assert theirs.provider().inspect()["v1"].condition is Condition.RUNNING
        done(theirs.provider().destroy())
        assert sorted(made.left()) == sorted(before)


def test_a_name_that_somebody_else_has_is_that_machines_failure_alone(two: Lab) -> None:
    taken = names.Names(CLUSTER).domain("v1")
    two.hypervisor.define(
        f'<domain type="test"><name>{taken}</name><memory>1024</memory><os><type>hvm</type></os></domain>'
    )
    results = create(two)
    assert f"a machine is called {taken} already" in failed(results)["v1"].what and taken in failed(results)["v1"].hint
    assert well(results)["v2"].condition is Condition.RUNNING
    done(two.provider().destroy())
    assert f"domain {taken}" in two.left()


def test_a_network_of_somebody_else_is_refused_by_name_and_by_addresses(two: Lab) -> None:
    names_ = names.Names(CLUSTER)
    their = Network(names_.network, names_.network_uuid, OTHER, "theirs0", next(NETWORKS.subnets(new_prefix=24)))
    two.hypervisor.define_network(their.xml)
    with pytest.raises(ProviderError, match=f"a network is called {names_.network} already"):
        create(two)
    two.hypervisor.remove_network(names_.network)
    overlapping = Network("lab7", names_.network_uuid, OTHER, "theirs0", NETWORKS)
    two.hypervisor.define_network(overlapping.xml)
    for refused in (lambda: create(two), lambda: refuse_what_cannot_be_had(two.spec)):
        with pytest.raises(ProviderError, match="is in use on the hypervisor") as caught:
            refused()
        assert "lab7" in caught.value.why and "dcos_libvirt_network" in caught.value.hint
    assert domains(two) == {}


# Addresses


def test_addresses_are_told_kept_and_given_again_when_free(tmp_path: Path) -> None:
    hosts = [host("a"), host("b", "198.19.251.2"), host("c")]
    with lab(tmp_path, *hosts) as made:
        given = addresses(create(made))
        assert given == {"a": "198.19.251.3", "b": "198.19.251.2", "c": "198.19.251.4"}
        done(made.provider().destroy(["a"]))
        assert addresses(create(made)) == given
        network = next(one for one in made.hypervisor.networks())
        macs = {one.host: (one.mac, one.address) for one in reservations(network.xml)}
        assert {name: at for name, (_, at) in macs.items()} == given
        assert {mac for mac, _ in macs.values()} == {names.Names(CLUSTER).mac(name) for name in given}
        # The network is taken away by hand: the machines have their addresses back when they start.
        made.hypervisor.remove_network(network.name)
        known = tuple(one.model_copy(update={"address": given[one.name]}) for one in made.spec.hosts)
        done(made.provider().power_off(["c"]))
        assert addresses(made.provider(hosts=known).start(["c"]))["c"] == given["c"]


def test_a_network_without_a_free_address_is_told(tmp_path: Path) -> None:
    hosts = [host(f"h{number}") for number in range(14)]
    with lab(tmp_path, *hosts) as made, pytest.raises(ProviderError, match=r"no address left in .*/28 for h13"):
        create(made)


def test_machines_learn_each_others_names_when_they_run_and_when_they_start(two: Lab) -> None:
    given = addresses(create(two))
    known = tuple(one.model_copy(update={"address": given[one.name]}) for one in two.spec.hosts)
    spec = two.spec.model_copy(update={"hosts": known})
    assert failed(two.provider(hosts=known).introduce(spec)) == {}
    for name in given:
        lines = (two.root(name) / "etc/hosts").read_text().splitlines()
        assert all(f"{address} {other}" in lines for other, address in given.items())
    key = names.Names(CLUSTER).volume("v1", names.CREDENTIALS)
    before = two.hypervisor.contents["dcos", key]
    done(two.provider().destroy(["v2"]))
    done(two.provider(hosts=known[:1]).power_off(["v1"]))
    done(two.provider(hosts=known[:1]).start(["v1"]))
    assert two.hypervisor.contents["dcos", key] != before
    assert "v2" not in (two.root("v1") / "etc/hosts").read_text()


# Secrets


def test_secrets_are_in_one_volume_that_only_its_owner_reads_and_nowhere_else(two: Lab) -> None:
    create(two)
    key = two.state_dir / "ssh/hosts/v1/ssh_host_ed25519_key"
    volume = names.Names(CLUSTER).volume("v1", names.CREDENTIALS)
    lines = two.hypervisor.contents["dcos", volume].decode().splitlines()
    kept = next(line for line in lines if line.startswith("f+~ /etc/ssh/ssh_host_ed25519_key 0600 root root - "))
    assert base64.b64decode(kept.rpartition(" ")[2]) == key.read_bytes()
    assert "d /root/.ssh 0700 root root -" in lines
    assert "<mode>0600</mode>" in Volume(volume, 1, "raw").xml
    private = "".join(key.read_text().splitlines()[1:-1])
    for one in two.hypervisor.domains():
        assert private[:40] not in one.xml and base64.b64encode(key.read_bytes()).decode()[:40] not in one.xml
        assert "io.systemd.credential:system.hostname=" in one.xml


# Shape


def test_another_shape_is_taken_on_at_the_next_start_and_disturbs_nobody(two: Lab) -> None:
    create(two)
    boots = two.run("v1", "cat boot_id")
    larger = (V1.model_copy(update={"cpus": 2.0, "mem_mb": 768}), V2)
    assert two.provider().outdated(V1) == ""
    assert two.provider().outdated(larger[0]) == "cpus from 1 to 2, mem_mb from 512 to 768"
    told: list[str] = []
    done(two.provider(hosts=larger).create(orders(larger), lambda name, text: told.append(f"{name}: {text}")))
    assert "v1: cpus from 1 to 2, mem_mb from 512 to 768: from its next start on" in told
    assert two.run("v1", "cat boot_id") == boots
    assert two.provider().outdated(larger[0]) == ""


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"options": {"dcos_libvirt_pool": "third"}}, "its storage pool cannot change from dcos to third"),
        ({"address": "198.19.251.9"}, "its address cannot change from 198.19.251.5 to 198.19.251.9"),
        ({"disk_mb": 4096}, "its disk cannot grow from 2048 to 4096 MiB"),
        ({"options": {"dcos_libvirt_disks": "300"}}, "its data disks cannot change from none to 300 MiB"),
    ],
)
def test_what_was_decided_when_a_machine_was_made_cannot_change(two: Lab, changed: dict[str, object], why: str) -> None:
    create(two)
    hosts = (V1.model_copy(update=changed), V2)
    results = two.provider(hosts=hosts).create(orders(hosts))
    assert failed(results)["v1"].why == why
    assert well(results)["v2"].condition is Condition.RUNNING


# KVM and TCG


def kind(made: Lab, name: str) -> str:
    machine = mark_of(next(one.xml for one in made.hypervisor.domains() if one.name.endswith(name)))
    assert machine is not None
    return machine.kind


@pytest.mark.parametrize(
    ("kinds", "acceleration", "wanted"),
    [
        ({"kvm", "qemu"}, "auto", "kvm"),
        ({"kvm", "qemu"}, "kvm", "kvm"),
        ({"kvm", "qemu"}, "tcg", "qemu"),
        ({"qemu"}, "auto", "qemu"),
        ({"qemu"}, "tcg", "qemu"),
    ],
)
def test_kvm_where_it_is_and_tcg_says_that_it_is_slow(
    tmp_path: Path, kinds: set[str], acceleration: str, wanted: str
) -> None:
    with lab(tmp_path, V1, kinds=frozenset(kinds), dcos_libvirt_acceleration=acceleration) as made:
        told: list[str] = []
        done(create(made, told))
        assert kind(made, "v1") == wanted
        assert any("ten times slower" in text for text in told) == (wanted == "qemu")
        detail = made.provider().inspect()["v1"].detail
        assert ("slow" in detail) == (wanted == "qemu")
        done(create(made, told := []))
        assert not any("slower" in text for text in told)  # of machines that are there it is told once


def test_kvm_that_is_asked_for_and_not_there_is_refused(tmp_path: Path) -> None:
    with lab(tmp_path, V1, kinds=frozenset({"qemu"}), dcos_libvirt_acceleration="kvm") as made:
        with pytest.raises(ProviderError, match="has no KVM") as caught:
            create(made)
        assert "dcos_libvirt_acceleration=auto" in caught.value.hint


def test_kvm_that_is_there_and_does_not_work_gives_way_to_tcg(tmp_path: Path) -> None:
    """It refuses to start one machine, and stops the other one's processor."""
    with lab(tmp_path, host("v1"), host("v2"), kinds=frozenset({"kvm", "qemu"})) as made:
        names_, told = names.Names(CLUSTER), []
        made.faults.fails_once = {f"start {names_.domain('v1')}": "failed to set MSR 0x10a"}
        made.faults.powers = {names_.domain("v2"): Power.STUCK}
        results = made.provider().create(orders(made.spec.hosts), lambda name, text: told.append(f"{name}: {text}"))
        assert {state.condition for state in well(done(results)).values()} == {Condition.RUNNING}
        assert (kind(made, "v1"), kind(made, "v2")) == ("qemu", "qemu")
        assert any("v1: KVM there does not run it (failed to set MSR 0x10a)" in text for text in told)
        assert any("v2: KVM there does not run it (its processor stopped)" in text for text in told)


@pytest.mark.parametrize(
    ("why", "kvm"),
    [
        ("internal error: process exited: qemu-system-x86_64: failed to set MSR 0x48f to 0x7fffff00036dfb", True),
        ("Could not access KVM kernel module: Permission denied", True),
        ("qemu: ../target/i386/kvm/kvm.c:2701: kvm_buf_set_msrs: Assertion `ret == cpu->nmsrs' failed.", True),
        ("unsupported configuration: Domain requires KVM, but it is not available", True),
        ("internal error: process exited while connecting to monitor", True),
        ("internal error: qemu unexpectedly closed the monitor: ", True),
        ("internal error: process exited while connecting to monitor: Cannot find the disk", False),
        ("cannot set up guest memory 'pc.ram': Cannot allocate memory", False),
        ("Cannot access storage file '/srv/kvm/dcos/v1.root.qcow2': No such file or directory", False),
        ("Requested operation is not valid: network 'dcos-7e57fffd' is not active", False),
    ],
)
def test_only_what_kvm_refuses_is_tried_without_it(tmp_path: Path, why: str, kvm: bool) -> None:
    with lab(tmp_path, V1, kinds=frozenset({"kvm", "qemu"})) as made:
        made.faults.fails_once = {f"start {names.Names(CLUSTER).domain('v1')}": why}
        refused = failed(create(made))
        assert kind(made, "v1") == ("qemu" if kvm else "kvm")
        assert bool(refused) is not kvm
        if refused:
            assert refused["v1"].why == why and "it cannot be started" in refused["v1"].what
            done(create(made))
            assert kind(made, "v1") == "kvm"


def test_kvm_that_was_asked_for_and_does_not_work_is_an_error(tmp_path: Path) -> None:
    with lab(tmp_path, V1, kinds=frozenset({"kvm", "qemu"}), dcos_libvirt_acceleration="kvm") as made:
        made.faults.powers = {names.Names(CLUSTER).domain("v1"): Power.STUCK}
        error = failed(create(made))["v1"]
        assert error.what == "v1: it does not go on" and "dcos_libvirt_acceleration=tcg" in error.hint
        assert made.provider().inspect()["v1"].condition is Condition.BROKEN
        done(made.provider().start(["v1"]))  # its power is cut, and it starts anew


# What machines say


def test_a_machine_that_falls_over_shows_the_end_of_its_console(two: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    create(two)
    done(two.provider().power_off(["v1"]))
    console = names.Names(CLUSTER).volume("v1", names.CONSOLE)
    old = b"an earlier run\r\n"
    two.hypervisor.create_volume("dcos", Volume(console, len(old), "raw").xml)
    two.hypervisor.contents["dcos", console] = old
    new = b"\x1b[2J\x1b[01;01HKernel panic - not syncing\r\n---[ end ]---\r\n"

    def panic(address: str) -> SshProblem:
        two.hypervisor.contents["dcos", console] = old + new
        two.hypervisor.cut_power(names.Names(CLUSTER).domain("v1"))
        return SshProblem("nothing answers", "nobody is there")

    monkeypatch.setattr("dcos_installer.providers.libvirt.control.ssh_problem", panic)
    error = failed(two.provider().start(["v1"]))["v1"]
    assert error.what == "v1: it is off again"
    assert error.evidence.splitlines() == ["Kernel panic - not syncing", "---[ end ]---"]


def test_a_machine_whose_ssh_stays_silent_is_told_with_why(two: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "_SSH_SECONDS", {"qemu": 0.05})
    monkeypatch.setattr(control, "ssh_problem", lambda address: SshProblem("nothing answers", "its network is cut"))
    results = create(two)
    error = failed(results)["v1"]
    assert "SSH did not answer" in error.what and "198.19.251.5" in error.what and "its network is cut" in error.why
    assert two.provider().inspect()["v1"].condition is Condition.RUNNING


def test_a_machine_that_ignores_its_power_button_is_told(two: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    create(two)
    monkeypatch.setattr(control, "_OFF_SECONDS", {"qemu": 0.05})
    monkeypatch.setattr(two.hypervisor, "press_power_button", lambda name: None)
    error = failed(two.provider().reboot(["v1"]))["v1"]
    assert "did not switch off" in error.what and "power-off and start" in error.hint
    done(two.provider().power_off(["v1"]))
    assert "does not run" in failed(two.provider().reboot(["v1"]))["v1"].what


def test_an_interrupted_wait_ends(two: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    provider = two.provider()
    monkeypatch.setattr(control, "ssh_problem", lambda address: SshProblem("nothing answers", ""))
    provider._cancelled.set()
    results = provider.create(orders(two.spec.hosts))
    assert {"not waited for" in error.what for error in failed(results).values()} == {True}


# The image


def golden_volumes(made: Lab) -> list[str]:
    return sorted(line for line in made.left() if line.startswith("volume dcos-golden-"))


def test_half_an_image_that_a_killed_run_left_is_brought_anew(two: Lab) -> None:
    two.faults.refuse = dict.fromkeys(("uploaded dcos-golden", "delete volume"), "the connection broke")
    with pytest.raises(ProviderError, match="uploaded"):
        create(two)
    assert len(golden_volumes(two)) == 1  # without its mark
    two.faults.refuse = {}
    done(create(two))
    assert len([line for line in golden_volumes(two) if line.endswith(".complete")]) == 2


def test_an_image_that_another_run_is_bringing_is_waited_for(two: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    done(create(two))
    done(two.provider().destroy(["v1"]))
    (mark,) = (line.removeprefix("volume ") for line in golden_volumes(two)[:1] if line.endswith(".complete"))
    pool = "dcos"
    two.hypervisor.delete_volume(pool, mark)
    delete = two.hypervisor.delete_volume

    def in_use(pool: str, name: str) -> None:
        if name.startswith("dcos-golden") and name.endswith(".qcow2"):
            raise LibvirtFailed("no", code=55, why=f"volume '{name}' is still in use.", hint="wait")
        delete(pool, name)

    monkeypatch.setattr(two.hypervisor, "delete_volume", in_use)
    monkeypatch.setattr(golden, "_PAUSE_SECONDS", 0.01)
    told: list[str] = []

    def finish_theirs() -> None:
        two.hypervisor.create_volume(pool, Volume(mark, 1, "raw").xml)

    timer = threading.Timer(0.2, finish_theirs)
    timer.start()
    done(create(two, told))
    timer.join()
    assert [text for text in told if "waiting for it" in text] == [
        ": another run uploads the image into the storage pool dcos: waiting for it"
    ]
    assert not any("uploading the image" in text for text in told)


def test_an_image_that_grows_is_not_taken_away_from_who_brings_it(two: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """libvirt would: while bytes come, the volume is not in use."""
    done(create(two))
    done(two.provider().destroy(["v1"]))
    (mark,) = (line.removeprefix("volume ") for line in golden_volumes(two)[:1] if line.endswith(".complete"))
    pool, seen = "dcos", two.hypervisor.volume
    two.hypervisor.delete_volume(pool, mark)
    looks = 0

    def growing(pool: str, name: str) -> SeenVolume | None:
        nonlocal looks
        found = seen(pool, name)
        if found is None or not name.startswith("dcos-golden"):
            return found
        looks += 1
        if looks == 5:
            two.hypervisor.create_volume(pool, Volume(mark, 1, "raw").xml)
        return replace(found, allocation=looks)

    monkeypatch.setattr(two.hypervisor, "volume", growing)
    monkeypatch.setattr(golden, "_STILL_SECONDS", 60.0)
    told: list[str] = []
    done(create(two, told))
    assert any("waiting for it" in text for text in told)
    assert not any("uploading the image" in text for text in told)


def test_an_image_that_is_not_what_its_manifest_says_is_refused_and_taken_away(two: Lab) -> None:
    image = Path(two.spec.options["dcos_libvirt_image"])
    image.write_bytes(image.read_bytes() + b"more")
    with pytest.raises(ProviderError, match="is not what its manifest says"):
        create(two)
    assert golden_volumes(two) == []


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda path: path.write_bytes(b"\x7fELF"), "it is no qcow2 file"),
        (lambda path: write_image(path, backing=512), "a layer over another file"),
        (lambda path: write_image(path, features=4), "a layer over another file"),
        (lambda path: path.unlink(), "No such file"),
    ],
)
def test_a_file_that_no_machine_can_be_made_from_is_refused(two: Lab, make: Callable[[Path], object], why: str) -> None:
    make(Path(two.spec.options["dcos_libvirt_image"]))
    with pytest.raises(ProviderError) as caught:
        create(two)
    assert why in caught.value.why and "dcos_libvirt_image" in caught.value.hint
    assert two.left() == []


def test_an_image_without_a_manifest_is_taken_by_its_own_digest(two: Lab) -> None:
    path = write_image(Path(two.spec.options["dcos_libvirt_image"]), manifest=False)
    path.with_name("manifest.json").unlink()
    assert two.provider().expected(V1).facts is None
    done(create(two))


def test_another_image_is_for_new_machines_only_and_the_former_goes_with_its_last(two: Lab) -> None:
    done(create(two))
    first = golden_volumes(two)
    write_image(Path(two.spec.options["dcos_libvirt_image"]))
    assert failed(create(two)) == {} and golden_volumes(two) == first
    done(two.provider().destroy(["v1"]))
    done(create(two))
    assert len(golden_volumes(two)) == len(first) + 2
    done(two.provider().destroy())
    assert two.left() == []


# Remains


def test_what_is_left_of_a_cluster_is_found_by_its_marks_alone(two: Lab) -> None:
    given = addresses(create(two))
    left = remains(CLUSTER, two.spec, "libvirt")
    assert dict(left.machines) == given and left.shared
    assert left.options["dcos_libvirt_network"] == "198.19.251.0/28"
    assert not remains(OTHER, two.spec, "libvirt")
    done(two.provider().destroy())
    assert not remains(CLUSTER, two.spec, "libvirt")


def _without_images(left: list[str]) -> list[str]:
    return sorted("volume golden" if "dcos-golden-" in line else line for line in left)
