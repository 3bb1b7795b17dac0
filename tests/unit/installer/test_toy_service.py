"""A service is one folder: a toy is added to the roles, and everything of it is there; it is taken away, and gone."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from unittest.mock import MagicMock

import pytest

from dcos_installer import secrets, status
from dcos_installer.bundle import runtime
from dcos_installer.config.model import ClusterSpec, HostSpec
from dcos_installer.daemon_client import NotWell
from dcos_installer.data import roles_dir
from dcos_installer.phases.kit.health import unwell
from dcos_installer.phases.validate_facts import taken_ports
from dcos_installer.plan import materials
from dcos_installer.plan.compose import fragment, manifest
from dcos_installer.plan.manifest import Manifest
from dcos_installer.plan.materials import Materials
from dcos_installer.plan.merge import merge
from dcos_installer.services import DescriptorsInvalid, installed, load
from dcos_installer.state import ClusterState
from dcos_runtime import shipped_services
from dcos_runtime.auth.http import account_pages
from dcos_runtime.flags import Flags
from dcos_runtime.flags.groups import GuardFlags
from dcos_runtime.flags.programs import PROGRAMS
from dcos_runtime.gateway import services as told_services
from dcos_runtime.gateway.cluster_pages import cluster_pages
from dcos_runtime.gateway.routing import NoRoute, route_of
from dcos_runtime.wire.cluster_services import GATEWAY_PATHS
from tests.support.installer.cheap_roots import cheap_roots
from tests.support.installer.folder_hosts import FACTS, RUNTIME, Host, a_spec
from tests.support.installer.pretended import deployed, facts_of, pretend, spec_of
from tests.support.installer.toy_service import add_toy, toy_ports

ROOT = Path(__file__).parents[3]

pytestmark = pytest.mark.usefixtures(cheap_roots.__name__)


@pytest.fixture
def roles(tmp_path: Path) -> Path:
    """The roles, and one folder more."""
    shutil.copytree(roles_dir(), tmp_path / "roles")
    add_toy(tmp_path / "roles")
    return tmp_path / "roles"


def loaded(folder: Path | None = None) -> Materials:
    return materials.load(folder).with_packages({FACTS.target: [RUNTIME]})


def made(known: Materials, spec: ClusterSpec, host: str) -> Manifest:
    return manifest(spec, spec.host(host), FACTS, known)


def text(manifest: Manifest, path: str) -> str:
    return next(file.content for file in manifest.files if file.path == path)


def test_nginx_gets_one_word_for_the_servers_of_each_service_however_it_is_called(roles: Path) -> None:
    descriptor = roles / "toy" / "service.yml"
    descriptor.write_text(descriptor.read_text().replace("noun: toy\n", "noun: toy's (own) thing\n"))
    groups = [route["group"] for route in load(roles).routes]
    assert "dcos_toy_s_own_thing" in groups and len(set(groups)) == len(groups)
    assert all(re.fullmatch(r"dcos_[a-z0-9_]+", group) for group in groups)


def test_a_toy_is_in_the_whole_plan_of_masters_and_only_its_ports_are_on_agents(roles: Path) -> None:
    spec = a_spec(masters=3)
    before, after = loaded(), loaded(roles)
    tls, peers = toy_ports(roles)
    for host in ("m1", "m2", "m3"):
        found, former = made(after, spec, host), made(before, spec, host)
        assert [unit.name for unit in found.units if unit not in former.units] == [
            "dcos-toy.service",
        ]
        (toy,) = [unit for unit in found.units if unit.name == "dcos-toy.service"]
        assert toy.probe == f"https://toy@{spec.host(host).address}:{tls}/health"
        assert {"etc/toy/toy.py", "etc/toy/toy.env", "etc/tls/ca.crt", "secret:tls-toy.pem"} <= set(toy.reads)
        assert [user.name for user in found.users if user not in former.users] == ["dcos-toy"]
        new = {secret.name: secret for secret in found.secrets if secret not in former.secrets}
        assert {name: (secret.owner, secret.mode) for name, secret in new.items()} == {
            "tls-toy.pem": ("dcos-toy", 0o400),
            "toy-word": ("dcos-toy", 0o400),
        }
        assert f'TOY_ADDRESS="{spec.host(host).address}"' in text(found, "etc/toy/toy.env")
        assert "/etc/systemd/system/multi-user.target.wants/dcos-toy.service" in {link.path for link in found.links}
    found, former = made(after, spec, "a1"), made(before, spec, "a1")
    assert found.units == former.units and found.users == former.users and found.secrets == former.secrets
    differing = {file.path for file in found.files} ^ {file.path for file in former.files}
    assert not differing
    assert {file.path for file in found.files if file not in former.files} == {
        "etc/firewall.nft",
        "etc/dcos-agent.env",
        "etc/sysctl.conf",
    }
    for whom, port in (("members", tls), ("masters", peers)):
        assert open_to(whom, found) - open_to(whom, former) == {port}
    for port in (tls, peers):
        assert kept_from_tasks(found, port) and not kept_from_tasks(former, port)


def open_to(whom: str, manifest: Manifest) -> set[int]:
    """The ports that the host's firewall opens to these."""
    (listed,) = re.findall(rf"tcp dport {{ ([\d, ]+) }} ip saddr @{whom} accept", text(manifest, "etc/firewall.nft"))
    return {int(number) for number in listed.split(", ")}


