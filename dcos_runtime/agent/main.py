"""dcos-agent: recovers what a former agent left, listens, and serves the leading master until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from dcos_runtime import __version__, daemon, tls
from dcos_runtime.agent import gc, pools
from dcos_runtime.agent import resources as amounts
from dcos_runtime.agent import settings as agent_settings
from dcos_runtime.agent.checkpoint import CheckpointError, Checkpoints, boot_id
from dcos_runtime.agent.claim import claim
from dcos_runtime.agent.containers.base import Launcher, LaunchError, LauncherUnusable, Process
from dcos_runtime.agent.containers.sessions import SessionStreams
from dcos_runtime.agent.core import container_ids, events, recorded
from dcos_runtime.agent.core.core import AgentCore
from dcos_runtime.agent.core.model import Exit, Settings
from dcos_runtime.agent.disk import logs
from dcos_runtime.agent.disk.rules import DiskRules
from dcos_runtime.agent.disk.watcher import DiskWatcher
from dcos_runtime.agent.environment import Origin, no_token
from dcos_runtime.agent.executor_api import ExecutorApi
from dcos_runtime.agent.executor_peers import ExecutorPeers
from dcos_runtime.agent.executor_tokens import ExecutorTokens
from dcos_runtime.agent.fetch_cache import FetchCache
from dcos_runtime.agent.fetcher import Fetcher, end_leftovers
from dcos_runtime.agent.files import SandboxFiles
from dcos_runtime.agent.http import AgentHttp
from dcos_runtime.agent.images import start as images
from dcos_runtime.agent.images.start import ImageSupport
from dcos_runtime.agent.isolators.listening import EVERY, PortWatcher
from dcos_runtime.agent.launcher_choice import LauncherChoice
from dcos_runtime.agent.launchers.posix import PosixLauncher
from dcos_runtime.agent.launching import Launching
from dcos_runtime.agent.link import MasterLink
from dcos_runtime.agent.listeners import Listeners
from dcos_runtime.agent.operator_api.api import Machinery, OperatorApi
from dcos_runtime.agent.operator_api.commands import Commands
from dcos_runtime.agent.power import machine_stops
from dcos_runtime.agent.samples import Samples
from dcos_runtime.agent.sandbox import Sandboxes
from dcos_runtime.agent.shell import AgentShell
from dcos_runtime.agent.users import MasterUsers
from dcos_runtime.agent.views import AgentViewer
from dcos_runtime.agent.volumes import Volumes
from dcos_runtime.core.recorder import Recorder
from dcos_runtime.core.seeds import SeededSource
from dcos_runtime.daemon import Address, Life
from dcos_runtime.errors import Unstartable, explain
from dcos_runtime.flags.agent import AgentFlags
from dcos_runtime.flags.resources import read_attributes
from dcos_runtime.flags.values import Ranges, merged
from dcos_runtime.guard.guard import GuardUnusable
from dcos_runtime.operating import LoggingLevel
from dcos_runtime.recording import recorder
from dcos_runtime.running import now
from dcos_runtime.store.election import detector, parse_master
from dcos_runtime.tls import TlsError
from dcos_runtime.wire.cluster import AgentInfo
from dcos_runtime.wire.containers import Image

log = logging.getLogger(__name__)

_SUMMARY = "The kernel's agent: runs tasks on this machine. Flags are Mesos'; MESOS_<NAME> sets them, too."


def main(argv: Sequence[str] | None = None) -> int:
    flags = daemon.own_flags(AgentFlags, _SUMMARY, argv, check=agent_settings.check, checks=agent_settings.CHECKS)
    daemon.configure_logging(flags.logging_level)
    return daemon.run(lambda life: serve(flags, life))


PRESSURE_INTERVAL = 5.0
"""How often we check whether the disk is filling, by the file system's figures."""

_NEVER = (Path("/etc/dcos-secrets"), Path("/dev"), Path("/proc"), Path("/sys"))
"""What tasks may not fetch, whatever the allow-list says."""


