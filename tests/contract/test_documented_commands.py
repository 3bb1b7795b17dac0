"""The commands of the docs are run as they stand there, except for ports and folders: other tests run beside them."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.support.daemons.byhand import PATIENCE, PROGRAMS, Daemon, free_port, processes_with, task_ports, wait_for
from tests.support.documented import DAEMONS, Command, Fence, all_fences, commands_of
from tests.support.mesos.rawclient import Scheduler


def fence(document: str, holding: str) -> Fence:
    """The one fence of a document that holds this text."""
    (found,) = [one for one in all_fences() if one.document == document and holding in one.text]
    return found


@dataclass
class ByHand:
    """The daemons of README.md. ``others`` is what stands for the addresses and folders in the docs."""

    folder: Path
    others: Mapping[str, str]
    daemons: list[Daemon]

    def moved(self, text: str) -> str:
        for told, other in self.others.items():
            text = text.replace(told, other)
        return text

    def daemon(self, command: Command, **variables: str) -> Daemon:
        """What flags leave to the environment is told there."""
        words = [self.moved(word) for word in command.words]
        name = f"{command.document.replace('/', '-')}-{words[0]}"
        return Daemon(name, words, self.folder / f"{name}.log", variables)

    def script(self, text: str, **variables: str) -> str:
        """What a shell prints that runs this and stops at the first failure."""
        environment = {
            **os.environ,
            "PATH": f"{PROGRAMS}:{os.environ['PATH']}",
            "DCOS_URL": self.others["127.0.0.1:5050"],
            "DCOS_DIR": str(self.folder / "client"),
            **variables,
        }
        done = subprocess.run(
            ["/bin/sh", "-exu", "-c", self.moved(text)],
            env=environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300 * PATIENCE,
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout


@pytest.fixture(scope="module")
def byhand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ByHand]:
    folder = tmp_path_factory.mktemp("documented")
    master, init = free_port(), free_port()
    made = ByHand(
        folder,
        {
            "127.0.0.1:5050": f"127.0.0.1:{master}",
            "--port=5050": f"--port={master}",
            "--http_port=8080": f"--http_port={init}",
            "=/tmp/": f"={folder}/",
            "/var/lib/dcos-recording": f"{folder}/recording",
        },
        [],
    )
    commands = [command for command in commands_of(fence("README.md", "dcos-master ")) if command.words[0] in DAEMONS]
    assert [command.words[0] for command in commands] == ["dcos-master", "dcos-agent", "dcos-marathon"]
    try:
        for command in commands:
            (folder / next(word for word in command.words if "--work_dir=" in word).rpartition("/")[2]).mkdir()
            known = DAEMONS[command.words[0]]
            own = {}
            if any(flag.name == "record" for flag in known.declared):
                own[f"{known.flags.prefix}RECORD"] = f"{folder}/recording"
            if command.words[0] == "dcos-agent":
                resources = f"cpus:6;mem:4096;disk:4096;ports:{task_ports()}"
                own |= {"MESOS_PORT": str(free_port()), "MESOS_HOSTNAME": "agent.test", "MESOS_RESOURCES": resources}
            made.daemons.append(made.daemon(command, **own).start())
        wait_for(lambda: "agent.test" in made.script("dcos node list && dcos marathon ping"), 60, "agent and init")
        yield made
    finally:
        for daemon in reversed(made.daemons):
            daemon.stop()
        for pid in processes_with(f"MESOS_SANDBOX={folder}"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def test_the_first_page_is_true_of_daemons_by_hand(byhand: ByHand) -> None:
    lines = fence("README.md", "dcos-master ").text.splitlines()
    byhand.script("\n".join(line for line in lines if line.startswith("dcos ")))
    typed = [line for line in fence("README.md", "dcos task log -f hello").text.splitlines() if line[:4] == "dcos"]
    # Who follows a log sits there meanwhile, and ends when the app is removed.
    at = next(index for index, line in enumerate(typed) if "log -f" in line)
    before, (follow, *after) = typed[:at], typed[at:]
    printed = byhand.script("\n".join(before))
    assert printed.count("hello") >= 3
    followed = byhand.folder / "followed"
    with ThreadPoolExecutor() as pool:
        following = pool.submit(byhand.script, f"{follow} > followed")
        said = lambda: followed.read_text().count("hello from agent.test") >= 3  # noqa: E731
        wait_for(lambda: followed.exists() and said(), 60, "what each of the three says")
        byhand.script("\n".join(after))
        following.result(300 * PATIENCE)
    assert followed.read_text().count("===> hello.instance-") >= 3


def test_the_one_liner_of_the_commands_page(byhand: ByHand) -> None:
    run, *rest = fence("docs/cli.md", "dcos marathon run --port 0").script.splitlines()
    printed = byhand.script(run)
    name = re.search(r"^id +/(\S+)$", printed, re.MULTILINE)
    assert name is not None, printed
    after = byhand.script("\n".join(rest).replace("brisk-otter-3f2a", name[1]))
    assert name[1] in after and "Created deployment" in after


def test_each_command_of_the_commands_page(byhand: ByHand) -> None:
    printed = byhand.script(fence("docs/cli.md", "dcos marathon app scale web").text)
    assert "TASK_RUNNING" in printed and "TASK_KILLED" in printed
    assert byhand.script("dcos marathon app list -q") == ""


def test_agents_are_taken_out_as_the_commands_page_says(byhand: ByHand) -> None:
    """Agents of the hostnames that it names."""
    agents = []
    try:
        for hostname in ("198.18.0.21", "198.18.0.22"):
            work = byhand.folder / hostname
            work.mkdir()
            words = ["dcos-agent", "--ip=127.0.0.1", f"--port={free_port()}", f"--hostname={hostname}"]
            words += [f"--master={byhand.others['127.0.0.1:5050']}", f"--work_dir={work}", "--launcher=posix"]
            agents.append(Daemon(hostname, words, byhand.folder / f"{hostname}.log").start())
        wait_for(lambda: len(byhand.script("dcos node list -q").split()) == 4, 60, "all agents")
        printed = byhand.script(fence("docs/cli.md", "dcos node decommission").text)
        assert "is drained\n" in printed and "drained, and decommissioned\n" in printed
        assert '"status": "GONE"' in printed
        wait_for(lambda: all(one.process.poll() is not None for one in agents if one.process), 60, "their ends")
    finally:
        for agent in agents:
            agent.stop()


def test_machines_are_maintained_as_the_commands_page_says(byhand: ByHand) -> None:
    """One agent of a rack."""
    work = byhand.folder / "198.18.0.23"
    work.mkdir()
    words = ["dcos-agent", "--ip=127.0.0.1", f"--port={free_port()}", "--hostname=198.18.0.23", "--launcher=posix"]
    words += [f"--master={byhand.others['127.0.0.1:5050']}", f"--work_dir={work}", "--attributes=rack:r7"]
    agent = Daemon("198.18.0.23", words, byhand.folder / "198.18.0.23.log").start()
    try:
        wait_for(lambda: "198.18.0.23" in byhand.script("dcos node list"), 60, "the agent")
        printed = byhand.script(fence("docs/cli.md", "dcos node maintenance stop").text)
        for text in ("is scheduled\n", "1800 s", "is not scheduled any more\n", "is down\n", '"status": "UP"'):
            assert text in printed, text
        wait_for(lambda: agent.process is not None and agent.process.poll() is not None, 60, "its end")
        assert len(byhand.script("dcos node maintenance").splitlines()) == 1
    finally:
        agent.stop()


def test_calls_of_an_agents_operator_api(byhand: ByHand) -> None:
    agent = replace(byhand, others={"127.0.0.1:5051": byhand.daemons[1].url.removeprefix("http://"), **byhand.others})
    printed = agent.script(fence("docs/agent.md", "GET_CONTAINERS").text)
    assert '{"type":"GET_CONTAINERS"' in printed and "slave/uptime_secs" in printed


def test_why_there_is_no_offer(byhand: ByHand) -> None:
    lines = [line for line in fence("docs/kernel.md", "/api/v1/explain").text.splitlines() if line.startswith("curl")]
    of_role, of_task = byhand.script("\necho\n".join(lines)).splitlines()
    assert '"version":1' in of_role and '"verdict":"never"' in of_task and '"attribute":"rack"' in of_task


def test_a_service_is_shut_down(byhand: ByHand) -> None:
    text = fence("docs/cli.md", "service shutdown").text
    scheduler = Scheduler(int(byhand.others["127.0.0.1:5050"].rpartition(":")[2]), failover_timeout=60.0)
    try:
        named = re.sub(r"[0-9a-f-]{36}-[0-9]{4}", scheduler.id, text)
        assert byhand.script(named) == f"Ended framework {scheduler.id}\n"
        assert scheduler.id in byhand.script("dcos service list -q --completed").split()
    finally:
        scheduler.close()


def test_a_principal_named_as_the_commands_page_says(byhand: ByHand) -> None:
    secret = byhand.folder / "secret"
    secret.write_text("a secret")
    text = fence("docs/cli.md", "DCOS_SECRET_FILE").text
    byhand.script(text.replace("198.18.0.11:5050", "127.0.0.1:5050").replace("/path/to/secret", secret.name))


@pytest.mark.parametrize("document", ["docs/kernel.md", "docs/agent.md", "docs/init.md", "docs/gateway.md"])
def test_a_daemon_starts_by_hand_as_its_page_says(byhand: ByHand, document: str) -> None:
    commands = [
        command
        for one in all_fences()
        if one.document == document
        for command in commands_of(one)
        if command.words[0] in DAEMONS and not any("zk:" in word or "/var/lib" in word for word in command.words)
    ]
    variables = {"MESOS_PORT": str(free_port()), "MARATHON_WORK_DIR": str(byhand.folder / "another-init")}
    if document == "docs/gateway.md":
        folder = byhand.folder / "auth"
        folder.mkdir()
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (folder / "token-key.pem").write_bytes(pem)
    beside = replace(byhand, others={**byhand.others, "--http_port=8080": f"--http_port={free_port()}"})
    assert commands
    for command in commands:
        made = beside.daemon(command, **variables)
        try:
            made.start()
        finally:
            made.stop()
        assert made.process is not None and made.process.returncode == 0, made.log.read_text()


def test_what_daemons_recorded_is_run_again(byhand: ByHand) -> None:
    for daemon in reversed(byhand.daemons):
        daemon.stop()
    printed = [
        byhand.script(one.text) for one in all_fences() if one.language == "sh" and "dcos_runtime.replay" in one.text
    ]
    assert all("the effects are the same" in one for one in printed)
    assert {"agent", "marathon"} <= set(re.findall(r" events of the (\w+)", "".join(printed)))
