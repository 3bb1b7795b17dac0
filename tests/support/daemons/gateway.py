"""The gateway on loopback: a real nginx with the role's own configuration, a real dcos-auth, backends behind mTLS.

The backends are small servers that say what reached them. Tasks have an address of their own on the loopback interface
(`task_address`), since the gateway looks for no service at 127/8.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import random
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import jinja2
from aiohttp import web

from dcos_installer.services import Catalog, Service, installed
from dcos_runtime.auth import passwords
from tests.support.daemons.authority import Authority
from tests.support.daemons.byhand import PROGRAMS, free_port, wait_for

ROLE = Path(__file__).parents[3] / "roles" / "gateway" / "templates"
PASSWORD = "a password for tests"


if not (shutil.which("nginx") or Path("/usr/sbin/nginx").exists()):
    raise RuntimeError("nginx is not installed (Debian: nginx-light); make test installs it")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Backend:
    """An aiohttp server in a thread of its own, with or without mTLS. ``seen``: the last requests, of ``count``."""

    def __init__(
        self, handler: Handler, tls: ssl.SSLContext | None = None, ip: str = "127.0.0.1", port: int = 0
    ) -> None:
        self._handler = handler
        self._tls = tls
        self.ip = ip
        self.port = port
        self.seen: list[dict[str, Any]] = []
        self.count = 0
        self._loop = asyncio.new_event_loop()
        self._over = asyncio.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.failure: Exception | None = None

    def start(self) -> Backend:
        self._thread.start()
        assert self._ready.wait(240)
        if self.failure:
            raise self.failure
        return self

    def stop(self) -> None:
        if self._loop.is_running():
            self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(240)

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Meanwhile it accepts connections, like a stopped process, and sends nothing."""
        go_on = threading.Event()
        self._loop.call_soon_threadsafe(go_on.wait)
        try:
            yield
        finally:
            go_on.set()

    @contextlib.contextmanager
    def refusing(self) -> Iterator[None]:
        """Meanwhile it answers 503 to everything, like a daemon that cannot serve."""
        former, self._handler = self._handler, _unavailable
        try:
            yield
        finally:
            self._handler = former

    @property
    def last(self) -> dict[str, Any]:
        return self.seen[-1]

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        server = web.Server(self._answer, max_line_size=65536, max_field_size=65536, handler_cancellation=True)  # type: ignore[arg-type]  # a double has what is used of it
        runner = web.ServerRunner(server, shutdown_timeout=0.1)
        try:
            await runner.setup()
            await web.TCPSite(runner, self.ip, self.port, ssl_context=self._tls).start()
            self.port = runner.addresses[0][1]
        except Exception as error:
            self.failure = error
        self._ready.set()
        await self._over.wait()
        await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        certificate = request.transport.get_extra_info("peercert") if request.transport else None
        self.seen.append(
            {
                "method": request.method,
                "target": request.raw_path,
                "headers": [(name.lower(), value) for name, value in request.headers.items()],
                "certificate": bool(certificate),
            }
        )
        self.count += 1
        del self.seen[:-50]
        return await self._handler(request)


async def _unavailable(request: web.Request) -> web.StreamResponse:
    return web.Response(status=503, text="No leader elected")


async def echo(request: web.Request) -> web.StreamResponse:
    """The request that it got, as JSON; the body is counted as it comes."""
    size = 0
    async for chunk in request.content.iter_any():
        size += len(chunk)
    return web.json_response({"method": request.method, "target": request.raw_path, "size": size})


def server_tls(authority: Authority, kind: str, ip: str = "127.0.0.1") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority.ca)
    context.load_cert_chain(authority.identity(kind, ip=ip))
    return context


@contextlib.contextmanager
def task_address() -> Iterator[str]:
    """A temporary address of this machine outside of loopback; root only."""
    for number in random.sample(range(1, 255), 254):  # other runs of tests may have some
        address = f"198.19.254.{number}"
        added = subprocess.run(["ip", "address", "add", f"{address}/32", "dev", "lo"], capture_output=True, text=True)
        if added.returncode == 0:
            break
    assert added.returncode == 0, added.stderr
    try:
        yield address
    finally:
        subprocess.run(["ip", "address", "delete", f"{address}/32", "dev", "lo"], check=True)


