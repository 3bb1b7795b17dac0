"""What libvirt is told: what an inventory may say of it, XML without surprises, the same names each time, lazily."""

from __future__ import annotations

import base64
import socket
import subprocess
import sys
from ipaddress import IPv4Network
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcos_installer.config.problems import InventoryInvalid
from dcos_installer.data import inventories_dir
from dcos_installer.providers.base import MachineFile, ProviderError
from dcos_installer.providers.libvirt import hypervisor, names
from dcos_installer.providers.libvirt.credentials import public, secret
from dcos_installer.providers.libvirt.descriptions import (
    Network,
    Reservation,
    Volume,
    backing_of_volume,
    cluster_of_network,
    networks_of,
    reservations,
)
from dcos_installer.providers.libvirt.domain import Disk, Domain, emulated, mark_of, removal_begun, reshaped
from dcos_installer.providers.libvirt.hypervisor import Hypervisor
from dcos_installer.providers.libvirt.names import Names
from dcos_installer.providers.libvirt.options import VARIABLES, is_local
from dcos_installer.spec import load_spec

CLUSTER = "7e57fffb-0000-4000-8000-000000000000"
ROOT = Path(__file__).resolve().parents[3]
PARSE = {variable.name.removeprefix("dcos_libvirt_"): variable.parse for variable in VARIABLES}


def domain(**changes: object) -> Domain:
    said: dict[str, object] = {
        "name": "dcos-7e57fffb-a1",
        "uuid": Names(CLUSTER).uuid("a1"),
        "host": "a1",
        "cluster_id": CLUSTER,
        "cluster": "lab",
        "image": "0" * 64,
        "pool": "dcos",
        "kind": "kvm",
        "arch": "x86_64",
        "cpus": 2,
        "mem_mb": 1536,
        "disks": (Disk("/pool/a1.root.qcow2", "root"), Disk("/pool/a1.data1.qcow2", "data1")),
        "mac": Names(CLUSTER).mac("a1"),
        "network": "dcos-7e57fffb",
        "console_path": "/pool/a1.console.log",
        "secret_name": "tmpfiles.extra",
        "secret_path": "/pool/a1.credentials",
        "public": public("a1", "52:00:00:00:00:01"),
    }
    return Domain(**{**said, **changes})  # type: ignore[arg-type]  # given by keyword


# Inventories


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("qemu:///system", True),
        ("qemu+unix:///system?socket=/run/other/libvirt-sock", True),
        ("qemu+ssh://root@hypervisor1/system", False),
        ("qemu+ssh://hypervisor1.example:2222/system?keyfile=/keys/one", False),
        ("qemu+tls://hypervisor1.example/system", False),
    ],
)
def test_uris_of_a_system_daemon_are_taken(text: str, local: bool) -> None:
    assert PARSE["uri"](text) == text
    assert is_local(text) == local


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("qemu:///session", "a session's machines have no network between them"),
        ("qemu+ssh://root@h/session", "a session's machines have no network between them"),
        ("qemu:///system/", "system daemon"),
        ("qemu://host/system", "system daemon"),
        ("qemu+ssh:///system", "system daemon"),
        ("qemu+tcp://host/system", "system daemon"),
        ("qemu+ext:///system?command=/bin/x", "system daemon"),
        ("xen:///system", "system daemon"),
        ("test:///default", "system daemon"),
        ("qemu+ssh://root:secret@h/system", "SSH takes a key"),
        ("qemu+ssh://h/system?known_hosts_verify=ignore", "so that the peer is checked"),
        ("qemu+ssh://h/system?known_hosts_verify=auto", "so that the peer is checked"),
        ("qemu+ssh://h/system?Known_Hosts%5fVerify=ignore", "so that the peer is checked"),
        ("qemu+ssh://h/system?proxy=netcat", "no program is run"),
        ("qemu+ssh://-oProxyCommand=x/system", "does not begin with a hyphen"),
        ("qemu+ssh://%2doProxyCommand=x/system", "does not begin with a hyphen"),
        ("qemu+ssh://h:99999/system", "system daemon"),
        ("qemu+ssh://h/system#x", "system daemon"),
        ("", "system daemon"),
        ("qemu:///system with words", "system daemon"),
    ],
)
def test_other_uris_are_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        PARSE["uri"](text)


