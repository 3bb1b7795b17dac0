"""What every provider of machines keeps to, asked of each of them by the same tests."""

from __future__ import annotations

import platform
import shlex
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dcos_installer.config.model import ClusterSpec, HostSpec, SshSpec
from dcos_installer.providers import registry
from dcos_installer.providers.base import Condition, MachineState, Provider, ProviderError, failed, well
from dcos_installer.providers.registry import declaration, declarations, open_provider
from tests.support.installer import libvirt_lab
from tests.support.machines.nspawn_lab import cluster, done, lab, needs_machines, orders, ssh_command
from tests.support.providers.late.provider import LateProvider

STATIC = ClusterSpec(
    name="existing",
    cluster_id="7e57ffff-0000-4000-8000-000000000000",
    provider="static",
    hosts=tuple(
        HostSpec(
            name=f"rack{number}",
            address=f"198.19.255.{number}",
            roles=frozenset({"agent"}),
            ssh=SshSpec(address=f"rack{number}.example", port=2222, user="operator", identity_file=Path("/keys/own")),
        )
        for number in (1, 2)
    ),
    inventory_path=Path("rack.ini"),
)


def late_spec(cloud: Path) -> ClusterSpec:
    return ClusterSpec(
        name="cloudy",
        cluster_id="7e57fffe-0000-4000-8000-000000000000",
        provider="late",
        hosts=tuple(
            HostSpec(name=name, address="", roles=frozenset({"agent"}), ssh=SshSpec(address=""), late=True)
            for name in ("c1", "c2")
        ),
        options={"dcos_late_cloud": str(cloud)},
        inventory_path=Path("cloud.ini"),
    )


@dataclass
class Served:
    """A provider with its cluster; ``run`` gives what a command prints on a machine."""

    provider: Provider
    spec: ClusterSpec
    state_dir: Path
    run: Callable[[str, str], str]
    boot_id: str = "cat /proc/sys/kernel/random/boot_id"

    @property
    def names(self) -> list[str]:
        return [host.name for host in self.spec.hosts]

    def boot_ids(self) -> list[str]:
        return [self.run(name, self.boot_id) for name in self.names] if self.provider.makes_machines else []


@pytest.fixture(scope="module")
def late_is_known() -> Iterator[None]:
    """The folder of providers that only tests know is looked through, too: no more is needed for one."""
    registry.SEARCHED_PACKAGES.append("tests.support.providers")
    yield
    registry.SEARCHED_PACKAGES.remove("tests.support.providers")


@pytest.fixture(
    scope="module",
    params=["static", "late", "libvirt", pytest.param("nspawn", marks=[pytest.mark.machines, needs_machines])],
)
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, late_is_known: None
) -> Iterator[Served]:
    """Each provider with a cluster of its own, whose machines are made, as far as the provider makes any."""
    state_dir = tmp_path_factory.mktemp(request.param)
    if request.param == "static":
        yield Served(open_provider(STATIC, state_dir), STATIC, state_dir, lambda name, command: "")
    elif request.param == "libvirt":
        hosts = libvirt_lab.host("v1", "198.19.251.5"), libvirt_lab.host("v2")  # one address is told, the other given
        with libvirt_lab.lab(state_dir / "lab", *hosts) as there:
            provider = open_provider(there.spec, there.state_dir)
            yield _made(Served(provider, there.spec, there.state_dir, there.run, boot_id="cat boot_id"))
            assert there.left() == []
    elif request.param == "late":
        yield _served_late(late_spec(tmp_path_factory.mktemp("cloud")), state_dir)
    else:
        with lab(cluster(240, "h1", cpus=1.0, mem_mb=512), state_dir) as made:
            yield _made(Served(made.provider, made.spec, state_dir, lambda name, line: made.ssh(name, line).stdout))


