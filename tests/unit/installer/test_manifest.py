"""Manifests: what each role lays down, how fragments merge, one canonical form."""

from __future__ import annotations

import itertools
import re
import shlex
import shutil
import subprocess
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import msgspec
import pytest

from dcos_installer.config.model import ClusterSpec, Settings
from dcos_installer.data import roles_dir
from dcos_installer.plan import materials
from dcos_installer.plan.compose import fragment, manifest
from dcos_installer.plan.manifest import (
    ACTIVE,
    File,
    Firewall,
    Fragment,
    Link,
    Manifest,
    ManifestConflict,
    ManifestInvalid,
    Package,
    Secret,
    Sysctl,
    Unit,
    User,
    unit_file,
)
from dcos_installer.plan.materials import MaterialsMissing
from dcos_installer.plan.merge import merge
from dcos_installer.plan.values import env_quoted, port_list
from dcos_installer.services import DescriptorsInvalid, installed
from dcos_runtime.flags import parse
from dcos_runtime.flags.programs import PROGRAMS
from dcos_runtime.flags.values import project_range
from tests.support.installer.folder_hosts import FACTS, RUNTIME, a_spec, the_materials


def made(spec: ClusterSpec, host: str) -> Manifest:
    return manifest(spec, spec.host(host), FACTS, the_materials())


def text(manifest: Manifest, path: str) -> str:
    return next(file.content for file in manifest.files if file.path == path)


def test_the_same_inputs_give_the_same_bytes() -> None:
    assert made(a_spec(), "m1").encode() == made(a_spec(), "m1").encode()
    assert len(made(a_spec(), "m1").digest) == 64


def test_a_manifest_survives_being_written_and_read() -> None:
    for host in ("m1", "a1", "p1"):
        assert msgspec.json.decode(made(a_spec(), host).encode(), type=Manifest) == made(a_spec(), host)


def test_an_unknown_part_of_a_manifest_is_refused() -> None:
    data = msgspec.json.decode(made(a_spec(), "a1").encode())
    data["surprise"] = 1
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode(data), type=Manifest)


def test_a_master_gets_coordination_kernel_and_init_in_the_order_in_which_they_start() -> None:
    units = [unit.name for unit in made(a_spec(), "m1").units]
    assert units == [
        f"dcos-{name}.service"
        for name in ("firewall", "zookeeper", "master", "marathon", "auth", "cosmos", "gateway", "repository")
    ]


def test_agents_private_and_public_get_the_agent_only() -> None:
    for host in ("a1", "p1"):
        assert [unit.name for unit in made(a_spec(), host).units] == ["dcos-firewall.service", "dcos-agent.service"]


def test_a_public_agent_says_so_in_its_attributes_and_a_private_one_does_not() -> None:
    assert 'MESOS_ATTRIBUTES="public_ip:true"' in text(made(a_spec(), "p1"), "etc/dcos-agent.env")
    assert "MESOS_ATTRIBUTES" not in text(made(a_spec(), "a1"), "etc/dcos-agent.env")


def test_attributes_and_resources_of_the_inventory_reach_the_agent_whatever_they_hold() -> None:
    spec = a_spec()
    host = spec.host("a1").model_copy(
        update={"attributes": {"rack": "r1", "note": 'a "b" $c'}, "resources": "cpus:2;ports:[31000-31100]"}
    )
    made = manifest(spec, host, FACTS, the_materials())
    env = text(made, "etc/dcos-agent.env")
    assert r'MESOS_ATTRIBUTES="note:a \"b\" \$c;rack:r1"' in env
    assert 'MESOS_RESOURCES="cpus:2;ports:[31000-31100]"' in env


def test_every_master_is_named_in_the_ensemble_and_each_knows_its_own_number() -> None:
    spec = a_spec(masters=3)
    for number, host in enumerate(("m1", "m2", "m3"), start=1):
        found = made(spec, host)
        assert text(found, "etc/zookeeper/self") == f"{number} 198.18.0.1{number}\n"
        for other in (1, 2, 3):
            assert f"server.{other}=198.18.0.1{other}:2888:3888" in text(found, "etc/zookeeper/members")