@pytest.mark.parametrize(
    "query",
    [
        *("no_verify=1", "no_verify=2", "no_verify", "NO_VERIFY=1", "no%5Fverify=1", "keyfile=/k&No_Verify=1"),
        *("keyfile=/k;no_verify=1", "&;no_verify=1", "keyfile=a;b&no_verify=0", "command=/bin/x", "netcat=x"),
        *("no_sanity=1", "tls_priority=NORMAL", "name=test:///default", "=1", "x=1"),
    ],
)
@pytest.mark.parametrize("start", ["qemu:///system", "qemu+ssh://h/system", "qemu+tls://h/system"])
def test_only_parameters_of_a_list_are_taken_however_they_are_written(start: str, query: str) -> None:
    with pytest.raises(ValueError, match="others switch checks of the peer off or run programs"):
        PARSE["uri"](f"{start}?{query}")


@pytest.mark.parametrize(
    "query", ["keyfile=/root/.ssh/id", "KEYFILE=/k;no_tty=1&mode=auto", "known_hosts=/k&known_hosts_verify=normal", ""]
)
def test_parameters_that_leave_the_checks_on_are_taken(query: str) -> None:
    assert PARSE["uri"](f"qemu+ssh://h/system?{query}") == f"qemu+ssh://h/system?{query}"


@pytest.mark.parametrize("text", ["198.18.40.0/24", "198.19.0.0/16", "198.19.255.240/28"])
def test_networks_within_those_set_aside_are_taken(text: str) -> None:
    assert PARSE["network"](text) == IPv4Network(text)


@pytest.mark.parametrize(
    "text", ["198.20.0.0/24", "198.18.0.0/15", "198.18.40.1/24", "198.18.40.0", "198.18.40.0/29", "x"]
)
def test_other_networks_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"within 198\.18\.0\.0/15 from /16 to /28"):
        PARSE["network"](text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("disks", "100"),
        ("disks", "1000,"),
        ("disks", ",".join(["300"] * 9)),
        ("disks", "1e4"),
        ("disks", "255"),
        ("disks", "67108865"),
        ("disks", "20480,999999999"),
        ("pool", "../up"),
        ("pool", ""),
        ("acceleration", "fast"),
        ("image", ""),
    ],
)
def test_what_cannot_be_is_refused(name: str, text: str) -> None:
    with pytest.raises(ValueError):
        PARSE[name](text)
    assert PARSE["disks"]("300, 400") == (300, 400) and PARSE["disks"]("256,67108864") == (256, 64 << 20)
    assert PARSE["disks"]("none") == ()


@pytest.mark.parametrize("told", ["dcos_disk=67108865", "dcos_libvirt_disks=20480,999999999"])
def test_a_disk_that_no_pool_holds_is_refused_by_its_line(told: str, tmp_path: Path) -> None:
    inventory = tmp_path / "inventory.ini"
    hosts = f"[masters]\nm1\n[agents]\na1 {told}\n[all:vars]\ndcos_provider=libvirt\ndcos_cluster_name=x\n"
    inventory.write_text(hosts)
    with pytest.raises(InventoryInvalid) as caught:
        load_spec(inventory)
    (problem,) = caught.value.problems
    assert problem.line == 4 and told.partition("=")[0] in problem.message and "67108864" in problem.remedy
    inventory.write_text(hosts.replace("67108865", "67108864").replace("999999999", "67108864"))
    assert load_spec(inventory).host("a1")


def test_the_example_says_what_it_shows() -> None:
    spec = load_spec(inventories_dir() / "libvirt.ini")
    assert spec.provider == "libvirt" and str(spec.settings.operator_networks[0]) == "198.18.40.1/32"
    assert {host.name: (host.late, host.attributes.get("disk")) for host in spec.agents} == {
        "agent1": (False, "1"),
        "agent2": (True, "2"),
        "public1": (False, None),
    }
    assert spec.host("agent2").options["dcos_libvirt_pool"] == "dcos2"


# XML


_ANY = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), min_size=1
)


@given(_ANY, _ANY, _ANY)
def test_no_value_gets_out_of_its_place(host: str, path: str, cluster: str) -> None:
    made = ElementTree.fromstring(domain(host=host, cluster=cluster, console_path=path, secret_path=path).xml)
    assert made.findtext("title") == f"{host} of the dcos cluster {cluster}"
    log = made.find("devices/serial/log")
    assert log is not None and log.get("file") == path
    entry = made.find("sysinfo[@type='fwcfg']/entry")
    assert entry is not None and entry.get("file") == path
    assert {child.tag for child in made} == {child.tag for child in ElementTree.fromstring(domain().xml)}
    volume = ElementTree.fromstring(Volume(host, 1, "qcow2", backing=path).xml)
    assert (volume.findtext("name"), volume.findtext("backingStore/path")) == (host, path)


