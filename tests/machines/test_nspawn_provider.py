"""Machines on this host, for real: held apart, held to their shape, reached by their keys, and gone without a trace."""

from __future__ import annotations

import errno
import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from dcos_installer.providers.base import Condition, ProviderError
from dcos_installer.providers.nspawn import filter as nspawn_filter
from dcos_installer.providers.nspawn.cgroups import Hierarchy, host_hierarchies, own_path
from dcos_installer.providers.nspawn.launch import systemd_run_command
from dcos_installer.providers.nspawn.machine import MachineFolder, mount_points
from dcos_installer.providers.nspawn.network import bridge_for, bridge_name, ensure_bridge, port_for, remove_link
from dcos_installer.providers.nspawn.options import network_of
from dcos_installer.providers.nspawn.provider import NspawnProvider
from dcos_installer.providers.nspawn.remains import MACHINES_DIR
from tests.support.machines.nspawn_lab import CONTAINER, Lab, cluster, done, lab, needs_machines, orders, ssh_command

pytestmark = [pytest.mark.machines, needs_machines]

SPEC = cluster(241, "h1", "h2", cpus=0.5, mem_mb=512)
NETWORK = network_of(SPEC.options)
HOSTS = ("h1", "h2", "h3", "h4")  # the last two come later
HOME = MACHINES_DIR / SPEC.cluster_id[:8]


def until(done: Callable[[], bool], what: str, seconds: float = 240.0) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.05)


def traces() -> dict[str, set[str]]:
    """Everything on this host that could belong to the machines of these tests."""
    short = SPEC.cluster_id[:8]
    # By name, as machines of other clusters may come and go beside these tests.
    ours = {bridge_name(SPEC.cluster_id), *(f"{kind}-{name}" for kind in ("vb", "ve") for name in HOSTS)}
    ours |= {port_for(SPEC.cluster_id, name, SPEC.host("h1").address, NETWORK).host_side for name in HOSTS}
    links = {path.name for path in Path("/sys/class/net").iterdir()}
    links = {name for name in links if name in ours or _is_port_of(name, bridge_name(SPEC.cluster_id))}
    groups = {
        f"{hierarchy.mount}{folder}"
        for hierarchy in host_hierarchies()
        for folder in (f"/dcos-machines/{short}", f"/dcos.slice/dcos-{short}-h1.service")
        if Path(f"{hierarchy.mount}{folder}").exists()
    }
    processes = set()
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                said = ((folder / "cmdline").read_bytes() + (folder / "cgroup").read_bytes()).decode(errors="replace")
            except (FileNotFoundError, ProcessLookupError):
                continue
            if short in said:
                processes.add(f"{folder.name} {said[:80]!r}")
    nspawn = [f"{top}/{name}" for top, folders, files in os.walk("/run/systemd/nspawn") for name in folders + files]
    return {
        "mounts": {where for where in mount_points() if short in where},
        "links": links,
        "cgroups": groups,
        "processes": processes,
        "files": {str(path) for path in MACHINES_DIR.glob(f"{short}*")},
        "nspawn": {path for path in nspawn if short in path.rpartition("/")[2]},
        "filters": {table for table in nspawn_filter.tables() if table.split()[1] in ours},
    }


def mounts_of(name: str) -> set[str]:
    return {where for where in traces()["mounts"] if f"/{name}/" in f"{where}/"}


def groups_of(hierarchy: Hierarchy) -> list[str]:
    """The groups of all machines. Others come and go meanwhile: os.walk lives with that, Path.glob does not."""
    return [path for top in hierarchy.mount.glob("dcos*") for path, _, _ in os.walk(top)]


def _is_port_of(link: str, bridge: str) -> bool:
    try:
        return Path("/sys/class/net", link, "master").readlink().name == bridge
    except OSError:
        return False


@pytest.fixture(scope="module")
def made_machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with lab(SPEC, tmp_path_factory.mktemp("state")) as made:
        done(made.provider.create(orders(made.spec.hosts)))
        yield made


@pytest.fixture
def machines(made_machines: Lab) -> Lab:
    """The two machines, both running whatever the test before left."""
    for host in made_machines.spec.hosts:
        if state(made_machines, host.name)[0] is not Condition.RUNNING:
            done(made_machines.provider.power_off([host.name]))
            done(made_machines.provider.start([host.name]))
    return made_machines