async def serve(flags: AgentFlags, life: Life) -> None:
    """Listens, recovers, prints the ready line, and runs until ``life`` ends."""
    work_dir = Path(flags.work_dir).absolute()
    unregister = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, unregister.set)
    if os.geteuid() == 0:
        os.umask(0o022)  # other users' tasks have to pass through its folders; secret files have stricter modes
    try:
        work_dir.mkdir(parents=True, exist_ok=True)
        lock = _lock(work_dir)
        files = tls.files(flags.tls_ca, flags.tls_identity)
        users = MasterUsers(files) if files is not None else None
        http = AgentHttp(flags.shown(), agent_settings.admission_of(flags, users), life.stalls)
        async with contextlib.AsyncExitStack() as stack:
            listeners = Listeners(http.application, stack)
            address = await listeners.open(flags.ip, flags.port)
            if files is not None and users is not None:
                stack.push_async_callback(users.close)
                inside = await listeners.open(flags.ip, flags.tls_port, files.server())
                log.info("our own daemons are served at %s", inside.url)
            advertised = Address(flags.advertise_ip or address.ip, flags.advertise_port or address.port)
            shell = await _assemble(flags, work_dir, advertised, http, life, listeners.ports)
            http.taken = lambda: listeners.taken
            if listeners.taken:
                listeners.tasks = lambda: _named_tasks(shell)
                await listeners.look()
                if not shell.core.tasks and not shell.core.executors:
                    raise Unstartable(
                        "cannot listen", why=listeners.taken, hint="end it, or give another --port or --tls_port"
                    )
            life.spawn(_leave(unregister, shell), "leaving")
            await _serve(flags, shell, address, listeners, files, users, life)
        os.close(lock)
    except (OSError, CheckpointError, LauncherUnusable, TlsError, GuardUnusable) as error:
        life.end(1, explain(error))


def _named_tasks(shell: AgentShell) -> dict[str, str]:
    """The agent's tasks in words, by container."""
    return {
        task.handle: f"the task {task_id} of framework {framework_id}"
        for (framework_id, task_id), task in shell.core.tasks.items()
    }


async def _serve(
    flags: AgentFlags,
    shell: AgentShell,
    address: Address,
    listeners: Listeners,
    files: tls.TlsFiles | None,
    users: MasterUsers | None,
    life: Life,
) -> None:
    import aiohttp

    # With TLS only a master of this cluster at the leader's address is sent anything.
    context = files.client("master") if files is not None else True
    connector = aiohttp.TCPConnector(limit=4, keepalive_timeout=60.0, ssl=context)
    async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as session:
        tls_port = flags.master_tls_port if files is not None else None
        shell.link = link = MasterLink(detector(parse_master(flags.master)), session, shell.feed, tls_port)
        if users is not None:
            users.master = lambda: link.master
        life.spawn(shell.run(), "agent")
        if flags.recover == "cleanup":
            shell.feed(events.CleanupAsked("--recover=cleanup"))
        else:
            life.spawn(link.watch(), "finding the master")
            life.spawn(_collect_garbage(flags, shell), "removing old sandboxes")
            life.spawn(_look_at_ports(flags, shell), "looking at ports")
            if shell.images is not None:
                life.spawn(images.collect(flags, shell.images), "removing old images")
        life.spawn(_announce(listeners, address), "listening")
        await life.ended()
        if life.code == 0 and await machine_stops():
            await shell.power_off()
        await link.stop()
        await asyncio.to_thread(shell.disk.stop)
        shell.stop_recording()


async def _leave(asked: asyncio.Event, shell: AgentShell) -> None:
    await asked.wait()
    shell.feed(events.UnregisterAsked("SIGUSR1"))


async def _announce(listeners: Listeners, address: Address) -> None:
    """Prints the ready line once every port is bound."""
    await listeners.bind_all()
    print(daemon.ready_line(AgentFlags.program, address), flush=True)


