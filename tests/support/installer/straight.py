"""Requests to folders as through Ansible, with the same command and the same bytes, but without Ansible, which takes a
second each time. For tests of other things that deploy often; those of the play and of the engine use the real one.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping

import pytest

from dcos_installer.ansible import payload, play
from dcos_installer.ansible.connection import Connection
from dcos_installer.errors import InstallerError


def run(
    workspace: play.Workspace,
    connections: Mapping[str, Connection],
    requests: Mapping[str, bytes],
    on_answer: play.Answers,
    *,
    timeout: float,
) -> None:
    """See `play.run`."""
    for host, request in requests.items():
        assert connections[host].ssh is None, f"{host} is no folder"
        done = subprocess.run(
            ["/bin/sh", "-c", payload.COMMAND],
            input=payload.enveloped(payload.code(), request),
            capture_output=True,
            timeout=timeout,
        )
        try:
            answer = payload.answer(host, done.returncode, done.stdout, done.stderr)
        except InstallerError as error:
            on_answer(host, error)
        else:
            on_answer(host, answer)


@pytest.fixture
def straight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(play, "run", run)