def state(machines: Lab, name: str) -> tuple[Condition, str]:
    found = machines.provider.inspect()[name]
    return found.condition, found.detail


# Reached


def test_a_machine_takes_the_clusters_key_and_no_password(machines: Lab) -> None:
    offered = machines.ssh("h1", "true", "-v", "-o", "PubkeyAuthentication=no", check=False)
    assert offered.returncode == 255
    assert "Permission denied (publickey)" in offered.stderr
    shadow = machines.ssh("h1", "cut -d: -f2 /etc/shadow | sort -u").stdout.split()
    assert set(shadow) <= {"*", "!", "!*"}


def test_another_machine_in_a_machines_place_is_found_out(machines: Lab, tmp_path: Path) -> None:
    swapped = machines.state_dir / "ssh" / "known_hosts"
    lines = swapped.read_text().splitlines()
    addresses = [line.split(" ", 1)[0] for line in lines]
    keys = [line.split(" ", 1)[1] for line in lines]
    wrong = tmp_path / "known_hosts"
    wrong.write_text("".join(f"{address} {key}\n" for address, key in zip(addresses, reversed(keys), strict=True)))
    refused = machines.ssh("h1", "true", "-o", f"UserKnownHostsFile={wrong}", check=False)
    assert refused.returncode == 255
    assert "Host key verification failed" in refused.stderr


def test_a_machines_systemd_is_well_and_its_clock_is_not_its_own(machines: Lab) -> None:
    # Up means that SSH answers; systemd may still be starting the last of its units then.
    until(
        lambda: machines.ssh("h1", "systemctl is-system-running", check=False).stdout.strip() != "starting",
        "systemd is up",
    )
    assert machines.ssh("h1", "systemctl is-system-running; systemctl --failed --no-legend", check=False).stdout == (
        "running\n"
    )
    assert machines.ssh("h1", "date -s @0", check=False).returncode != 0


def test_systemd_takes_a_supervisor_as_its_unit(machines: Lab) -> None:
    # A machine is a host whose init is systemd: what this host may not have is tried there.
    command = systemd_run_command("dcos-try.service", MachineFolder(Path("/m")), "a try", {"LANG": "C"}, unified=True)
    command = [*command[: command.index("--") + 1], "sleep", "600"]
    assert machines.ssh("h1", shlex.join(command)).stderr == ""
    pid = machines.ssh("h1", "systemctl show --property=MainPID --value dcos-try").stdout.strip()
    assert own_path(machines.ssh("h1", f"cat /proc/{pid}/cgroup").stdout) == "/dcos.slice/dcos-try.service"
    shown = machines.ssh("h1", "systemctl show --property=Delegate,KillMode,DevicePolicy,OOMPolicy dcos-try").stdout
    assert set(shown.split()) == {"Delegate=yes", "KillMode=mixed", "DevicePolicy=closed", "OOMPolicy=continue"}
    machines.ssh("h1", "systemctl stop dcos-try")
    assert machines.ssh("h1", "systemctl is-active dcos-try", check=False).stdout == "inactive\n"


# Held apart


def test_machines_reach_each_other_by_name_and_nobody_else(machines: Lab) -> None:
    banner = "import socket; print(socket.create_connection(('{}', 22), 240).recv(4).decode())"
    assert machines.python("h1", banner.format("h2")) == "SSH-\n"
    assert machines.python("h2", banner.format("h1")) == "SSH-\n"
    outside = (
        "import socket\n"
        "try: socket.create_connection(('198.51.100.1', 80), 5)\n"
        "except OSError as error: print(error.strerror)\n"
    )
    assert machines.python("h1", outside) == "Network is unreachable\n"
    # Even when root in the machine asks for a way out, the bridge gives none.
    bridge = f"dcos-{SPEC.cluster_id[:8]}"
    assert Path("/proc/sys/net/ipv4/conf", bridge, "forwarding").read_text() == "0\n"


KNOCKS = """
import socket, sys
for address in sys.argv[2:]:
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"knock", (address, int(sys.argv[1])))
    knock = socket.socket()
    knock.settimeout(3)
    print(address, knock.connect_ex((address, int(sys.argv[1]))))
"""


