"""Credentials that a task brings for its image, in the form of Docker's ``config.json``. Pure.

Of a task's document only names and tokens are taken: its other fields name programs, which would be run here.
"""

from __future__ import annotations

import base64

import msgspec

from dcos_runtime.agent.images.errors import ImageError
from dcos_runtime.wire.common import Credential

LARGEST = 256 << 10


class _Auth(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    auth: str = ""
    identitytoken: str = ""


class _Config(msgspec.Struct, frozen=True, kw_only=True):
    auths: dict[str, _Auth]


def of_config(data: bytes) -> bytes:
    """``data``: a ``config.json``, or the older ``.dockercfg``, which has hosts at its top. Raises `ImageError`."""
    if len(data) > LARGEST:
        raise ImageError(f"the image's docker.config has more than {LARGEST >> 10} KiB")
    try:
        try:
            found = msgspec.json.decode(data, type=_Config)
        except msgspec.ValidationError:
            found = _Config(auths=msgspec.json.decode(data, type=dict[str, _Auth]))
    except (msgspec.DecodeError, UnicodeError, RecursionError):  # its text is a secret
        raise ImageError("the image's docker.config is not in the form of Docker's config.json") from None
    return msgspec.json.encode(found)


def of_principal(host: str, credential: Credential) -> bytes:
    """For ``host`` only. Raises `ImageError`."""
    if ":" in credential.principal:
        raise ImageError("the principal of the image's docker.credential has a colon in it")
    pair = f"{credential.principal}:{credential.secret or ''}"
    return msgspec.json.encode(_Config(auths={host: _Auth(auth=base64.b64encode(pair.encode()).decode())}))
