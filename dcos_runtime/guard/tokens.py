"""The cluster's tokens: JSON Web Tokens signed with RS256, as DC/OS has them (claims ``uid``, ``exp``).

One algorithm, one key, one issuer: a token whose header says anything else is refused. PyJWT and cryptography are
imported when a key is read, so daemons without a key do not load them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from dcos_runtime.errors import Explained

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

ALGORITHM = "RS256"
LIFETIME = 5 * 24 * 3600.0
"""Seconds a token is good for, as in DC/OS."""

SKEW = 300.0
"""Seconds that clocks of machines may differ: a token from further in the future is refused."""

LONGEST = 8192
_REMEMBERED = 4096
UID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,95}", re.ASCII)
"""The form of a user's name."""
_DAEMONS = "dcos_"


class TokenRefused(Exception):
    """The token is not accepted. The text says why, and quotes nothing of the token."""


class KeyUnusable(Explained):
    """A key file cannot be read. The text names it and says why, and quotes nothing of it."""

    usual_hint = "give another file with --token_key, or --token_private_key of dcos-auth"


@dataclass(frozen=True)
class Claims:
    """What a good token says. ``issued`` and ``expires`` in seconds since the epoch; ``id`` is unique to the token."""

    uid: str
    id: str
    expires: float
    issued: float


class Verifier:
    """Tells valid tokens from others. It does not know whether a token was revoked, or its user removed."""

    def __init__(self, public_key: bytes, issuer: str) -> None:
        """``public_key`` as PEM. Raises `KeyUnusable`."""
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
        from cryptography.hazmat.primitives.serialization import load_pem_public_key

        try:
            key = load_pem_public_key(public_key)
        except (ValueError, UnsupportedAlgorithm) as error:
            raise KeyUnusable("the token key is no public key in PEM") from error
        if not isinstance(key, RSAPublicKey) or key.key_size < 2048:
            raise KeyUnusable("the token key is no RSA key of 2048 bits or more")
        self._key = key
        self._issuer = issuer
        self.jwk = jwk_of(key)
        self._good: OrderedDict[str, Claims] = OrderedDict()

    def verify(self, token: str) -> Claims:
        """Raises `TokenRefused`. A valid token is remembered until it expires, and its signature not computed again."""
        import jwt

        now = time.time()
        known = self._good.get(token)
        if known is not None:
            if known.expires <= now:
                del self._good[token]
                raise TokenRefused("the token has expired")
            self._good.move_to_end(token)
            return known
        if len(token) > LONGEST:
            raise TokenRefused("the token is too long")
        if not _is_canonical(token):
            raise TokenRefused("the token is not written as tokens are: three parts of base64url without padding")
        try:
            if jwt.get_unverified_header(token).get("kid", self.jwk["kid"]) != self.jwk["kid"]:
                raise TokenRefused("the token was signed with another key")
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key,
                algorithms=[ALGORITHM],
                issuer=self._issuer,
                options={"require": ["exp", "iat", "iss", "jti"], "verify_iat": False, "verify_aud": False},
            )
        except jwt.ExpiredSignatureError as error:
            raise TokenRefused("the token has expired") from error
        except jwt.InvalidIssuerError as error:
            raise TokenRefused("the token is of another cluster") from error
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
            raise TokenRefused("the token is not valid") from error
        good = _checked(claims, now)
        self._good[token] = good
        if len(self._good) > _REMEMBERED:
            self._good.popitem(last=False)
        return good


def is_daemons(uid: str) -> bool:
    """Whether our own daemons act under this name, in any spelling. No user may have such a name."""
    return uid.lower().startswith(_DAEMONS)


def verifier(path: Path, issuer: str) -> Verifier:
    """From the file of --token_key. Raises `KeyUnusable`."""
    return from_file(path, lambda key: Verifier(key, issuer))


def from_file(path: Path, make: Callable[[bytes], T]) -> T:
    """What ``make`` makes of the key in a file. Raises `KeyUnusable`, which names the file and quotes nothing of it."""
    try:
        return make(path.read_bytes())
    except OSError as error:
        raise KeyUnusable(f"{path} cannot be read: {error.strerror}") from error
    except KeyUnusable as error:
        raise KeyUnusable(f"{path}: {error}") from None


def jwk_of(key: Any) -> dict[str, str]:
    """A public RSA key as RFC 7517 has it; ``kid`` is its RFC 7638 thumbprint."""
    numbers = key.public_numbers()
    least = {"e": _number(numbers.e), "kty": "RSA", "n": _number(numbers.n)}
    thumbprint = hashlib.sha256(json.dumps(least, separators=(",", ":"), sort_keys=True).encode()).digest()
    return {**least, "alg": ALGORITHM, "use": "sig", "kid": _base64url(thumbprint)}


def _checked(claims: dict[str, Any], now: float) -> Claims:
    uid, identifier, issued, expires = claims.get("uid"), claims["jti"], claims["iat"], claims["exp"]
    if not isinstance(uid, str) or not UID.fullmatch(uid):
        raise TokenRefused("the token names no user")
    if is_daemons(uid):
        raise TokenRefused("the token names a daemon, and daemons have certificates")
    if not isinstance(identifier, str) or not identifier or len(identifier) > 128:
        raise TokenRefused("the token has no id")
    if isinstance(issued, bool) or not isinstance(issued, int | float) or not issued <= now + SKEW:
        raise TokenRefused("the token is from the future: do the machines' clocks agree?")
    return Claims(uid, identifier, float(expires), float(issued))


def _is_canonical(token: str) -> bool:
    """Whether it is the one spelling of its bytes.

    The library also takes padding, unused bits in the last character of a part, and characters outside of the alphabet.
    Then many strings would be one token, and comparing them as text would fail.
    """
    parts = token.split(".")
    try:
        return len(parts) == 3 and all(
            part and _base64url(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) == part for part in parts
        )
    except ValueError:  # not ASCII, or a length that base64 never has
        return False


def _number(value: int) -> str:
    return _base64url(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
