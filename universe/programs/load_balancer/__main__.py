"""Starts the load balancer: `python3 load-balancer.pyz`, told what to do by the environment of its task."""

from __future__ import annotations

import logging
import os
import resource
import signal
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path

from load_balancer import certificates
from load_balancer.balancer import Balancer
from load_balancer.certificates import Unfit
from load_balancer.configuration import Settings
from load_balancer.haproxy import HAProxy, Unusable
from load_balancer.init import Init, Unreachable, addresses

AGENT_SETTINGS = Path("/opt/dcos/active/etc/dcos-agent.env")


def main(environment: Mapping[str, str]) -> int:
    """Runs until it is told to end: 0, or 1 when it cannot go on."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    log = logging.getLogger("load-balancer")
    folder = Path(tempfile.mkdtemp(prefix="load-balancer-"))
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    haproxy: HAProxy | None = None
    try:
        secret = environment.get("INIT_SECRET", "")
        if file := environment.get("INIT_SECRET_FILE"):
            secret = Path(file).read_text().removesuffix("\n")
        init = Init(
            addresses(environment.get("INIT_URLS", ""), AGENT_SETTINGS), environment.get("INIT_PRINCIPAL", ""), secret
        )
        haproxy = HAProxy(folder)
        pairs = _certificates(environment, folder)
        settings = Settings(
            socket=str(haproxy.socket),
            health_port=int(environment["PORT0"]),
            http_port=int(environment.get("HTTP_PORT") or 0) or None,
            https_port=(int(environment.get("HTTPS_PORT") or 0) or None) if pairs else None,
            certificates=pairs,
            max_connections=_connections(int(environment.get("MAX_CONNECTIONS") or 10_000)),
        )
        served = environment.get("GROUPS_SERVED", "external").split(",")
        groups = frozenset(one.strip() for one in served if one.strip())
        strict = environment.get("STRICT", "").lower() == "true"
        Balancer(haproxy, init, settings, groups, strict=strict).run(ending)
        return 0
    except (Unusable, Unreachable, Unfit, OSError, KeyError, ValueError) as error:
        log.error("the load balancer cannot go on: %s", error)
        return 1
    finally:
        if haproxy is not None:
            haproxy.stop()
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()


def _certificates(environment: Mapping[str, str], folder: Path) -> tuple[str, ...]:
    """The files of those that the environment gives, or names a file of; none when it does not. Raises `Unfit`."""
    text = environment.get("CERTIFICATE", "")
    if file := environment.get("CERTIFICATE_FILE"):
        text = Path(file).read_text(encoding="ascii", errors="replace")
    return tuple(certificates.write(folder, text)) if text.strip() else ()


def _connections(wanted: int) -> int:
    """As many as wanted, as far as this process may have files: a connection has two, and HAProxy some of its own."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return wanted if limit == resource.RLIM_INFINITY else max(100, min(wanted, (limit - 500) // 2))


if __name__ == "__main__":
    sys.exit(main(os.environ))