def template(name: str, **values: Any) -> str:
    """One of the role's templates, rendered as on machines."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROLE),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name).render(**values)


NOT_HERE = ("cosmos", "repository")
"""Services that are not behind a gateway by hand, unless their ports are given: as in a cluster without these roles."""


def services_at(**numbers: int) -> Catalog:
    """The services, with other ports for some of the health checks."""
    left_out = {name for name in NOT_HERE if name not in numbers}

    def moved(service: Service) -> Service:
        if service.name not in numbers:
            return service
        name = "https" if "https" in service.ports else "tls"
        port = service.ports[name].model_copy(update={"number": numbers[service.name]})
        return service.model_copy(update={"ports": {**service.ports, name: port}})

    return Catalog(tuple(moved(service) for service in installed() if service.name not in left_out))


class Gateway:
    """nginx and dcos-auth for backends at the given ports. ``host`` is the master whose gateway this is."""

    def __init__(
        self,
        folder: Path,
        authority: Authority,
        *,
        master_port: int,
        init_port: int,
        agent_port: int = 5052,
        cosmos_port: int | None = None,
        masters: tuple[str, ...] = ("127.0.0.1",),
        zk: str | None = None,
        address_connections: int = 1024,
    ) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.authority = authority
        self.port, self.plain_port = free_port(), free_port()
        self.socket = folder / "auth.sock"
        self._nginx: subprocess.Popen[bytes] | None = None
        administrator = folder / "administrator.json"
        administrator.write_text(json.dumps({"uid": "admin", "hash": passwords.hashed(PASSWORD)}))
        (folder / "run").mkdir()
        more = {} if cosmos_port is None else {"cosmos": cosmos_port}
        services = services_at(master=master_port, marathon=init_port, agent=agent_port, gateway=self.port, **more)
        (folder / "services.json").write_text(services.services_file)
        (folder / "nginx.conf").write_text(
            template(
                "nginx.conf.j2",
                address=masters[0],
                masters=list(masters),
                listen="127.0.0.1",
                ports={"http": self.plain_port, "https": self.port},
                services=services,
                service=services["gateway"],
                secrets="",
                run=folder / "run",
                socket=self.socket,
                ca=authority.ca,
                identity=authority.identity("gateway"),
                options={"workers": 1, "connections": 1024, "address_connections": address_connections},
            )
        )
        self.auth_argv = [
            str(PROGRAMS / "dcos-auth"),
            f"--socket={self.socket}",
            f"--token_private_key={authority.token_private_key}",
            f"--token_issuer={authority.cluster}",
            f"--administrator={administrator}",
            "--reserved_users=spark,jenkins",
            f"--tls_ca={authority.ca}",
            f"--tls_identity={authority.identity('auth')}",
            f"--masters={','.join(masters)}",
            f"--master_tls_port={master_port}",
            f"--init_tls_port={init_port}",
            f"--agent_tls_port={agent_port}",
            f"--gateway_port={self.port}",
            f"--services={folder / 'services.json'}",
            f"--zk={zk}" if zk else f"--work_dir={folder / 'users'}",
        ]
        self._auth: subprocess.Popen[bytes] | None = None
        self.tls = authority.client()
        self._told = 0

    # --- start and end ---

    def start(self) -> Gateway:
        self.start_auth()
        self.start_nginx()
        return self

    def start_auth(self) -> None:
        log = self.folder / "auth.log"
        offset = log.stat().st_size if log.exists() else 0
        self._auth = process = self._process("auth", self.auth_argv)

        def ready() -> bool:
            """By its own message: its two sockets appear one after the other, and both before it listens."""
            ended = process.poll() is not None
            text = log.read_bytes()[offset:].decode(errors="replace")
            if ended:
                raise AssertionError(f"dcos-auth ended with {process.returncode}:\n{text[-3000:]}")
            return "dcos-auth listening on " in text

        wait_for(ready, 60, "dcos-auth's ready line")

    def start_nginx(self) -> None:
        argv = [
            "/usr/sbin/nginx",
            "-e",
            "stderr",
            "-p",
            str(self.folder / "run"),
            "-c",
            str(self.folder / "nginx.conf"),
        ]
        # Started by root, its workers would run as a user without access to the socket.
        self._nginx = self._process("nginx", [*argv, "-g", "user root;"])
        wait_for(lambda: self.get("/health").status == 200, 60, "the gateway's /health")

    def _process(self, name: str, argv: list[str]) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    def stop_auth(self) -> None:
        _end(self._auth)

    def signal_auth(self, number: signal.Signals) -> None:
        assert self._auth is not None
        self._auth.send_signal(number)

    def stop(self) -> None:
        _end(self._nginx)
        _end(self._auth)

    def logs(self) -> str:
        return "".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("*.log")))

    def news(self) -> str:
        """The log lines of dcos-auth since the last call."""
        log = (self.folder / "auth.log").read_text(errors="replace")
        told, self._told = log[self._told :], len(log)
        return told

    # --- requests ---

    def get(self, path: str, headers: dict[str, str] | None = None, **more: Any) -> Answer:
        return self.ask("GET", path, headers, **more)

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None, body: Any = None) -> Answer:
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=240, context=self.tls)
        try:
            sent = dict(headers or {})
            if isinstance(body, dict | list):
                body = json.dumps(body).encode()
                sent.setdefault("Content-Type", "application/json")
            connection.request(method, path, body, sent)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def log_in(self, uid: str = "admin", password: str = PASSWORD) -> str:
        deadline = time.monotonic() + 240
        while True:
            answer = self.ask("POST", "/acs/api/v1/auth/login", body={"uid": uid, "password": password})
            if answer.status != 429 or time.monotonic() > deadline:
                break
            time.sleep(0.5)  # fast tests log in more often than one address may
        assert answer.status == 200, (answer.status, answer.text)
        return str(answer.json["token"])

    def token(self, uid: str = "admin", password: str = PASSWORD) -> dict[str, str]:
        return {"Authorization": f"token={self.log_in(uid, password)}"}

    def raw(self, data: bytes, seconds: float = 60) -> bytes:
        """Sends bytes unchanged over TLS, returns everything until the end, or until nothing comes for this time."""
        with (
            socket.create_connection(("127.0.0.1", self.port), timeout=240) as plain,
            self.tls.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
        ):
            with contextlib.suppress(ssl.SSLError, ConnectionError):  # it may have answered, and closed, before the end
                connection.sendall(data)
            connection.settimeout(seconds)
            received = b""
            with contextlib.suppress(TimeoutError, ssl.SSLError, ConnectionError):
                while chunk := connection.recv(65536):
                    received += chunk
            return received


class Answer:
    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.text = response.read().decode(errors="replace")

    @property
    def json(self) -> Any:
        return json.loads(self.text)


def _end(process: subprocess.Popen[bytes] | None) -> None:
    if process is None or process.poll() is not None:
        return
    process.send_signal(signal.SIGCONT)
    process.terminate()
    try:
        process.wait(240)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextlib.contextmanager
def started(*parts: Any) -> Iterator[None]:
    """Starts in this order, stops in the reverse."""
    with contextlib.ExitStack() as stack:
        for part in parts:
            stack.callback(part.stop)
            part.start()
        yield
