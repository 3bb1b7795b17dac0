"""Checks across hosts: that one daemon leads, that a majority serves, that users can log in.

A service without a module here is asked on each of its hosts (`phases.kit.health`). A descriptor names its module in
``checked_by``; `ALL` are the checks of a cluster's services, in the order in which a deploy waits for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dcos_installer.phases.checks.base import Check, Seen
from dcos_installer.phases.checks.coordination import Coordination
from dcos_installer.phases.checks.init import Init
from dcos_installer.phases.checks.kernel import Kernel
from dcos_installer.phases.checks.login import Login

if TYPE_CHECKING:
    from dcos_installer.services import Catalog
    from dcos_installer.services.descriptor import CheckedBy

__all__ = ["Check", "Seen", "of"]

_KNOWN: Mapping[CheckedBy, type[Check]] = {"kernel": Kernel, "init": Init, "coordination": Coordination, "login": Login}


def of(services: Catalog) -> tuple[Check, ...]:
    """The checks of these services."""
    named = {service.checked_by for service in services}
    return tuple(check() for name, check in _KNOWN.items() if name in named)