def test_another_master_would_restart_no_coordination_that_runs() -> None:
    one, three = made(a_spec(), "m1"), made(a_spec(masters=3), "m1")
    (unit,) = [unit for unit in one.units if unit.name == "dcos-zookeeper.service"]
    files = [name for name in unit.reads if not name.startswith("secret:")]
    assert [text(one, name) for name in files] == [text(three, name) for name in files]


def test_the_store_is_named_by_a_secret_and_leaders_are_looked_for_without_one() -> None:
    found = made(a_spec(masters=3), "m1")
    mesos = "zk://198.18.0.11:2181,198.18.0.12:2181,198.18.0.13:2181/mesos"
    assert 'MESOS_ZK="file:///etc/dcos-secrets/zk-master"' in text(found, "etc/dcos-master.env")
    assert f'MARATHON_MASTER="{mesos}"' in text(found, "etc/dcos-marathon.env")
    assert f'MESOS_MASTER="{mesos}"' in text(made(a_spec(masters=3), "a1"), "etc/dcos-agent.env")


def test_no_unit_is_asked_where_anybody_may_answer_and_each_shows_the_certificate_of_its_kind() -> None:
    spec, plain = a_spec(), {5050, 5051, 8080, 80}
    for host in spec.hosts:
        manifest = made(spec, host.name)
        secrets = {secret.name for secret in manifest.secrets}
        for unit in manifest.units:
            scheme, _, rest = unit.probe.partition("://")
            if scheme == "https":
                kind, place = rest.partition("/")[0].split("@")
                assert unit.name == f"dcos-{kind}.service" and f"tls-{kind}.pem" in secrets
                assert place.rpartition(":")[0] == host.address and int(place.rpartition(":")[2]) not in plain
            else:
                assert (unit.name, scheme) in {
                    ("dcos-firewall.service", ""),
                    ("dcos-zookeeper.service", "zookeeper"),
                    ("dcos-auth.service", "unix"),
                }


def test_no_task_is_given_a_daemons_port_and_the_kernel_hands_none_out() -> None:
    spec = a_spec()
    numbers = set(installed().all_ports)
    assert {5049, 5050, 5051, 5052, 7070, 7071, 8080, 8443, 2181, 2888, 3888} <= numbers

    def listed(words: str) -> set[int]:
        pairs = [[int(number) for number in part.split("-")] for part in words.split(",")]
        return {number for pair in pairs for number in range(pair[0], pair[-1] + 1)}

    for host in spec.hosts:
        manifest = made(spec, host.name)
        (reserved,) = [item.value for item in manifest.sysctls if item.key == "net.ipv4.ip_local_reserved_ports"]
        assert listed(reserved) == numbers | set(range(31000, 32001))
        assert reserved == port_list(reserved)  # as the kernel tells it
        if host.is_agent:
            env = text(manifest, "etc/dcos-agent.env")
            (found,) = re.findall(r'^MESOS_DAEMON_PORTS="(.*)"$', env, re.MULTILINE)
            assert listed(found) == numbers
            assert 'MESOS_ENFORCE_PORTS="true"' in env


@pytest.mark.parametrize("probe", ["http://198.18.0.1:5051/health", "tcp://198.18.0.1:1", "https://198.18.0.1:443"])
def test_a_probe_that_a_stranger_could_answer_is_in_no_manifest(probe: str) -> None:
    unit = Unit("dcos-a.service", probe=probe)
    piece = Fragment(role="a", files=(unit_file(unit.name, ""),), units=(unit,))
    with pytest.raises(ManifestInvalid, match="no probe that only the daemon itself can answer"):
        merge(a_spec(), a_spec().host("a1"), [piece])


def test_every_secret_is_its_daemons_alone_and_changing_it_restarts_that() -> None:
    daemons = ("zookeeper", "master", "marathon", "auth", "cosmos", "gateway", "repository")
    owners = {f"dcos-{name}" for name in daemons}
    for host in ("m1", "a1"):
        found = made(a_spec(), host)
        users = {unit.name: _user(text(found, f"units/{unit.name}")) for unit in found.units}
        for secret in found.secrets:
            readers = [unit.name for unit in found.units if f"secret:{secret.name}" in unit.reads]
            assert secret.mode == 0o400
            assert [users[name] for name in readers] == [secret.owner], secret
            assert secret.owner in owners or host == "a1"


