"""A cluster by hand behind real gateways, each daemon only for its own, and the `dcos` command of one of its users."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.support.daemons.authority import Authority
from tests.support.daemons.byhand import PATIENCE, PROGRAMS, Daemon, free_port, processes_with, task_ports, wait_for
from tests.support.daemons.gateway import PASSWORD, Gateway


class Fronted:
    """Daemons behind two gateways, and the folder of a client without settings."""

    def __init__(self, folder: Path, *, cosmos: Sequence[str] | None = None) -> None:
        self.folder = folder
        self.authority = Authority(folder / "authority")
        plain, tls, agent_tls, init_tls = (free_port() for _ in range(4))
        credentials = self.authority.credentials({"ops": "a secret"})
        self.master_url = f"http://127.0.0.1:{plain}"
        self.secret = folder / "secret"
        self.secret.write_text("a secret\n")
        self.daemons = [
            self._daemon(
                "master",
                f"--port={plain}",
                f"--tls_port={tls}",
                f"--work_dir={folder / 'master'}",
                f"--credentials={credentials}",
                "--authenticate_http_readonly",
                "--authenticate_http_readwrite",
                "--authenticate_http_frameworks",
                "--cluster=lab",
            ),
            self._daemon(
                "agent",
                f"--port={free_port()}",
                f"--tls_port={agent_tls}",
                f"--master=127.0.0.1:{plain}",
                f"--master_tls_port={tls}",
                f"--work_dir={folder / 'agent'}",
                "--launcher=posix",
                f"--resources=cpus:4;mem:2048;disk:1024;ports:{task_ports()}",
                f"--http_credentials={credentials}",
                "--authenticate_http_readonly",
                "--authenticate_http_readwrite",
            ),
            self._daemon(
                "marathon",
                f"--master=127.0.0.1:{plain}",
                f"--master_tls_port={tls}",
                f"--work_dir={folder / 'init'}",
                f"--http_port={free_port()}",
                f"--tls_port={init_tls}",
                f"--http_credentials_file={credentials}",
                "--authenticate_http",
            ),
        ]
        cosmos_tls = None if cosmos is None else free_port()
        if cosmos is not None:
            self.daemons.append(
                self._daemon(
                    "cosmos",
                    f"--work_dir={folder / 'cosmos'}",
                    f"--http_port={free_port()}",
                    f"--tls_port={cosmos_tls}",
                    f"--marathon=https://127.0.0.1:{init_tls}",
                    f"--master=https://127.0.0.1:{tls}",
                    f"--http_credentials_file={credentials}",
                    "--authenticate_http",
                    *cosmos,
                )
            )
        self.gateways = [
            Gateway(
                folder / name,
                self.authority,
                master_port=tls,
                init_port=init_tls,
                agent_port=agent_tls,
                cosmos_port=cosmos_tls,
            )
            for name in ("first", "second")
        ]
        self.urls = [f"https://127.0.0.1:{one.port}" for one in self.gateways]
        self.clients = folder / "clients"
        self.password = folder / "password"
        self.password.write_text(PASSWORD + "\n")

    def _daemon(self, kind: str, *flags: str) -> Daemon:
        flags = (*flags, *self.authority.flags(self.authority.identity(kind)))
        ip = ("--ip=127.0.0.1",) if kind in ("master", "agent") else ()
        return Daemon(kind, (f"dcos-{kind}", *ip, *flags), self.folder / f"{kind}.log")

    def stop(self) -> None:
        for gateway in self.gateways:
            gateway.stop()
        for daemon in reversed(self.daemons):
            daemon.stop()
        for pid in processes_with(f"MESOS_SANDBOX={self.folder}"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def environment(self, **more: str) -> dict[str, str]:
        return {**os.environ, "DCOS_DIR": str(self.clients), **more}

    def dcos(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(PROGRAMS / "dcos"), *words],
            capture_output=True,
            text=True,
            env=self.environment(**more),
            timeout=120 * PATIENCE,
            stdin=subprocess.DEVNULL,
        )

    def good(self, *words: str, **more: str) -> str:
        done = self.dcos(*words, **more)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout

    def bad(self, *words: str, **more: str) -> str:
        done = self.dcos(*words, **more)
        assert done.returncode == 1, (words, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr and "unexpected" not in done.stderr
        return done.stderr

    def login(self) -> tuple[str, ...]:
        return ("--username", "admin", "--password-file", str(self.password))

    def settings(self) -> dict[str, Any]:
        return tomllib.loads((self.clients / "clusters" / self.authority.cluster / "dcos.toml").read_text())


@contextlib.contextmanager
def fronted(folder: Path, **more: Any) -> Iterator[Fronted]:
    """Started, and known to the client, whose user is logged in."""
    one = Fronted(folder, **more)
    try:
        for daemon in one.daemons:
            daemon.start()
        for gateway in one.gateways:
            gateway.start()
        one.good("cluster", "setup", one.urls[0], "--ca-certs", str(one.authority.ca), *one.login())
        # Gateways of a cluster differ by address, not by port, so the other one is named by hand here.
        file = one.clients / "clusters" / one.authority.cluster / "dcos.toml"
        file.write_text(f'{file.read_text()}masters = ["{one.urls[0]}", "{one.urls[1]}"]\n')
        wait_for(lambda: one.dcos("marathon", "ping").returncode == 0, 60, "an init behind the gateway")
        wait_for(lambda: len(one.good("node", "list", "-q").split()) == 2, 60, "the agent")
        yield one
    finally:
        one.stop()
