"""The toy service of the tests: added to a tree of roles as anybody adds a service, by one folder."""

from __future__ import annotations

import re
import shutil
from itertools import count
from pathlib import Path

from dcos_installer.services import load

FOLDER = Path(__file__).parents[1] / "toy_role"


def add_toy(roles: Path) -> Path:
    """Adds the toy to the roles in ``roles`` and returns its folder. Its ports are moved to free ones where a service
    of that tree has them.
    """
    taken = load(roles).all_ports
    added = shutil.copytree(FOLDER, roles / "toy")
    descriptor = added / "service.yml"
    numbers = [int(number) for number in re.findall(r"number: (\d+)", descriptor.read_text())]
    moved = next(step for step in count() if not {number + step for number in numbers} & set(taken))
    descriptor.write_text(
        re.sub(r"number: (\d+)", lambda found: f"number: {int(found[1]) + moved}", descriptor.read_text())
    )
    return added


def toy_ports(roles: Path) -> tuple[int, int]:
    """The toy's ports in that tree: the one with TLS, and the one for its peers."""
    numbers = load(roles).numbers["toy"]
    return numbers["tls"], numbers["peers"]