def test_a_machine_has_no_road_to_this_host(machines: Lab) -> None:
    own = bridge_name(SPEC.cluster_id)
    other = bridge_for("7e57beef-0000-4000-8000-000000000000", "other", IPv4Network("198.18.242.0/24"))
    ensure_bridge(other)
    try:
        with (
            socket.create_server(("0.0.0.0", 0)) as stream,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
        ):
            port = stream.getsockname()[1]
            datagrams.bind(("0.0.0.0", port))
            addresses = ["198.18.241.1", "198.18.242.1"]
            for address in addresses:  # it is open to this host itself
                socket.create_connection((address, port), 60).close()
                stream.accept()[0].close()
            # Whatever a machine's root puts in its way: a route to another cluster's bridge leads nowhere, too.
            machines.ssh("h1", "ip route replace 198.18.242.0/24 via 198.18.241.1")
            before = _dropped(own)
            knocked = machines.ssh("h1", f"python3 -c {shlex.quote(KNOCKS)} {port} {' '.join(addresses)}").stdout
            assert knocked.splitlines() == [f"{address} {errno.EAGAIN}" for address in addresses]
            until(lambda: _dropped(own) >= before + 2 * len(addresses), "every knock has reached this host's firewall")
            for listening in (stream, datagrams):
                listening.setblocking(False)
                with pytest.raises(BlockingIOError):
                    listening.recv(1) if listening is datagrams else listening.accept()
            assert machines.ssh("h1", "ip route delete 198.18.242.0/24").returncode == 0, "and this host reaches it"
    finally:
        remove_link(other.name)
    assert f"inet {other.name}" not in nspawn_filter.tables()
    assert f"inet {own}" in nspawn_filter.tables()


def _dropped(bridge: str) -> int:
    """Packets that machines sent to this host and that got no further."""
    listed = json.loads(subprocess.check_output(["nft", "-j", "list", "chain", "inet", bridge, "to_host"]))
    rules = [entry["rule"]["expr"] for entry in listed["nftables"] if "rule" in entry]
    return sum(int(part["counter"]["packets"]) for rule in rules for part in rule if "counter" in part)


LISTENS = """
import socket
heard = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
heard.bind(("{device}", 0))
heard.settimeout(240)
print("listening", flush=True)
tags, frame = set(), b""
while b"<last>" not in frame:
    frame = heard.recv(65535)
    if b"<" in frame:
        tags.add(frame.rpartition(b"<")[2].partition(b">")[0].decode(errors="replace"))
print(sorted(tag for tag in tags if tag.isalnum()))
"""

LIES = """
import json, socket, struct, sys
own_mac, own_ip, mac, ip, host_ip = (
    bytes.fromhex(word.replace(":", "")) if ":" in word else socket.inet_aton(word) for word in sys.argv[1:]
)
everybody = b"\\xff" * 6
def packet(source, tag):
    data = struct.pack("!4H", 7, 7, 8 + len(tag), 0) + tag
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(data), 1, 0, 64, 17, 0) + source + b"\\xff" * 4
    total = sum(struct.unpack("!10H", head))
    total = (total & 0xffff) + (total >> 16)
    return head[:10] + struct.pack("!H", ~total & 0xffff) + head[12:] + data
def arp(hardware, address, tag):
    return struct.pack("!HHBBH", 1, 0x800, 6, 4, 2) + hardware + address + everybody + address + tag
def frame(source, kind, data):
    return everybody + source + struct.pack("!H", kind) + data
six = struct.pack("!IHBB", 6 << 28, 5, 59, 1)
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
wire.bind(("host0", 0))
for sent in (
    frame(own_mac, 0x800, packet(own_ip, b"<honest>")),
    frame(own_mac, 0x806, arp(own_mac, own_ip, b"<honestarp>")),
    frame(mac, 0x800, packet(own_ip, b"<mac>")),
    frame(mac, 0x800, packet(ip, b"<both>")),
    frame(own_mac, 0x800, packet(ip, b"<neighbour>")),
    frame(own_mac, 0x800, packet(host_ip, b"<host>")),
    frame(own_mac, 0x800, packet(socket.inet_aton("127.0.0.1"), b"<loopback>")),
    frame(own_mac, 0x800, packet(socket.inet_aton("0.0.0.0"), b"<nobody>")),
    frame(own_mac, 0x806, arp(own_mac, ip, b"<arpneighbour>")),
    frame(own_mac, 0x806, arp(own_mac, host_ip, b"<arphost>")),
    frame(own_mac, 0x806, arp(mac, own_ip, b"<arpmac>")),
    frame(mac, 0x806, arp(mac, ip, b"<arpboth>")),
    frame(own_mac, 0x8100, struct.pack("!HH", 5, 0x800) + packet(ip, b"<vlan>")),
    frame(own_mac, 0x88a8, struct.pack("!HHHH", 5, 0x8100, 6, 0x800) + packet(ip, b"<vlans>")),
    frame(own_mac, 0x86dd, six + bytes(15) + b"\\1\\xff\\2" + bytes(13) + b"\\1<six>"),
    frame(own_mac, 0x88cc, b"<lldp>"),
    frame(own_mac, 0x800, packet(own_ip, b"<last>")),
):
    wire.send(sent)
"""


