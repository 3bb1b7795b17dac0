"""The variables that only the provider late has, and their values."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dcos_installer.config.variables import Variable


def _folder(text: str) -> Path:
    if not text.startswith("/"):
        raise ValueError("the path of a folder, from / on")
    return Path(text)


def _flavour(text: str) -> str:
    if text not in ("small", "large"):
        raise ValueError("small or large")
    return text


CLOUD = Variable("dcos_late_cloud", "cluster", _folder, "/nowhere", "Where the cloud is.", "dcos_late_cloud=/tmp/cloud")
FLAVOUR = Variable("dcos_late_flavour", "host", _flavour, "small", "How large it is.", "dcos_late_flavour=large")


def cloud_of(options: Mapping[str, str]) -> Path:
    """The folder of the cloud."""
    folder: Path = CLOUD.parse(options.get(CLOUD.name, CLOUD.default))
    return folder


def flavour_of(options: Mapping[str, str]) -> str:
    """How large a machine is."""
    flavour: str = FLAVOUR.parse(options.get(FLAVOUR.name, FLAVOUR.default))
    return flavour