def _served_late(spec: ClusterSpec, state_dir: Path) -> Served:
    provider = open_provider(spec, state_dir)
    assert isinstance(provider, LateProvider)

    def run(name: str, command: str) -> str:
        root = provider.root(name)
        environment = {"PATH": f"{root}/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(root)}
        argv = ["/bin/sh", "-c", command]
        return subprocess.run(argv, cwd=root, env=environment, capture_output=True, text=True, check=True).stdout

    return _made(Served(provider, spec, state_dir, run, boot_id="cat boot_id"))


def _made(served: Served) -> Served:
    """Has the machines made; what each became is the cluster's from here on."""
    provider, spec = served.provider, served.spec
    before = {host.name: provider.ssh(host) for host in spec.hosts}
    assert {state.condition for state in provider.inspect().values()} == {Condition.ABSENT}
    made = well(done(provider.create(orders(spec.hosts))))
    assert list(made) == served.names
    hosts = []
    for host in spec.hosts:
        assert made[host.name].condition is Condition.RUNNING and made[host.name].address
        if host.address:
            assert made[host.name].address == host.address
            assert provider.ssh(host) == before[host.name]
        hosts.append(host.model_copy(update={"address": made[host.name].address}))
    served.spec = spec.model_copy(update={"hosts": tuple(hosts)})
    assert failed(provider.introduce(served.spec)) == {}
    return served


def test_a_provider_is_found_by_the_name_the_inventory_gives(served: Served) -> None:
    assert isinstance(served.provider, Provider)
    assert served.provider.name == served.spec.provider
    assert served.provider.makes_machines == declaration(served.spec.provider).makes_machines
    assert isinstance(open_provider(served.spec, served.state_dir), type(served.provider))


def test_every_host_is_inspected_and_exists(served: Served) -> None:
    states = served.provider.inspect()
    assert list(states) == served.names
    for host in served.spec.hosts:
        assert states[host.name].name == host.name
        assert states[host.name].address == host.address
        assert states[host.name].exists
    wanted = Condition.RUNNING if served.provider.makes_machines else Condition.UNKNOWN
    assert {state.condition for state in states.values()} == {wanted}


def test_what_one_provider_made_another_of_the_same_cluster_finds(served: Served, tmp_path: Path) -> None:
    """Nothing but the machines themselves tells: not what this process, or this state, remembers."""
    again = open_provider(served.spec, tmp_path).inspect()
    assert {name: (state.condition, state.address) for name, state in again.items()} == {
        name: (state.condition, state.address) for name, state in served.provider.inspect().items()
    }


def test_a_machine_is_told_before_it_exists_and_turns_out_so(served: Served) -> None:
    host = served.spec.hosts[0]
    expected = served.provider.expected(host)
    assert expected == served.provider.expected(host)
    assert (expected.name, expected.roles, expected.address) == (host.name, host.roles, host.address)
    declared = expected.facts
    if not served.provider.makes_machines:
        assert declared is None
        return
    assert declared is not None
    said = served.run(
        host.name,
        "python3 -c "
        + shlex.quote(
            "import os, platform, sys; from pathlib import Path\n"
            "lines = Path('/etc/os-release').read_text().split()\n"
            "release = dict(line.split('=', 1) for line in lines if '=' in line)\n"
            "print(release['ID'], release['VERSION_ID'].strip(chr(34)), platform.machine())\n"
            "print('cp%d%d' % sys.version_info[:2], '-'.join(platform.libc_ver()))\n"
            "print('v2' if Path('/sys/fs/cgroup/cgroup.controllers').exists() else 'v1')\n"
        ),
    ).split()
    assert said == [
        declared.os_id,
        declared.os_version,
        declared.arch,
        declared.python,
        declared.libc,
        declared.cgroups,
    ]
    assert declared.arch == platform.machine()
    served.run(host.name, f"command -v {declared.container_runtime} conmon")
    served.run(host.name, f"dpkg-query --show {' '.join(sorted(declared.os_packages))}")
    if host.cpus is not None:
        assert (declared.cpus, declared.mem_mb) == (host.cpus, host.mem_mb)


def test_a_machine_is_reached_as_its_ssh_target_says(served: Served) -> None:
    host = served.spec.hosts[0]
    target = served.provider.ssh(host)
    if served.provider.makes_machines:
        assert target.known_hosts_file is not None
        assert target.identity_file is not None
        assert target.address == host.address
        assert target.address in target.known_hosts_file.read_text()
        assert served.run(host.name, "id -un; hostname").split() == [target.user, host.name]
    else:
        assert (target.address, target.port, target.user) == (host.ssh.address, host.ssh.port, host.ssh.user)
        assert target.identity_file == host.ssh.identity_file
        assert target.known_hosts_file is None
    assert ssh_command(target)[-1] == f"{target.user}@{target.address}"


def test_creating_what_is_there_changes_nothing(served: Served) -> None:
    boots = served.boot_ids()
    received: list[str] = []
    results = done(served.provider.create(orders(served.spec.hosts), lambda name, text: received.append(name)))
    assert {name: state.address for name, state in well(results).items()} == {
        host.name: host.address for host in served.spec.hosts
    }
    assert set(received) >= set(served.names)
    assert served.boot_ids() == boots


def test_a_machine_is_switched_by_its_provider_or_the_refusal_says_by_whom(served: Served) -> None:
    provider, name = served.provider, served.names[0]
    if not provider.makes_machines:
        for switch in (provider.start, provider.power_off, provider.reboot):
            assert set(failed(switch(served.names))) == set(served.names)
            error = failed(switch([name]))[name]
            assert error.machine == name
            assert error.why and error.hint
        return
    served.run(name, "echo kept >kept")
    boots = served.boot_ids()

    assert well(done(provider.reboot([name])))[name].condition is Condition.RUNNING
    assert served.boot_ids() != boots

    for _ in range(2):
        assert well(done(provider.power_off([name])))[name].condition is Condition.OFF
    assert provider.inspect()[name].condition is Condition.OFF

    for _ in range(2):
        assert well(done(provider.start([name])))[name].condition is Condition.RUNNING
    assert provider.inspect()[name].condition is Condition.RUNNING
    assert served.run(name, "cat kept") == "kept\n"


def test_one_machines_failure_does_not_hide_what_became_of_the_others(served: Served) -> None:
    provider = served.provider
    for switch in (provider.start, provider.reboot, provider.power_off, provider.start):
        results = switch(["nobody", *served.names])
        assert list(results) == ["nobody", *served.names] or set(results) == {"nobody", *served.names}
        error = results["nobody"]
        assert isinstance(error, ProviderError) and "nobody" in error.what and error.hint
        if provider.makes_machines:
            assert all(isinstance(results[name], MachineState) for name in served.names)


def test_a_machine_that_is_replaced_is_a_new_one_in_its_place_and_disturbs_no_other(served: Served) -> None:
    provider, replaced = served.provider, served.spec.hosts[0]
    if not provider.makes_machines:
        return
    served.run(replaced.name, "echo kept >kept")
    boots = served.boot_ids()
    gone = well(done(provider.destroy([replaced.name])))
    assert gone[replaced.name].condition is Condition.ABSENT
    assert provider.inspect()[replaced.name].condition is Condition.ABSENT
    made = well(done(provider.create(orders([replaced]))))[replaced.name]
    assert made.condition is Condition.RUNNING and made.address
    assert replaced.late or made.address == replaced.address
    replaced = replaced.model_copy(update={"address": made.address})
    served.spec = served.spec.model_copy(update={"hosts": (replaced, *served.spec.hosts[1:])})
    assert failed(provider.introduce(served.spec)) == {}
    target = provider.ssh(replaced)
    assert target.known_hosts_file is not None and target.address in target.known_hosts_file.read_text()
    assert served.run(replaced.name, "hostname; ls kept 2>/dev/null || true") == f"{replaced.name}\n"
    after = served.boot_ids()
    assert after[0] != boots[0] and after[1:] == boots[1:]


def test_destroying_removes_what_was_made_and_only_that(served: Served) -> None:
    received: list[str] = []
    results = done(served.provider.destroy(note=lambda name, text: received.append(name)))
    assert sorted(received) == sorted(well(results)) == sorted(served.names)
    wanted = {Condition.ABSENT if served.provider.makes_machines else Condition.UNKNOWN}
    assert {state.condition for state in well(results).values()} == wanted
    done(served.provider.destroy())
    assert {state.condition for state in served.provider.inspect().values()} == wanted


def test_an_unknown_provider_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    spec = STATIC.model_copy(update={"provider": "floppy"})
    with pytest.raises(ProviderError) as caught:
        open_provider(spec, tmp_path)
    assert ", ".join(declarations()) in caught.value.hint
    assert "nspawn" in caught.value.hint and "static" in caught.value.hint