def _user(unit: str) -> str:
    return next((line.removeprefix("User=") for line in unit.splitlines() if line.startswith("User=")), "root")


def test_no_secret_is_in_a_file_of_a_generation() -> None:
    for host in ("m1", "a1"):
        for file in made(a_spec(), host).files:
            assert "PRIVATE KEY" not in file.content and "dcos:" not in file.content, file.path


def test_the_ports_between_masters_are_for_masters_and_the_gateways_for_everybody() -> None:
    rules = text(made(a_spec(masters=3), "m1"), "etc/firewall.nft")
    assert "tcp dport { 2888, 3888 } ip saddr @masters accept" in rules
    members = "{ 2181, 5049, 5050, 5051, 5052, 7070, 7071, 7075, 7076, 8080, 8443 }"
    assert f"tcp dport {members} ip saddr @members accept" in rules
    assert f"tcp dport {members} ip saddr @operators accept" in rules
    closed = "{ 2181, 2888, 3888, 5049, 5050, 5051, 5052, 7070, 7071, 7075, 7076, 8080, 8443 }"
    assert f"tcp dport {closed} counter reject with tcp reset" in rules
    assert not re.search(r"\b(80|443)\b", rules)


def test_anonymous_reads_reach_masters_and_agents_and_are_none_by_default() -> None:
    spec = a_spec(settings=Settings(anonymous_reads=("/metrics/snapshot", "/state")))
    for host, env in (("m1", "etc/dcos-master.env"), ("a1", "etc/dcos-agent.env")):
        assert 'MESOS_ANONYMOUS_READS="/metrics/snapshot,/state"' in text(made(spec, host), env)
        assert "ANONYMOUS" not in text(made(a_spec(), host), env)


def test_capabilities_that_tasks_may_ask_for_reach_agents_and_are_none_by_default() -> None:
    env = text(
        made(a_spec(settings=Settings(agent_capabilities=("NET_RAW", "SYS_PTRACE"))), "a1"), "etc/dcos-agent.env"
    )
    assert 'MESOS_ADDITIONAL_CAPABILITIES="NET_RAW,SYS_PTRACE"' in env
    assert "CAPABILITIES" not in text(made(a_spec(), "a1"), "etc/dcos-agent.env")


def test_where_images_come_from_reaches_agents() -> None:
    given = Settings(docker_registry="https://r.example", docker_config="/etc/d.json", allow_privileged=True)
    given = given.model_copy(update={"allowed_host_paths": ("/srv/a", "/srv/b")})
    env = text(made(a_spec(settings=given), "a1"), "etc/dcos-agent.env")
    assert 'MESOS_DOCKER_REGISTRY="https://r.example"' in env
    assert 'MESOS_DOCKER_CONFIG="/etc/d.json"' in env
    assert 'MESOS_ALLOW_PRIVILEGED="true"' in env
    assert 'MESOS_ALLOWED_HOST_PATHS="/srv/a:/srv/b"' in env
    plain = text(made(a_spec(), "a1"), "etc/dcos-agent.env")
    assert not {"DOCKER", "PRIVILEGED", "HOST_PATHS"} & set(re.findall("DOCKER|PRIVILEGED|HOST_PATHS", plain))


def test_the_addresses_of_a_bridge_reach_agents_and_there_is_none_by_default() -> None:
    env = text(made(a_spec(settings=Settings(bridge_network="198.19.128.0/18")), "a1"), "etc/dcos-agent.env")
    assert 'MESOS_BRIDGE_NETWORK="198.19.128.0/18"' in env
    assert "BRIDGE" not in text(made(a_spec(), "a1"), "etc/dcos-agent.env")


