"""Which launcher an agent uses, and whether project quotas hold its tasks to their disk."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dcos_runtime.agent import resources as amounts
from dcos_runtime.agent import settings as agent_settings
from dcos_runtime.agent.containers import showing
from dcos_runtime.agent.containers.base import Launcher, LauncherUnusable
from dcos_runtime.agent.containers.networks import Networks, NetworkSettings
from dcos_runtime.agent.disk.projects import Projects
from dcos_runtime.agent.disk.quota import ProjectQuota, QuotaUnusable
from dcos_runtime.agent.disk.watcher import DiskWatcher
from dcos_runtime.agent.isolators import ports
from dcos_runtime.agent.isolators.gpus import Gpus
from dcos_runtime.agent.isolators.listening import PortWatcher
from dcos_runtime.agent.launchers.oci import OciLauncher
from dcos_runtime.agent.launchers.posix import PosixLauncher
from dcos_runtime.flags.agent import AgentFlags
from dcos_runtime.flags.values import merged

log = logging.getLogger(__name__)

_POSIX_DISK = "tasks' files are counted: no project quota can hold plain processes, which can take files out of it"


@dataclass(frozen=True)
class LauncherChoice:
    """What a launcher is made of. ``own``: the ports that the agent listens on; ``sandboxes``: the root of all."""

    flags: AgentFlags
    work_dir: Path
    sandboxes: Path
    posix: PosixLauncher
    own: Sequence[int]
    disk: DiskWatcher
    listening: PortWatcher

    async def made(self) -> tuple[Launcher, Projects | None]:
        """The launcher that was asked for, else containers when they work here; it must close ports if the flags say
        so. Project quotas come with it where they work.

        Raises `LauncherUnusable`, and ``OSError`` when another agent is in the way.
        """
        flags = self.flags
        projects = await asyncio.to_thread(self._projects)
        launcher = await self._usable(projects)
        if launcher.name == "posix" and self._networks().wanted:
            raise LauncherUnusable(
                "networks of containers are asked for, and plain processes cannot have them",
                hint="start without --network_cni_config_dir and --bridge_network, or use --launcher=linux",
            )
        if flags.nvidia_gpu_devices and launcher.name == "posix":
            raise LauncherUnusable(
                "--nvidia_gpu_devices is given, and plain processes cannot be held to GPUs of their own",
                hint="start without it, or use --launcher=linux",
            )
        if flags.enforce_ports and launcher.open_ports:
            other = " or use --launcher=linux" if launcher.name == "posix" else ""
            raise LauncherUnusable(
                f"--launcher={launcher.name} does not keep tasks from the daemons' ports, and --enforce_ports is given",
                why=launcher.open_ports,
                hint=f"{'' if other else 'correct that, or '}start without --enforce_ports{other}",
            )
        if projects is not None and launcher.name == "posix":
            log.warning("disk: %s", _POSIX_DISK)
            projects = None
        for shortcoming in launcher.shortcomings():
            log.warning("--launcher=%s: %s", launcher.name, shortcoming)
        return launcher, projects

    def _projects(self) -> Projects | None:
        """The file system's quotas, if they work here."""
        flags = self.flags
        if not flags.enforce_container_disk_quota or flags.disk_projects is None:
            return None
        if flags.launcher == "posix":
            log.info("disk: %s", _POSIX_DISK)
            return None
        first, last = flags.disk_projects
        quota = ProjectQuota(self.work_dir)
        projects = Projects(quota, first, last, self.sandboxes)
        try:
            projects.begin(self.work_dir)
        except (QuotaUnusable, OSError) as error:
            quota.close()
            why = error.strerror or str(error) if isinstance(error, OSError) else str(error)
            log.info("disk: tasks' files are counted, project quotas are not used: %s", why)
            return None
        log.info("disk: tasks are held to theirs by project quotas, with ids from %d to %d", first, last)
        return projects

    def _networks(self) -> NetworkSettings:
        return agent_settings.networks(self.flags)

    async def _usable(self, projects: Projects | None) -> Launcher:
        flags, own = self.flags, self.own
        if flags.launcher == "posix":
            return self.posix
        offered = amounts.port_ranges(amounts.parse_resources(flags.resources))
        closed = ports.closed_ports(flags.daemon_ports, merged(offered), own)
        if kept := [port for port in own if any(low <= port <= high for low, high in offered)]:
            log.warning("--resources offers port %s, which is this agent's own: no task can bind it", kept[0])
        linux = OciLauncher(
            self.work_dir / "containers" / "oci",
            agent_settings.runtime_dir(flags),
            self.disk,
            cgroups_root=flags.cgroups_root,
            ports=ports.PortGuard(closed, own),
            projects=projects,
            listening=self.listening,
            gpus=Gpus(flags.nvidia_gpu_devices),
            networks=Networks(self._networks()),
        )
        linux.claim()
        if flags.launcher == "linux":
            _keep_apart(flags, linux)
        try:
            log.info("%s", await linux.prove())
        except LauncherUnusable as error:
            if flags.launcher == "linux" or self._networks().wanted:
                raise
            log.warning("tasks run as plain processes (--launcher=posix): %s", error)
            return self.posix
        _keep_apart(flags, linux)
        return linux


def _keep_apart(flags: AgentFlags, launcher: Launcher) -> None:
    """Raises `LauncherUnusable` when tasks would see the agent's own files, and ``OSError``."""
    for name, path in agent_settings.own_paths(flags).items():
        folder = showing.shown_in(path, [str(one) for one in launcher.visible()])
        if folder is not None:
            raise LauncherUnusable(
                f"--{name} ({path}) shows in every container",
                why=f"containers see all of {folder}, links and mounts resolved, and tasks that run as root could read"
                " what is not theirs",
                hint="keep it elsewhere, such as below /var/lib or /run",
            )
        allowed = agent_settings.host_paths(flags)
        if (folder := showing.shown_in(path, allowed) or showing.below(path, allowed)) is not None:
            raise LauncherUnusable(
                f"--allowed_host_paths names {folder}, and --{name} ({path}) is in it",
                why="tasks would read and write what is not theirs",
                hint="allow folders beside it",
            )