def kept_from_tasks(manifest: Manifest, port: int) -> bool:
    """Whether the agent of that host gives the port to no task."""
    (listed,) = re.findall(r'MESOS_DAEMON_PORTS="([^"]*)"', text(manifest, "etc/dcos-agent.env"))
    ranges = [part.partition("-") for part in re.findall(r"[\d-]+", listed)]
    return any(int(low) <= port <= int(high or low) for low, _, high in ranges)


def test_a_toy_has_its_place_in_the_playbook_of_masters_and_in_no_agents(roles: Path) -> None:
    """``site.yml`` runs the roles of ``dcos_services``, which are these; it names none itself."""
    spec, services = a_spec(), load(roles)
    before = [service.name for service in installed().on(spec.host("m1"))]
    found = [service.name for service in services.on(spec.host("m1"))]
    assert [name for name in found if name != "toy"] == before and found.index("common") < found.index("toy")
    assert services.on(spec.host("a1")) == installed().on(spec.host("a1"))
    assert [service.name for service in services.needed_by("toy", services.on(spec.host("m1")))] == ["common", "toy"]
    assert 'loop: "{{ dcos_services }}"' in (roles / "site.yml").read_text()


def test_a_role_by_itself_makes_a_valid_manifest_with_those_that_it_starts_after() -> None:
    spec, known = a_spec(), loaded()
    for service in installed():
        host = next(host for host in spec.hosts if service in installed().on(host))
        needed = installed().needed_by(service.name, installed().on(host))
        pieces = [fragment(one.name, spec, host, FACTS, known) for one in needed]
        assert merge(spec, host, pieces).units[-1].name == service.unit_name


def test_a_toy_is_behind_every_gateway_and_dcos_auth_is_told_of_it(roles: Path) -> None:
    spec = a_spec(masters=3)
    found, (tls, _) = made(loaded(roles), spec, "m1"), toy_ports(roles)
    configuration = text(found, "etc/gateway/nginx.conf")
    assert "location /toy/ {" in configuration and "location = /toy {" in configuration
    assert "proxy_ssl_name toy.dcos.internal;" in configuration
    assert "upstream dcos_toy {\n        server 198.18.0.11:%d max_fails=1" % tls in configuration
    (toy,) = [
        service
        for service in told_services.load(written(roles.parent / "told.json", text(found, "etc/auth/services.json")))
        if service.name == "toy"
    ]
    assert toy.unit == "dcos-toy.service" and toy.health is not None and toy.route is not None
    assert (toy.health.kind, toy.health.port, toy.health.path) == ("toy", tls, "/health")
    assert route_of("/toy/word?x", "toy", [toy.route]).rest == "/word?x"
    with pytest.raises(NoRoute):
        route_of("/toy/word", "toy", [])


def written(path: Path, content: str) -> Path:
    path.write_text(content)
    return path


