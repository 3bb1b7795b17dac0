"""`dcos-installer exec` on real SSH servers: whose keys it trusts, what it says and with which code, how it ends."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import pty
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import documented
from tests.support.installer.sshd import (
    PASSWORD,
    PROGRAM,
    USER,
    LoopbackHosts,
    loopback_hosts,
    needs_sshd,
    processes,
    seeing,
)

pytestmark = needs_sshd

INVENTORY = """\
[masters]
{m1}

[agents]
{a1}
{a2}

[public_agents]
{p1}

[old:children]
public_agents
"""
_DEADLINE = 240


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackHosts]:
    with loopback_hosts(tmp_path_factory.mktemp("hosts"), INVENTORY) as made:
        yield made


@pytest.fixture(scope="module")
def by_sudo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackHosts]:
    """One whose sudo asks for nothing, and one whose sudo wants the password."""
    with loopback_hosts(tmp_path_factory.mktemp("sudo"), "[masters]\n{m1}\n[agents]\n{a1}\n", become=True) as made:
        made["a1"].stop()
        made["a1"].start(f"Defaults timestamp_timeout=0\n{USER} ALL=(ALL) ALL")
        yield made


def eventually(true: Callable[[], object], what: str) -> None:
    until = time.monotonic() + _DEADLINE
    while not true():
        assert time.monotonic() < until, what
        time.sleep(0.05)


def told(done: subprocess.CompletedProcess[bytes]) -> dict[str, dict[str, Any]]:
    """What --json says of each host."""
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines[-1]["kind"] == "hosts-ended"
    return {line["host"]: line["data"] for line in lines[:-1]}


def test_a_command_runs_as_root_on_the_hosts_that_are_named_and_says_which_said_what(hosts: LoopbackHosts) -> None:
    done = hosts.run("exec", "agents", "old", "!a2", "--", "id -u; echo oops >&2")
    assert (done.returncode, sorted(done.stdout.splitlines())) == (0, [b"a1: 0", b"p1: 0"])
    assert sorted(done.stderr.splitlines()) == [b"a1: oops", b"p1: oops"]
    everywhere = hosts.run("exec", "--", "true")
    assert (everywhere.returncode, everywhere.stdout, everywhere.stderr) == (0, b"", b"")


def test_several_words_are_run_as_they_are(hosts: LoopbackHosts) -> None:
    words = ["a b", "'", '"', "$HOME", "*", "ü", "\\n", ""]
    done = hosts.run("exec", "a1", "--", "printf", "<%s>", *words)
    assert done.stdout.decode() == "a1: " + "".join(f"<{word}>" for word in words) + "\n"


def test_a_failure_is_one_host_s_and_has_its_code(hosts: LoopbackHosts) -> None:
    done = hosts.run("exec", "agents", "--json", "--", 'test "$PPID" = x; echo $$ >/dev/null; kill -9 $$')
    assert done.returncode == 1
    assert {name: (data["state"], data["code"]) for name, data in told(done).items()} == {
        "a1": ("failed", 137),
        "a2": ("failed", 137),
    }
    missing = hosts.run("exec", "a1", "--", "no-such-program", "x")
    assert missing.returncode == 1 and b"no-such-program" in missing.stderr and b"ended with code 127" in missing.stderr


@pytest.mark.parametrize(("name", "code"), [("INT", 130), ("QUIT", 131), ("SEGV", 139), ("TERM", 143)])
def test_signals_mean_to_a_command_what_they_always_mean(hosts: LoopbackHosts, name: str, code: int) -> None:
    done = told(hosts.run("exec", "a1", "--json", "--", f"kill -{name} $$; echo it is ignored"))["a1"]
    assert (done["code"], done["stdout"], done["stderr"]) == (code, "", "")


def test_what_is_kept_of_a_host_s_output_until_its_end_is_bounded(hosts: LoopbackHosts) -> None:
    more = 3_000_001
    half = "head -c 8388607 /dev/zero | tr '\\0' a; printf 'ü'; head -c 3000000 /dev/zero; echo all >&2"
    done = told(hosts.run("exec", "agents", "--json", "--", half))
    for data in done.values():
        assert data["stdout"] == "a" * 8_388_607
        assert (data["stdout_left_out"], data["stderr"], data["code"]) == (more + 1, "all\n", 0)
        assert "stderr_left_out" not in data


def test_a_command_that_no_sshd_can_start_is_refused_with_the_reason(hosts: LoopbackHosts) -> None:
    for command in (["echo " + "x" * 200_000], ["true", "x" * 131_071], ["true", "'" * 40_000]):
        done = hosts.run("exec", "a1", "--", *command)
        assert done.returncode == 1 and b"the command is too long" in done.stderr and b"--stdin" in done.stderr
    assert hosts.run("exec", "a1", "--", "true", "x" * 120_000).returncode == 0


def test_bytes_stay_what_they_are(hosts: LoopbackHosts) -> None:
    every = bytes(range(256)) * 5000
    grouped = hosts.run("exec", "agents", "-i", "--grouped", "--", "cat", stdin=every)
    assert grouped.returncode == 0
    parts = [part.split(b" ==\n", 1)[1] for part in grouped.stdout.split(b"== a")[1:]]
    assert parts == [every + b"\n"] * 2
    as_json = told(hosts.run("exec", "a1", "-i", "--json", "--", "cat", stdin=every))["a1"]
    assert base64.b64decode(as_json["stdout_base64"]) == every and as_json["stderr"] == ""
    live = hosts.run("exec", "a1", "-i", "--", "cat", stdin=b"\xff\0 a\nno end")
    assert live.stdout == b"a1: \xff\0 a\na1: no end\n"


def test_hosts_whose_turn_comes_late_read_all_of_stdin(hosts: LoopbackHosts) -> None:
    sent = b"".join(b"%d\n" % number for number in range(100_000))
    done = hosts.run("exec", "-i", "--forks", "1", "--json", "--", "cksum; sleep 0.2", stdin=sent)
    assert len({data["stdout"] for data in told(done).values()}) == 1 and len(told(done)) == 4
    nothing = hosts.run("exec", "a1", "--", "wc -c", stdin=sent)
    assert nothing.stdout.split() == [b"a1:", b"0"]
    unread = hosts.run("exec", "a1", "-i", "--", "head -c 2", stdin=sent)
    assert (unread.returncode, unread.stdout) == (0, b"a1: 0\n")


def test_no_more_than_forks_run_at_once(hosts: LoopbackHosts, tmp_path: Path) -> None:
    count = f"mkdir {tmp_path}/$$; ls {tmp_path} | wc -l; sleep 0.7; rmdir {tmp_path}/$$"
    assert set(hosts.run("exec", "--forks", "1", "--", count).stdout.split()[1::2]) == {b"1"}
    # Each waits for another one: who is alone waits in vain.
    meet = (
        f"mkdir {tmp_path}/$$; for i in $(seq 600); do test $(ls {tmp_path} | wc -l) -gt 1 && exit 0; sleep 0.2; done"
    )
    done = hosts.run("exec", "--forks", "4", "--", f"{meet}; exit 1")
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_unknown_key_and_a_changed_key_are_refused_and_nothing_is_sent(hosts: LoopbackHosts, tmp_path: Path) -> None:
    hosts.know("m1", "a1", "p1")
    try:
        unknown = hosts.run("exec", "agents", "--", "true")
        assert unknown.returncode == 4
        assert b"a2: why: the host key of" in unknown.stderr and b"is unknown: it showed ssh-ed25519" in unknown.stderr
        assert hosts["a2"].known not in (hosts.dot_ssh / "known_hosts").read_text()
        # Another host answers where a1 was.
        with (hosts.dot_ssh / "known_hosts").open("w") as known:
            known.write(f"[{hosts['a1'].address}]:{hosts['a1'].port} {hosts['a2'].public_key}\n")
        changed = hosts.run("exec", "a1", "--json", "--", "true")
        error = told(changed)["a1"]["error"]
        assert changed.returncode == 4 and "its host key is not the one in known_hosts" in error["why"]
        assert told(changed)["a1"]["state"] == "unreachable"
        for verb, *words in (("copy", "--", __file__, f":{tmp_path}/sent"), ("logs",)):
            changed = hosts.run(verb, "a1", *words)
            assert changed.returncode == 4, changed.stderr
            assert b"its host key is not the one in known_hosts" in changed.stderr
        assert not (tmp_path / "sent").exists()
    finally:
        hosts.know("m1", "a1", "a2", "p1")


def test_known_hosts_is_read_as_openssh_reads_it(hosts: LoopbackHosts) -> None:
    known, host = hosts.dot_ssh / "known_hosts", hosts["a1"]
    name = f"[{host.address}]:{host.port}"
    try:
        known.write_text(f"[127.0.77.*]:{host.port} {host.public_key}\n")
        assert hosts.run("exec", "a1", "--", "true").returncode == 0
        known.write_text(f"{host.known}@revoked {name} {host.public_key}\n")
        revoked = hosts.run("exec", "a1", "--", "true")
        assert revoked.returncode == 4 and b"was revoked" in revoked.stderr
        known.write_text(host.known)
        subprocess.run(["ssh-keygen", "-q", "-H", "-f", known], check=True, capture_output=True)
        assert name not in known.read_text()
        assert hosts.run("exec", "a1", "--", "true").returncode == 0
        known.write_text(f"@cert-authority {name} {host.public_key}\n")
        authority = hosts.run("exec", "a1", "--", "true")
        assert authority.returncode == 4 and b"host certificates are not read" in authority.stderr
    finally:
        hosts.know("m1", "a1", "a2", "p1")


@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_host_keys_of_every_kind_are_checked(hosts: LoopbackHosts, kind: str) -> None:
    host = hosts["a2"]
    host.stop()
    host.new_key(kind)
    host.start()
    stranger = hosts.run("exec", "a2", "--", "true")
    assert stranger.returncode == 4 and b"is not trusted" in stranger.stderr
    hosts.know("m1", "a1", "a2", "p1")
    assert hosts.run("exec", "a2", "--", "true").returncode == 0


def test_a_host_that_cannot_be_reached_stops_no_other(hosts: LoopbackHosts) -> None:
    hosts["p1"].stop()
    try:
        done = hosts.run("exec", "--", "echo here")
        assert done.returncode == 4
        assert sorted(done.stdout.split()[::2]) == [b"a1:", b"a2:", b"m1:"]
        assert b"p1: why: Connection refused" in done.stderr and b"1 of 4 hosts" in done.stderr
        worse = hosts.run("exec", "--", "test $(hostname) = never")
        assert worse.returncode == 1  # a failure is more than a host out of reach
    finally:
        hosts["p1"].start()


def test_a_command_that_takes_too_long_is_ended_with_all_it_started(hosts: LoopbackHosts) -> None:
    marker = f"{os.getpid()}.0031"
    done = hosts.run("exec", "a1", "--json", "--timeout", "2", "--", f"sleep {marker} & trap '' TERM; sleep {marker}")
    assert (done.returncode, told(done)["a1"]["state"]) == (1, "timed-out")
    eventually(lambda: not processes(marker), "the command goes on")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_whatever_ends_the_installer_ends_the_commands(hosts: LoopbackHosts, how: signal.Signals) -> None:
    marker = f"{os.getpid()}.1{int(how):03}"
    running = hosts.popen("exec", "-i", "--", f"sleep {marker}")
    try:
        eventually(lambda: len(processes(f"sleep\0{marker}")) >= 4, "the commands do not start")
        running.send_signal(how)
        out, err = running.communicate(timeout=_DEADLINE)
        if how != signal.SIGKILL:
            assert running.returncode == 130 and b"interrupted" in err, (out, err)
        eventually(lambda: not processes(marker), "the commands go on")
    finally:
        running.kill()


def test_what_a_command_leaves_behind_on_purpose_stays_and_holds_up_nobody(hosts: LoopbackHosts) -> None:
    marker = f"{os.getpid()}.0032"
    try:
        done = hosts.run("exec", "a1", "--", f"setsid sleep {marker} & echo on its way", timeout=_DEADLINE)
        assert (done.returncode, done.stdout) == (0, b"a1: on its way\n")
        eventually(lambda: processes(f"sleep\0{marker}"), "what was left behind is gone")
    finally:
        for process in processes(f"sleep\0{marker}"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)


def test_what_is_told_right_after_the_commands_end_is_told_however_long_it_was_silent(hosts: LoopbackHosts) -> None:
    done = hosts.run("exec", "m1", "--", "sleep 4; (sleep 0.1; echo late) &")
    assert done.returncode == 0 and b"m1: late" in done.stdout


def test_sudo_is_used_and_asks_nothing_where_it_needs_not(by_sudo: LoopbackHosts) -> None:
    done = by_sudo.run("exec", "--json", "--", "id -u")
    assert done.returncode == 4
    assert told(done)["m1"]["stdout"] == "0\n"
    refused = told(done)["a1"]["error"]
    assert "password is required" in refused["why"] and "--ask-become-password" in refused["hint"]


@pytest.mark.parametrize("password", [PASSWORD, "wrong"])
def test_a_password_goes_to_the_sudo_that_asks_and_never_to_a_command(by_sudo: LoopbackHosts, password: str) -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        argv = by_sudo.argv(
            "exec", str(by_sudo.inventory), "-K", "--", "id -u; wc -c; cat /proc/*/cmdline | tr '\\0' ' '"
        )
        os.execvpe(argv[0], argv, by_sudo.environment)
    said = b""
    while b"password:" not in said:
        said += os.read(terminal, 1024)
    os.write(terminal, password.encode() + b"\n")
    try:
        while part := os.read(terminal, 65536):
            said += part
    except OSError:
        pass  # the terminal's other end is closed
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    # Lines of two hosts come as they come.
    assert said.count(b"m1: 0\r\n") == 2
    assert password.encode() not in said.split(b"password:", 1)[1]
    if password == PASSWORD:
        assert code == 0 and said.count(b"a1: 0\r\n") == 2
    else:
        assert code == 4 and b"a1: sudo does not take the password" in said


def test_a_command_through_sudo_ends_with_the_installer(by_sudo: LoopbackHosts) -> None:
    marker = f"{os.getpid()}.0033"
    running = by_sudo.popen("exec", "m1", "--", "sleep", marker)
    eventually(lambda: processes(f"sleep\0{marker}"), "the command does not start")
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=_DEADLINE)
    eventually(lambda: not processes(marker), "the command goes on")


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["agents"], 2, "there is no command"),
        (["agents", "uptime"], 2, "there is no command"),
        (["agents", "--grouped", "--json", "--", "true"], 2, "exclude each other"),
        (["agnets", "--", "true"], 1, "agnets names no host of this cluster"),
        (["agents:&masters", "--", "true"], 1, "no host matches all of these words"),
        (["~(", "--", "true"], 1, "that is no regular expression"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_done(
    hosts: LoopbackHosts, words: list[str], code: int, says: str
) -> None:
    done = hosts.run("exec", *words)
    assert (done.returncode, done.stdout) == (code, b"")
    assert says in done.stderr.decode()


def test_a_reader_that_goes_away_ends_the_commands(hosts: LoopbackHosts) -> None:
    marker = f"{os.getpid()}.0034"
    running = hosts.popen("exec", "a1", "--", f"while :; do echo y; sleep 0.01{marker}; done")
    assert running.stdout is not None and running.stdout.readline() == b"a1: y\n"
    running.stdout.close()
    assert running.wait(_DEADLINE) == 1
    eventually(lambda: not processes(marker), "the command goes on")


def test_the_commands_of_the_page_are_true(tmp_path: Path) -> None:
    local = "[masters]\n{master1}\n[agents]\n{agent1}\n{agent2}\n[public_agents]\n{public1}\n"
    lines = [
        line
        for fence in documented.all_fences()
        if fence.document == "docs/hosts.md"
        for line in fence.script.splitlines()
    ]
    assert len(lines) >= 5
    script = "\n".join(lines).replace("inventories/local.ini", str(tmp_path / "inventory.ini"))
    with loopback_hosts(tmp_path, local) as made:
        argv = seeing({"/root/.ssh": made.dot_ssh}, ["/bin/sh", "-exu", "-c", script])
        path = f"{PROGRAM.parent}:{made.environment['PATH']}"
        environment = {**made.environment, "PATH": path}
        done = subprocess.run(argv, env=environment, cwd=tmp_path, capture_output=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert b"== master1: code 0" in done.stdout and b"load average" in done.stdout
    assert len(list(tmp_path.glob("collected/*/hostname"))) == 4
    Path("/var/tmp/from-here").unlink()


def test_a_jump_host_is_gone_through_and_its_key_is_checked_like_any(tmp_path: Path) -> None:
    text = "[masters]\n{m1}\n[agents]\n{a1}\n"
    with loopback_hosts(tmp_path, text) as made:
        bastion, behind = made["m1"], made["a1"]
        line = f"ansible_ssh_common_args='-J {bastion.address}:{bastion.port}'"
        said = made.inventory.read_text().replace(
            f"a1 ansible_host={behind.address}", f"a1 {line} ansible_host={behind.address}"
        )
        made.inventory.write_text(said)
        # The inventory's key is for its hosts; a jump host's is the operator's own set-up's.
        config = made.dot_ssh / "config"
        config.write_text(f"Host {bastion.address}\n  User root\n  IdentityFile {tmp_path / 'id'}\n")
        through = made.run("exec", "a1", "--", "echo here")
        assert (through.returncode, through.stdout) == (0, b"a1: here\n"), through.stderr
        made.know("a1")
        stranger = made.run("exec", "a1", "--", "true")
        told = f"the host key of {bastion.address} port {bastion.port} is unknown".encode()
        assert stranger.returncode == 4 and told in stranger.stderr
        made.know("m1")
        target = made.run("exec", "a1", "--", "true")
        told = f"the host key of {behind.address} port {behind.port} is unknown".encode()
        assert target.returncode == 4 and told in target.stderr
        made.know("m1", "a1")
        behind.stop()
        gone = made.run("exec", "a1", "--", "true")
        assert gone.returncode == 4 and b"cannot be reached through the host before it" in gone.stderr
        bastion.stop()
        nowhere = made.run("exec", "a1", "--", "true")
        assert nowhere.returncode == 4 and f"{bastion.address} port {bastion.port} cannot".encode() in nowhere.stderr


def test_two_keys_of_one_type_are_both_known_and_a_revoked_one_lets_nobody_log_in(hosts: LoopbackHosts) -> None:
    known, host = hosts.dot_ssh / "known_hosts", hosts["a1"]
    name, other = f"[{host.address}]:{host.port}", hosts["a2"].public_key
    log = host.folder / "log"
    try:
        for keys in ([host.public_key, other], [other, host.public_key]):  # while a key is changed
            known.write_text("".join(f"{name} {key}\n" for key in keys))
            assert hosts.run("exec", "a1", "--", "true").returncode == 0, keys
        known.write_text(f"{host.known}@revoked {name} {host.public_key}\n")
        before = log.read_bytes().count(b"Accepted publickey")
        revoked = hosts.run("exec", "a1", "--", "true")
        assert revoked.returncode == 4 and b"was revoked" in revoked.stderr
        assert before and log.read_bytes().count(b"Accepted publickey") == before
    finally:
        hosts.know("m1", "a1", "a2", "p1")


def test_a_proxy_command_is_the_shell_s_and_ends_with_the_connection(hosts: LoopbackHosts, tmp_path: Path) -> None:
    host, config, marks = hosts["a1"], hosts.dot_ssh / "config", tmp_path / "marks of it"
    script = tmp_path / "through.py"
    script.write_text(
        "import os, socket, sys, threading\n"
        "print('used', file=sys.stderr, flush=True)\n"
        "link = socket.create_connection((sys.argv[1], int(sys.argv[2])))\n"
        "def send():\n"
        "    while part := os.read(0, 65536):\n"
        "        link.sendall(part)\n"
        "    os._exit(0)\n"
        "threading.Thread(target=send, daemon=True).start()\n"
        "while part := link.recv(65536):\n"
        "    os.write(1, part)\n"
    )
    try:
        config.write_text(f"Host {host.address}\n  ProxyCommand python3 {script} %h %p 2>>'{marks}'\n")
        done = hosts.run("exec", "a1", "--", "echo here")
        assert (done.returncode, done.stdout) == (0, b"a1: here\n"), done.stderr
        assert marks.read_text() == "used\n"
        eventually(lambda: not processes(str(script)), "the ProxyCommand is left behind")
        config.write_text(f"Host {host.address}\n  ProxyCommand echo no way to %h >&2\n")
        broken = hosts.run("exec", "a1", "--", "true")
        assert broken.returncode == 4
        assert f"its ProxyCommand says: no way to {host.address}".encode() in broken.stderr
    finally:
        config.unlink()


def test_a_key_behind_a_passphrase_is_the_agent_s(tmp_path: Path) -> None:
    with loopback_hosts(tmp_path, "[masters]\n{m1}\n[agents]\n{a1}\n") as made:
        locked = made.folder / "id"
        plain = tmp_path / "plain"
        plain.write_bytes(locked.read_bytes())
        plain.chmod(0o600)
        subprocess.run(["ssh-keygen", "-q", "-p", "-N", "secret words", "-f", locked], check=True, capture_output=True)
        without = made.run("exec", "a1", "--", "true")
        assert without.returncode == 4 and b"refuses the login of root" in without.stderr
        socket = tmp_path / "agent"
        agent = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.DEVNULL)
        try:
            eventually(socket.exists, "ssh-agent does not start")
            made.environment["SSH_AUTH_SOCK"] = str(socket)
            subprocess.run(["ssh-add", "-q", plain], check=True, env={**os.environ, "SSH_AUTH_SOCK": str(socket)})
            assert made.run("exec", "a1", "--", "true").returncode == 0
        finally:
            agent.kill()
            agent.wait()


def test_a_wrong_configuration_of_ssh_is_told_for_the_host_it_is_about(hosts: LoopbackHosts) -> None:
    config = hosts.dot_ssh / "config"
    config.write_text("NoSuchOption yes\n")
    try:
        done = hosts.run("exec", "a1", "--", "true")
    finally:
        config.unlink()
    assert done.returncode == 4 and b"nosuchoption" in done.stderr.lower()
    config.write_text(f"Host {hosts['a1'].address} two\n  ProxyJump one\nHost one\n  ProxyJump two\n")
    try:
        around = hosts.run("exec", "a1", "--", "true")
    finally:
        config.unlink()
    assert around.returncode == 4 and b"has no end" in around.stderr
