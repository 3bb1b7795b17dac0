"""A plugin of pytest for tests that run on a booted image: the fixture ``expected``, beside testinfra's ``host``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from dcos_images.definition import ImageDefinition

VARIABLE = "DCOS_IMAGE_EXPECTED"
"""Of the environment: the path of the file that `Expected.written` wrote."""


@dataclass(frozen=True)
class Expected:
    """What a booted image has to be."""

    output: str
    """The output that was booted: qcow2, raw or netboot."""
    hostname: str
    """The host name in the machine's credentials."""
    secret_path: str
    secret: str
    """The file in the machine's secret credentials, and its content."""
    definition: ImageDefinition
    """The definition for the image's release. ``files`` holds also those that follow from the partitions, and our
    programs.
    """
    packages: Mapping[str, str]
    """The versions of all packages, by name."""
    partitions: Mapping[str, str]
    """The UUIDs of the disk's partitions, by name; empty without a disk."""

    def written(self, path: Path) -> dict[str, str]:
        """Writes it to a file, and returns the environment of the tests."""
        path.write_bytes(msgspec.json.encode(self))
        return {VARIABLE: str(path)}


@pytest.fixture(scope="session")
def expected() -> Expected:
    return msgspec.json.decode(Path(os.environ[VARIABLE]).read_bytes(), type=Expected)