def test_a_toy_has_certificates_and_a_secret_of_its_own_until_its_folder_is_gone(roles: Path, tmp_path: Path) -> None:
    spec, state = a_spec(masters=3), ClusterState(tmp_path / "state")
    with_toy = load(roles)
    before = secrets.make(state, spec)
    assert secrets.load(state, spec, services=with_toy).to_make == ("the secret toy-word", "3 certificates")
    having = secrets.make(state, spec, services=with_toy)
    words = {having.made(host)["toy-word"] for host in ("m1", "m2", "m3")}
    assert len(words) == 1 and "BEGIN CERTIFICATE" in having.made("m2")["tls-toy.pem"]
    assert not any("toy" in name for name in having.made("a1"))
    assert secrets.make(state, spec, services=with_toy) == having
    gone = secrets.load(state, spec)
    assert gone.forgotten == ("toy-word", "the toy of m1", "the toy of m2", "the toy of m3")
    after = secrets.make(state, spec)
    assert after.hosts == before.hosts and after.forgotten == ()
    assert not list(state.secrets.rglob("toy*")) and "toy" not in (state.secrets / "services.json").read_text()


def test_a_toy_is_asked_in_preflight_postflight_and_status(roles: Path, tmp_path: Path) -> None:
    services, (tls, peers) = load(roles), toy_ports(roles)
    ctx = deployed(pretend(tmp_path, spec_of(tmp_path)))
    asked: list[str] = []
    answering = ctx.ask

    def ask(url: str, **more: object) -> object:
        if f":{tls}/" not in url:
            return answering(url, **more)
        asked.append(url)
        raise NotWell(f"GET {url} was not answered", why="connection refused")

    ctx.services, ctx.ask = services, ask
    assert unwell(ctx, services["toy"]) == {
        "m1": f"GET https://198.18.1.1:{tls}/health was not answered; connection refused"
    }
    problems = status.read(ctx).problems
    assert [one for one in problems if "toy" in one] == [
        f"the toy of m1 does not answer as it should: GET https://198.18.1.1:{tls}/health was not answered;"
        " connection refused"
    ]
    host: HostSpec = ctx.spec.host("m1")
    ((what, _),) = taken_ports(host, facts_of(host, listening=(f"*:{peers}",)), services)
    assert what == f"port {peers} is taken by something else, and the toy of the cluster needs it"
    assert services.kinds[tls] == "toy"


def test_a_toys_folder_is_gone_and_so_is_all_that_it_had_on_the_machine(roles: Path, tmp_path: Path) -> None:
    spec = a_spec(masters=1)
    host = Host(tmp_path / "machine")
    with_toy, without = made(loaded(roles), spec, "m1"), made(loaded(), spec, "m1")
    contents = {secret.name: "a secret" for secret in with_toy.secrets}
    host.bring(with_toy)
    host.apply(with_toy, contents)
    assert host.machine.user("dcos-toy") is not None and host.path("/etc/dcos-secrets/toy-word").exists()
    kept = {secret.name: "a secret" for secret in without.secrets}
    expected = host.check(without, kept)
    changes = host.apply(without, kept).changes
    assert changes == expected
    found = {(change["kind"], change["action"], change["name"]) for change in changes}
    assert {
        ("unit", "stop", "dcos-toy.service"),
        ("user", "remove", "dcos-toy"),
        ("secret", "remove", "toy-word"),
        ("secret", "remove", "tls-toy.pem"),
        ("file", "remove", "units/dcos-toy.service"),
        ("link", "remove", "/etc/systemd/system/dcos-toy.service"),
    } <= found
    assert host.machine.user("dcos-toy") is None and host.machine.group("dcos-toy") is None
    former = host.path("/opt/dcos/generations/1")  # kept, to go back to
    left = [path for path in host.root.rglob("*") if "toy" in path.name and not path.is_relative_to(former)]
    assert left == [] and host.check(without, kept) == []


def test_a_program_of_the_runtime_comes_with_its_descriptor() -> None:
    programs = runtime.programs()
    assert programs.pop("dcos") == "dcos_runtime.cli.main"
    assert programs == {f"dcos-{s.name}": s.program for s in installed() if s.program}


