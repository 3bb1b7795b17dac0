"""Whether and how an agent has images: what they need of the machine, the store, and room made in it by and by."""

from __future__ import annotations

import asyncio
import logging
import platform
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from dcos_runtime.agent import pools
from dcos_runtime.agent.containers import overlay
from dcos_runtime.agent.containers.base import Launcher, LauncherUnusable
from dcos_runtime.agent.images import skopeo
from dcos_runtime.agent.images.puller import Puller
from dcos_runtime.agent.images.sources import Registry
from dcos_runtime.agent.images.store import ImageStore
from dcos_runtime.agent.images.tasks import Images
from dcos_runtime.agent.images.unpacker import Unpacker
from dcos_runtime.agent.launchers.oci import OciLauncher
from dcos_runtime.durable import private_folder
from dcos_runtime.flags.agent import AgentFlags
from dcos_runtime.flags.values import IMAGE_KINDS

log = logging.getLogger(__name__)

UNPACKERS = 2
"""Layers that are unpacked at the same time: it is work of a processor."""

APPC_MACHINES = {"x86_64": "amd64", "aarch64": "aarch64", "i686": "i386", "ppc64le": "ppc64le", "s390x": "s390x"}


@dataclass(frozen=True)
class ImageSupport:
    """``providers``: the kinds of images that tasks may have; ``without``: why there are none of them."""

    images: Images | None
    providers: frozenset[str]
    without: str


async def begin(flags: AgentFlags, launcher: Launcher, folder: Path, registry: Registry | None) -> ImageSupport:
    """``folder``: the store's. Raises ``OSError``, and `LauncherUnusable` when images were asked for in vain."""
    providers = frozenset(IMAGE_KINDS) if flags.image_providers is None else flags.image_providers
    if not providers:
        return ImageSupport(None, providers, "")
    why = await pools.run(pools.LAUNCHES, partial(_shortcoming, launcher, folder))
    if why is not None:
        if flags.image_providers is not None:
            raise LauncherUnusable(
                "--image_providers is given, and tasks cannot have images here",
                why=why,
                hint="correct that, or start without the flag",
            )
        log.warning("tasks cannot have images: %s", why)
        return ImageSupport(None, frozenset(), why)
    assert isinstance(launcher, OciLauncher)
    fetching = skopeo.Skopeo(
        stall_seconds=flags.fetcher_stall_timeout,
        total_seconds=flags.fetcher_timeout,
        max_bytes=flags.fetcher_max_size,
        credentials=Path(flags.docker_config) if flags.docker_config else None,
    )
    unpacker = Unpacker(folder, flags.fetcher_timeout, flags.fetcher_max_size, asyncio.Semaphore(UNPACKERS))
    store = ImageStore.begin(folder, Puller(fetching), unpacker, launcher.layers_in_use)
    machine = platform.machine()
    prefix = flags.appc_simple_discovery_uri_prefix.removeprefix("file://")
    kept = flags.image_gc_config.excluded_images
    return ImageSupport(Images(store, registry, prefix, APPC_MACHINES.get(machine, machine), kept), providers, "")


def _shortcoming(launcher: Launcher, folder: Path) -> str | None:
    """Why tasks cannot have images here; ``None``: they can. Raises ``OSError``."""
    if not isinstance(launcher, OciLauncher):
        return f"--launcher={launcher.name} has none"
    if missing := skopeo.programs():
        return f"{' and '.join(missing)} not found; install the packages skopeo and util-linux"
    private_folder(folder)
    for place in (folder, launcher.folder):
        if (why := overlay.shortcoming(place)) is not None:
            return (
                f"{place}: {why}; keep it on a file system of its own, such as ext4 or xfs, that is no overlay itself"
            )
    return None


async def collect(flags: AgentFlags, images: Images) -> None:
    """Images that nobody has go while the disk is filling. Never returns."""
    given = flags.image_gc_config
    interval = flags.disk_watch_interval
    if given.image_disk_watch_interval is not None:
        interval = max(1.0, given.image_disk_watch_interval.nanoseconds / 1e9)
    excluded = images.names(given.excluded_images)
    while True:
        await asyncio.sleep(interval)
        try:
            await images.store.tidy(given.image_disk_headroom, excluded)
        except Exception:
            log.exception("images could not be removed, again in %.0f s", interval)
