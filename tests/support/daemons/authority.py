"""A cluster's secrets as by the installer, made in a test: CA, identities, token keys, credentials files."""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
import ipaddress
import json
import ssl
import time
import uuid
from pathlib import Path
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from dcos_runtime.auth.signing import Signer
from dcos_runtime.guard.tokens import jwk_of
from dcos_runtime.tls import name_at

_PEM = serialization.Encoding.PEM
_PLAIN = serialization.NoEncryption()
_DAY = datetime.timedelta(days=1)


class Authority:
    """One cluster: all its files lie in ``folder``, private ones with mode 0600.

    ``ca`` and ``token_key`` are the files of --tls_ca and --token_key; `identity` makes that of --tls_identity.
    """

    def __init__(self, folder: Path, cluster: str | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.cluster = cluster or str(uuid.uuid4())
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"dcos CA {self.cluster}")])
        self.ca = self._write("ca.crt", self._authority().public_bytes(_PEM), 0o644)
        self._token_key = rsa.generate_private_key(65537, 2048)
        self.token_private_key = self._write(
            "token-key.pem", self._token_key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, _PLAIN)
        )
        self.token_public_key = self._token_key.public_key().public_bytes(
            _PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.token_key = self._write("token.pub", self.token_public_key, 0o644)
        self.kid = jwk_of(self._token_key.public_key())["kid"]

    # --- certificates ---

    def identity(
        self,
        kind: str,
        host: str = "localhost",
        ip: str = "127.0.0.1",
        *,
        uri: str | None = None,
        days: float = 30.0,
        usages: tuple[x509.ObjectIdentifier, ...] = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH),
    ) -> Path:
        """The file with key and certificate of ``kind`` on ``host``; ``days`` below zero: it has expired.

        ``uri`` replaces the name that the certificate gives its holder; "" leaves it out.
        """
        uri = f"dcos://{self.cluster}/{kind}/{host}" if uri is None else uri
        names: list[x509.GeneralName] = [
            x509.IPAddress(ipaddress.ip_address(ip)),
            x509.DNSName(host),
            x509.DNSName(f"{kind}.dcos.internal"),
            x509.DNSName(name_at(kind, ip)),
        ]
        if uri:
            names.append(x509.UniformResourceIdentifier(uri))
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.now(datetime.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{kind} {host}"[:64])]))
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 2 * _DAY - (_DAY * abs(days) if days < 0 else 0 * _DAY))
            .not_valid_after(now + days * _DAY)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        pem = key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, _PLAIN) + certificate.public_bytes(_PEM)
        return self._write(f"{kind}-{host}-{uuid.uuid4().hex[:8]}.pem", pem)

    def client(self, identity: Path | None = None) -> ssl.SSLContext:
        """For a client that trusts this cluster, with that identity; without one it has no certificate."""
        context = ssl.create_default_context(cafile=str(self.ca))
        if identity is not None:
            context.load_cert_chain(identity)
        return context

    def _authority(self) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        usage = x509.KeyUsage(
            digital_signature=False,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        return (
            x509.CertificateBuilder()
            .subject_name(self._name)
            .issuer_name(self._name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 90 * _DAY)
            .not_valid_after(now + 90 * _DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )

    # --- tokens ---

    def token(self, uid: str = "admin", lifetime: float = 3600.0) -> str:
        """A valid token; ``lifetime`` below zero: one that has expired."""
        pem = self._token_key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, _PLAIN)
        return Signer(pem, self.cluster).issue(uid, lifetime)

    def claims(self, **changes: Any) -> dict[str, Any]:
        """The claims of a valid token, with ``changes``; None removes a claim."""
        now = int(time.time())
        whole = {"uid": "admin", "iss": self.cluster, "iat": now, "exp": now + 3600, "jti": str(uuid.uuid4())}
        return {name: value for name, value in {**whole, **changes}.items() if value is not None}

    def bad_tokens(self, other: Authority) -> dict[str, str]:
        """Tokens that must be refused, by their fault; ``other`` is another cluster."""
        headers = {"kid": self.kid}
        own = self._token_key
        good = self.token()
        head, body, signature = good.split(".")
        return {
            "expired": self.token(lifetime=-60.0),
            "of another cluster": other.token(),
            "of another cluster, with our name": jwt.encode(
                self.claims(), other._token_key, algorithm="RS256", headers=headers
            ),
            "signed by us for another cluster": jwt.encode(
                self.claims(iss=other.cluster), own, algorithm="RS256", headers=headers
            ),
            "with algorithm none": f"{_part({'alg': 'none', 'typ': 'JWT', 'kid': self.kid})}.{body}.",
            "with algorithm none and a signature": f"{_part({'alg': 'None', 'kid': self.kid})}.{body}.{signature}",
            "HS256 with the public key": self._hs256(),
            "PS256": jwt.encode(self.claims(), own, algorithm="PS256", headers=headers),
            "with a changed claim": f"{head}.{_part(self.claims(uid='root'))}.{signature}",
            "without expiry": jwt.encode(self.claims(exp=None), own, algorithm="RS256", headers=headers),
            "without id": jwt.encode(self.claims(jti=None), own, algorithm="RS256", headers=headers),
            "without user": jwt.encode(self.claims(uid=None), own, algorithm="RS256", headers=headers),
            "from the future": jwt.encode(
                self.claims(iat=int(time.time()) + 7200, exp=int(time.time()) + 9000),
                own,
                algorithm="RS256",
                headers=headers,
            ),
            "cut off": good[:-20],
            "empty": "",
            "no token at all": "x.y.z",
        }

    def _hs256(self) -> str:
        """Signed with the public key as if that were a shared secret (PyJWT itself refuses to make one)."""
        signed = f"{_part({'alg': 'HS256', 'typ': 'JWT', 'kid': self.kid})}.{_part(self.claims())}"
        return f"{signed}.{_base64url(hmac.digest(self.token_public_key, signed.encode(), hashlib.sha256))}"

    # --- credentials ---

    def credentials(self, known: dict[str, str], name: str = "credentials.json") -> Path:
        entries = [{"principal": principal, "secret": secret} for principal, secret in known.items()]
        return self._write(name, json.dumps({"credentials": entries}).encode())

    def flags(self, identity: Path | None = None) -> list[str]:
        """The flags of every daemon: TLS if it has an identity, and tokens."""
        flags = [f"--token_key={self.token_key}", f"--token_issuer={self.cluster}"]
        return [*flags, f"--tls_ca={self.ca}", f"--tls_identity={identity}"] if identity is not None else flags

    def _write(self, name: str, content: bytes, mode: int = 0o600) -> Path:
        path = self.folder / name
        path.touch(mode)
        path.chmod(mode)
        path.write_bytes(content)
        return path


def basic(principal: str, secret: str) -> dict[str, str]:
    """The header of HTTP Basic."""
    return {"Authorization": "Basic " + base64.b64encode(f"{principal}:{secret}".encode()).decode()}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _part(value: dict[str, Any]) -> str:
    return _base64url(json.dumps(value, separators=(",", ":")).encode())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
