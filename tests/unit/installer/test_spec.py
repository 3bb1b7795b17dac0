"""Inventories become typed clusters; any text at all becomes a cluster or a list of problems."""

from __future__ import annotations

import os
from ipaddress import IPv4Network
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dcos_installer.config.inventory import parse
from dcos_installer.config.limits import HostLimits
from dcos_installer.config.problems import InventoryInvalid
from dcos_installer.config.variables import ANSIBLE_VARIABLES
from dcos_installer.data import inventories_dir
from dcos_installer.inventory_variables import variables
from dcos_installer.providers.nspawn.options import network_of
from dcos_installer.spec import load_spec

CHECKOUT = Path(__file__).resolve().parents[3]

MINIMAL = "[masters]\nm1 ansible_host=198.18.0.11\n[agents]\na1 ansible_host=198.18.0.21\n"


def _write(folder: Path, text: str, name: str = "lab.ini") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_the_local_inventory_is_valid_as_it_stands() -> None:
    spec = load_spec(inventories_dir() / "local.ini", limits=HostLimits(cpus=2, mem_mb=4096))
    assert (spec.name, spec.provider) == ("local", "nspawn")
    assert [(host.name, host.address, *host.roles) for host in spec.hosts] == [
        ("master1", "198.18.0.11", "master"),
        ("agent1", "198.18.0.21", "agent"),
        ("agent2", "198.18.0.22", "agent"),
        ("public1", "198.18.0.31", "public_agent"),
    ]
    assert network_of(spec.options) == IPv4Network("198.18.0.0/24")
    assert spec.settings.operator_networks == (IPv4Network("198.18.0.1/32"),)
    assert spec.settings.agent_ping_timeout * spec.settings.max_agent_ping_timeouts == 9
    assert [host.mem_mb for host in spec.hosts] == [2048, 1536, 1536, 1536]


@pytest.mark.parametrize(
    "text",
    [
        '[{"name": "Universe", "uri": "https://a.example/repo"}, {"name": "Our own", "uri": "http://198.18.0.11:7075"}]',
        "Universe=https://a.example/repo, Our own=http://198.18.0.11:7075",
    ],
)
def test_repositories_of_a_new_cluster_are_told_in_their_order(text: str, tmp_path: Path) -> None:
    spec = load_spec(_write(tmp_path, f"{MINIMAL}[all:vars]\ndcos_repositories={text}\n"))
    wanted = (("Universe", "https://a.example/repo"), ("Our own", "http://198.18.0.11:7075"))
    assert spec.settings.repositories == wanted


@pytest.mark.parametrize(
    "line",
    [
        "dcos_repositories=ours=https://me:s3cr3t@a.example/repo",
        'dcos_repositories=[{"name": "ours", "uri": "https://me:s3c/r3t@a.example/a/long/path/to/it"}]',
        "dcos_cpus=https://s3cr3t@a.example/",
    ],
)
def test_what_an_error_quotes_of_an_inventory_has_no_password_of_a_url(line: str, tmp_path: Path) -> None:
    with pytest.raises(InventoryInvalid) as caught:
        load_spec(_write(tmp_path, f"{MINIMAL}[all:vars]\n{line}\n"))
    assert "***@a.example" in str(caught.value) and "r3t" not in str(caught.value)


def test_the_root_of_repositories_lies_beside_the_inventory(tmp_path: Path) -> None:
    root = '{"signed": {"_type": "root", "version": 1}, "signatures": [{"keyid": "a", "sig": "b"}]}'
    (tmp_path / "1.root.json").write_text(root)
    for name in ("1.root.json", tmp_path / "1.root.json"):
        spec = load_spec(_write(tmp_path, f"{MINIMAL}[all:vars]\ndcos_repository_root={name}\n"))
        assert spec.settings.repository_root == root


@pytest.mark.parametrize(
    "content",
    [None, "", "[]", "-----BEGIN PUBLIC KEY-----", '{"signed": {"_type": "timestamp"}, "signatures": [{}]}'],
)
def test_what_is_no_root_of_repositories_is_refused_with_its_line(content: str | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "1.root.json").write_text(content)
    with pytest.raises(InventoryInvalid) as caught:
        load_spec(_write(tmp_path, f"{MINIMAL}[all:vars]\ndcos_repository_root=1.root.json\n"))
    why = "No such file" if content is None else "no signed root metadata of TUF"
    assert why in str(caught.value) and "the repository's publisher gives" in str(caught.value)


