"""The roles: thin, whole, and by hand the same manifest as through the installer."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from dcos_installer import secrets
from dcos_installer.bundle import runtime
from dcos_installer.bundle.archive import keep, pack
from dcos_installer.data import locks_dir, roles_dir
from dcos_installer.plan import materials
from dcos_installer.plan.compose import manifest
from dcos_installer.plan.facts import Facts
from dcos_installer.playbook import APPLY_SECONDS
from dcos_installer.services import installed, load
from dcos_installer.spec import load_spec
from dcos_installer.state import find_state
from dcos_runtime.flags.groups import TASK_PORTS
from tests.support.installer.folder_hosts import FACTS, RUNTIME, a_spec
from tests.support.installer.targets import this_machine
from tests.support.installer.toy_service import add_toy

ROLES = roles_dir()
PAGE = Path(__file__).parents[3] / "docs" / "services.md"
ADDED = ("echo", "toy")
"""Services that this release does not ship: the one that docs/services.md adds, and the one of the tests."""
NAMES = (*(service.name for service in installed()), *ADDED)
LOCAL_ACTIONS = {"dcos_fragment"}
"""What runs on the operator's side only."""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The roles, and those that tests and docs add."""
    roles = tmp_path_factory.mktemp("tree") / "roles"
    shutil.copytree(ROLES, roles)
    for path, text in described().items():
        (roles / path).parent.mkdir(parents=True, exist_ok=True)
        (roles / path).write_text(text)
    add_toy(roles)
    return roles


