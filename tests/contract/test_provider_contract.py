"""What every provider of machines keeps to, asked of each of them by the same tests."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from pathlib import Path

import pytest

from dcos_installer.config.model import ClusterSpec, HostSpec, SshSpec
from dcos_installer.providers import names, open_provider
from dcos_installer.providers.base import Condition, Provider, ProviderError
from tests.support.machines.nspawn_lab import Lab, cluster, lab, needs_machines, ssh_command

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


@pytest.fixture(scope="module", params=["static", pytest.param("nspawn", marks=[pytest.mark.machines, needs_machines])])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Each provider with a cluster of its own, whose machines are made, as far as the provider makes any."""
    state_dir = tmp_path_factory.mktemp(request.param)
    if request.param == "static":
        yield Lab(open_provider(STATIC, state_dir), STATIC, state_dir)
        return
    with lab(cluster(240, "h1", cpus=1.0, mem_mb=512), state_dir) as made:
        before = {host.name: made.provider.ssh(host) for host in made.spec.hosts}
        assert {state.condition for state in made.provider.inspect().values()} == {Condition.ABSENT}
        made.provider.create(made.spec.hosts)
        assert {host.name: made.provider.ssh(host) for host in made.spec.hosts} == before
        yield made


def test_a_provider_is_found_by_the_name_the_inventory_gives(served: Lab) -> None:
    assert isinstance(served.provider, Provider)
    assert served.provider.name == served.spec.provider
    assert served.spec.provider in names()
    assert isinstance(open_provider(served.spec, served.state_dir), type(served.provider))


def test_every_host_is_inspected_and_exists(served: Lab) -> None:
    states = served.provider.inspect()
    assert list(states) == [host.name for host in served.spec.hosts]
    for host in served.spec.hosts:
        assert states[host.name].name == host.name
        assert states[host.name].address == host.address
        assert states[host.name].exists
    wanted = Condition.RUNNING if served.provider.makes_machines else Condition.UNKNOWN
    assert {state.condition for state in states.values()} == {wanted}


def test_a_declared_machine_turns_out_as_declared(served: Lab) -> None:
    host = served.spec.hosts[0]
    declared = served.provider.declared(host)
    assert declared == served.provider.declared(host)
    if not served.provider.makes_machines:
        assert declared is None
        return
    assert declared is not None
    said = served.python(
        host.name,
        "import os, platform, sys; from pathlib import Path\n"
        "lines = Path('/etc/os-release').read_text().split()\n"
        "release = dict(line.split('=', 1) for line in lines if '=' in line)\n"
        "print(release['ID'], release['VERSION_ID'].strip(chr(34)), platform.machine())\n"
        "print('cp%d%d' % sys.version_info[:2], '-'.join(platform.libc_ver()))\n"
        "print('v2' if Path('/sys/fs/cgroup/cgroup.controllers').exists() else 'v1')\n",
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
    served.ssh(host.name, f"command -v {declared.container_runtime} conmon")
    served.ssh(host.name, f"dpkg-query --show {' '.join(sorted(declared.os_packages))}")
    assert (declared.cpus, declared.mem_mb) == (host.cpus, host.mem_mb)


def test_a_machine_is_reached_as_its_ssh_target_says(served: Lab) -> None:
    host = served.spec.hosts[0]
    target = served.provider.ssh(host)
    if served.provider.makes_machines:
        assert target.known_hosts_file is not None
        assert target.identity_file is not None
        assert served.ssh(host.name, "id -un; hostname").stdout.split() == [target.user, host.name]
    else:
        assert (target.address, target.port, target.user) == (host.ssh.address, host.ssh.port, host.ssh.user)
        assert target.identity_file == host.ssh.identity_file
        assert target.known_hosts_file is None
    assert ssh_command(target)[-1] == f"{target.user}@{target.address}"


def test_creating_what_is_there_changes_nothing(served: Lab) -> None:
    boots = _boot_ids(served)
    told: list[str] = []
    served.provider.create(served.spec.hosts, lambda name, text: told.append(name))
    assert set(told) >= {host.name for host in served.spec.hosts}
    assert _boot_ids(served) == boots


def test_a_machine_is_switched_by_its_provider_or_the_refusal_says_by_whom(served: Lab) -> None:
    name = served.spec.hosts[0].name
    if not served.provider.makes_machines:
        for switch in (served.provider.start, served.provider.power_off, served.provider.reboot):
            with pytest.raises(ProviderError) as caught:
                switch(name)
            assert caught.value.machine == name
            assert caught.value.hint
        return
    served.ssh(name, "echo kept >/var/tmp/kept")
    boots = _boot_ids(served)

    served.provider.reboot(name)
    assert _boot_ids(served) != boots

    served.provider.power_off(name)
    served.provider.power_off(name)
    assert served.provider.inspect()[name].condition is Condition.OFF

    served.provider.start(name)
    served.provider.start(name)
    assert served.provider.inspect()[name].condition is Condition.RUNNING
    assert served.ssh(name, "cat /var/tmp/kept").stdout == "kept\n"


def test_an_unknown_machine_is_refused(served: Lab) -> None:
    with pytest.raises(ProviderError, match="nobody") as caught:
        served.provider.start("nobody")
    assert caught.value.hint


def test_destroying_removes_what_was_made_and_only_that(served: Lab) -> None:
    told: list[str] = []
    served.provider.destroy(note=lambda name, text: told.append(name))
    assert told == [host.name for host in served.spec.hosts]
    served.provider.destroy()
    left = {state.condition for state in served.provider.inspect().values()}
    assert left == {Condition.ABSENT if served.provider.makes_machines else Condition.UNKNOWN}


def test_an_unknown_provider_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    spec = STATIC.model_copy(update={"provider": "floppy"})
    with pytest.raises(ProviderError) as caught:
        open_provider(spec, tmp_path)
    assert "nspawn, static" in caught.value.hint


def _boot_ids(served: Lab) -> list[str]:
    if not served.provider.makes_machines:
        return []
    return [served.ssh(host.name, "cat /proc/sys/kernel/random/boot_id").stdout for host in served.spec.hosts]
