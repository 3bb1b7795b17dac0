"""What a role's machine shows, with testinfra: all that the descriptor of its service says."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from dcos_installer.services import installed

SERVICE = installed()[Path(os.environ["MOLECULE_PROJECT_DIRECTORY"]).name]


@pytest.fixture
def address(host: Any) -> str:
    """The machine's own, as members know it."""
    return str(host.check_output("hostname -I").split()[0])


def test_its_unit_runs_and_starts_at_boot(host: Any) -> None:
    unit = host.service(SERVICE.unit_name)
    assert unit.is_running and unit.is_enabled


def test_it_runs_as_its_user_who_has_no_shell(host: Any) -> None:
    shown = host.check_output(f"systemctl show --property=User --value {SERVICE.unit_name}").strip()
    assert (shown or "root") == SERVICE.user_name
    assert SERVICE.user is None or host.user(SERVICE.user_name).shell == "/usr/sbin/nologin"


def test_its_ports_are_open_there(host: Any, address: str) -> None:
    for port in SERVICE.ports.values():
        at = ("0.0.0.0",) if port.every_address else (address,)
        assert any(host.socket(f"tcp://{one}:{port.number}").is_listening for one in at), port


def test_its_files_and_secrets_are_there_and_secrets_are_its_own(host: Any) -> None:
    for file in SERVICE.files:
        assert host.file(f"/opt/dcos/active/{file.path}").is_file, file.path
    for path, target in SERVICE.links.items():
        assert host.file(path).linked_to == host.file(f"/opt/dcos/active/{target}").linked_to, path
    for name in SERVICE.secret_names:
        secret = host.file(f"/etc/dcos-secrets/{name}")
        assert (secret.user, secret.mode) == (SERVICE.user_name, 0o400), name


def test_what_it_needs_of_the_operating_system_is_there(host: Any) -> None:
    for need in SERVICE.requires:
        if "{{" not in need.path and not need.unless:
            assert host.file(need.path).exists, need.path


def test_its_kernel_settings_hold(host: Any) -> None:
    assert all(str(host.sysctl(item.key)) for item in SERVICE.sysctls)