def test_a_machine_cannot_speak_in_anothers_name(machines: Lab) -> None:
    h1, h2 = (port_for(SPEC.cluster_id, name, SPEC.host(name).address, NETWORK) for name in ("h1", "h2"))
    bridge = bridge_name(SPEC.cluster_id)
    at_h2 = [*ssh_command(machines.provider.ssh(machines.spec.host("h2"))), "python3", "-u", "-"]
    listeners = {"host0": at_h2, bridge: [sys.executable, "-u", "-"]}
    started = []
    for device, command in listeners.items():
        listener = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        started.append(listener)
        assert listener.stdin and listener.stdout
        listener.stdin.write(LISTENS.format(device=device))
        listener.stdin.close()
        assert listener.stdout.readline() == "listening\n"
    words = (h1.mac, str(h1.address.ip), h2.mac, str(h2.address.ip), "198.18.241.1")
    machines.ssh("h1", f"python3 -c {shlex.quote(LIES)} {' '.join(words)}")
    for listener in started:
        assert listener.stdout
        assert listener.stdout.read() == "['honest', 'honestarp', 'last']\n"
        assert listener.wait(240) == 0


def test_a_machine_has_its_declared_address_and_shape(machines: Lab) -> None:
    shown = json.loads(machines.ssh("h2", "ip -json -4 address show dev host0").stdout)
    assert [entry["local"] for entry in shown[0]["addr_info"]] == [SPEC.host("h2").address]
    limits = machines.ssh(
        "h1",
        "cd /sys/fs/cgroup; cat cpu/cpu.cfs_quota_us memory/memory.limit_in_bytes 2>/dev/null || "
        "cat cpu.max memory.max",
    ).stdout.split()
    assert limits in (["50000", str(512 << 20)], ["50000", "100000", str(512 << 20)])


def test_the_control_groups_of_one_machine_are_invisible_in_another(machines: Lab) -> None:
    marks = (
        "import pathlib\n"
        "mounts = [line.split() for line in open('/proc/self/mounts')]\n"
        "tops = [pathlib.Path(m[1]) for m in mounts if m[2] in ('cgroup', 'cgroup2')]\n"
    )
    made = machines.python("h1", marks + "for top in tops: (top / 'mark-of-h1').mkdir(exist_ok=True)\nprint(len(tops))")
    hierarchies = host_hierarchies()
    assert int(made) == len(hierarchies)
    marked = [[Path(path) for path in groups_of(one) if path.endswith("/mark-of-h1")] for one in hierarchies]
    assert all(len(found) == 1 and "h1" in str(found[0].parent) for found in marked), (
        "every hierarchy's mark is within the machine's own group"
    )
    look = marks + "import os; print([path for top in tops for path, _, _ in os.walk(top) if 'mark-of' in path])"
    assert machines.python("h2", look) == "[]\n"
    roots = "print(sorted({line.split()[3] for line in open('/proc/self/mountinfo') if ' - cgroup' in line}))"
    assert machines.python("h2", roots) == "['/']\n"


def test_a_machine_cannot_use_the_hosts_disks(machines: Lab) -> None:
    disks = [line.split() for line in Path("/proc/partitions").read_text().splitlines()[2:]]
    if not disks:
        pytest.skip("this host has no block device to keep from machines")
    major, minor = disks[0][:2]
    tried = machines.ssh(
        "h1", f"mknod /tmp/disk b {major} {minor} && head -c 1 /tmp/disk; rm -f /tmp/disk", check=False
    )
    assert "Operation not permitted" in tried.stderr or "Permission denied" in tried.stderr
    assert tried.stdout == ""


