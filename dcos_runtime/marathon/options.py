"""The flags of ``dcos-marathon``: the original's names, as far as they are honoured, and what they mean to the core."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dcos_runtime import tls
from dcos_runtime.daemon import Leave
from dcos_runtime.flags import Flag, Flags, boolean, number, port
from dcos_runtime.guard import guard
from dcos_runtime.marathon.core.definition import Rules
from dcos_runtime.marathon.core.world import KEPT_VERSIONS, Settings
from dcos_runtime.store.election import parse_master
from dcos_runtime.store.zookeeper import parse_url
from dcos_runtime.wire.cluster import FrameworkInfo

PREFIX = "MARATHON_"

REALM = "Mesosphere"
"""The original's, which clients may know their credentials by."""

HTTPS_PORT, MASTER_TLS_PORT = 8443, 5049
TLS_KINDS = ("gateway", "operator", "auth", "marathon")
"""Whose certificates have any business with an init."""


def _whole(low: int, high: int) -> Any:
    def parse(text: str) -> int:
        if not text.isdigit() or not low <= int(text) <= high:
            raise ValueError(f"expected a whole number from {low} to {high}")
        return int(text)

    return parse


def _folder(text: str) -> str:
    if not text.startswith("/"):
        raise ValueError("expected an absolute path")
    return text


_MILLISECONDS = number(1, 10**12)

DECLARED = (
    Flag("master", "The master: host:port, http://host:port or zk://host:port,host:port/path.", required=True),
    Flag("http_port", "Port of the API; 0 for any free one.", 8080, port),
    Flag("http_address", "Address to listen on.", "127.0.0.1"),
    Flag("https_port", f"Port of the API over mutual TLS; the same for every init. With --tls_ca: {HTTPS_PORT}.",
         None, port),
    *tls.FLAGS,
    Flag("authenticate_http", "Whether requests to http_port need a principal (all but /ping).", False, boolean),
    Flag("http_credentials_file", "JSON file of the principals that are accepted by HTTP Basic, with their secrets.",
         path=True),
    guard.SOCKET_FLAG,
    *guard.FLAGS,
    Flag("hostname", "Name or address that others reach this process by. Default: found out from http_address."),
    Flag("webui_url", "Base URL told to the master. Default: http://hostname:port."),
    Flag("work_dir", "Folder for the state, when started without --zk (default: in the user's state folder); with it, "
         "for what the next start has to know of this one to take its place in the election at once."),
    Flag("zk", "zk://host:port,host:port/path: keep the state in ZooKeeper and take part in electing a leader."),
    Flag("zk_session_timeout", "How long, in ms, ZooKeeper waits before it takes this process for dead.", 10000.0,
         _MILLISECONDS),
    Flag("framework_name", "Name to register with.", "marathon"),
    Flag("mesos_role", "Role to be offered resources for.", "*"),
    Flag("mesos_user", "User that tasks run as unless their app names one. Default: the user this process runs as."),
    Flag("failover_timeout", "Seconds that tasks live on without an init before the master ends them.", 604800.0,
         number(0, 10**9)),
    Flag("master_tls_port", "Port at which masters speak mutual TLS: with --tls_ca they are spoken to there.",
         MASTER_TLS_PORT, port),
    Flag("mesos_authentication_principal", "Principal to authenticate with (HTTP Basic), without --tls_ca."),
    Flag("mesos_authentication_secret_file", "File that holds the secret of that principal.", path=True),
    Flag("local_port_min", "First port of the range service ports are taken from.", 10000, port),
    Flag("local_port_max", "End of that range, not included.", 20000, port),
    Flag("decline_offer_duration", "How long, in ms, offers are refused while nothing waits.", 120000.0, _MILLISECONDS),
    Flag("min_revive_offers_interval", "Least time, in ms, between two requests for more offers.", 1000.0,
         _MILLISECONDS),
    Flag("max_instances_per_offer", "How many instances are launched with one offer at most.", 5, _whole(1, 1000)),
    Flag("reconciliation_interval", "How often, in ms, the master is asked about all tasks.", 600000.0, _MILLISECONDS),
    Flag("task_launch_confirm_timeout", "After how long, in ms, the master is asked about a silent launch.",
         10000.0, _MILLISECONDS),
    Flag("task_launch_timeout", "After how long, in ms, a task that does not get to run is ended and tried again.",
         300000.0, _MILLISECONDS),
    Flag("kill_retry_timeout", "After how long, in ms, a kill is sent again.", 10000.0, _MILLISECONDS),
    Flag("minimum_viable_task_execution_duration",
         "How long, in ms, a task must have run for its end not to add to the backoff.", 60000.0, _MILLISECONDS),
    Flag("max_running_deployments", "How many deployments may be under way at a time.", 100, _whole(1, 100000)),
    Flag("record", "Folder (an absolute path): keep the last of what this init decides on there, for "
         "python -m dcos_runtime.replay.", None, _folder),
    Flag("logging_level", "debug, info, warn or error.", "info"),
)  # fmt: skip


