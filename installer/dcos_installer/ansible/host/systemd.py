"""Units: their states, starting and stopping them, waiting until they are healthy, and their last log lines."""

from __future__ import annotations

import time

from .errors import HostError
from .machine import ACTIVE, SECRETS, STATE, Machine
from .quick import dumps, loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable

RUNNING, STOPPED, FAILED, LOOPING = "running", "stopped", "failed", "looping"
"""A unit is looping when it has ended by itself and systemd waits before it starts it again."""

_CRASHES = 5
"""After so many restarts of a unit the wait for it ends before the deadline."""
_LOG_LINES = 20
_PROBE_SECONDS = 5.0
_ANSWER_BYTES = 4096
CA = ACTIVE + "/etc/tls/ca.crt"
"""The CA that an ``https`` probe trusts."""


class UnitFailed(HostError):
    """A unit does not start, or is unhealthy at the deadline. ``evidence`` holds its last log lines."""

    def __init__(self, unit: str, what: str, why: str, evidence: str) -> None:
        super().__init__(what, why, "the lines below are the unit's last: they usually say why", evidence)
        self.unit = unit


class Systemd:
    """The machine's service manager."""

    def __init__(self, machine: Machine, binary: str = "systemctl", journal: str = "journalctl") -> None:
        self.machine = machine
        self.binary = binary
        self.journal = journal

    def states(self, units: Iterable[str]) -> dict[str, str]:
        """`RUNNING`, `STOPPED`, `FAILED` or `LOOPING` for each unit; one that systemd does not know is stopped."""
        wanted = list(units)
        if not wanted:
            return {}
        return {unit: _state(shown) for unit, shown in self._show(wanted).items()}

    def reload(self) -> None:
        """Makes systemd read the units' files again."""
        self._do("daemon-reload")

    def act(self, action: str, unit: str) -> None:
        """``start``, ``restart``, ``reload`` or ``stop``. Raises `UnitFailed`."""
        if action in ("start", "restart"):
            # Earlier failures must not count against this start.
            self.machine.run([self.binary, "reset-failed", unit])
        done = self.machine.run([self.binary, action, unit], seconds=120)
        if done.code:
            raise UnitFailed(unit, f"cannot {action} {unit}", done.err.strip(), self.log(unit))

    def wait(self, unit: str, probe: str, deadline: float) -> None:
        """Returns once the unit runs and its probe answers. Raises `UnitFailed` with the last evidence."""
        end = time.monotonic() + deadline
        first = self._show([unit])[unit]
        pause, seen, answer = 0.05, 0, ""
        while True:
            shown = self._show([unit])[unit]
            if shown.get("ActiveState") == "failed":
                why = f"systemd says: {shown.get('Result')}, exit status {shown.get('ExecMainStatus')}"
                raise UnitFailed(unit, f"{unit} failed", why, self.log(unit))
            if shown.get("ActiveState") == "active":
                seconds = _PROBE_SECONDS * self.machine.patience
                answer = probed(probe, self.machine.at(CA), self.machine.at(SECRETS), seconds) if probe else ""
                seen += 1
                if not answer and (probe or shown.get("SubState") == "exited" or seen > 2):
                    return
            crashes = _number(shown, "NRestarts") - _number(first, "NRestarts")
            if crashes >= _CRASHES:
                why = f"it ended {crashes} times, last with status {shown.get('ExecMainStatus')}"
                raise UnitFailed(unit, f"{unit} does not stay up", why, self.log(unit))
            if time.monotonic() >= end:
                state = f"{shown.get('ActiveState')} ({shown.get('SubState')})"
                why = f"it is {state}" + (f"; {probe}: {answer}" if answer else "")
                raise UnitFailed(unit, f"{unit} is not well after {deadline:g} s", why, self.log(unit))
            time.sleep(pause)
            pause = min(pause * 1.5, 0.5)

    def log(self, unit: str) -> str:
        """The unit's last lines in the journal."""
        argv = [self.journal, "--unit", unit, "--lines", str(_LOG_LINES), "--no-pager", "--output", "cat"]
        try:
            done = self.machine.run(argv, change=False)
        except HostError as error:
            return f"(no journal: {error.what})"
        return done.out.strip() or "(the journal has nothing of it)"

    def _show(self, units: list[str]) -> dict[str, dict[str, str]]:
        properties = "Id,ActiveState,SubState,Result,ExecMainStatus,NRestarts"
        done = self.machine.run([self.binary, "show", "--property", properties, *units], change=False)
        if done.code:
            raise HostError("systemd does not answer", done.err.strip(), "is systemd the machine's init?")
        blocks = [dict(line.partition("=")[::2] for line in block.splitlines()) for block in done.out.split("\n\n")]
        known = {block.get("Id", ""): block for block in blocks}
        return {unit: known.get(unit, {}) for unit in units}

    def _do(self, *arguments: str) -> None:
        done = self.machine.run([self.binary, *arguments], seconds=90)
        if done.code:
            raise HostError(
                "cannot run systemctl " + " ".join(arguments),
                done.err.strip(),
                "correct that on the host and run again",
            )


