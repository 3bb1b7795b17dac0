"""Many hosts through ansible-runner: answers by host, nothing of the operator's Ansible, clear failures."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dcos_installer.ansible import play, runner
from dcos_installer.ansible.connection import Connection
from dcos_installer.ansible.play import PlayFailed, Unreachable, Workspace
from dcos_installer.errors import InstallerError
from dcos_installer.machines import SshTarget
from dcos_installer.plan.facts import Facts
from dcos_installer.plan.manifest import Manifest, Package, Secret
from dcos_installer.plan.plan import Change
from tests.support.installer.folder_hosts import Host, a_manifest

UNIT = "dcos-a.service"


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    yield Workspace(tmp_path / "private")
    assert not list((tmp_path / "private").iterdir()), "a play left something behind"


def connections(tmp_path: Path, *names: str) -> dict[str, Connection]:
    return {name: Connection(root=str(tmp_path / "hosts" / name)) for name in names}


def manifest(text: str = "one") -> Manifest:
    return a_manifest({"etc/a": text}, {UNIT: ("etc/a",)})


def test_facts_check_and_apply_of_several_hosts(tmp_path: Path, workspace: Workspace) -> None:
    hosts = connections(tmp_path, "h1", "h2", "h3")
    facts = runner.gather_facts(workspace, hosts)
    assert {name: getattr(found, "generation", found) for name, found in facts.items()} == {"h1": 0, "h2": 0, "h3": 0}
    checked = runner.check(workspace, hosts, {name: manifest() for name in hosts})
    orders = {}
    for name, found in checked.items():
        assert isinstance(found, runner.Checked), found
        before = facts[name]
        assert isinstance(before, Facts)
        assert found.facts.digest == before.digest
        orders[name] = runner.ApplyOrder(manifest(), found.seen)
    told: list[str] = []
    applied = runner.apply(workspace, hosts, orders, lambda host, result: told.append(host))
    assert sorted(told) == ["h1", "h2", "h3"]
    for name, done in applied.items():
        planned = checked[name]
        assert isinstance(done, runner.AppliedManifest), done
        assert isinstance(planned, runner.Checked)
        assert done.changes == planned.changes
        assert (done.generation, done.manifest) == (1, manifest().digest)
    again = runner.check(workspace, hosts, {name: manifest() for name in hosts})
    assert [found.changes for found in again.values() if isinstance(found, runner.Checked)] == [(), (), ()]


def test_one_host_that_fails_does_not_hold_the_others_up(tmp_path: Path, workspace: Workspace) -> None:
    hosts = connections(tmp_path, "h1", "h2")
    lacking = a_manifest({}, {UNIT: ()}, [Package("p", "1", "1" * 64)])
    results = runner.apply(
        workspace, hosts, {"h1": runner.ApplyOrder(lacking), "h2": runner.ApplyOrder(manifest(), seen=None)}
    )
    assert isinstance(results["h1"], runner.HostFailed)
    assert "p--1-111111111111" in results["h1"].why
    assert isinstance(results["h2"], runner.AppliedManifest)


def test_an_apply_against_a_host_that_has_changed_is_refused(tmp_path: Path, workspace: Workspace) -> None:
    hosts = connections(tmp_path, "h1")
    (checked,) = runner.check(workspace, hosts, {"h1": manifest()}).values()
    assert isinstance(checked, runner.Checked)
    Host(tmp_path / "hosts" / "h1").apply(manifest("by another"))
    (result,) = runner.apply(workspace, hosts, {"h1": runner.ApplyOrder(manifest(), checked.seen)}).values()
    assert isinstance(result, runner.HostFailed)
    assert "has changed since the plan was made" in result.what
    assert "generation: 0 → 1" in result.why


def test_the_operators_own_ansible_does_not_leak_in(
    tmp_path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    broken = "[defaults]\nstrategy = no_such_strategy\nforks = none\n"
    (home / ".ansible.cfg").write_text(broken)
    (tmp_path / "ansible.cfg").write_text(broken)
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    marker = tmp_path / "leaked"
    (plugins / "leak.py").write_text(f"open({str(marker)!r}, 'w').close()\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("ANSIBLE_CONFIG", str(tmp_path / "ansible.cfg"))
    monkeypatch.setenv("ANSIBLE_STRATEGY", "no_such_strategy")
    monkeypatch.setenv("ANSIBLE_STDOUT_CALLBACK", "no_such_callback")
    monkeypatch.setenv("ANSIBLE_CALLBACK_PLUGINS", str(plugins))
    monkeypatch.setenv("ANSIBLE_CALLBACKS_ENABLED", "leak")
    monkeypatch.setenv("ANSIBLE_CHECK_MODE_MARKERS", "true")
    monkeypatch.setenv("ANSIBLE_GATHERING", "implicit")
    results = runner.gather_facts(workspace, connections(tmp_path, "h1"))
    assert not isinstance(results["h1"], InstallerError), results["h1"]
    assert not marker.exists()


def test_what_the_installer_does_does_not_change_its_own_environment(tmp_path: Path, workspace: Workspace) -> None:
    before = dict(os.environ)
    runner.gather_facts(workspace, connections(tmp_path, "h1"))
    assert dict(os.environ) == before


def ssh(tmp_path: Path) -> Connection:
    known_hosts = tmp_path / "known_hosts"
    known_hosts.touch()
    return Connection(ssh=SshTarget("127.0.0.1", 1, "root", None, known_hosts))


def test_a_host_that_cannot_be_reached_says_where_and_why(tmp_path: Path, workspace: Workspace) -> None:
    results = runner.gather_facts(workspace, {"h1": ssh(tmp_path), **connections(tmp_path, "h2")})
    assert isinstance(results["h1"], Unreachable)
    assert "127.0.0.1 port 1" in results["h1"].what
    # On a busy host ssh(1) may end before Ansible has written to it; then Ansible keeps that error, and not ssh's.
    assert any(why in results["h1"].evidence for why in ("refused", "Broken pipe"))
    assert not isinstance(results["h2"], InstallerError)


def test_secrets_reach_the_host_and_stay_out_of_everything_that_is_kept_or_told(
    tmp_path: Path, workspace: Workspace
) -> None:
    hosts = connections(tmp_path, "h1")
    wanted = Manifest(
        **{field: getattr(manifest(), field) for field in Manifest.__struct_fields__ if field != "secrets"},
        secrets=(Secret("token"),),
    )
    checked = runner.check(workspace, hosts, {"h1": wanted}, {"h1": {"token": "hush-hush"}})
    applied = runner.apply(workspace, hosts, {"h1": runner.ApplyOrder(wanted, secrets={"token": "hush-hush"})})
    secret = tmp_path / "hosts/h1/etc/dcos-secrets/token"
    assert secret.read_text() == "hush-hush"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert "hush-hush" not in repr((checked, applied))
    assert isinstance(applied["h1"], runner.AppliedManifest)
    assert Change("secret", "token", "add") in applied["h1"].changes


def test_a_request_is_for_its_owner_alone_and_a_play_that_was_killed_leaves_it_to_the_next_one_only(
    tmp_path: Path, workspace: Workspace
) -> None:
    home = tmp_path / "private"
    child = os.fork()
    if child == 0:
        with play._folder(home) as folder:
            play._write(folder, workspace, connections(tmp_path, "h1"), {"h1": b"hush-hush"}, 1.0)
            os.kill(os.getpid(), signal.SIGKILL)
        os._exit(1)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
    (request,) = home.rglob("requests/h1.json")
    assert request.read_bytes() == b"hush-hush"
    assert stat.S_IMODE(request.stat().st_mode) == 0o600
    with play._folder(home) as mine:
        assert list(home.iterdir()) == [mine]
        with play._folder(home) as other:
            assert mine.is_dir() and other.is_dir()
        assert mine.is_dir() and not other.exists()


def test_this_machine_itself_is_never_a_place() -> None:
    with pytest.raises(ValueError, match="never this machine's own root"):
        Connection()


def test_strict_host_keys_and_the_clusters_own_key_are_asked_for(tmp_path: Path) -> None:
    connection = Connection(
        ssh=SshTarget("198.18.0.11", 22, "admin", tmp_path / "key", tmp_path / "known hosts"), become=True
    )
    options = " ".join(connection.ssh_options())
    assert "StrictHostKeyChecking=yes" in options
    assert f'UserKnownHostsFile="{tmp_path}/known hosts"' in options
    assert connection.variables()["ansible_become"] is True


def test_a_play_that_ends_without_an_answer_says_what_ansible_said(
    tmp_path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(play, "_PLAY", play._PLAY.replace("hosts: all", "hosts: nobody"))
    answers: dict[str, object] = {}
    play.run(
        workspace,
        connections(tmp_path, "h1"),
        {"h1": json.dumps({"mode": "facts"}).encode()},
        answers.__setitem__,
        timeout=240,
    )
    assert isinstance(answers["h1"], PlayFailed)
    assert "no hosts matched" in answers["h1"].evidence


def test_an_error_in_the_callers_own_code_ends_the_play_and_comes_back(tmp_path: Path, workspace: Workspace) -> None:
    def on_host(host: str, result: object) -> None:
        raise LookupError("the journal is full")

    with pytest.raises(LookupError, match="the journal is full"):
        runner.apply(workspace, connections(tmp_path, "h1"), {"h1": runner.ApplyOrder(manifest())}, on_host)


def test_an_interrupt_ends_ansible_too(tmp_path: Path) -> None:
    script = (
        "import sys, threading, _thread\n"
        "from pathlib import Path\n"
        "from dcos_installer.ansible import play, runner\n"
        "from dcos_installer.ansible.connection import Connection\n"
        "inner = play._write\n"
        "def write(home, *rest):\n"
        "    inner(home, *rest)\n"
        "    (home / 'code').unlink()\n"
        "    import os; os.mkfifo(home / 'code')  # the action waits for it for ever\n"
        "    print(home, flush=True)\n"
        "play._write = write\n"
        f"workspace = play.Workspace(Path({str(tmp_path / 'private')!r}))\n"
        f"runner.gather_facts(workspace, {{'h1': Connection(root={str(tmp_path / 'h1')!r})}})\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        home = process.stdout.readline().decode().strip()
        wait_until(lambda: bool(processes_that_name(home)))
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=240)
    assert b"KeyboardInterrupt" in said
    assert not Path(home).exists()
    wait_until(lambda: not processes_that_name(home))


def processes_that_name(text: str) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if entry.name.isdigit() and text in command:
            found.append(command)
    return found


def wait_until(condition: Callable[[], bool], deadline: float = 240) -> None:
    end = time.monotonic() + deadline
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