def test_agents_get_project_ids_that_nobody_else_has_unless_the_inventory_says_none() -> None:
    env = text(made(a_spec(), "a1"), "etc/dcos-agent.env")
    given = re.search(r'^MESOS_DISK_PROJECTS="(.*)"$', env, re.MULTILINE)
    assert given is not None
    first, last = project_range(given[1])
    # Container engines and operators' own files count from 1 on.
    assert first >= 1 << 31 and last - first >= 1 << 15
    without = a_spec(settings=Settings(agent_disk_projects=""))
    assert "PROJECTS" not in text(made(without, "a1"), "etc/dcos-agent.env")


def test_an_agents_gpus_are_those_that_its_inventory_names() -> None:
    spec = a_spec()
    (agent,) = (host for host in spec.hosts if host.name == "a1")
    hosts = tuple(host.model_copy(update={"gpus": (0, 2)}) if host is agent else host for host in spec.hosts)
    given = spec.model_copy(update={"hosts": hosts})
    assert 'MESOS_NVIDIA_GPU_DEVICES="0,2"' in text(made(given, "a1"), "etc/dcos-agent.env")
    assert "GPU" not in text(made(spec, "a1"), "etc/dcos-agent.env")


def test_the_daemons_read_what_is_written_for_them() -> None:
    spec = a_spec(settings=Settings(zk_session_timeout=7.5, anonymous_reads=("/state",), principals=("spark", "ci")))
    read: dict[str, Any] = {}
    for program, flags in PROGRAMS.items():
        host = "a1" if program == "dcos-agent" else "m1"
        lines = [line for line in text(made(spec, host), f"etc/{program}.env").splitlines() if not line.startswith("#")]
        variables = {name: shlex.split(value)[0] for name, _, value in (line.partition("=") for line in lines)}
        # What is in a file is on the machine only.
        here = {name: value for name, value in variables.items() if not value.startswith("file://")}
        assert here.keys() <= {flags.variable(flag.name) for flag in flags.declared()}, program
        read[program] = parse(flags, [], here)
    assert read["dcos-master"].zk_session_timeout == read["dcos-marathon"].zk_session_timeout == 7.5
    assert read["dcos-master"].anonymous_reads == read["dcos-agent"].anonymous_reads == ("/state",)
    assert read["dcos-agent"].enforce_ports is True and read["dcos-agent"].port == 5051
    assert read["dcos-auth"].reserved_users == ("spark", "ci")


def test_timeouts_of_the_inventory_reach_the_master_as_mesos_writes_durations() -> None:
    spec = a_spec(settings=Settings(agent_ping_timeout=0.5, agent_reregister_timeout=1_000_000))
    env = text(made(spec, "m1"), "etc/dcos-master.env")
    assert 'MESOS_AGENT_PING_TIMEOUT="500ms"' in env
    assert 'MESOS_AGENT_REREGISTER_TIMEOUT="1000000secs"' in env


def test_the_firewall_names_every_member_and_the_operators() -> None:
    spec = a_spec(settings=Settings(operator_networks=(IPv4Network("198.18.0.1"), IPv4Network("198.18.9.0/24"))))
    rules = text(made(spec, "a1"), "etc/firewall.nft")
    assert "elements = { 198.18.0.11, 198.18.0.21, 198.18.0.31 }" in rules
    assert "elements = { 198.18.0.1, 198.18.9.0/24 }" in rules
    assert "flush ruleset" not in rules


def test_without_operators_only_members_pass_the_firewall() -> None:
    rules = text(made(a_spec(provider="static", settings=Settings()), "a1"), "etc/firewall.nft")
    assert "operators" not in rules


@pytest.mark.parametrize("provider", ["nspawn", "static"])
def test_nftables_accepts_the_rules_of_the_firewall(provider: str) -> None:
    rules = text(made(a_spec(provider=provider), "m1"), "etc/firewall.nft")
    done = subprocess.run(["nft", "--check", "--file", "-"], input=rules, capture_output=True, text=True)
    if "Operation not permitted" in done.stderr:
        pytest.skip("only root may ask nftables")
    assert done.returncode == 0, done.stderr