class Noted(Systemd):
    """For a folder that stands for a machine: writes to a file which units would run, and starts nothing."""

    _FILE = STATE + "/units.json"

    def states(self, units: Iterable[str]) -> dict[str, str]:
        noted = self._noted()
        return {unit: noted.get(unit, STOPPED) for unit in units}

    def reload(self) -> None:
        pass

    def act(self, action: str, unit: str) -> None:
        noted = self._noted()
        noted[unit] = STOPPED if action == "stop" else RUNNING
        self.machine.folder(STATE)
        self.machine.replace(self._FILE, dumps(noted).encode(), 0o644)

    def wait(self, unit: str, probe: str, deadline: float) -> None:
        pass

    def log(self, unit: str) -> str:
        return ""

    def _noted(self) -> dict[str, str]:
        return dict(loads(self.machine.read(self._FILE) or b"{}"))


def probed(probe: str, ca: str = "", secrets: str = "", seconds: float = _PROBE_SECONDS) -> str:
    """Asks ``https://KIND@HOST:PORT/PATH``, ``https://KIND@HOST:PORT``, ``zookeeper://HOST:PORT`` or ``unix:///SOCKET``
    once.

    Empty when the answer is good, else what is wrong. ``https`` requires a certificate of the CA in the file ``ca`` for
    that address and kind of daemon: no other process on that port has one, and the daemon shows it only once it is
    ready. A PATH is requested with the kind's own certificate, from the folder ``secrets``.
    """
    import socket

    scheme, _, rest = probe.partition("://")
    if scheme == "unix":
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(seconds)
            try:
                client.connect(rest)
            except OSError as error:
                return f"{rest}: {error.strerror or error}"
        return ""
    if scheme not in ("https", "zookeeper"):
        return ""  # a generation of an older installer has no such probe: only systemd's state counts
    kind, _, rest = rest.rpartition("@")
    place, _, path = rest.partition("/")
    host, _, port = place.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=seconds) as connection:
            if scheme == "zookeeper":
                connection.sendall(b"ruok")
                said = connection.makefile("rb").read(4)
                return "" if said == b"imok" else f"it answers {said!r}"
            return _probed_tls(connection, kind, host, path, ca, secrets)
    except OSError as error:
        return f"{error}" + (" (does another process hold the port?)" if scheme == "https" else "")


def _probed_tls(connection: socket.socket, kind: str, host: str, path: str, ca: str, secrets: str) -> str:
    import ssl

    context = ssl.create_default_context(cafile=ca)
    if path:
        context.load_cert_chain(f"{secrets}/tls-{kind}.pem")
    with context.wrap_socket(connection, server_hostname=host) as tls:
        names = (tls.getpeercert() or {}).get("subjectAltName", ())
        if kind and ("DNS", f"{kind}.dcos.internal") not in names:
            return f"its certificate is not that of a {kind} (does another process hold the port?)"
        if not path:
            return ""
        request = f"GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        tls.sendall(request.encode())
        head, _, body = tls.makefile("rb").read(_ANSWER_BYTES).partition(b"\r\n\r\n")
    status = head.split(b"\r\n")[0].decode("latin-1").split(" ")
    if len(status) > 1 and status[1] == "200":
        return ""
    said = " ".join(body.decode("utf-8", "replace").split())[:300]
    return "it answers " + " ".join(status).strip() + (f": {said}" if said else "")


def _state(shown: dict[str, str]) -> str:
    active = shown.get("ActiveState", "")
    if active == "activating" and shown.get("SubState", "").startswith("auto-restart"):
        return LOOPING
    if active in ("active", "reloading", "activating"):
        return RUNNING
    return FAILED if active == "failed" else STOPPED


def _number(shown: dict[str, str], name: str) -> int:
    text = shown.get(name, "")
    return int(text) if text.isdigit() else 0
