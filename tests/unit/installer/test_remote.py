"""Commands on machines: what ssh is told, and what is told when it does not get through."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from dcos_installer.ansible.connection import Connection
from dcos_installer.config.model import HostSpec, SshSpec
from dcos_installer.errors import InstallerError
from dcos_installer.machines import SshTarget
from dcos_installer.remote import Remote, SshFailed
from dcos_installer.ssh_config import ssh_config

Say = Callable[[str], None]
TARGET = SshTarget("198.18.0.21", 22, "root", Path("/state/id"), Path("/state/known_hosts"))


def _host(become: bool = False) -> HostSpec:
    ssh = SshSpec(address="198.18.0.21", become=become)
    return HostSpec(name="a1", address="198.18.0.21", roles=frozenset({"agent"}), ssh=ssh)


@pytest.fixture
def ssh_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Say:
    """Puts a program called ssh first on the path."""

    def say(script: str) -> None:
        program = tmp_path / "ssh"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    return say


def test_machines_of_ours_are_reached_by_their_own_keys_alone() -> None:
    argv = Remote(_host(), TARGET, Path("/tmp/c")).argv(["cat", "/a b"])
    assert argv[-3:] == ["198.18.0.21", "--", "cat '/a b'"]
    found = " ".join(argv)
    for option in (
        "-F none",
        "-o StrictHostKeyChecking=yes",
        "-o UserKnownHostsFile=/state/known_hosts",
        "-o GlobalKnownHostsFile=none",
        "-o IdentityFile=/state/id -o IdentitiesOnly=yes",
        "-o BatchMode=yes",
        "-o ServerAliveInterval=10 -o ServerAliveCountMax=3",
        "-o ControlPath=/tmp/c/%C",
        "-p 22 -l root",
    ):
        assert option in found


def test_existing_hosts_are_reached_with_the_operators_set_up_and_host_keys_are_checked_all_the_same() -> None:
    argv = Remote(_host(become=True), SshTarget("h", 2222, "ann", None, None)).argv(["id"])
    assert "-F" not in argv and "-i" not in argv and "StrictHostKeyChecking=yes" in argv
    assert argv[-1] == "sudo -n -- id"
    shell = Remote(_host(become=True), SshTarget("h", 2222, "ann", None, None)).argv(terminal=True)
    assert shell[-1] == "sudo -n -i" and "BatchMode=yes" not in shell


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("Host key verification failed.", "put it into known_hosts"),
        ("root@198.18.0.21: Permission denied (publickey).", "log in with this key"),
        ("ssh: connect to host 198.18.0.21 port 22: No route to host", "see that a1 runs"),
    ],
)
def test_a_host_that_ssh_does_not_reach_is_told_with_a_fitting_remedy(ssh_says: Say, said: str, hint: str) -> None:
    ssh_says(f"echo '{said}' >&2; exit 255")
    with pytest.raises(SshFailed) as caught:
        Remote(_host(), TARGET).run(["true"], what="look")
    assert caught.value.host == "a1"
    assert caught.value.why == said
    assert hint in caught.value.hint


def test_a_command_that_fails_there_shows_its_own_stderr(ssh_says: Say) -> None:
    ssh_says("echo 'No space left on device' >&2; exit 1")
    with pytest.raises(InstallerError) as caught:
        Remote(_host(), TARGET).run(["touch", "/x"], what="take the lock")
    assert caught.value.what == "could not take the lock on a1"
    assert caught.value.evidence == "No space left on device"


def test_a_script_travels_on_stdin_and_its_arguments_are_quoted(ssh_says: Say, tmp_path: Path) -> None:
    # What ssh does: the words after -- are one line for the machine's shell.
    ssh_says('while [ "$1" != -- ]; do shift; done; shift; exec sh -c "$*"')
    finished = Remote(_host(), TARGET).script('printf "%s|" "$@"', ["a b", "$(id)", "'"], what="say")
    assert finished.stdout == "a b|$(id)|'|"


def test_a_jump_host_is_told_to_ssh_to_ansible_and_to_others() -> None:
    target = SshTarget("198.18.0.21", 22, "root", None, None, jump="ops@bastion:2222")
    argv = Remote(_host(), target).argv(["id"])
    assert argv[argv.index("-J") + 1] == "ops@bastion:2222"
    assert "ProxyJump=ops@bastion:2222" in Connection(ssh=target).ssh_options()
    assert "  ProxyJump ops@bastion:2222\n" in ssh_config([(_host(), target)])
    assert "ProxyJump" not in ssh_config([(_host(), TARGET)])