def test_the_same_machine_is_told_in_the_same_words_each_time() -> None:
    assert domain().xml == domain().xml
    assert (domain().uuid, domain().mac) == ("e90eab51-049b-5e96-b891-334847ea24d0", "52:68:fd:8e:18:bf")
    one, other = Names(CLUSTER), Names("7e57fffa-0000-4000-8000-000000000000")
    assert len({one.uuid("a"), one.uuid("b"), other.uuid("a")}) == 3
    assert len({one.mac("a"), one.mac("b"), other.mac("a")}) == 3
    first = int(one.mac("a").partition(":")[0], 16)
    assert first & 1 == 0 and first & 2 == 2  # of one machine, locally administered
    assert len(one.bridge) <= 15 and len(one.domain("h" * 63)) <= 64
    assert one.domain("h" * 63) != one.domain("h" * 62 + "i")


@given(st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,40}[A-Za-z0-9])?", fullmatch=True), st.sampled_from("rdcl"))
def test_a_volume_tells_whose_it_is(host: str, kind: str) -> None:
    kinds = {"r": names.ROOT, "d": names.data(3), "c": names.CREDENTIALS, "l": names.CONSOLE}
    volume = Names(CLUSTER).volume(host, kinds[kind])
    assert Names(CLUSTER).host_of_volume(volume) == host
    assert Names("7e57fffa-0000-4000-8000-000000000000").host_of_volume(volume) == ""
    assert names.golden_digest(volume) == ""


def test_a_domain_is_read_back_and_changed_in_one_place_only() -> None:
    mark = mark_of(domain().xml)
    assert mark is not None
    assert (mark.cluster_id, mark.host, mark.kind, mark.cpus, mark.mem_mb) == (CLUSTER, "a1", "kvm", 2, 1536)
    assert not mark.removing
    for changed, differing in (
        (reshaped(domain().xml, 4, 4096), {"vcpu", "memory"}),
        (emulated(domain().xml), {"cpu"}),
    ):
        assert _differing(domain().xml, changed) == differing
    slow = [one.get("name") for one in ElementTree.fromstring(emulated(domain().xml)).findall("cpu/feature")]
    assert slow == ["erms", "fsrm", "la57"]
    assert "<feature policy" not in emulated(domain().xml.replace("x86_64", "aarch64"))
    again = mark_of(reshaped(emulated(domain().xml), 4, 4096))
    assert again is not None and (again.kind, again.cpus, again.mem_mb, again.removing) == ("qemu", 4, 4096, False)
    begun = ElementTree.fromstring(removal_begun(domain().xml))
    kept = {"cluster": CLUSTER, "host": "a1", "image": mark.image, "pool": mark.pool}
    assert (begun.tag, begun.attrib) == ("machine", {**kept, "removing": "yes"})
    assert mark_of("<domain type='kvm'><name>other</name></domain>") is None
    assert mark_of("<domain type='kvm'><metadata><x:y xmlns:x='urn:z'/></metadata></domain>") is None


def _differing(before: str, after: str) -> set[str]:
    trees = [
        {child.tag: ElementTree.tostring(child) for child in ElementTree.fromstring(xml) if child.tag != "sysinfo"}
        for xml in (before, after)
    ]
    return {tag for tag in trees[0] | trees[1] if trees[0].get(tag) != trees[1].get(tag)}


def test_a_network_serves_its_reservations_only_and_has_no_way_out() -> None:
    held = (Reservation("a1", "52:00:00:00:00:01", "198.18.40.9"),)
    network = Network("n", "u", CLUSTER, "b", IPv4Network("198.18.40.0/24"), held)
    tree = ElementTree.fromstring(network.xml)
    assert tree.find("forward") is None and tree.find("ip/dhcp/range") is None
    assert tree.find("dns") is not None and tree.find("dns").get("enable") == "no"
    assert tuple(reservations(network.xml)) == held and cluster_of_network(network.xml) == CLUSTER
    assert list(networks_of(network.xml)) == [IPv4Network("198.18.40.0/24")]
    assert list(networks_of("<network><ip address='198.18.7.1' netmask='255.255.255.0'/></network>")) == [
        IPv4Network("198.18.7.0/24")
    ]
    assert list(networks_of("<network><ip family='ipv6' address='fd00::1' prefix='64'/></network>")) == []
    assert backing_of_volume(Volume("v", 1, "qcow2", backing="/g").xml) == "/g"


