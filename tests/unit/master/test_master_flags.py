"""The flags of dcos-master, and the page that tells of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dcos_runtime import daemon
from dcos_runtime.flags import FlagError
from dcos_runtime.flags.master import MasterFlags
from dcos_runtime.master import settings as master_settings

PAGE = Path(__file__).parents[3] / "docs" / "kernel.md"


def test_the_page_tells_of_every_flag_and_of_no_other() -> None:
    table = re.findall(r"^\| (`[^|]*`) \|", PAGE.read_text().split("## Flags")[1], re.MULTILINE)
    found = {name for cell in table for name in re.findall(r"`(\w+)`", cell)}
    assert found == {flag.name for flag in MasterFlags.declared()}


def test_flags_that_are_said_not_to_be_accepted_are_not() -> None:
    text = PAGE.read_text().split("are not accepted:")[1].split("nor the old names")[0]
    refused = set(re.findall(r"\w+", text))
    assert refused >= {"allocator", "quorum"}
    assert not refused & {flag.name for flag in MasterFlags.declared()}


def test_they_become_a_configuration() -> None:
    argv = [
        "--work_dir=w",
        "--ip=198.18.0.11",
        "--hostname=m1",
        "--weights=a=2,b=0.5",
        "--min_allocatable_resources=cpus:0.5;mem:64|gpus:1",
        "--agent_ping_timeout=1.5secs",
        "--no-root_submissions",
        "--agent_removal_rate_limit=4/2mins",
    ]
    flags = daemon.read_flags(MasterFlags, "", argv, {})
    master_settings.check(flags)
    own = master_settings.master_info(flags, 5050)
    assert (own.ip, own.pid) == (11 << 24 | 0 << 16 | 18 << 8 | 198, "master@198.18.0.11:5050")
    settings = master_settings.settings(flags, own)
    assert settings.allocator.weights == {"a": 2.0, "b": 0.5}
    assert list(settings.allocator.minimums) == [{"cpus": 500, "mem": 64_000}, {"gpus": 1000}]
    assert (settings.agent_ping_timeout, settings.root_submissions) == (1.5, False)
    assert settings.agent_removal_interval == 30.0
    shown = flags.shown()
    assert shown["agent_removal_rate_limit"] == "4/2mins"
    assert shown["weights"] == "a=2,b=0.5"
    assert shown["min_allocatable_resources"] == "cpus:0.5;mem:64|gpus:1"
    assert shown["agent_ping_timeout"] == "1500ms", "as Mesos prints it"


def test_what_is_advertised_can_differ_from_what_is_bound() -> None:
    argv = ["--work_dir=w", "--ip=0.0.0.0", "--advertise_ip=198.18.0.9", "--advertise_port=80", "--hostname=h"]
    flags = daemon.read_flags(MasterFlags, "", argv, {})
    master_settings.check(flags)
    assert master_settings.master_info(flags, 5050).pid == "master@198.18.0.9:80"


def test_credentials_in_the_zookeeper_url_are_not_shown() -> None:
    argv = ["--work_dir=w", "--zk=zk://user:hunter2@h:1/mesos"]
    flags = daemon.read_flags(MasterFlags, "", argv, {})
    assert "hunter2" not in str(flags.shown())


@pytest.mark.parametrize("text", ["", "1", "1/", "/1mins", "0/1mins", "1/0secs", "-1/1mins", "1.5/1mins", "1/1mins/2"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(daemon.Leave) as left:
        daemon.read_flags(MasterFlags, "", ["--work_dir=w", f"--agent_removal_rate_limit={text}"], {})
    assert "--agent_removal_rate_limit" in left.value.text and "1/10mins" in left.value.text


@pytest.mark.parametrize("argv", [["--ip=0.0.0.0"], ["--max_agent_ping_timeouts=0"]])
def test_what_makes_no_sense_together_is_refused(argv: list[str]) -> None:
    flags = daemon.read_flags(MasterFlags, "", ["--work_dir=w", *argv], {})
    with pytest.raises(FlagError):
        master_settings.check(flags)


def test_a_url_of_zookeeper_without_a_path_is_refused() -> None:
    with pytest.raises(daemon.Leave) as left:
        argv = ["--work_dir=w", "--zk=zk://h:1"]
        daemon.read_flags(MasterFlags, "", argv, {}, master_settings.check, master_settings.CHECKS)
    assert "--zk: a path is missing" in left.value.text


@pytest.mark.parametrize(("amount", "taken"), [("1000000000000", True), ("1000000000001", False), ("nan", False)])
def test_no_minimum_is_larger_than_a_scalar_may_be(amount: str, taken: bool) -> None:
    argv = ["--work_dir=w", f"--min_allocatable_resources=mem:{amount}"]
    if taken:
        daemon.read_flags(MasterFlags, "", argv, {})
        return
    with pytest.raises(daemon.Leave, match="min_allocatable_resources"):
        daemon.read_flags(MasterFlags, "", argv, {})
