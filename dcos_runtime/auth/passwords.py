"""Passwords as they are kept: scrypt, in the PHC string format ``$scrypt$ln=14,r=8,p=5$<salt>$<hash>``."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re

_LN, _R, _P = 14, 8, 5
"""16 MiB and some 150 ms of a processor: the least that OWASP's cheat sheet names for scrypt with so little memory."""

_LENGTH = 32
LONGEST = 1024
"""The most characters of a password; a longer one is refused before it is hashed."""

_FORM = re.compile(r"\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)", re.ASCII)


def hashed(password: str) -> str:
    """A new hash with a new salt. Takes a while: call it in a thread."""
    salt = os.urandom(16)
    return f"$scrypt$ln={_LN},r={_R},p={_P}${_encode(salt)}${_encode(_derive(password, salt, _LN, _R, _P))}"


def is_hash(text: str) -> bool:
    """Whether ``text`` has the form that `hashed` gives, with costs that are allowed."""
    match = _FORM.fullmatch(text)
    return match is not None and 1 <= int(match[1]) <= 17 and 1 <= int(match[2]) <= 16 and 1 <= int(match[3]) <= 16


def matches(password: str, kept: str) -> bool:
    """Whether it is the password of that hash. Takes as long as `hashed`. False for a text that is not a hash of
    ours.
    """
    match = _FORM.fullmatch(kept)
    if match is None or not is_hash(kept) or len(password) > LONGEST:
        return False
    try:
        salt, wanted = _decode(match[4]), _decode(match[5])
    except ValueError:
        return False
    return hmac.compare_digest(_derive(password, salt, int(match[1]), int(match[2]), int(match[3])), wanted)


def _derive(password: str, salt: bytes, ln: int, r: int, p: int) -> bytes:
    memory = 128 * (1 << ln) * r + 128 * r * p
    return hashlib.scrypt(
        password.encode("utf-8", "surrogatepass"),
        salt=salt,
        n=1 << ln,
        r=r,
        p=p,
        maxmem=memory + (1 << 20),
        dklen=_LENGTH,
    )


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
