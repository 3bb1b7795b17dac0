"""The cluster's own certificate authority, and the certificates with which its daemons authenticate each other.

Each daemon of a host has one certificate for both directions (server and client). It names the host's address and name,
the kind of daemon (``<kind>.dcos.internal``), and host and kind together with the cluster
(``dcos://<cluster>/<kind>/<host>``, `dcos_runtime.tls`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from dcos_installer.errors import StateError
from dcos_runtime.tls import name_at

AUTHORITY_DAYS = 3652
"""Ten years."""
LEAF_DAYS = 825
"""The longest life of a server's certificate that clients accept."""
_LEFT = 3
"""A certificate is renewed once only this part (a third) of its life is left."""
_EARLIER = timedelta(days=1)
"""Certificates are valid from a day before they are made, because machines' clocks may be slow."""

_USES = {
    "digital_signature": False,
    "content_commitment": False,
    "key_encipherment": False,
    "data_encipherment": False,
    "key_agreement": False,
    "key_cert_sign": False,
    "crl_sign": False,
    "encipher_only": False,
    "decipher_only": False,
}


class SecretsDamaged(StateError):
    """A secret in the operator's state cannot be used, and must not be created again. The error never contains it."""


@dataclass(frozen=True)
class CertificateHolder:
    """The subject of a certificate: one kind of daemon on one host. The operator has no address."""

    cluster: str
    kind: str
    host: str
    address: str = ""

    @property
    def names(self) -> x509.SubjectAlternativeName:
        found: list[x509.GeneralName] = []
        if self.address:
            found += [x509.IPAddress(IPv4Address(self.address)), x509.DNSName(self.host)]
            found.append(x509.DNSName(name_at(self.kind, self.address)))
        found += [
            x509.DNSName(f"{self.kind}.dcos.internal"),
            x509.UniformResourceIdentifier(f"dcos://{self.cluster}/{self.kind}/{self.host}"),
        ]
        return x509.SubjectAlternativeName(found)


@dataclass(frozen=True)
class Authority:
    """The cluster's CA, with its key."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> str:
        """The certificate, which every machine and every user trusts."""
        return self.certificate.public_bytes(Encoding.PEM).decode()

    def issue(self, holder: CertificateHolder, now: datetime) -> str:
        """A new key and its certificate, in one PEM text, the key first."""
        key = ec.generate_private_key(ec.SECP256R1())
        end = min(now + timedelta(days=LEAF_DAYS), self.certificate.not_valid_after_utc)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(_name(f"{holder.kind}.dcos.internal"))
            .issuer_name(self.certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _EARLIER)
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(**{**_USES, "digital_signature": True}), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
                critical=False,
            )
            .add_extension(holder.names, critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()),
                critical=False,
            )
            .sign(self.key, hashes.SHA256())
        )
        return key_pem(key) + certificate.public_bytes(Encoding.PEM).decode()

    def unfit(self, text: str, holder: CertificateHolder, now: datetime) -> str:
        """Why the key and certificate in ``text`` must be issued again; empty if not."""
        try:
            certificate = x509.load_pem_x509_certificate(text.encode())
            key = load_pem_private_key(text.encode(), None)
            names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            certificate.verify_directly_issued_by(self.certificate)
        except InvalidSignature:
            return "it is not of this cluster's CA"
        except (ValueError, TypeError, UnsupportedAlgorithm, x509.ExtensionNotFound):
            return "it cannot be read"
        if key.public_key() != certificate.public_key():
            return "its key is another's"
        if names != holder.names:
            return "it names another address or host"
        start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        if end - now <= (end - start) / _LEFT:
            return f"it expires on {end:%Y-%m-%d}"
        return ""


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def self_signed(key: ec.EllipticCurvePrivateKey, cluster: str, now: datetime) -> Authority:
    """The authority of ``key``, with a self-signed certificate."""
    name = _name(f"dcos CA {cluster}")
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + timedelta(days=AUTHORITY_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(**{**_USES, "key_cert_sign": True, "crl_sign": True}), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Authority(key, certificate)


def read_key(path: Path, text: str) -> ec.EllipticCurvePrivateKey:
    """The CA's key. Raises `SecretsDamaged`."""
    try:
        key = load_pem_private_key(text.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # Not chained: a parser's message may quote what it read.
        raise damaged(path, "it is no private key in PEM") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise damaged(path, "it is no elliptic curve key")
    return key


def read_authority(path: Path, text: str, key: ec.EllipticCurvePrivateKey, now: datetime) -> Authority:
    """The CA of ``key`` with the certificate in ``text``. Raises `SecretsDamaged`."""
    try:
        certificate = x509.load_pem_x509_certificate(text.encode())
    except ValueError:
        raise damaged(path, "it is no certificate in PEM") from None
    if certificate.public_key() != key.public_key():
        raise damaged(path, "ca.key beside it is the key of another certificate")
    if certificate.not_valid_after_utc <= now:
        raise SecretsDamaged(
            f"the cluster's CA expired on {certificate.not_valid_after_utc:%Y-%m-%d}: {path}",
            why="no daemon of the cluster trusts another any more",
            hint="a CA is created once, with its cluster: destroy the cluster and deploy it again",
            final=True,
        )
    return Authority(key, certificate)


def fingerprint(pem: str) -> str:
    """SHA-256 of a certificate for people to compare: ``3A 91 …``. Raises ``ValueError``."""
    certificate = x509.load_pem_x509_certificate(pem.encode())
    return certificate.fingerprint(hashes.SHA256()).hex(" ").upper()


def damaged(path: Path, why: str) -> SecretsDamaged:
    """The error for a file that must not be created again."""
    return SecretsDamaged(
        f"a secret of the cluster is damaged: {path}",
        why=f"{why}; it is not created again, because the cluster still uses its first version",
        hint=f"restore {path.name} from a backup of {path.parent}; without one, destroy the cluster and deploy again",
    )


def moment(seconds: float) -> datetime:
    """Seconds since the epoch as a time for certificates: whole seconds, in UTC."""
    return datetime.fromtimestamp(int(seconds), UTC)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