def described() -> dict[str, str]:
    """The files of the service that docs/services.md adds."""
    block = re.compile(r"^`roles/(echo/\S+)`.*?\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    return dict(block.findall(PAGE.read_text()))


def tasks_of(home: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for path in sorted((home / "tasks").glob("*.yml")):
        found += yaml.safe_load(path.read_text())
    return found


def files_of(home: Path) -> set[str]:
    """The paths below a role's folder, the names of its unit, programs and other templates left out."""
    paths = {path.relative_to(home) for path in home.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    return {str(path) if path.parts[0] not in ("files", "templates") else path.parts[0] for path in paths}


@pytest.mark.parametrize("role", NAMES)
def test_a_role_has_the_files_that_the_docs_list_and_no_other(tree: Path, role: str) -> None:
    assert files_of(tree / role) | {"files"} == files_of(tree / "echo")
    scenario = "molecule/default/molecule.yml"
    assert (tree / role / scenario).read_text() == (tree / "echo" / scenario).read_text()


@pytest.mark.parametrize("role", ADDED)
def test_a_service_that_was_added_is_in_the_manifests_of_its_hosts(tree: Path, role: str) -> None:
    spec, known = a_spec(), materials.load(tree).with_packages({FACTS.target: [RUNTIME]})
    for host in spec.hosts:
        units = [unit.name for unit in manifest(spec, host, FACTS, known).units]
        assert (f"dcos-{role}.service" in units) == host.is_master


@pytest.mark.parametrize("role", NAMES)
def test_a_role_has_at_most_two_remote_tasks(tree: Path, role: str) -> None:
    tasks = tasks_of(tree / role)
    remote = [task for task in tasks if not LOCAL_ACTIONS & task.keys()]
    assert len(remote) <= 2
    assert [task["dcos_fragment"]["role"] for task in tasks if "dcos_fragment" in task] == [role]


@pytest.mark.parametrize("role", NAMES)
def test_every_option_of_a_role_has_a_default_a_type_and_a_way_into_its_fragment(tree: Path, role: str) -> None:
    defaults = yaml.safe_load((tree / role / "defaults" / "main.yml").read_text())
    specs = yaml.safe_load((tree / role / "meta" / "argument_specs.yml").read_text())
    declared = specs["argument_specs"]["main"]["options"]
    assert declared.keys() == defaults.keys()
    assert not any("default" in spec for spec in declared.values()), "defaults/main.yml has it: it says so alone"
    assert all(name.startswith(f"{role}_") and spec["type"] and spec["description"] for name, spec in declared.items())
    (options,) = [task["dcos_fragment"]["options"] for task in tasks_of(tree / role)]
    assert options == {name.removeprefix(f"{role}_"): "{{ %s }}" % name for name in defaults}


def test_the_ports_that_machines_keep_for_tasks_are_those_that_agents_offer() -> None:
    """Two places: the flags cannot read a role's defaults, and those are YAML that anybody may set in an inventory."""
    defaults = yaml.safe_load((ROLES / "common" / "defaults" / "main.yml").read_text())
    assert defaults["common_task_ports"] == "{}-{}".format(*TASK_PORTS)


def test_a_units_text_repeats_nothing_of_its_services_descriptor(tree: Path) -> None:
    """Order, user, folder and pause come of the descriptor and of the role's options."""
    for service in load(tree):
        for path in (tree / service.name / "templates").iterdir():
            text = path.read_text()
            assert not re.search(r"^(?:User|Group)=dcos-|StateDirectory=dcos/|/var/lib/dcos/", text, re.MULTILINE), path
            assert not re.search(r"^After=.*dcos-|^RestartSec=\d", text, re.MULTILINE), path


def test_a_unit_starts_after_the_services_that_its_descriptor_names(tree: Path) -> None:
    spec, services = a_spec(), load(tree)
    for host in spec.hosts:
        here = services.on(host)
        for service in here:
            order = services.order(service, host).split()
            assert set(order) >= {other.unit_name for other in here if other.name in service.after}
            assert order == [other.unit_name for other in here if other.unit_name in order], "as a deploy starts them"


@pytest.mark.parametrize("role", NAMES)
def test_a_role_has_no_template_that_nothing_reads(tree: Path, role: str) -> None:
    service = load(tree)[role]
    named = {file.source for file in service.files} | {f"{service.unit_name}.j2"}
    assert {template.name for template in (tree / role / "templates").iterdir()} == named - {""}
    copied = {file.copy_of for file in service.files if file.copy_of}
    assert {file.name for file in (tree / role).glob("files/*") if file.is_file()} == copied


def test_roles_use_nothing_but_builtin_and_our_own_actions(tree: Path) -> None:
    ours = {path.stem for path in (ROLES / "action_plugins").glob("dcos_*.py")}
    known = {"name", "when", "root"} | ours
    for role in NAMES:
        for task in tasks_of(tree / role):
            assert not [key for key in task if key not in known and not key.startswith("ansible.builtin.")], task


INVENTORY = """\
[masters]
m1 ansible_host=198.18.0.11
m2 ansible_host=198.18.0.12
m3 ansible_host=198.18.0.13
[agents]
a1 ansible_host=198.18.0.21 dcos_cpus=2
[public_agents]
p1 ansible_host=198.18.0.31
[all:vars]
dcos_cluster_name=byhand
dcos_provider=static
dcos_operator_networks=198.19.0.0/24
dcos_agent_ping_timeout=3secs
"""


@pytest.fixture
def by_hand(tmp_path: Path) -> dict[str, str]:
    """The environment of a playbook by hand: state and bundle cache of its own, the bundle a made-up package."""
    tree = tmp_path / "tree"
    (tree / "bin").mkdir(parents=True)
    for program in runtime.programs():
        (tree / "bin" / program).write_text("made up\n")
    target = this_machine()
    keep(
        tmp_path / "cache" / "dcos" / "bundle",
        runtime._inputs(target, locks_dir() / "runtime.lock", runtime._interpreter(target)),
        pack(tree),
        name=runtime.NAME,
        version="0.0.1",
        programs=tuple(sorted(runtime.programs())),
        target=target,
        compiled=False,
    )
    (tmp_path / "cluster.ini").write_text(INVENTORY)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    return kept | {
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "ANSIBLE_HOME": str(tmp_path / "ansible"),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_NOCOLOR": "1",
    }


def playbook(tmp_path: Path, environment: dict[str, str], *more: str) -> str:
    program = Path(sys.executable).with_name("ansible-playbook")
    done = subprocess.run(
        [program, "-i", tmp_path / "cluster.ini", "-c", "local", ROLES / "site.yml", *more],
        capture_output=True,
        text=True,
        env=environment,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def changed_by(output: str) -> dict[str, int]:
    return {host: int(count) for host, count in re.findall(r"^(\w+) +: ok=\d+ +changed=(\d+)", output, re.MULTILINE)}


def test_a_playbook_by_hand_makes_the_very_manifests_that_the_installer_makes(
    tmp_path: Path, by_hand: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = ["-e", json.dumps({"root": str(tmp_path / "hosts") + "/{{ inventory_hostname }}"})]
    looked = playbook(tmp_path, by_hand, *root, "--check")
    assert set(changed_by(looked).values()) == {1}
    assert not (tmp_path / "hosts").exists() and not list((tmp_path / "state").rglob("*.pem"))
    output = playbook(tmp_path, by_hand, *root, "-vvvv")
    assert set(changed_by(output).values()) == {1}
    said = (looked, output)

    monkeypatch.setenv("XDG_STATE_HOME", by_hand["XDG_STATE_HOME"])
    state = find_state(tmp_path / "cluster.ini")
    assert state is not None
    spec = load_spec(tmp_path / "cluster.ini", state.cluster_id)
    target = this_machine()
    built = runtime.build(target, cache=tmp_path / "cache" / "dcos" / "bundle")
    vault = secrets.load(state, spec)
    assert vault.to_make == () and vault.trust is not None
    known = materials.load().with_packages({target: (built.package,)}).with_trust(vault.trust)
    for host in spec.hosts:
        active = tmp_path / "hosts" / host.name / "opt/dcos/active"
        facts = Facts(
            os_id="",
            os_version="",
            arch=target.arch,
            libc=target.libc,
            python=target.python,
            cgroups="v1",
            container_runtime="",
            cpus=1,
            mem_mb=1,
        )
        expected = manifest(spec, host, facts, known)
        assert hashlib.sha256((active / "manifest.json").read_bytes()).hexdigest() == expected.digest
        assert msgspec.json.decode((active / "manifest.json").read_bytes())["host"] == host.name
        assert (active / "bin" / "dcos").read_text() == "made up\n"
        laid_down = tmp_path / "hosts" / host.name / "etc/dcos-secrets"
        assert {path.name: path.read_text() for path in laid_down.iterdir()} == vault.made(host.name)
        marks = {line for content in vault.made(host.name).values() for line in content.splitlines() if len(line) > 40}
        marks -= set(vault.trust.ca.splitlines())  # a certificate and its issuer's share a line
        assert marks and not [mark for mark in marks if any(mark in text for text in said)]


def test_a_playbook_by_hand_makes_no_new_secrets_for_hosts_that_run(tmp_path: Path, by_hand: dict[str, str]) -> None:
    root = ["-e", json.dumps({"root": str(tmp_path / "hosts") + "/{{ inventory_hostname }}"}), "--limit", "a1"]
    playbook(tmp_path, by_hand, *root)
    (made,) = (tmp_path / "state").rglob("secrets")
    shutil.rmtree(made)
    program = Path(sys.executable).with_name("ansible-playbook")
    argv: list[str | Path] = [program, "-i", tmp_path / "cluster.ini", "-c", "local", ROLES / "site.yml", *root]
    done = subprocess.run(argv, capture_output=True, text=True, env=by_hand, cwd=tmp_path)
    assert done.returncode != 0
    assert "a1 runs already, and the CA" in re.sub(r"\s+", " ", done.stdout + done.stderr)
    assert not made.exists()


def test_a_playbook_by_hand_never_touches_the_machine_it_runs_on(tmp_path: Path, by_hand: dict[str, str]) -> None:
    program = Path(sys.executable).with_name("ansible-playbook")
    argv: list[str | Path] = [
        program,
        "-i",
        tmp_path / "cluster.ini",
        "-c",
        "local",
        "--limit",
        "a1",
        ROLES / "site.yml",
        "--check",
    ]
    done = subprocess.run(argv, capture_output=True, text=True, env=by_hand, cwd=tmp_path)
    assert done.returncode != 0
    assert "would change this machine" in re.sub(r"\s+", " ", done.stdout + done.stderr)


def test_by_hand_units_get_as_long_as_from_the_installer() -> None:
    from dcos_installer.ansible import runner

    assert APPLY_SECONDS == runner.APPLY_SECONDS


def test_every_daemon_comes_before_tasks_when_processors_are_short_and_none_is_real_time(tree: Path) -> None:
    seen = set()
    for unit in sorted(tree.glob("*/templates/*.service.j2")):
        text = unit.read_text()
        assert not re.search(r"^(CPUSchedulingPolicy|CPUSchedulingPriority|Nice)=", text, re.MULTILINE), unit
        if "Type=oneshot" in text:
            continue
        (weight,) = re.findall(r"^CPUWeight=(\d+)$", text, re.MULTILINE)
        assert int(weight) > 100, unit
        seen.add(unit.parent.parent.name)
    assert {"zookeeper", "master", "marathon", "auth", "gateway", "agent", *ADDED} <= seen