# Credentials


def test_no_content_of_a_file_ends_its_line() -> None:
    nasty = b"first\nf+ /etc/passwd 0777 root root - x\n\x00\xff%t"
    lines = secret([MachineFile("/root/.ssh/authorized_keys", nasty, mode=0o600, folder_mode=0o700)]).splitlines()
    assert lines[0] == b"d /root/.ssh 0700 root root -"
    assert len(lines) == 2 and base64.b64decode(lines[1].rpartition(b" ")[2]) == nasty
    assert lines[1].startswith(b"f+~ /root/.ssh/authorized_keys 0600 root root - ")


def test_public_credentials_are_strings_of_smbios() -> None:
    tree = ElementTree.fromstring(domain().xml)
    entries = [entry.text or "" for entry in tree.iterfind("sysinfo[@type='smbios']/oemStrings/entry")]
    assert "io.systemd.credential:system.hostname=a1" in entries
    (network,) = (
        entry for entry in entries if entry.startswith("io.systemd.credential.binary:network.network.50-dcos=")
    )
    assert b"MACAddress=52:00:00:00:00:01" in base64.b64decode(network.partition("=")[2])


# Without libvirt


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_nothing_imports_libvirt_before_a_provider_is_opened() -> None:
    told = python(
        "import sys, dcos_installer.cli, dcos_installer.commands\n"
        "from dcos_installer.data import inventories_dir\n"
        "from dcos_installer.spec import load_spec\n"
        "load_spec(inventories_dir() / 'libvirt.ini')\n"
        "print([name for name in sys.modules if name.startswith('libvirt')])\n"
    )
    assert told == "[]\n"


@pytest.mark.parametrize(
    "call",
    [
        "open_provider(spec, Path('.'))",
        "preflight(spec)",
        "publishing.check(SimpleNamespace(name='vm', outputs=('qcow2',)), 'libvirt:dcos', endpoint=None)",
        "publishing.publish(None, 'vm', None, 'libvirt:dcos', keep=1, endpoint=None, note=print)",
    ],
)
def test_without_libvirt_python_the_command_is_told_that_brings_it(call: str) -> None:
    told = python(
        "import sys\n"
        "sys.modules['libvirt'] = None\n"
        "from pathlib import Path\n"
        "from types import SimpleNamespace\n"
        "from dcos_installer.data import inventories_dir\n"
        "from dcos_installer.golden import publishing\n"
        "from dcos_installer.providers.base import ProviderError\n"
        "from dcos_installer.providers.registry import open_provider, preflight\n"
        "from dcos_installer.spec import load_spec\n"
        "spec = load_spec(inventories_dir() / 'libvirt.ini')\n"
        f"try:\n    {call}\nexcept ProviderError as error:\n    print(error)\n"
    )
    assert "the provider 'libvirt' needs the Python module 'libvirt'" in told
    assert "run installer/setup-host libvirt" in told and "[libvirt]" in told


def test_without_libvirtd_it_is_told_where_nobody_answers(tmp_path: Path) -> None:
    uri = f"qemu+unix:///system?socket={tmp_path}/none"
    with pytest.raises(ProviderError) as caught:
        Hypervisor(uri)
    assert caught.value.what == f"no libvirt answers at {uri}" and "No such file" in caught.value.why
    assert "installer/setup-host hypervisor" in caught.value.hint


def test_a_libvirtd_that_says_nothing_is_not_waited_for_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hypervisor, "_OPEN_SECONDS", 1.0)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "silent"))
        silent.listen()
        with pytest.raises(ProviderError, match="no libvirt answers at qemu") as caught:
            Hypervisor(f"qemu+unix:///system?socket={tmp_path}/silent")
    assert caught.value.why == "there was no connection within 1 s"


def test_setup_host_knows_what_it_is_asked_for() -> None:
    done = subprocess.run([ROOT / "installer/setup-host", "libvrit"], capture_output=True, text=True, timeout=240)
    assert done.returncode == 2 and "one of tests, soak, hypervisor, libvirt" in done.stderr
