"""Whether a machine's SSH answers, and why not: for providers that wait for it."""

from __future__ import annotations

import socket
from dataclasses import dataclass

SSH_PORT = 22


@dataclass(frozen=True)
class SshProblem:
    """Why SSH does not answer. ``seen`` is the symptom, ``why`` its cause; both are empty if SSH answers."""

    seen: str = ""
    why: str = ""


def ssh_problem(address: str, port: int = SSH_PORT, seconds: float = 3.0) -> SshProblem:
    """Why SSH does not answer at that address."""
    try:
        connection = socket.create_connection((address, port), timeout=seconds)
    except ConnectionRefusedError:
        return SshProblem("the connection is refused", "its sshd does not run")
    except OSError as error:
        said = "" if isinstance(error, TimeoutError) else f" ({(error.strerror or str(error)).lower()})"
        return SshProblem(f"nothing answers{said}", "its network is cut, or the whole machine is stuck")
    with connection:
        try:
            said = connection.recv(4).decode(errors="replace")
        except OSError:
            said = ""
    if said == "SSH-":
        return SshProblem()
    return SshProblem("the connection is taken, and nothing of SSH is said", "its sshd is stuck, or cannot begin")
