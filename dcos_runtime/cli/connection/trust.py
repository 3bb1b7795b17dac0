"""Whether a gateway is genuine: TLS contexts, and the CA's certificate in a form that a human can check."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from dcos_runtime.cli.errors import USAGE, CliError

SYSTEM = "true"
NOBODY = "false"
_WORDS = {"true": SYSTEM, "1": SYSTEM, "yes": SYSTEM, "false": NOBODY, "0": NOBODY, "no": NOBODY}


@dataclass(frozen=True)
class Trust:
    """Which CA must have signed a gateway's certificate: ``"true"`` (the system's CAs), ``"false"`` (any), or a file.
    ``origin``: where the setting was read. ``pem``: the file's content, for a CA that is not kept in a file yet.
    """

    setting: str
    origin: str
    pem: bytes | None = None

    @property
    def blind(self) -> bool:
        return self.setting == NOBODY

    @property
    def signers(self) -> str:
        """A phrase that names the CA."""
        return "the system's CAs" if self.setting == SYSTEM else f"the CA in {self.setting}"

    def context(self) -> ssl.SSLContext:
        """Raises `CliError` when the file cannot be used."""
        if self.setting == SYSTEM:
            return ssl.create_default_context()
        if self.blind:
            return unverified()
        try:
            if self.pem is not None:
                return ssl.create_default_context(cadata=self.pem.decode("ascii", "replace"))
            return ssl.create_default_context(cafile=self.setting)
        except OSError as error:
            why = "it holds no CA certificate" if isinstance(error, ssl.SSLError) else error.strerror
            raise CliError(
                f"cannot use {self.setting} to check the cluster's certificate: {why}",
                details=[f"named by {self.origin}"],
                hints=["dcos cluster setup URL writes it again"],
            ) from error


def read_setting(value: str, origin: str, folder: Path | None = None) -> Trust:
    """``true``, ``false`` or a file's path, which may be relative to ``folder``."""
    word = _WORDS.get(value.strip().lower())
    return Trust(word or str((folder or Path.cwd()) / Path(value).expanduser()), origin)


def unverified() -> ssl.SSLContext:
    """Accepts any certificate: for requests that need no trust, and for users who chose it."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@dataclass(frozen=True)
class Authority:
    """A CA's certificate in a form that a human can compare."""

    issuer: str
    start: str
    end: str
    fingerprint: str

    def lines(self) -> list[str]:
        return [
            f"Issuer: {self.issuer}",
            "Validity:",
            f"  From:  {self.start}",
            f"  Until: {self.end}",
            f"SHA256 fingerprint: {self.fingerprint}",
        ]


def read_authorities(pem: bytes, said_by: str) -> list[Authority]:
    """The certificates of a PEM file, at least one. Raises `CliError`."""
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        certificates = x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise CliError(f"{said_by} is not a CA certificate in PEM: {error}", exit_code=USAGE) from error
    return [
        Authority(
            issuer=one.issuer.rfc4514_string(),
            start=_day(one.not_valid_before_utc),
            end=_day(one.not_valid_after_utc),
            fingerprint=one.fingerprint(SHA256()).hex(" ").upper(),
        )
        for one in certificates
    ]


def _day(moment: object) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
