"""Makes the cluster's tokens; `guard.tokens` checks them."""

from __future__ import annotations

import time
import uuid
from pathlib import Path

from dcos_runtime.guard.tokens import ALGORITHM, LIFETIME, KeyUnusable, from_file, jwk_of


class Signer:
    """Makes tokens."""

    def __init__(self, private_key: bytes, issuer: str) -> None:
        """``private_key`` as PEM without a password. Raises `KeyUnusable`."""
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

        try:
            key = load_pem_private_key(private_key, None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            # Not chained: the parser's message may quote what it read.
            raise KeyUnusable("the token key is no private key in PEM without a password") from None
        if not isinstance(key, RSAPrivateKey) or key.key_size < 2048:
            raise KeyUnusable("the token key is no RSA key of 2048 bits or more")
        self._key = key
        self._issuer = issuer
        self.public_key: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        self._kid = jwk_of(key.public_key())["kid"]

    def issue(self, uid: str, lifetime: float = LIFETIME, not_before: float = 0.0) -> str:
        """A token for ``uid``, good for ``lifetime`` seconds from now, or from ``not_before`` when that is later.

        ``iat`` has a fraction, so that it can be compared with the time of a password's change.
        """
        import jwt

        now = max(time.time(), not_before)
        claims = {
            "uid": uid,
            "iss": self._issuer,
            "iat": now,
            "exp": int(now + lifetime),
            "jti": str(uuid.uuid4()),
        }
        return jwt.encode(claims, self._key, algorithm=ALGORITHM, headers={"kid": self._kid})


def signer(path: Path, issuer: str) -> Signer:
    """From the file of --token_private_key. Raises `KeyUnusable`."""
    return from_file(path, lambda key: Signer(key, issuer))
