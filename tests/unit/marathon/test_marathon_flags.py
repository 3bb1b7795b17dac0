"""The flags of dcos-marathon, and the process as a stranger starts it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from dcos_runtime.daemon import Leave, read_flags
from dcos_runtime.flags.marathon import MarathonFlags
from dcos_runtime.marathon import settings as marathon_settings
from dcos_runtime.marathon.main import Init
from dcos_runtime.wire.cluster import FrameworkInfo

PROGRAM = Path(sys.executable).with_name("dcos-marathon")
WHO = FrameworkInfo(user="root", name="marathon")


def read(*argv: str, **environ: str) -> MarathonFlags:
    return read_flags(MarathonFlags, "", argv, environ, Init().check, Init.checks)


def test_only_the_master_is_required_and_times_become_seconds() -> None:
    flags = read("--master=127.0.0.1:5050")
    assert (flags.http_port, flags.http_address, flags.framework_name) == (8080, "127.0.0.1", "marathon")
    settings = marathon_settings.settings(flags, WHO)
    assert (settings.decline_offer_duration, settings.launch_timeout, settings.viable_after) == (120.0, 300.0, 60.0)
    assert settings.rules.role == "*"


@pytest.mark.parametrize(
    ("text", "seconds"), [("2500", 2.5), ("2500ms", 2.5), ("1.5secs", 1.5), ("2mins", 120.0), ("1", 0.001)]
)
def test_a_duration_without_a_unit_is_milliseconds(text: str, seconds: float) -> None:
    assert read("--master=h:1", f"--kill_retry_timeout={text}").kill_retry_timeout == seconds
    flags = read("--master=h:1", "--reconciliation_interval=1mins", "--zk_session_timeout=4000", "--zk=zk://h:1/m")
    assert marathon_settings.shown(flags, "", "")["reconciliation_interval"] == 60000
    assert marathon_settings.shown_zookeeper(flags)["zk_session_timeout"] == 4000


def test_the_time_of_a_failover_is_seconds_without_a_unit() -> None:
    assert read("--master=h:1", "--failover_timeout=90").failover_timeout == 90.0
    assert read("--master=h:1", "--failover_timeout=0").failover_timeout == 0.0
    assert read("--master=h:1", "--failover_timeout=2days").failover_timeout == 172800.0


def test_the_environment_sets_flags_with_marathons_prefix() -> None:
    flags = read(MARATHON_MASTER="zk://h:2181/mesos", MARATHON_MESOS_ROLE="web")
    assert flags.master == "zk://h:2181/mesos" and marathon_settings.settings(flags, WHO).rules.role == "web"


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ((), "--master is required"),
        (("--master=a:b:c",), "--master: expected"),
        (("--master=h:1", "--zk=http://x"), "--zk: expected"),
        (("--master=h:1", "--mesos_authentication_principal=p"), "go together"),
        (("--master=h:1", "--tls_ca=/x"), "--tls_ca and --tls_identity go together"),
        (("--master=h:1", "--tls_port=1"), "--tls_port needs"),
        (("--master=h:1", "--token_key=/x"), "--token_key and --token_issuer go together"),
        (("--master=h:1", "--anonymous_reads=v2"), "expected paths"),
        (("--master=h:1", "--anonymous_reads=/v2/apps"), "says nothing without --authenticate_http"),
        (("--master=h:1", "--authenticate_http"), "none are defined: give --http_credentials_file"),
        (
            (
                "--master=h:1",
                "--tls_ca=/x",
                "--tls_identity=/x",
                "--mesos_authentication_principal=p",
                "--mesos_authentication_secret_file=/x",
            ),
            "exclude each other",
        ),
        (("--master=h:1", "--local_port_min=20", "--local_port_max=10"), "less than"),
        (("--master=h:1", "--logging_level=loud"), "loud"),
        (("--master=h:1", "--max_tasks_per_ofer=3"), "unknown flag --max_tasks_per_ofer"),
        (("--master=h:1", "--max_instances_per_offer=0"), "from 1 to"),
        (("--master=h:1", "--decline_offer_duration=soon"), "expected a number"),
    ],
)
def test_a_flag_that_cannot_be_used_is_named(argv: tuple[str, ...], said: str) -> None:
    with pytest.raises(Leave) as left:
        read(*argv)
    assert left.value.code == 2 and said in left.value.text


def test_the_secret_of_zookeeper_is_not_shown() -> None:
    flags = read("--master=zk://me:hush@h:2181/mesos", "--zk=zk://me:hush@h:2181/marathon")
    assert "hush" not in str(marathon_settings.shown_zookeeper(flags))
    assert marathon_settings.shown(flags, "", "")["master"] == "zk://***@h:2181/mesos"
    for flag in ("--zk=zk://me:hush@h:2181", "--zk=zk://me:hu/sh@h:1/x"):
        with pytest.raises(Leave) as left:
            read("--master=h:1", flag)
        assert "--zk" in left.value.text and "hush" not in left.value.text
    assert "h:2181/marathon" in marathon_settings.shown_zookeeper(flags)["zk"]


def test_without_a_work_dir_the_state_is_in_the_users_state_folder(tmp_path: Path) -> None:
    flags = read("--master=h:1")
    assert marathon_settings.work_dir(flags, {"XDG_STATE_HOME": str(tmp_path)}) == tmp_path / "dcos-marathon"
    assert marathon_settings.work_dir(read("--master=h:1", "--work_dir=/w"), {}) == Path("/w")


def test_every_flag_is_in_the_documentation() -> None:
    text = (Path(__file__).parents[3] / "docs" / "init.md").read_text()
    missing = [flag.name for flag in MarathonFlags.declared() if not re.search(rf"`{flag.name}`", text)]
    assert not missing


def test_the_program_answers_help_and_refuses_what_it_does_not_know() -> None:
    helped = subprocess.run([PROGRAM, "--help"], capture_output=True, text=True, timeout=240)
    assert helped.returncode == 0 and "--failover_timeout" in helped.stdout
    refused = subprocess.run([PROGRAM, "--mastr=x"], capture_output=True, text=True, timeout=240)
    assert refused.returncode == 2 and "did you mean --master?" in refused.stderr and "Traceback" not in refused.stderr


def test_a_port_that_is_taken_is_said_so(tmp_path: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        argv: list[str | Path] = [PROGRAM, "--master=127.0.0.1:1", f"--http_port={port}", f"--work_dir={tmp_path}"]
        refused = subprocess.run(argv, capture_output=True, text=True, timeout=240)
    assert refused.returncode == 1 and f"127.0.0.1:{port}" in refused.stderr and "Traceback" not in refused.stderr
