"""The `dcos` command run inside the test's process, and the pretended cluster that it asks."""

from __future__ import annotations

import asyncio
import io
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dcos_runtime.cli.main import main
from tests.support.cli.fake_cluster import Cluster, Result
from tests.support.cli.fake_gateway import CLUSTER_ID, PASSWORD, Authority, Gateway


@pytest.fixture(scope="session")
def server_loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join(240)
    loop.close()


@pytest.fixture
def cluster(server_loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    one = Cluster(server_loop)
    monkeypatch.setenv("DCOS_URL", one.master.url)
    for module in ("kernel.logs", "marathon.wait"):
        __import__(f"dcos_runtime.cli.{module}")
    monkeypatch.setattr("dcos_runtime.cli.kernel.logs.POLL_SECONDS", 0.02)
    monkeypatch.setattr("dcos_runtime.cli.marathon.wait.FIRST_INTERVAL_SECONDS", 0.02)
    monkeypatch.setattr("dcos_runtime.cli.marathon.wait.STEADY_SECONDS", 0.05)
    yield one
    one.stop()


@pytest.fixture
def dcos(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Result]:
    """Runs one command line in this process. The user's own clusters are out of sight."""
    monkeypatch.setenv("DCOS_DIR", str(tmp_path_factory.mktemp("dcos")))
    for name in ("DCOS_ACS_TOKEN", "DCOS_DCOS_ACS_TOKEN", "DCOS_SSL_VERIFY", "DCOS_CLUSTER", "DCOS_PRINCIPAL"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str, stdin: str | None = None) -> Result:
        if stdin is not None:
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        capsys.readouterr()
        code = main(arguments)
        captured = capsys.readouterr()
        logging.getLogger("dcos").handlers.clear()
        return Result(code, captured.out, captured.err)

    return run


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def gateway(
    server_loop: asyncio.AbstractEventLoop, cluster: Cluster, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Gateway]:
    """The gateway of ``cluster``. Tests use none of the daemons' own ports."""
    monkeypatch.delenv("DCOS_URL")
    one = Gateway(server_loop, cluster, authority)
    yield one
    one.stop()


@pytest.fixture
def second(server_loop: asyncio.AbstractEventLoop, gateway: Gateway) -> Iterator[Gateway]:
    """Another master's gateway of the same cluster: same port, another address."""
    one = Gateway(
        server_loop, gateway.cluster, gateway.authority, tokens=gateway.tokens, address="127.0.0.2", port=gateway.port
    )
    gateway.hosts = one.hosts = ["127.0.0.1", "127.0.0.2"]
    yield one
    one.stop()


LOGIN = ("--username", "admin", "--password-env", "SECRET")


@pytest.fixture
def set_up(dcos: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """`dcos cluster setup` of a gateway, with the right password."""
    monkeypatch.setenv("SECRET", PASSWORD)

    def run(url: str, *options: str) -> Result:
        return dcos("cluster", "setup", url, *LOGIN, *(options or ("--no-check",)))

    return run


@pytest.fixture
def lab(gateway: Gateway, set_up: Callable[..., Result]) -> Path:
    """The folder of a cluster that is set up and attached, behind ``gateway``."""
    result = set_up(gateway.url)
    assert result.code == 0, result.err
    gateway.asked.clear()
    return Path(os.environ["DCOS_DIR"]) / "clusters" / CLUSTER_ID