def test_to_add_a_service_touches_one_folder() -> None:
    """No service that has a role is named where all of them are dealt with: what is of one alone stands in its folder,
    or in a module that is about it.
    """
    about_one = {
        "installer/dcos_installer/phases/checks/": "what is more than each host's daemon by itself",
        "installer/dcos_installer/phases/repair_zookeeper.py": "one service's data",
        "installer/dcos_installer/secrets/roots.py": "the store's passwords",
        "installer/dcos_installer/phases/write_client_config.py": "how users reach the gateway",
        "installer/dcos_installer/ansible/host/systemd.py": "ZooKeeper's way of being asked",
    }
    generic = [
        *(ROOT / "installer" / "dcos_installer").rglob("*.py"),
        *(ROOT / "roles" / "common").rglob("*"),
        ROOT / "roles" / "site.yml",
        *(ROOT / "roles" / "gateway" / "templates").iterdir(),
        *(
            ROOT / "dcos_runtime" / "gateway" / name
            for name in ("health.py", "routing.py", "authorizer.py", "pages.py")
        ),
    ]
    names = [service.name for service in installed() if service.name != "common"]
    kinds_of_hosts = {"master", "agent"}
    # nginx and dcos-auth are made for one another.
    partners = {"roles/gateway/": {"gateway", "auth"}}
    found = []
    for path in generic:
        place = str(path.relative_to(ROOT))
        if not path.is_file() or "__pycache__" in place or place.startswith(tuple(about_one)):
            continue
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            code = line.split("#")[0].split('"""')[0]
            for name in names:
                own = any(place.startswith(folder) and name in known for folder, known in partners.items())
                quoted = rf'["\']{name}["\']' if name not in kinds_of_hosts else r"(?!)"
                if not own and re.search(
                    rf"dcos-{name}\b|tls-{name}\b|credentials-{name}\b|zk-{name}\b|{quoted}", code
                ):
                    found.append(f"{place}:{number}: {line.strip()}")
    assert found == [], "\n".join(found)


def test_a_service_that_calls_others_is_let_in_there(roles: Path) -> None:
    descriptor = roles / "toy" / "service.yml"
    descriptor.write_text(descriptor.read_text().replace("after: [common]", "after: [common]\ncalls: [master, agent]"))
    for host, path, added in (
        ("m1", "etc/dcos-master.env", {"toy"}),
        ("m1", "etc/dcos-marathon.env", set()),
        ("a1", "etc/dcos-agent.env", {"toy"}),
    ):
        let_in, before = (clients(made(known, a_spec(), host), path) for known in (loaded(roles), loaded()))
        assert let_in - before == added and before <= let_in, path


def clients(manifest: Manifest, path: str) -> set[str]:
    """The kinds of certificates that the daemon with the settings in ``path`` lets in."""
    (listed,) = re.findall(r'_TLS_CLIENTS="([^"]*)"', text(manifest, path))
    return set(listed.split(","))


def test_what_a_cluster_can_do_is_what_its_services_say(roles: Path) -> None:
    descriptor = roles / "toy" / "service.yml"
    descriptor.write_text(descriptor.read_text().replace("after: [common]", "after: [common]\ncapabilities: [TOYS]"))
    found = told_services.load(written(roles.parent / "told.json", load(roles).services_file))
    assert {service.name: service.capabilities for service in found if service.capabilities} == {
        "cosmos": ("PACKAGE_MANAGEMENT",),
        "toy": ("TOYS",),
    }


def test_no_daemon_names_a_service_beside_the_core_of_the_cluster() -> None:
    """What others need to know of such a service is in its descriptor. Its own rooms, and `dcos`, may name it."""
    core = {"agent", "auth", "common", "gateway", "marathon", "master", "zookeeper"}
    runtime = ROOT / "dcos_runtime"
    others = [service.name for service in installed() if service.name not in core]
    assert others == ["cosmos", "repository"] or set(others) > {"cosmos", "repository"}
    found = []
    for path in sorted(runtime.rglob("*.py")):
        rooms = path.relative_to(runtime).parts
        for name in others:
            # The package manager's own API has things called repositories; recordings of each core can be run again.
            own = rooms[0] in (name, "cli", "cosmos", "replay.py") or rooms == ("flags", f"{name}.py")
            if not own and re.search(rf'["\']{name}["\']', path.read_text()):
                found.append(f"{'/'.join(rooms)} names {name}")
    assert found == []


