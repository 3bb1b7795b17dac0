"""Where images are whose names hold no registry (``--docker_registry``), and hosts in names of images. Pure."""

from __future__ import annotations

import re

from dcos_runtime.flags.values import ValueType

_HOST = re.compile(r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?")
_REGISTRY = re.compile(r"(?:(https?)://)?([A-Za-z0-9.:\[\]-]+)((?:/[a-z0-9._/-]*)?)")


def good_host(host: str) -> bool:
    """Whether it is ``HOST[:PORT]``."""
    if not _HOST.fullmatch(host):
        return False
    port = host.rpartition("]")[2].partition(":")[2]
    return not port or 1 <= int(port) <= 65535


def parts(text: str) -> tuple[str, str, str]:
    """Scheme, host and path of a registry; for a folder its path alone. Raises ``ValueError``."""
    if text.startswith("/"):
        return "", "", text
    match = _REGISTRY.fullmatch(text)
    if match is None or not good_host(match[2]):
        raise ValueError("expected a folder (/path), or a registry: https://host:port, without a user")
    return match[1] or "", match[2], match[3].strip("/")


def _checked(text: str) -> str:
    if text:
        parts(text)
    return text


IMAGE_REGISTRY = ValueType("registry", _checked)