_LEVELS = {"debug": "DEBUG", "info": "INFO", "warn": "WARNING", "warning": "WARNING", "error": "ERROR"}


def log_level(flags: Flags) -> str:
    return _LEVELS[flags.logging_level.lower()]


def check(program: str, flags: Flags) -> None:
    """What no single flag shows. Raises `daemon.Leave` with every problem."""
    problems = []
    for name, parse in (("master", parse_master), ("zk", parse_url)):
        value = getattr(flags, name)
        if value is not None:
            try:
                parse(value)
            except ValueError as error:
                shown = "" if "@" in value else f" {value!r}"  # there may be a password in it
                problems.append(f"--{name}{shown}: {error}")
    if flags.logging_level.lower() not in _LEVELS:
        problems.append(f"--logging_level {flags.logging_level!r}: expected one of {', '.join(_LEVELS)}")
    if flags.local_port_min >= flags.local_port_max:
        problems.append("--local_port_min must be less than --local_port_max")
    if bool(flags.mesos_authentication_principal) != bool(flags.mesos_authentication_secret_file):
        problems.append("--mesos_authentication_principal and --mesos_authentication_secret_file go together")
    if flags.mesos_authentication_principal and flags.tls_ca:
        problems.append(
            "--mesos_authentication_principal and --tls_ca exclude each other: the certificate tells who asks"
        )
    if bool(flags.tls_ca) != bool(flags.tls_identity):
        problems.append("--tls_ca and --tls_identity go together")
    if flags.https_port is not None and not flags.tls_ca:
        problems.append("--https_port needs --tls_ca and --tls_identity")
    if bool(flags.token_key) != bool(flags.token_issuer):
        problems.append("--token_key and --token_issuer go together")
    if problems:
        raise Leave(2, "\n".join(f"{program}: {problem}" for problem in problems))


def http_guard(flags: Flags) -> guard.Guard:
    """Who may pass, on both ports. Raises `guard.GuardUnusable`."""
    return guard.guard(
        REALM,
        credentials=flags.http_credentials_file,
        token_key=flags.token_key,
        token_issuer=flags.token_issuer,
        auth_socket=flags.auth_socket,
        anonymous_reads=flags.anonymous_reads,
        tls_kinds=TLS_KINDS,
    )


def settings(flags: Flags, info: FrameworkInfo) -> Settings:
    """What the core is to know of the flags. ``info``: see `Settings`."""
    return Settings(
        info=info,
        rules=Rules(flags.mesos_role, flags.local_port_min, flags.local_port_max),
        decline_offer_duration=flags.decline_offer_duration / 1000,
        max_instances_per_offer=flags.max_instances_per_offer,
        min_revive_offers_interval=flags.min_revive_offers_interval / 1000,
        reconciliation_interval=flags.reconciliation_interval / 1000,
        launch_confirm_timeout=flags.task_launch_confirm_timeout / 1000,
        launch_timeout=flags.task_launch_timeout / 1000,
        kill_retry_timeout=flags.kill_retry_timeout / 1000,
        viable_after=flags.minimum_viable_task_execution_duration / 1000,
        max_running_deployments=flags.max_running_deployments,
    )


def work_dir(flags: Flags, environ: Mapping[str, str] = os.environ) -> Path:
    """Where the state lies. Raises ``RuntimeError`` when nothing says where, and the user has no home folder."""
    if flags.work_dir:
        return Path(flags.work_dir)
    state = environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(state) / "dcos-marathon"


def shown(flags: Flags, webui_url: str, hostname: str) -> dict[str, Any]:
    """``marathon_config`` of `/v2/info`: the original's keys."""
    return {
        "checkpoint": True,
        "decline_offer_duration": int(flags.decline_offer_duration),
        "executor": "//cmd",
        "failover_timeout": int(flags.failover_timeout),
        "features": [],
        "framework_name": flags.framework_name,
        "ha": flags.zk is not None,
        "hostname": hostname,
        "local_port_max": flags.local_port_max,
        "local_port_min": flags.local_port_min,
        "master": _shown_master(flags.master),
        "max_instances_per_offer": flags.max_instances_per_offer,
        "mesos_role": flags.mesos_role,
        **({} if flags.mesos_user is None else {"mesos_user": flags.mesos_user}),
        "min_revive_offers_interval": int(flags.min_revive_offers_interval),
        "reconciliation_interval": int(flags.reconciliation_interval),
        "task_launch_confirm_timeout": int(flags.task_launch_confirm_timeout),
        "task_launch_timeout": int(flags.task_launch_timeout),
        "webui_url": webui_url,
    }


def _shown_master(text: str) -> str:
    return str(parse_url(text)) if text.startswith("zk://") else text


def shown_zookeeper(flags: Flags) -> dict[str, Any]:
    """``zookeeper_config`` of `/v2/info`, without credentials."""
    timeout = int(flags.zk_session_timeout)
    return {
        "zk": "" if flags.zk is None else str(parse_url(flags.zk)),
        "zk_connection_timeout": timeout,
        "zk_max_versions": KEPT_VERSIONS,
        "zk_session_timeout": timeout,
        "zk_timeout": timeout,
    }