def test_processes_of_a_machine_are_not_seen_in_another(machines: Lab) -> None:
    machines.ssh("h1", "systemd-run --quiet --unit=marked sleep 4321")
    assert "sleep 4321" in machines.ssh("h1", "ps -e -o args").stdout
    assert "sleep 4321" not in machines.ssh("h2", "ps -e -o args").stdout
    machines.ssh("h1", "systemctl stop marked")


# Containers within


@pytest.fixture
def container(machines: Lab) -> Callable[[int, int, str], None]:
    """Starts a container on h1 as the agent does: an OCI runtime under conmon, with a memory and a cpu limit."""
    host = machines.spec.host("h1")
    declared = machines.provider.expected(host).facts
    assert declared is not None
    machines.ssh("h1", f"cat >/var/tmp/container.py <<'EOF'\n{CONTAINER}\nEOF")
    runtime = machines.ssh("h1", f"command -v {declared.container_runtime}").stdout.strip()

    def start(memory: int, quota: int, script: str) -> None:
        machines.ssh("h1", f"python3 /var/tmp/container.py {runtime} {memory} {quota} '{script}'")

    return start


def test_a_container_in_a_machine_is_held_to_its_own_limits(
    machines: Lab, container: Callable[[int, int, str], None]
) -> None:
    container(64 << 20, 20000, "exec sleep 600")
    limits = machines.ssh(
        "h1",
        "cd /sys/fs/cgroup; cat cpu/jobs/t1/cpu.cfs_quota_us memory/jobs/t1/memory.limit_in_bytes 2>/dev/null || "
        "cat jobs/t1/cpu.max jobs/t1/memory.max",
    ).stdout.split()
    assert limits[0] == "20000"
    assert limits[-1] == str(64 << 20)
    machines.ssh("h1", "kill -9 $(cat /var/tmp/container/pid)")
    until(
        lambda: machines.ssh("h1", "cat /var/tmp/container/exits/t1", check=False).stdout == "137", "conmon tells 137"
    )


def test_a_container_over_its_memory_is_killed_and_the_cause_is_known(
    machines: Lab, container: Callable[[int, int, str], None]
) -> None:
    container(32 << 20, 50000, 'exec python3 -c "b = bytearray(200 << 20); import time; time.sleep(600)"')
    until(
        lambda: machines.ssh("h1", "cat /var/tmp/container/exits/t1", check=False).stdout == "137", "conmon tells 137"
    )
    kills = "(cat memory/jobs/t1/memory.oom_control 2>/dev/null || cat jobs/t1/memory.events) | grep 'oom_kill [1-9]'"
    # conmon may hear of the exit before it hears of the memory: the agent asks the control group, too.
    assert machines.ssh("h1", f"cd /sys/fs/cgroup; find /var/tmp/container -name oom; {kills}", check=False).stdout
    assert state(machines, "h1") == (Condition.RUNNING, "running"), "the machine itself is unharmed"


# Switched, broken, mended


