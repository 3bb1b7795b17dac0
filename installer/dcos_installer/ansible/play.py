"""One play with one task, through ansible-runner, in a clean environment: requests in, answers out, host by host."""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_runner.config.runner import RunnerConfig
from ansible_runner.runner import Runner

from dcos_installer import sockets
from dcos_installer.ansible import payload
from dcos_installer.ansible.connection import CONNECT_SECONDS, Connection
from dcos_installer.errors import InstallerError
from dcos_installer.lifeline import marked
from dcos_installer.process import tail
from dcos_runtime import durable

Answers = Callable[[str, "dict[str, Any] | InstallerError"], None]
"""Called with each host's answer as it comes in, or with why there is none."""

_FORKS = 32
"""The most hosts at once. Their processes mostly wait, and more of them would only cost memory."""
_SAID_LINES = 30
_GRACE_SECONDS = 10.0
_PREFIX = "play-"

log = logging.getLogger(__name__)

_PLAY = """\
- name: Hold each host's manifest against the host, or apply it
  hosts: all
  gather_facts: false
  strategy: ansible.builtin.host_pinned
  tasks:
    - name: One request, one answer
      dcos_host:
        requests: {requests}
        answers: {answers}
        code: {code}
      timeout: {timeout}
"""


class Unreachable(InstallerError):
    """A host could not be reached."""


class PlayFailed(InstallerError):
    """Ansible itself failed, or ended without an answer of a host."""


@dataclass(frozen=True)
class Workspace:
    """The working folder of plays, and connections that stay open from one play to the next.

    ``home`` is private to the operator. The connections' sockets lie in ``sockets`` (see `dcos_installer.sockets`);
    None: each play makes its own.
    """

    home: Path
    sockets: Path | None = None


def run(
    workspace: Workspace,
    connections: Mapping[str, Connection],
    requests: Mapping[str, bytes],
    on_answer: Answers,
    *,
    timeout: float,
) -> None:
    """Sends each host of ``requests`` its request (JSON), and hands every answer to ``on_answer``, once a host.

    ``on_answer`` is called from another thread; what it raises ends the play and is raised here. ``timeout`` is what
    one host may take, in seconds. A host that cannot be reached or whose process dies is answered for with an
    `InstallerError`. When the caller is interrupted, so is Ansible.
    """
    if not requests:
        return
    with _folder(workspace.home) as home:
        _write(home, workspace, connections, requests, timeout)
        answered: set[str] = set()

        def on_event(event: Mapping[str, Any]) -> bool:
            data = event.get("event_data") or {}
            host = str(data.get("host") or "")
            if host in requests and host not in answered:
                kind = event.get("event")
                if kind in ("runner_on_ok", "runner_on_failed"):
                    answered.add(host)
                    on_answer(host, _answer(home, host, data.get("res") or {}))
                elif kind == "runner_on_unreachable":
                    answered.add(host)
                    on_answer(host, unreachable(host, connections[host], str((data.get("res") or {}).get("msg") or "")))
            return False  # tells ansible-runner not to keep the event in a file

        started = time.monotonic()
        said = _play(home, on_event)
        for host in requests:
            if host not in answered:
                on_answer(host, _silent(host, said, time.monotonic() - started))


def _play(home: Path, on_event: Callable[[Mapping[str, Any]], bool]) -> str:
    """Runs the play; returns what Ansible printed besides events."""
    config = RunnerConfig(
        private_data_dir=str(home),
        playbook="play.yml",
        inventory=str(home / "hosts.json"),
        quiet=True,
        suppress_env_files=True,
    )
    config.prepare()
    config.env = _environment(home, config.env)
    over = threading.Event()
    failures: list[BaseException] = []

    def guarded(event: Mapping[str, Any]) -> bool:
        try:
            return on_event(event)
        except BaseException as error:
            failures.append(error)
            over.set()
            return False

    def work() -> None:
        try:
            Runner(config=config, event_handler=guarded, cancel_callback=over.is_set).run()
        except BaseException as error:
            failures.append(error)

    # In a thread: ansible-runner gives its child a session of its own, so that Ctrl-C here does not reach it.
    thread = threading.Thread(target=work, name="ansible", daemon=True)
    thread.start()
    try:
        thread.join()
    except BaseException:
        over.set()
        thread.join(_GRACE_SECONDS)
        raise
    said = ""
    with contextlib.suppress(OSError):
        said = Path(config.artifact_dir, "stdout").read_text(errors="replace").strip()
    log.debug("ansible-playbook said:\n%s", said or "nothing")
    if failures:
        raise failures[0]
    return said


