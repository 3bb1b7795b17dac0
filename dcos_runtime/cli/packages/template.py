"""The template of a package's app, as its publisher wrote it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from dcos_runtime.cli.errors import CliError


def has_app(package: Mapping[str, Any]) -> bool:
    """Some packages bring a command-line plugin only."""
    return bool(_encoded(package))


def template(package: Mapping[str, Any]) -> str:
    """Empty when the package has no app. Raises `CliError` when it cannot be read."""
    try:
        return base64.b64decode(_encoded(package), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError) as error:
        raise CliError(f"the template of {package.get('name')} cannot be read: {error}") from error


def _encoded(package: Mapping[str, Any]) -> str:
    marathon = package.get("marathon")
    return str(marathon.get("v2AppMustacheTemplate") or "") if isinstance(marathon, dict) else ""