def test_a_machine_that_loses_its_power_says_goodbye_to_nobody(machines: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    address = machines.spec.host("h2").address
    with socket.create_connection((address, 22), 60) as connection:
        assert connection.recv(4) == b"SSH-"
        done(machines.provider.power_off(["h2"]))
        connection.setblocking(False)
        time.sleep(0.2)
        with pytest.raises(BlockingIOError):
            while connection.recv(4096):  # the banner's rest may be there; an end or a reset may not
                pass
    assert state(machines, "h2") == (Condition.OFF, "its power was cut")
    until(lambda: mounts_of("h2") <= {f"{HOME}/h2/disk"}, "nothing of h2 is mounted but its disk")
    # It starts over an altered tree, too, and says so. (The tree itself is that of other clusters as well.)
    monkeypatch.setattr(NspawnProvider, "_is_altered", lambda self, tree: True)
    said: list[str] = []
    done(machines.provider.start(["h2"], lambda name, text: said.append(f"{name}: {text}")))
    assert any(text.startswith("h2: the tree that it was made over was altered") for text in said), said
    assert machines.ssh("h2", "cat /etc/machine-id").stdout == machines.ssh("h2", "cat /etc/machine-id").stdout


def test_a_machine_that_powers_itself_off_leaves_only_its_files(machines: Lab) -> None:
    machines.ssh("h2", "systemctl poweroff", check=False)
    until(lambda: state(machines, "h2")[0] is Condition.OFF, "h2 is off")
    until(lambda: not any("h2" in line for line in traces()["processes"]), "no process of h2 is left")
    assert state(machines, "h2") == (Condition.OFF, "powered off")
    until(lambda: mounts_of("h2") <= {f"{HOME}/h2/disk"}, "nothing of h2 is mounted but its disk")
    for hierarchy in host_hierarchies():
        assert [path for path in groups_of(hierarchy) if SPEC.cluster_id[:8] in path and "h2" in path] == []
    done(machines.provider.start(["h2"]))


def test_a_machine_that_reboots_itself_comes_back(machines: Lab) -> None:
    folder = MachineFolder(HOME / "h2")
    before = folder.status()
    assert before is not None
    machines.ssh("h2", "systemctl reboot", check=False)
    until(lambda: (now := folder.status()) is not None and now.boots == before.boots + 1, "h2 booted once more")
    done(machines.provider.start(["h2"]))  # waits for SSH, and does no more with a machine that runs
    status = folder.status()
    assert status is not None
    assert status.boots == before.boots + 1
    assert machines.ssh("h2", "hostname").stdout == "h2\n"


def test_a_machine_whose_supervisor_was_killed_is_found_broken_and_started_anew(machines: Lab) -> None:
    supervisor = MachineFolder(HOME / "h2").supervisor()
    assert supervisor is not None
    supervisor.kill()
    until(lambda: state(machines, "h2")[0] is Condition.BROKEN, "h2 is known to be broken")
    assert "supervisor is gone" in state(machines, "h2")[1]
    done(machines.provider.create(orders(machines.spec.hosts)))
    assert state(machines, "h2") == (Condition.RUNNING, "running")
    assert state(machines, "h1") == (Condition.RUNNING, "running")


def test_a_machine_that_does_not_come_up_says_what_it_said_last(machines: Lab) -> None:
    machines.ssh("h2", "mv /usr/sbin/sshd /usr/sbin/sshd.away")
    for seconds in (10, 30, 90):  # on a busy host it takes longer until it tries to start its SSH
        done(machines.provider.power_off(["h2"]))
        impatient = NspawnProvider(SPEC, machines.state_dir, boot_seconds=float(seconds))
        with pytest.raises(ProviderError) as caught:
            done(impatient.start(["h2"]))
        assert caught.value.machine == "h2"
        assert f"SSH did not answer within {seconds} s" in str(caught.value)
        if "ssh.service" in caught.value.evidence:
            break
    assert "ssh.service" in caught.value.evidence
    done(machines.provider.power_off(["h2"]))
    folder = MachineFolder(HOME / "h2")
    for whiteout in (folder.upper / "usr/sbin/sshd", folder.upper / "usr/sbin/sshd.away"):
        whiteout.unlink()
    done(machines.provider.start(["h2"]))


def test_a_network_in_use_is_refused_with_its_owner(machines: Lab, tmp_path: Path) -> None:
    other = SPEC.model_copy(update={"cluster_id": "7e57beef-0000-4000-8000-000000000000", "name": "other"})
    provider = NspawnProvider(other, tmp_path)
    with pytest.raises(ProviderError) as caught:
        done(provider.create(orders(other.hosts)))
    assert "dcos cluster lab241" in str(caught.value)
    assert "dcos_network" in caught.value.hint
    done(provider.destroy())
    assert machines.ssh("h1", "true").returncode == 0


def test_a_machines_address_cannot_change_under_it(machines: Lab) -> None:
    moved = SPEC.hosts[0].model_copy(update={"address": "198.18.241.77"})
    spec = SPEC.model_copy(update={"hosts": (moved, SPEC.hosts[1])})
    with pytest.raises(ProviderError, match=r"address cannot change from 198\.18\.241\.11/24"):
        done(NspawnProvider(spec, machines.state_dir).create(orders(spec.hosts)))
    assert machines.ssh("h1", "hostname").stdout == "h1\n"


def test_a_new_shape_holds_at_once_and_without_a_restart(machines: Lab) -> None:
    boot = machines.ssh("h2", "cat /proc/sys/kernel/random/boot_id").stdout
    bigger = SPEC.hosts[1].model_copy(update={"cpus": 0.75, "mem_mb": 640})
    spec = SPEC.model_copy(update={"hosts": (SPEC.hosts[0], bigger)})
    done(NspawnProvider(spec, machines.state_dir).create(orders(spec.hosts)))
    shown = machines.ssh(
        "h2",
        "cd /sys/fs/cgroup; cat cpu/cpu.cfs_quota_us memory/memory.limit_in_bytes 2>/dev/null || "
        "cat cpu.max memory.max",
    ).stdout.split()
    assert (shown[0], shown[-1]) == ("75000", str(640 << 20))
    assert machines.ssh("h2", "cat /proc/sys/kernel/random/boot_id").stdout == boot
    done(machines.provider.create(orders(SPEC.hosts)))


def test_a_machine_whose_making_was_cut_short_is_made_when_started(machines: Lab) -> None:
    added = SPEC.hosts[1].model_copy(update={"name": "h4", "address": "198.18.241.14"})
    spec = SPEC.model_copy(update={"hosts": (*SPEC.hosts, added)})
    (HOME / "h4").mkdir()
    provider = NspawnProvider(spec, machines.state_dir)
    assert provider.inspect()["h4"].condition is Condition.BROKEN
    done(provider.start(["h4"]))
    assert provider.inspect()["h4"].condition is Condition.RUNNING
    done(provider.destroy(["h4"]))
    assert provider.inspect()["h4"].condition is Condition.ABSENT


def test_a_full_disk_of_one_machine_harms_no_other(machines: Lab) -> None:
    small = SPEC.hosts[1].model_copy(update={"name": "h3", "address": "198.18.241.13", "disk_mb": 64})
    spec = SPEC.model_copy(update={"hosts": (*SPEC.hosts, small)})
    grown = Lab(NspawnProvider(spec, machines.state_dir), spec, machines.state_dir)
    done(grown.provider.create(orders(spec.hosts)))
    assert grown.ssh("h1", "getent hosts h3").stdout.split() == ["198.18.241.13", "h3"]
    full = grown.ssh("h3", "head -c 100M /dev/zero >/var/tmp/big", check=False)
    assert "No space left on device" in full.stderr
    grown.ssh("h1", "head -c 100M /dev/zero >/var/tmp/big && rm /var/tmp/big")
    done(grown.provider.create(orders(spec.hosts)))  # with the disk still full: nothing needs writing
    done(grown.provider.power_off(["h3"]))
    done(grown.provider.start(["h3"]))
    assert int(grown.ssh("h3", "stat -c %s /var/tmp/big && rm /var/tmp/big").stdout) > 0
    done(grown.provider.destroy(["h3"]))
    assert "h3" not in grown.ssh("h1", "cat /etc/hosts").stdout
    assert mounts_of("h3") == set()


def test_a_supervisor_outlives_the_process_that_started_it(machines: Lab) -> None:
    supervisor = MachineFolder(HOME / "h1").supervisor()
    assert supervisor is not None
    assert os.getsid(supervisor.pid) == supervisor.pid, "no terminal and no session of the installer's ends it"
    groups = [line.split(":", 2)[2] for line in Path("/proc", str(supervisor.pid), "cgroup").read_text().splitlines()]
    assert len(set(groups)) == 1
    assert groups[0].startswith(("/dcos-machines/", "/dcos.slice/")), (
        "nobody's control group but the machine's holds it"
    )


def test_a_supervisor_costs_little(machines: Lab) -> None:
    supervisor = MachineFolder(HOME / "h1").supervisor()
    assert supervisor is not None
    lines = Path("/proc", str(supervisor.pid), "status").read_text().splitlines()
    resident = next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))
    assert resident < 40 << 10


def test_nothing_is_left_of_a_destroyed_cluster(machines: Lab) -> None:
    before = traces()
    assert all(before.values()), "every kind of trace is there while machines run, or this test would see nothing"
    done(machines.provider.destroy())
    # The killed are gone from the process table once this host's init has taken note of them.
    until(lambda: not traces()["processes"], "the last of the machines' processes is gone")
    assert {kind: found for kind, found in traces().items() if found} == {}
    assert shutil.which("ip") is not None
    assert subprocess.run(["ip", "link", "show", f"dcos-{SPEC.cluster_id[:8]}"], capture_output=True).returncode != 0