def test_the_rack_inventory_is_valid_as_it_stands() -> None:
    spec = load_spec(inventories_dir() / "rack.ini")
    assert (spec.name, spec.provider, len(spec.masters), len(spec.agents)) == ("rack", "static", 3, 5)
    assert spec.host("a3").attributes == {"rack": "2", "disk": "spinning"}
    assert spec.host("a3").resources == "disk:512000;ports:[31000-32000]"
    edge = spec.host("edge1")
    assert (edge.address, edge.ssh.address) == ("198.19.0.31", "edge1.rack.example")
    assert (edge.ssh.user, edge.ssh.become, edge.cpus, edge.mem_mb) == ("admin", True, None, None)
    assert str(edge.ssh.identity_file).endswith("/.ssh/id_ed25519")


def test_every_example_inventory_is_valid() -> None:
    for path in inventories_dir().glob("*.ini"):
        load_spec(path)


def test_a_cluster_is_named_after_its_file_when_nothing_else_is_said(tmp_path: Path) -> None:
    assert load_spec(_write(tmp_path, MINIMAL, "My Lab_2.ini")).name == "my-lab-2"
    assert load_spec(_write(tmp_path, MINIMAL, "2.ini")).name == "dcos"


def test_windows_line_ends_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    path = tmp_path / "lab.ini"
    path.write_bytes(b"\xef\xbb\xbf" + MINIMAL.replace("\n", "\r\n").encode())
    assert [host.name for host in load_spec(path).hosts] == ["m1", "a1"]


def test_ranges_make_hosts_as_ansible_makes_them() -> None:
    inventory = parse(Path("x.ini"), "[agents]\na[1:3]\nb[08:10]x\nc[a:c]-[1:2]\nd[1:9:4]\ne1:2222\n")
    assert inventory.problems == []
    expected = "a1 a2 a3 b08x b09x b10x ca-1 ca-2 cb-1 cb-2 cc-1 cc-2 d1 d5 d9 e1"
    assert " ".join(inventory.hosts) == expected
    assert inventory.variables("e1")["ansible_port"].text == "2222"


def test_the_nearest_variable_wins_as_in_ansible(tmp_path: Path) -> None:
    text = MINIMAL + (
        "a2 ansible_host=198.18.0.22\na3 ansible_host=198.18.0.23 dcos_mem=4000\n"
        "[big]\na2\na3\n[agents:children]\nbig\n"
        "[all:vars]\ndcos_mem=1001\ndcos_cpus=0.5\n[agents:vars]\ndcos_mem=2000\n[big:vars]\ndcos_mem=3000\n"
        "[masters:vars]\ndcos_mem='1500'\n"
    )
    spec = load_spec(_write(tmp_path, text))
    assert {host.name: host.mem_mb for host in spec.hosts} == {"m1": 1500, "a1": 2000, "a2": 3000, "a3": 4000}
    assert {host.cpus for host in spec.hosts} == {0.5}


def test_the_inventory_reads_as_ansible_reads_it(tmp_path: Path) -> None:
    """The same file through Ansible's own parser: the same hosts, groups and variables."""
    from ansible.inventory.manager import InventoryManager
    from ansible.parsing.dataloader import DataLoader
    from ansible.vars.manager import VariableManager

    for path in inventories_dir().glob("*.ini"):
        loader = DataLoader()
        theirs = InventoryManager(loader=loader, sources=[str(path)])
        resolved = VariableManager(loader=loader, inventory=theirs)
        ours = parse(path, path.read_text())
        for group in ("masters", "agents", "public_agents"):
            assert set(ours.members(group)) == {host.name for host in theirs.groups[group].get_hosts()}
        for name in ours.hosts:
            values = resolved.get_vars(host=theirs.get_host(name))
            assert {key: value.text for key, value in ours.variables(name).items()} == {
                key: str(value).lower() if isinstance(value, bool) else str(value)
                for key, value in values.items()
                if key.startswith(("dcos_", "ansible_")) and key in ours.variables(name)
            }


def test_variables_of_other_tools_are_left_alone(tmp_path: Path) -> None:
    load_spec(_write(tmp_path, MINIMAL + "[all:vars]\nntp_server=198.18.0.9\n"))


def test_variable_files_that_only_ansible_would_read_are_refused(tmp_path: Path) -> None:
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars" / "agents.yml").write_text("# ours\nntp: a\ndcos_mem: 4096\n")
    with pytest.raises(InventoryInvalid) as caught:
        load_spec(_write(tmp_path, MINIMAL))
    (problem,) = caught.value.problems
    assert (problem.path.name, problem.line) == ("agents.yml", 3)
    assert "move it to lab.ini" in problem.remedy


def test_an_inventory_that_is_not_there_or_is_a_directory_is_refused_with_a_remedy(tmp_path: Path) -> None:
    for path, message in ((tmp_path / "none.ini", "no such file"), (tmp_path, "directory")):
        with pytest.raises(InventoryInvalid) as caught:
            load_spec(path)
        assert message in caught.value.problems[0].message


