"""Why a cluster's machines cannot be created on this host, as far as this can be seen. Changes nothing."""

from __future__ import annotations

import contextlib
import shutil
from typing import TYPE_CHECKING

from dcos_images.host import cache_home
from dcos_installer.errors import StateError
from dcos_installer.providers.nspawn.disk import refuse_without_room
from dcos_installer.providers.nspawn.machine import MachineFolder
from dcos_installer.providers.nspawn.network import bridge_for, refuse_taken
from dcos_installer.providers.nspawn.options import network_of
from dcos_installer.providers.nspawn.remains import MACHINES_DIR, home_of

if TYPE_CHECKING:
    from dcos_installer.config.model import ClusterSpec


def refuse_what_cannot_be_had(spec: ClusterSpec) -> None:
    """Raises `ProviderError` when the network is taken or there is no space for the disks, `StateError` for the cache.

    Missing tools, and checks that only root can do, are reported when machines are created.
    """
    cache = cache_home()
    if '"' in str(cache):
        raise StateError(
            f"the folder {cache} cannot hold a machine's image",
            why='apt, which builds it, cannot handle paths with "',
            hint="set XDG_CACHE_HOME to a folder of yours without it",
        )
    if shutil.which("ip"):
        refuse_taken(bridge_for(spec.cluster_id, spec.name, network_of(spec.options)))
    if shutil.which("losetup"):
        with contextlib.suppress(PermissionError):
            home = home_of(spec.cluster_id, MACHINES_DIR)
            new = {host.name: host.disk_mb for host in spec.hosts if MachineFolder(home / host.name).record() is None}
            refuse_without_room(home.parent, new)