def test_every_unit_has_links_into_the_active_generation_so_that_it_starts_at_boot() -> None:
    found = made(a_spec(), "m1")
    links = {link.path: link.target for link in found.links}
    for unit in found.units:
        assert links[f"/etc/systemd/system/{unit.name}"] == f"{ACTIVE}/units/{unit.name}"
        assert links[f"/etc/systemd/system/multi-user.target.wants/{unit.name}"] == f"{ACTIVE}/units/{unit.name}"


def test_the_agent_leaves_its_tasks_alone_when_it_stops() -> None:
    unit = text(made(a_spec(), "a1"), "units/dcos-agent.service")
    assert "KillMode=process" in unit
    assert "Delegate=yes" in unit


def test_daemons_on_masters_run_as_users_of_their_own() -> None:
    found = made(a_spec(), "m1")
    names = ("auth", "cosmos", "gateway", "marathon", "master", "repository", "zookeeper")
    assert [user.name for user in found.users] == [f"dcos-{name}" for name in names]
    for user in found.users:
        assert f"User={user.name}\n" in text(found, f"units/{user.name}.service")


def test_a_package_for_another_machine_is_asked_for_by_name() -> None:
    spec = a_spec()
    facts = msgspec.structs.replace(FACTS, python="cp313")
    with pytest.raises(MaterialsMissing, match="cp313"):
        manifest(spec, spec.host("a1"), facts, the_materials())


def test_an_option_changes_the_manifest_and_an_unknown_one_is_refused() -> None:
    spec = a_spec()
    larger = the_materials().with_options("zookeeper", {"heap_mb": 512})
    found = manifest(spec, spec.host("m1"), FACTS, larger)
    assert "-Xmx512m" in text(found, "units/dcos-zookeeper.service")
    assert found.digest != made(spec, "m1").digest
    with pytest.raises(MaterialsMissing, match="heap_gb"):
        the_materials().with_options("zookeeper", {"heap_gb": 1})


def test_fragments_merged_in_another_order_of_files_give_the_same_digest() -> None:
    spec = a_spec()
    host = spec.host("a1")
    parts = [File("etc/a", "1"), File("etc/b", "2"), File("etc/c", "3")]
    digests = {merge(spec, host, [Fragment("common", files=order)]).digest for order in itertools.permutations(parts)}
    assert len(digests) == 1


def test_two_roles_with_different_content_for_one_file_are_both_named() -> None:
    spec = a_spec()
    parts = [Fragment("common", files=(File("etc/x", "1"),)), Fragment("agent", files=(File("etc/x", "2"),))]
    with pytest.raises(ManifestConflict, match=r"roles common and agent .*etc/x"):
        merge(spec, spec.host("a1"), parts)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            Fragment("common", packages=(RUNTIME,)),
            Fragment("agent", packages=(Package("dcos-runtime", "2", "b" * 64),)),
        ),
        (Fragment("common", users=(User("dcos-x", "/a"),)), Fragment("agent", users=(User("dcos-x", "/b"),))),
        (Fragment("common", sysctls=(Sysctl("a.b", "1"),)), Fragment("agent", sysctls=(Sysctl("a.b", "2"),))),
        (
            Fragment("common", firewall=Firewall("dcos", "etc/a", "dcos-a.service")),
            Fragment("agent", firewall=Firewall("dcos", "etc/b", "dcos-b.service")),
        ),
    ],
)
def test_two_roles_that_differ_in_anything_are_refused(one: Fragment, other: Fragment) -> None:
    spec = a_spec()
    with pytest.raises(ManifestConflict, match="common and agent"):
        merge(spec, spec.host("a1"), [one, other])


def test_two_roles_may_say_the_same() -> None:
    spec = a_spec()
    parts = [Fragment("common", files=(File("etc/x", "1"),)), Fragment("agent", files=(File("etc/x", "1"),))]
    assert [file.path for file in merge(spec, spec.host("a1"), parts).files] == ["etc/x"]


