"""Starts a machine's supervisor so that it outlives the installer: by systemd if that is init, otherwise detached."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import dcos_installer
from dcos_installer.process import run
from dcos_installer.providers.base import ProviderError
from dcos_installer.providers.nspawn.cgroups import host_hierarchies, mode_of
from dcos_installer.providers.nspawn.machine import SHARES, MachineFolder, NspawnRecord

UNIT_VARIABLE = "DCOS_MACHINE_UNIT"
"""Set for a supervisor that systemd started: its control group is the unit's, delegated to it."""

_SLICE = "dcos.slice"
# Like cgroups.MACHINE_DEVICES, without the devices of every unit.
_UNIT_DEVICES = ("char-* m", "block-* m", "/dev/console rwm", "char-pts rwm", "/dev/net/tun rwm")
_DEADLINE = 60.0


def booted_by_systemd() -> bool:
    """Whether systemd is this host's init, by sd_booted(3)."""
    return Path("/run/systemd/system").is_dir()


def supervisor_command(folder: MachineFolder) -> list[str]:
    return [sys.executable, "-m", "dcos_installer.providers.nspawn.supervisor", str(folder.path)]


def supervisor_environment() -> dict[str, str]:
    """The supervisor's environment: only these variables of the installer's, so that it finds this very code."""
    assert dcos_installer.__file__
    return {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(Path(dcos_installer.__file__).resolve().parents[1]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def unit_name(record: NspawnRecord) -> str:
    return f"{record.unique_name}.service"


def systemd_run_command(
    unit: str,
    folder: MachineFolder,
    description: str,
    environment: Mapping[str, str],
    *,
    unified: bool,
    cpu_shares: int = SHARES,
) -> list[str]:
    """The command by which systemd starts a supervisor, in a control group delegated to it."""
    properties = [
        "Delegate=yes",
        f"CPUWeight={cpu_shares * 100 // 1024}",
        # A stop signals the supervisor, which powers the machine off; remaining processes are killed.
        "KillMode=mixed",
        "TimeoutStopSec=30",
        "TasksMax=infinity",
        "OOMPolicy=continue",
    ]
    if unified:
        # Where devices are a v1 controller the supervisor sets them itself: in systemd's form of these rules a
        # container's runtime in the machine would lack the wildcard that it asks for.
        properties += ["DevicePolicy=closed", *(f"DeviceAllow={rule}" for rule in _UNIT_DEVICES)]
    return [
        *("systemd-run", "--quiet", "--collect", "--service-type=exec"),
        f"--unit={unit}",
        f"--slice={_SLICE}",
        f"--description={description}",
        *(f"--property={value}" for value in properties),
        *(f"--setenv={name}={value}" for name, value in environment.items()),
        *("--", *supervisor_command(folder)),
    ]


def launch(folder: MachineFolder, record: NspawnRecord) -> None:
    """Starts the machine's supervisor and returns; the machine's status and console show its progress."""
    environment = supervisor_environment()
    if booted_by_systemd():
        unit = unit_name(record)
        environment[UNIT_VARIABLE] = unit
        description = f"Machine {record.name} of the dcos cluster {record.cluster_id}"
        run(
            systemd_run_command(
                unit,
                folder,
                description,
                environment,
                unified=mode_of(host_hierarchies()) == "v2",
                cpu_shares=record.cpu_shares,
            ),
            deadline=_DEADLINE,
            what=f"start the supervisor of {record.name}",
        )
        return
    # Not by `process.run`: that waits until the command's pipes are closed, and this process outlives the installer.
    with folder.console.open("ab") as console:
        try:
            code = subprocess.Popen(
                ["setsid", "--fork", *supervisor_command(folder)],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                env=environment,
                cwd="/",
                start_new_session=True,
            ).wait(_DEADLINE)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ProviderError(
                "the supervisor cannot be started",
                machine=record.name,
                why=str(error),
                hint="install the Debian package util-linux",
            ) from error
    if code != 0:
        raise ProviderError(
            "the supervisor cannot be started",
            machine=record.name,
            why=f"setsid ended with code {code}",
            hint="try the installer's command again",
            evidence=folder.console_tail(),
        )


def forget_unit(record: NspawnRecord) -> None:
    """Tells systemd that the machine's unit has ended, so that its name can be used again."""
    if booted_by_systemd():
        for verb in ("stop", "reset-failed"):
            run(["systemctl", verb, unit_name(record)], deadline=_DEADLINE, what="stop a machine's unit", check=False)


def in_unit() -> bool:
    """Whether this process is a supervisor that systemd started."""
    return UNIT_VARIABLE in os.environ
