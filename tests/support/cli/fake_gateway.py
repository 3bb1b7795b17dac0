"""A pretended gateway over real TLS, with a CA of its own, in front of a pretended cluster."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import json
import ssl
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

CLUSTER_ID = "11111111-2222-4333-8444-555555555555"
PASSWORD = "ü \"\\' $(x) %41 &€😀"


class Authority:
    """A cluster's CA."""

    def __init__(self, name: str = f"dcos CA {CLUSTER_ID}") -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self.certificate = self._sign(self.name, self.key.public_key(), None)
        self.pem = self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def fingerprint(self) -> str:
        return self.certificate.fingerprint(hashes.SHA256()).hex(" ").upper()

    def _sign(self, name: x509.Name, key: Any, names: Sequence[x509.GeneralName] | None) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self.name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=30))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False)
            .add_extension(x509.BasicConstraints(ca=names is None, path_length=None), True)
        )
        if names is None:
            usage = dict.fromkeys(
                (
                    "digital_signature",
                    "content_commitment",
                    "key_encipherment",
                    "data_encipherment",
                    "key_agreement",
                    "encipher_only",
                    "decipher_only",
                ),
                False,
            )
            builder = builder.add_extension(x509.KeyUsage(key_cert_sign=True, crl_sign=True, **usage), True)
        else:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
        return builder.sign(self.key, hashes.SHA256())

    def server_context(self, address: str = "127.0.0.1") -> ssl.SSLContext:
        """The TLS context of a server at the address."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "m1")])
        certificate = self._sign(name, key.public_key(), [x509.IPAddress(ipaddress.ip_address(address))])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "server.pem"
            path.write_bytes(
                key.private_bytes(
                    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
                )
                + certificate.public_bytes(serialization.Encoding.PEM)
            )
            context.load_cert_chain(path)
        return context


class Gateway:
    """One gateway of a cluster; gateways of one cluster share ``tokens`` and ``others``."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        cluster: Any,
        authority: Authority,
        *,
        tokens: set[str] | None = None,
        address: str = "127.0.0.1",
        certified: str | None = None,
        port: int = 0,
    ) -> None:
        self.cluster = cluster
        self.authority = authority
        self.address = address
        self.tokens = set() if tokens is None else tokens
        self.password = PASSWORD
        self.cluster_id = CLUSTER_ID
        self.ca_pem = authority.pem
        self.hosts: list[str] = [address]
        self.asked: list[tuple[str, str, str | None]] = []
        self.override: Callable[[web.Request], web.StreamResponse | None] = lambda _: None
        self.logouts = 0
        self._loop = loop
        self._tls = authority.server_context(certified or address)
        self._runner: web.AppRunner | None = None
        self.port = asyncio.run_coroutine_threadsafe(self._start(port), loop).result(240)
        self.url = f"https://{address}:{self.port}"

    async def _start(self, port: int) -> int:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, self.address, port, ssl_context=self._tls).start()
        return int(self._runner.addresses[0][1])

    def start(self) -> None:
        asyncio.run_coroutine_threadsafe(self._start(self.port), self._loop).result(240)

    def stop(self) -> None:
        if self._runner is not None:
            asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(240)
            self._runner = None

    def paths(self) -> list[str]:
        return [f"{method} {path}" for method, path, _ in self.asked]

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.method, request.path, request.headers.get("Authorization")))
        body = await request.json() if request.can_read_body else None
        forced = self.override(request)
        if forced is not None:
            return forced
        public = self._public(request, body)
        if public is not None:
            return public
        given = request.headers.get("Authorization", "").removeprefix("token=")
        if given not in self.tokens:
            return web.json_response({"title": "Unauthorized"}, status=401, headers={"WWW-Authenticate": "acsjwt"})
        return self._behind(request, body, given)

    def _public(self, request: web.Request, body: Any) -> web.Response | None:
        match request.path:
            case "/":
                return web.Response(text="a page")
            case "/ca/dcos-ca.crt":
                return web.Response(body=self.ca_pem)
            case "/metadata":
                return web.json_response({"PUBLIC_IPV4": self.address, "CLUSTER_ID": self.cluster_id})
            case "/dcos-metadata/dcos-version.json":
                return web.json_response({"version": "2.1", "dcos-variant": "open"})
            case "/acs/api/v1/auth/providers":
                config = {"start_flow_url": "/acs/api/v1/auth/login"}
                fields = {"authentication-type": "dcos-uid-password", "description": "By password", "config": config}
                return web.json_response({"dcos-users": fields})
            case "/acs/api/v1/auth/login":
                if body != {"uid": "admin", "password": self.password}:
                    return web.json_response({"title": "Unauthorized"}, status=401)
                token = f"token-{len(self.tokens)}.{self.port}"
                self.tokens.add(token)
                return web.json_response({"token": token})
        return None

    def _behind(self, request: web.Request, body: Any, token: str) -> web.Response:
        from tests.support.cli.asked import Asked

        path = request.path
        if path == "/acs/api/v1/auth/logout":
            self.tokens.discard(token)
            self.logouts += 1
            return web.json_response({})
        if path == "/exhibitor/exhibitor/v1/cluster/status":
            return web.json_response([{"hostname": host, "code": 3, "description": "serving"} for host in self.hosts])
        if path == "/mesos/state-summary":
            return web.json_response({"cluster": "lab"})
        for prefix, answer in (
            ("/mesos", self.cluster.answer_master),
            ("/agent/S0", self.cluster.answer_agent),
            ("/service/marathon", self.cluster.answer_marathon),
            ("/cosmos", self.cluster.answer_cosmos),
            ("/package", self.cluster.answer_cosmos),
        ):
            if path.startswith(prefix + "/"):
                below = path if prefix == "/package" else path.removeprefix(prefix)
                answered: web.Response = answer(
                    Asked(request.method, below, dict(request.query), body, request.headers)
                )
                return answered
        return web.Response(status=404, text=json.dumps({"description": "nothing here"}))