def _environment(home: Path, prepared: Mapping[str, str]) -> dict[str, str]:
    """The environment of ansible-playbook: our configuration and ansible-runner's, nothing of the operator's."""
    ours = {
        "ANSIBLE_CALLBACK_PLUGINS",
        "ANSIBLE_STDOUT_CALLBACK",
        "ANSIBLE_RETRY_FILES_ENABLED",
        "AWX_ISOLATED_DATA_DIR",
    }
    kept = {"PATH", "HOME", "USER", "LOGNAME", "SSH_AUTH_SOCK", "TMPDIR", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"}
    environment = {name: value for name, value in prepared.items() if name in ours | kept}
    # An operator's callback plugins must not be loaded beside ansible-runner's.
    environment["ANSIBLE_CALLBACK_PLUGINS"] = environment["ANSIBLE_CALLBACK_PLUGINS"].rsplit(":", 1)[-1]
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment.get("PATH", os.defpath)])
    environment.update(
        ANSIBLE_CONFIG=str(home / "ansible.cfg"),
        ANSIBLE_HOME=str(home / "home"),
        LANG="C.UTF-8",
        LC_ALL="C.UTF-8",
        PYTHONDONTWRITEBYTECODE="1",
        PYTHONPATH=os.pathsep.join(path for path in sys.path if path),
    )
    return marked(environment)


@contextlib.contextmanager
def _folder(parent: Path) -> Iterator[Path]:
    """A new private folder for one play. Requests may hold secrets, so the folder is always removed.

    A killed play cannot remove its folder; the next one does. Each play holds a lock on its folder.
    """
    durable.private_folder(parent)
    _sweep(parent)
    home, lock = _locked_folder(parent)
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)
        os.close(lock)


def _locked_folder(parent: Path) -> tuple[Path, int]:
    while True:
        home = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        lock = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        fcntl.flock(lock, fcntl.LOCK_EX)
        if home.is_dir():
            return home, lock
        os.close(lock)  # another run removed it before it was locked


def _sweep(parent: Path) -> None:
    """Removes the folders of plays that were killed."""
    for folder in parent.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)


def _write(
    home: Path,
    workspace: Workspace,
    connections: Mapping[str, Connection],
    requests: Mapping[str, bytes],
    timeout: float,
) -> None:
    for name in ("requests", "answers", "project", "home", "env"):
        (home / name).mkdir(mode=0o700)
    # Seconds between ansible-runner's checks whether it is to stop.
    (home / "env" / "settings").write_text(json.dumps({"pexpect_timeout": 1}))
    for host, request in requests.items():
        descriptor = os.open(home / "requests" / f"{host}.json", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(request)
    (home / "code").write_bytes(payload.code())
    hosts = {host: connections[host].variables() for host in requests}
    (home / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts}}))
    (home / "ansible.cfg").write_text(_configuration(home, workspace, [connections[host] for host in requests]))
    play = _PLAY.format(
        requests=json.dumps(str(home / "requests")),
        answers=json.dumps(str(home / "answers")),
        code=json.dumps(str(home / "code")),
        timeout=int(timeout),
    )
    (home / "project" / "play.yml").write_text(play)


def _configuration(home: Path, workspace: Workspace, connections: Collection[Connection]) -> str:
    patience = max(one.patience for one in connections)
    return f"""\
[defaults]
action_plugins = {Path(__file__).parent / "action"}
collections_path = {home / "home"}
deprecation_warnings = false
forks = {min(_FORKS, len(connections))}
gathering = explicit
host_key_checking = true
inject_facts_as_vars = false
interpreter_python = /usr/bin/python3
local_tmp = {home / "home"}
localhost_warning = false
timeout = {CONNECT_SECONDS * patience:.0f}
use_persistent_connections = false
[inventory]
enable_plugins = ansible.builtin.yaml
[ssh_connection]
pipelining = true
retries = 1
ssh_args = {sockets.joined(sockets.options(workspace.sockets))}
"""


def _answer(home: Path, host: str, result: Mapping[str, Any]) -> dict[str, Any] | InstallerError:
    try:
        answered = json.loads((home / "answers" / f"{host}.json").read_bytes())
    except FileNotFoundError:
        said = str(result.get("msg") or "") or str(result.get("exception") or "")
        return PlayFailed(
            f"{host}: the step did not end in time" if "timed out" in said.lower() else f"{host}: Ansible failed",
            why=said.splitlines()[0] if said else "it gave no reason",
            hint="run again; it resumes",
            evidence=tail(said),
        )
    assert isinstance(answered, dict)
    return answered


def unreachable(host: str, connection: Connection, said: str) -> Unreachable:
    """Why ``host`` cannot be reached, from ssh's output."""
    said = said.strip()
    where = f"{connection.ssh.address} port {connection.ssh.port}" if connection.ssh else connection.root
    hint = f"see that {host} runs and that {where} is open to this machine"
    if "Host key verification failed" in said or "HOST IDENTIFICATION HAS CHANGED" in said:
        hint = f"the host key of {host} is unknown or another one: check it, then put it into known_hosts"
    elif "Permission denied" in said:
        hint = f"let the user {connection.ssh.user if connection.ssh else ''} of {host} log in with this key"
    return Unreachable(
        f"{host} cannot be reached by SSH at {where}",
        why=said.splitlines()[-1] if said else "ssh gave no reason",
        hint=hint,
        evidence=tail(said),
    )


def _silent(host: str, said: str, seconds: float) -> InstallerError:
    return PlayFailed(
        f"{host} gave no answer",
        why=f"Ansible ended after {seconds:.0f} s without one",
        hint="look at what Ansible said, below; run again, it resumes",
        evidence=tail(said, _SAID_LINES),
    )