def test_what_is_no_regular_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.ini")
    for path in (tmp_path / "pipe.ini", Path("/dev/zero")):
        with pytest.raises(InventoryInvalid) as caught:
            load_spec(path)
        assert "no regular file" in caught.value.problems[0].message


def test_limits_hold_for_machines_made_here_only(tmp_path: Path) -> None:
    text = MINIMAL + "[all:vars]\ndcos_provider=static\ndcos_operator_networks=198.18.9.0/24\ndcos_mem=64000\n"
    assert load_spec(_write(tmp_path, text), limits=HostLimits(cpus=1, mem_mb=1000)).host("a1").mem_mb == 64000


def test_a_thousand_hosts_are_read(tmp_path: Path) -> None:
    lines = [f"a{n} ansible_host=198.18.{n // 250}.{n % 250 + 2} dcos_attributes=n:{n}" for n in range(4, 1004)]
    text = "[masters]\nm1 ansible_host=198.18.9.11\n[agents]\n" + "\n".join(lines)
    spec = load_spec(_write(tmp_path, text + "\n[all:vars]\ndcos_network=198.18.0.0/16\n"))
    assert len(spec.agents) == 1000


def test_every_example_in_the_table_is_valid() -> None:
    for variable in variables().values():
        name, _, value = variable.example.partition("=")
        assert name == variable.name
        variable.parse(value)


_SECTIONS = "[masters] [agents] [public_agents] [all:vars] [agents:vars] [agents:children] [x:children] [x] x"
_PIECES = "198.18.0.21 ansible_host=198.18.0.22 a[1:3] [1:3] [a:c:2] m1 m1:22 = : ; # ' \" {{ }} {} [ ]"
_WORDS = st.sampled_from(
    [
        *(f"{variable.name}=" for variable in variables().values()),
        *(variable.example for variable in variables().values()),
        *(f"{name}=" for name in ANSIBLE_VARIABLES),
        *_SECTIONS.split(),
        *_PIECES.split(),
        *("\n", "\r\n", "\t"),
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(_WORDS, st.just("\n"), st.text(max_size=8)), max_size=40))
def test_any_text_is_a_cluster_or_a_list_of_problems(
    tmp_path_factory: pytest.TempPathFactory, parts: list[str]
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzzed.ini"
    path.write_bytes(" ".join(parts).encode("utf-8", "surrogatepass"))
    _valid_or_refused(path)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_cluster_or_a_list_of_problems(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzzed.ini"
    path.write_bytes(data)
    _valid_or_refused(path)


def _valid_or_refused(path: Path) -> None:
    try:
        load_spec(path, limits=HostLimits(cpus=2, mem_mb=4096))
    except InventoryInvalid as invalid:
        assert invalid.problems
        for problem in invalid.problems:
            assert problem.line >= 1
            assert problem.message and problem.remedy


@pytest.mark.parametrize(
    ("masters", "said", "seconds"), [(1, "", 20.0), (3, "", 5.0), (1, "dcos_zk_session_timeout=7secs\n", 7.0)]
)
def test_one_master_alone_has_longer_sessions_unless_the_inventory_says_otherwise(
    tmp_path: Path, masters: int, said: str, seconds: float
) -> None:
    lines = "".join(f"m{number} ansible_host=198.18.0.1{number}\n" for number in range(masters))
    text = f"[masters]\n{lines}[agents]\na1 ansible_host=198.18.0.21\n[all:vars]\n{said}"
    assert load_spec(_write(tmp_path, text)).zk_session_timeout == seconds


@pytest.mark.parametrize(
    ("said", "jump"),
    [
        ("-J bastion", "bastion"),
        ("-Jops@198.18.9.1:2222,b.example", "ops@198.18.9.1:2222,b.example"),
        ("-o ProxyJump=ops@bastion", "ops@bastion"),
        ("'-o ProxyJump=\"bastion:22\"'", "bastion:22"),
    ],
)
def test_a_jump_host_is_read_as_ansible_hands_it_to_ssh(tmp_path: Path, said: str, jump: str) -> None:
    inventory = tmp_path / "i.ini"
    shared = f"dcos_provider=static\ndcos_operator_networks=198.18.9.0/24\nansible_ssh_common_args={said}\n"
    inventory.write_text(f"{MINIMAL}[all:vars]\n{shared}")
    spec = load_spec(inventory, "4b2a5a5e-7c1d-4d0e-9a35-1f2f3f4f5f6f")
    assert {host.ssh.jump for host in spec.hosts} == {jump}