async def _assemble(
    flags: AgentFlags, work_dir: Path, address: Address, http: AgentHttp, life: Life, own: Sequence[int]
) -> AgentShell:
    """All parts of one agent, recovered. ``address`` is where others reach it, ``own`` the ports it listens on."""
    pools.begin()
    checkpoints = Checkpoints(work_dir / "meta")
    checkpoints.prepare()
    sandboxes = Sandboxes(work_dir)
    disk = DiskWatcher(
        flags.container_disk_watch_interval,
        lambda *over: shell.exceeded(*over),
        lambda *which: shell.too_deep(*which),
    )
    listening = _port_watcher(flags, lambda *found: shell.listens(*found))
    posix = PosixLauncher(work_dir / "containers" / "posix", disk, listening)
    choice = LauncherChoice(flags, work_dir, sandboxes.root, posix, own, disk, listening)
    launcher, projects = await choice.made()
    if not logs.possible(work_dir):
        log.warning("stdout and stderr are not capped: the file system of %s cannot give back a file's head", work_dir)
    registry = agent_settings.read_registry(flags.docker_registry)
    supported = await images.begin(flags, launcher, agent_settings.image_folder(flags), registry)
    seed = os.urandom(32)
    core = AgentCore(_settings(flags, work_dir, address, launcher, supported), SeededSource(seed))
    keeper = await asyncio.to_thread(_recorder, flags, core, seed)

    tokens = ExecutorTokens.kept(work_dir / "executors.key") if flags.authenticate_http_executors else None

    def origin() -> Origin:
        return Origin(
            agent_id=core.agent.id or "",
            endpoint=str(address),
            ip=address.ip,
            kill_grace=flags.executor_shutdown_grace_period,
            recovery_timeout=flags.recovery_timeout,
            operator=dict(flags.executor_environment_variables),
            token=tokens.make if tokens is not None else no_token,
        )

    await asyncio.to_thread(end_leftovers, sandboxes.root.resolve())
    fetcher = Fetcher(
        stall_seconds=flags.fetcher_stall_timeout,
        total_seconds=flags.fetcher_timeout,
        max_bytes=flags.fetcher_max_size,
        roots=flags.fetcher_local_roots or launcher.visible(),
        never=(*_NEVER, *agent_settings.own_paths(flags).values()),
        home=Path(flags.frameworks_home) if flags.frameworks_home else None,
        public_only=launcher.name == "linux",
        turns=asyncio.Semaphore(flags.fetcher_max_processes),
        cache=await asyncio.to_thread(_cache, flags),
    )
    launching = Launching(
        sandboxes=sandboxes,
        fetcher=fetcher,
        launcher=launcher,
        origin=origin,
        framework=lambda framework_id: core.frameworks.get(framework_id),
        switch_user=flags.switch_user,
        limit_cpus=flags.cgroups_enable_cfs,
        disk=DiskRules(
            enforced=flags.enforce_container_disk_quota,
            default=flags.container_disk_default,
            caps={"stdout": flags.max_stdout_size, "stderr": flags.max_stderr_size},
        ),
        processes=flags.container_pids_limit,
        volumes=_volumes(flags, work_dir, supported),
        capabilities=agent_settings.capabilities(flags),
        images=supported.images,
    )
    samples = Samples(flags.container_usage_interval)
    launchers: dict[str, Launcher] = {posix.name: posix, launcher.name: launcher}
    shell = AgentShell(core, checkpoints, launchers, launching, disk, projects, listening, samples, life, keeper)
    started = now()
    await shell.recover(strict=flags.strict, lasting=flags.recover == "reconnect")

    def processes(container_id: str, name: str) -> list[Process]:
        return launchers[name].processes(container_id) if name in launchers else []

    def metrics() -> dict[str, float]:
        return (
            fetcher.metrics() | listening.metrics() | (shell.images.store.metrics() if shell.images is not None else {})
        )

    http.viewer = AgentViewer(
        core=core,
        sandboxes=sandboxes,
        address=str(address),
        started=started,
        flags=flags.shown(),
        usage=shell.usage,
        processes=processes,
        fetched=metrics,
        samples=shell.samples,
        unallocated=listening.unallocated,
    )
    http.files = SandboxFiles(sandboxes)
    http.api = _operator_api(http, http.viewer, http.files, launchers, shell)
    http.executors = ExecutorApi(shell, tokens, ExecutorPeers(launchers)).handle
    return shell


def _volumes(flags: AgentFlags, work_dir: Path, supported: ImageSupport) -> Volumes:
    disks = {root for one in amounts.parse_resources(flags.resources) if (root := amounts.disk_root(one)) is not None}
    held = flags.enforce_container_disk_quota
    return Volumes(work_dir, agent_settings.host_paths(flags), frozenset(disks), supported.images, held)


def _operator_api(
    http: AgentHttp, viewer: AgentViewer, files: SandboxFiles, launchers: Mapping[str, Launcher], shell: AgentShell
) -> OperatorApi:
    def launcher_of(container_id: str) -> Launcher | None:
        return launchers.get(viewer.launcher_of(container_id) or "")

    async def wait(container_id: str) -> Exit | None:
        launcher = launcher_of(container_id)
        return await launcher.wait(container_id) if launcher is not None else None

    async def attach(container_id: str) -> SessionStreams:
        launcher = launcher_of(container_id)
        if launcher is None:
            raise LaunchError("the container has ended")
        return await launcher.attach(container_id)

    async def prune(excluded: Sequence[Image]) -> None:
        if shell.images is not None:
            log.info("%d bytes of images were removed", await shell.images.prune(excluded))

    return OperatorApi(
        Machinery(
            viewer=viewer,
            files=files,
            commands=Commands(launcher_of),
            nested=shell.nested,
            level=LoggingLevel(),
            metrics=lambda: viewer.metrics(now()) | http.stalls.shown(),
            healthy=lambda: not http.taken(),
            signal=shell.signal,
            wait=wait,
            prune=prune,
            attach=attach,
        )
    )