@pytest.mark.parametrize(
    ("change", "line", "said"),
    [
        (("number: TLS", "number: 5050"), 13, "port 5050 is master's already"),
        (("hosts: masters", "hosts: everywhere"), 6, "hosts: input should be 'all', 'masters' or 'agents'"),
        (("hosts: masters", "host: masters"), 6, "there is no key host"),
        (("after: [common]", "after: [comon]"), 7, "there is no service comon"),
        (("after: [common]", "after: [toy]"), 7, "toy waits for itself"),
        (("after: [common]", "after: [common]\ncalls: [mastre]"), 8, "calls: there is no service mastre"),
        (("after: [common]", "after: [common]\njoins: [agent]"), 8, "joins: there is no service agent with a user"),
        (("after: [common]", "after: [common]\njoins: [aut]"), 8, "joins: there is no service aut with a user"),
        (("after: [common]", "after: [common]\ncapabilities: [toys]"), 8, "capabilities"),
        (("tls: toy\n", ""), 12, "ports.tls: tls: true, and the service has no certificate"),
        (("tls: toy\n", "tls: agent\n"), 10, "the kind agent is agent's already"),
        (("  port: tls\n  path: /health", "  port: inner\n  path: /health"), 25, "has no port inner"),
        (
            ("  port: tls\n  path: /health", "  port: peers\n  path: /health"),
            25,
            "any process could answer at the port peers",
        ),
        (("copy_of: toy.py", "copy_of: toi.py"), 20, "toy/files/toi.py is not there"),
        (("paths: [/toy]", "paths: [/mesos]"), 28, "the path /mesos is master's already"),
        (("paths: [/toy]", "paths: [/acs/x]"), 28, "/acs/x is one of the gateway's own"),
        (("paths: [/toy]", "paths: [/exhibitor]"), 28, "/exhibitor is one of the gateway's own"),
        (("paths: [/toy]", "paths: [/toy, /pkgpanda/x]"), 28, "/pkgpanda/x is one of the gateway's own"),
        (("paths: [/toy]", "paths: [/capabilities]"), 28, "/capabilities is one of the gateway's own"),
        (("paths: [/toy]", "paths: [/cluster]"), 28, "/cluster is one of the gateway's own"),
        (("name: toy-word", "name: Word"), 18, "secrets.1.name"),
        (("  - kind: random", "  - kind: found"), 17, "secrets.1"),
        (("noun: toy\n", "noun: toy\nnoun: x\n"), 6, "the key noun is there twice"),
        (("number: TLS", "number: 'TLS'"), 13, "ports.tls.number"),
        (("hosts: masters", "hosts: [masters"), 7, "it is no YAML"),
    ],
)
def test_a_mistake_in_a_descriptor_is_told_with_its_file_and_line(
    roles: Path, change: tuple[str, str], line: int, said: str
) -> None:
    path = roles / "toy" / "service.yml"
    before, port = path.read_text(), str(toy_ports(roles)[0])
    wrong, right = (part.replace("TLS", port) for part in change)
    assert wrong in before
    path.write_text(before.replace(wrong, right, 1))
    with pytest.raises(DescriptorsInvalid) as caught:
        load(roles)
    shown = [str(problem) for problem in caught.value.problems]
    assert any(f"{path}:{line}: " in problem and said in problem for problem in shown), shown


def test_a_role_without_a_descriptor_is_named(roles: Path) -> None:
    (roles / "toy" / "service.yml").unlink()
    with pytest.raises(DescriptorsInvalid) as caught:
        load(roles)
    assert "toy/service.yml:1: it is not there" in caught.value.evidence