@pytest.mark.parametrize(
    ("part", "why"),
    [
        (Fragment("x", files=(File("etc/../../passwd", "1"),)), "paths are relative"),
        (Fragment("x", files=(File("/etc/passwd", "1"),)), "paths are relative"),
        (Fragment("x", files=(File("bin/x", "1"),)), "paths are relative"),
        (Fragment("x", files=(File("etc/a", "1"), File("etc/a/b", "1"))), "another file lies below it"),
        (Fragment("x", units=(Unit("dcos-x.service"),)), "no fragment brings its text"),
        (Fragment("x", units=(Unit("sshd.service"),), files=(unit_file("sshd.service", ""),)), "our units are named"),
        (
            Fragment("x", units=(Unit("dcos-x.service", reads=("etc/y",)),), files=(unit_file("dcos-x.service", ""),)),
            "reads etc/y",
        ),
        (
            Fragment("x", units=(Unit("dcos-x.service", on_change="ask"),), files=(unit_file("dcos-x.service", ""),)),
            "restart or reload",
        ),
        (Fragment("x", links=(Link("/etc/passwd", f"{ACTIVE}/etc/x"),)), "links are laid below"),
        (Fragment("x", links=(Link("/usr/local/bin/../sbin/x", f"{ACTIVE}/bin/x"),)), "links are laid below"),
        (Fragment("x", links=(Link("/usr/local/bin/x", "/bin/sh"),)), "not into"),
        (Fragment("x", links=(Link("/usr/local/bin/x", f"{ACTIVE}/../x"),)), "not into"),
        (Fragment("x", users=(User("root", "/"),)), "our users are named"),
        (Fragment("x", secrets=(Secret("../key"),)), "names are small letters"),
        (Fragment("x", secrets=(Secret("key", mode=0o644),)), "would let others read it"),
        (Fragment("x", packages=(Package("p", "1", "abc"),)), "not a sha256"),
        (Fragment("x", firewall=Firewall("dcos", "etc/none", "dcos-x.service")), "no fragment brings"),
    ],
)
def test_what_no_manifest_may_hold_is_refused(part: Fragment, why: str) -> None:
    spec = a_spec()
    with pytest.raises(ManifestInvalid) as refused:
        merge(spec, spec.host("a1"), [part])
    assert why in refused.value.why


def test_the_package_manager_gets_its_root_of_trust_and_its_mirror() -> None:
    root = '{"signed": {"_type": "root"}, "signatures": []}'
    settings = Settings(
        repository_root=root,
        allowed_networks=(IPv4Network("169.254.7.0/24"),),
        mirror="http://198.18.0.11:7075",
        mirror_registry="198.18.0.11:7075",
    )
    found = made(a_spec(settings=settings), "m1")
    env = text(found, "etc/dcos-cosmos.env")
    assert f'COSMOS_REPOSITORY_ROOT="{ACTIVE}/etc/cosmos/root.json"' in env
    assert 'COSMOS_MIRROR="http://198.18.0.11:7075"' in env and 'COSMOS_MIRROR_REGISTRY="198.18.0.11:7075"' in env
    assert 'COSMOS_ALLOWED_NETWORKS="169.254.7.0/24"' in env
    assert text(found, "etc/cosmos/root.json").strip() == root
    plain = text(made(a_spec(), "m1"), "etc/dcos-cosmos.env")
    assert "COSMOS_MIRROR" not in plain and "COSMOS_ALLOWED" not in plain and "COSMOS_REPOSITORY_ROOT" not in plain


def test_every_role_named_for_a_host_exists() -> None:
    for host in a_spec().hosts:
        for service in installed().on(host):
            assert fragment(service.name, a_spec(), host, FACTS, the_materials()).role == service.name


def test_a_role_whose_folder_is_gone_is_named_by_those_that_need_it(tmp_path: Path) -> None:
    with pytest.raises(MaterialsMissing, match="no role"):
        materials.load(tmp_path)
    shutil.copytree(roles_dir(), tmp_path / "roles")
    shutil.rmtree(tmp_path / "roles" / "common")
    with pytest.raises(DescriptorsInvalid, match="no service common"):
        materials.load(tmp_path / "roles")


@pytest.mark.parametrize("value", ["a\nb", "a\x00b"])
def test_an_environment_value_with_a_line_end_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="line ends"):
        env_quoted(value)
