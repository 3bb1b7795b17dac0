"""Runs testinfra on a booted image: pytest here, its commands in the machine, over SSH as root.

The machine gets the trial's own key by its credentials, and tells its host key on a virtio-serial port. Only that key
is accepted; no settings of the user's SSH apply.
"""

from __future__ import annotations

import base64
import contextlib
import secrets
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from dcos_images.data import definitions_dir
from dcos_images.errors import CommandFailedError, ImageError
from dcos_images.process import run

SHIPPED = "shared/tests"
"""The tests that every image has to pass, in the folder of definitions."""
LOG = "tests.log"
"""The output of pytest, in the trial's folder."""
SECRET_PATH = "/run/dcos-image-test"
"""A file that comes with the machine's secret credentials."""
_NAME = "image-test"
_CONNECT_SECONDS = 300
_SHARED_SECONDS = 600
_COLLECT_SECONDS = 120.0
_CORRECT = "correct what the last lines report, then run the same command again"
_SHOWN = 5
"""The most failed tests that are named in an error."""
_SSH = """\
Host {name}
  HostName 127.0.0.1
  Port {port}
  User root
  IdentityFile "{folder}/key"
  IdentitiesOnly yes
  HostKeyAlias {name}
  UserKnownHostsFile "{folder}/known_hosts"
  GlobalKnownHostsFile none
  StrictHostKeyChecking yes
  BatchMode yes
  ControlPath "{folder}/%C"
"""


@dataclass(frozen=True)
class Check:
    """One test on the machine. ``problem`` is empty when it has passed."""

    name: str
    problem: str
    properties: tuple[tuple[str, str], ...] = ()
    """The values that it has recorded (pytest's ``record_property``)."""


@dataclass(frozen=True)
class Access:
    """The way into the machine: a key pair in ``folder``, and a secret to be found in the machine."""

    folder: Path
    secret: str

    @property
    def devices(self) -> list[str]:
        """QEMU's arguments that hand the credentials over: in a file, not on its command line."""
        return ["-fw_cfg", f"name=opt/io.systemd.credentials/tmpfiles.extra,file={self.folder}/credentials"]

    def configured(self, port: int, host_key: str) -> Path:
        """Writes the configuration of ssh for the machine on that port of the loopback, with its one known key."""
        (self.folder / "known_hosts").write_text(f"{_NAME} ssh-ed25519 {host_key}\n")
        path = self.folder / "ssh_config"
        path.write_text(_SSH.format(name=_NAME, port=port, folder=self.folder))
        return path


def make_access(folder: Path) -> Access:
    """Makes keys and credentials in ``folder``."""
    run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", _NAME, "-f", folder / "key"],
        what="make the key of the trial",
        log_file=folder / LOG,
        deadline=60.0,
    )
    access = Access(folder, secrets.token_hex(16))
    lines = ["d /root/.ssh 0700 root root -"]
    for path, content in (
        ("/root/.ssh/authorized_keys", (folder / "key.pub").read_bytes()),
        (SECRET_PATH, access.secret.encode()),
    ):
        lines.append(f"f+~ {path} 0600 root root - {base64.b64encode(content).decode()}")
    (folder / "credentials").write_text("".join(f"{line}\n" for line in lines))
    return access


def check_tests(tests: Sequence[Path]) -> None:
    """Raises `ImageError` when one of these files or folders has no tests, or they cannot be read. Runs none."""
    for path in tests:
        what, hint = f"the tests {path} cannot be used", "name a file, or a folder with files test_*.py"
        if not path.exists():
            raise ImageError(what, why="there is no such file or folder", hint=hint)
        with tempfile.TemporaryDirectory(prefix="dcos-image-test-") as folder:
            try:
                _pytest(Path(folder), ["--collect-only", path], deadline=_COLLECT_SECONDS)
            except CommandFailedError as error:
                raise ImageError(
                    what, why="pytest finds no tests there, or errors in them", hint=hint, evidence=error.said
                ) from error


def check_machine(
    access: Access, config: Path, environment: dict[str, str], tests: Sequence[Path], *, deadline: float
) -> tuple[Check, ...]:
    """Runs the shipped tests, and these, on the machine that ``config`` leads to. Raises `ImageError` when they cannot
    be run.
    """
    report = access.folder / "tests.xml"
    target = f"ssh://{_NAME}?timeout={_CONNECT_SECONDS}&controlpersist={_SHARED_SECONDS}"
    options = [f"--hosts={target}", f"--ssh-config={config}", f"--junitxml={report}"]
    said = ""
    try:
        _pytest(
            access.folder, [*options, definitions_dir() / SHIPPED, *tests], deadline=deadline, environment=environment
        )
    except CommandFailedError as error:
        said = error.said  # a test has failed, or pytest has: the report tells
    checks = tuple(_checks(report))
    if not checks or (said and not any(check.problem for check in checks)):
        raise ImageError(
            "the tests cannot be run on the machine", why="pytest has failed", hint=_CORRECT, evidence=said
        )
    return checks


def failures(checks: Sequence[Check]) -> list[str]:
    """The problems that the tests found, one line each; of many only the first."""
    found = [f"{check.name}: {check.problem}" for check in checks if check.problem]
    return [*found[:_SHOWN], *([f"and {len(found) - _SHOWN} more failed tests"] if len(found) > _SHOWN else [])]


def _pytest(
    folder: Path, words: Sequence[str | Path], *, deadline: float, environment: dict[str, str] | None = None
) -> None:
    """Runs pytest with nothing but testinfra and our plugin; no settings of a project apply."""
    (folder / "pytest.ini").write_text("[pytest]\njunit_family = xunit1\n")
    # Its output goes where that of every command goes: to the log, and into the error.
    run(
        [
            *("sh", "-c", 'exec "$@" >&2', "sh", sys.executable, "-m", "pytest", "-q", "--import-mode=importlib"),
            *("-c", f"{folder}/pytest.ini", f"--rootdir={folder}", "-p", "no:cacheprovider"),
            *("-p", "testinfra.plugin", "-p", "dcos_images.expected"),
            *words,
        ],
        what="run the tests on the machine",
        log_file=folder / LOG,
        deadline=deadline,
        env={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1", **(environment or {})},
        folder=folder,
    )


def _checks(report: Path) -> Iterator[Check]:
    """The tests in a report of pytest, in JUnit's form."""
    with contextlib.suppress(OSError, ElementTree.ParseError):
        for case in ElementTree.parse(report).iter("testcase"):
            name = case.get("name", "").partition("[")[0].removeprefix("test_").replace("_", " ")
            wrong = next((one for one in case if one.tag in ("failure", "error")), None)
            properties = tuple((one.get("name", ""), one.get("value", "")) for one in case.iter("property"))
            yield Check(name, "" if wrong is None else _first_line(wrong), properties)


def _first_line(wrong: ElementTree.Element) -> str:
    message = wrong.get("message") or wrong.text or "it has failed"
    return message.strip().split("\n")[0].removeprefix("AssertionError: ")