def _recorder(flags: AgentFlags, core: AgentCore, seed: bytes) -> Recorder | None:
    return recorder(flags.record, core, recorded.NAME, seed, recorded.Veil)


def _cache(flags: AgentFlags) -> FetchCache | None:
    if not flags.fetcher_cache_size:
        return None
    return FetchCache.begin(agent_settings.cache_folder(flags), flags.fetcher_cache_size)


def _settings(
    flags: AgentFlags, work_dir: Path, address: Address, launcher: Launcher, supported: ImageSupport
) -> Settings:
    given = amounts.parse_resources(flags.resources)
    info = AgentInfo(
        hostname=flags.hostname or daemon.own_hostname(address.ip),
        port=address.port,
        resources=amounts.offered(given, amounts.capacity(work_dir), len(flags.nvidia_gpu_devices)),
        attributes=read_attributes(flags.attributes),
        domain=flags.domain,
    )
    return Settings(
        info=info,
        software=__version__,
        boot_id=boot_id(),
        ip=address.ip,
        launcher=launcher.name,
        image_providers=supported.providers,
        without_images=supported.without,
        privileged=flags.allow_privileged,
        host_paths=agent_settings.host_paths(flags),
        without_networks=agent_settings.without_networks(flags, launcher.name),
        capabilities=agent_settings.capabilities(flags),
        kill_grace=flags.executor_shutdown_grace_period,
        registration_timeout=flags.executor_registration_timeout,
        reregistration_timeout=flags.executor_reregistration_timeout,
        backoff_first=flags.registration_backoff_factor,
        completed_kept=flags.max_completed_executors_per_framework,
    )


def _lock(work_dir: Path) -> int:
    """Keeps a second agent out of the same work_dir, as long as this process lives."""
    descriptor = os.open(work_dir / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    return claim(descriptor, work_dir, "", "end it first, or give another --work_dir")


def _port_watcher(flags: AgentFlags, report: Callable[[str, Ranges], None]) -> PortWatcher:
    only = EVERY if flags.container_ports_isolated_range is None else flags.container_ports_isolated_range
    if flags.check_agent_port_range_only:
        only = merged(amounts.port_ranges(amounts.parse_resources(flags.resources)))
    return PortWatcher(report, only, enforced=flags.enforce_container_ports)


async def _look_at_ports(flags: AgentFlags, shell: AgentShell) -> None:
    while True:
        await asyncio.sleep(flags.container_ports_watch_interval)
        try:
            await pools.run(pools.READS, shell.listening.look)
        except Exception:  # /proc is what tasks make of it: nothing there may end the agent
            log.exception("what tasks listen on could not be seen")


async def _collect_garbage(flags: AgentFlags, shell: AgentShell) -> None:
    """Old sandboxes go every ``disk_watch_interval``; sooner when the disk is filling."""
    root = Path(flags.work_dir).absolute() / "slaves"
    projects = shell.projects
    due = 0.0

    def allowed() -> float:
        return gc.allowed_age(flags.gc_delay, flags.gc_disk_headroom, gc.used_fraction(root))

    while True:
        await asyncio.sleep(min(flags.disk_watch_interval, PRESSURE_INTERVAL))
        try:
            if not root.exists():
                continue
            pressed = gc.used_fraction(root) > 1.0 - flags.gc_disk_headroom
            if pressed or now().mono >= due:
                due = now().mono + flags.disk_watch_interval
                living = {container_ids.root_of(task.record.container_id) for task in shell.core.tasks.values()}
                living |= set(shell.core.nested)
                living |= {executor.record.container_id for executor in shell.core.executors.values()}
                await pools.run(pools.REMOVALS, partial(gc.collect, root, living, allowed, time.time()))
                if projects is not None:
                    await pools.run(pools.REMOVALS, projects.tidy)
        except Exception:  # tasks made these folders: nothing in them may end the agent
            log.exception("old sandboxes could not be removed, again in %.0f s", flags.disk_watch_interval)


if __name__ == "__main__":
    sys.exit(main())