def test_every_service_tells_dcos_auth_what_that_reads(tmp_path: Path) -> None:
    found = told_services.load(written(tmp_path / "services.json", installed().services_file))
    assert [service.name for service in found] == [service.name for service in installed()]
    assert found == installed().records
    by_hand = told_services.by_hand(master=5049, init=8443, agent=5052, gateway=443)
    assert all(one in found for one in by_hand) and len(by_hand) == 6


def test_daemons_that_are_started_by_hand_know_the_services_as_their_descriptors_have_them() -> None:
    """Of a service that is not in the file, daemons by hand know nothing: a new role needs no other file."""
    found = {record.name: record for record in installed().records}
    for name, record in shipped_services.shipped().items():
        assert record == found[name], "run python -m tests.support.generated"


def test_a_service_lets_in_those_whose_descriptors_say_that_they_call_it(roles: Path) -> None:
    found = {service.name: load(roles).callers(service.name) for service in load(roles) if service.tls}
    assert found["master"] == ["auth", "cosmos", "gateway", "marathon"]
    assert found["marathon"] == ["auth", "cosmos", "gateway"]
    assert found["agent"] == ["auth", "gateway", "master"]
    assert found["toy"] == found["cosmos"] == ["auth", "gateway"], "that it has a route and a health page is enough"
    assert found["repository"] == ["auth"] and found["gateway"] == ["auth"] and found["auth"] == []
    for name, flags in documented_flags().items():
        assert flags.find("tls_clients").default == tuple(found[name]), "by hand as on clusters"


def test_a_service_that_passes_requests_on_says_so_and_every_daemon_is_told(roles: Path) -> None:
    assert load(roles).speakers == ["gateway"]
    descriptor = roles / "toy" / "service.yml"
    descriptor.write_text(f"{descriptor.read_text()}passes_on: true\n")
    known = loaded(roles)
    assert load(roles).speakers == ["gateway", "toy"] and "toy" in load(roles).callers("master")
    assert 'MESOS_TLS_SPEAKERS="gateway,toy"' in text(made(known, a_spec(), "m1"), "etc/dcos-master.env")


def documented_flags() -> dict[str, type[Flags]]:
    return {name.removeprefix("dcos-"): flags for name, flags in PROGRAMS.items() if issubclass(flags, GuardFlags)}


def test_a_daemon_lets_in_no_other_by_name() -> None:
    """Except for its own kind, whose standbys pass requests on, and the operator, which is no service."""
    for path in (ROOT / "dcos_runtime").rglob("*.py"):
        for kinds in re.findall(r"tls_kinds=([{(\[].*?[})\]])", path.read_text()):
            named = re.findall(r'"(\w+)"', kinds)
            assert all(f'kind="{name}"' in path.read_text() for name in named), f"{path} names {kinds}"


def test_no_service_takes_a_path_of_the_gateways_own_pages() -> None:
    """The installer does not import the gateway, so it has the list that this holds to the pages and to nginx."""
    leaders = [path for record in installed().records if record.route for path in record.route.paths]
    table = account_pages(MagicMock()) | cluster_pages(lambda: None, MagicMock(), MagicMock(), MagicMock(), leaders)
    nginx = (roles_dir() / "gateway" / "templates" / "nginx.conf.j2").read_text()
    locations = re.findall(r"location (?:= )?(/[^ {]*)", nginx)
    served = {f"/{path.split('/')[1]}" for path in (*table.at, *table.below, *locations)} - {"/"}
    routed = {f"/{path.split('/')[1]}" for path in leaders} - {"/service"}
    assert served - routed == set(GATEWAY_PATHS)
    assert not routed & set(GATEWAY_PATHS)


def test_a_damaged_list_of_services_is_refused_with_why(tmp_path: Path) -> None:
    for content in ("[", '[{"name": 1}]', '[{"surprise": 1}]'):
        with pytest.raises(told_services.ServicesUnusable, match="--services"):
            told_services.load(written(tmp_path / "services.json", content))
    (tmp_path / "bytes.json").write_bytes(b'[{"name": "\xff"}]')
    with pytest.raises(told_services.ServicesUnusable, match="--services"):
        told_services.load(tmp_path / "bytes.json")
    with pytest.raises(told_services.ServicesUnusable, match="cannot be read"):
        told_services.load(tmp_path / "none.json")
