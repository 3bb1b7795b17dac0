"""What the flags of ``dcos-marathon`` become: its core's settings, its guard, and the configuration in `/v2/info`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from dcos_runtime.flags.groups import INIT_TLS_PORT
from dcos_runtime.flags.marathon import MarathonFlags
from dcos_runtime.marathon.core.definition import DefinitionRules
from dcos_runtime.marathon.core.state import KEPT_VERSIONS, Settings
from dcos_runtime.store.election import parse_master
from dcos_runtime.store.zookeeper import parse_url
from dcos_runtime.wire.cluster import FrameworkInfo

REALM = "Mesosphere"
"""Marathon's realm: clients may store their credentials under it."""

CHECKS: Mapping[str, Callable[[str], object]] = {"master": parse_master, "zk": parse_url}
"""Further checks of the flags' texts."""


def problems(flags: MarathonFlags) -> list[str]:
    """Problems of the init's own flags with each other."""
    found = []
    if flags.local_port_min >= flags.local_port_max:
        found.append("--local_port_min must be less than --local_port_max")
    if bool(flags.mesos_authentication_principal) != bool(flags.mesos_authentication_secret_file):
        found.append("--mesos_authentication_principal and --mesos_authentication_secret_file go together")
    if flags.mesos_authentication_principal and flags.tls_ca:
        found.append(
            "--mesos_authentication_principal and --tls_ca exclude each other: the certificate identifies the sender"
        )
    if flags.teardown_at_end and flags.zk:
        found.append("--teardown_at_end and --zk exclude each other: the next init goes on with the framework")
    if flags.tls_port != INIT_TLS_PORT and not flags.tls_ca:
        found.append("--tls_port needs --tls_ca and --tls_identity")
    return found


def settings(flags: MarathonFlags, info: FrameworkInfo) -> Settings:
    """The core's settings by the flags. ``info``: see `Settings`."""
    return Settings(
        info=info,
        rules=DefinitionRules(flags.mesos_role, flags.local_port_min, flags.local_port_max),
        decline_offer_duration=flags.decline_offer_duration,
        max_instances_per_offer=flags.max_instances_per_offer,
        min_revive_offers_interval=flags.min_revive_offers_interval,
        reconciliation_interval=flags.reconciliation_interval,
        launch_confirm_timeout=flags.task_launch_confirm_timeout,
        launch_timeout=flags.task_launch_timeout,
        kill_retry_timeout=flags.kill_retry_timeout,
        viable_after=flags.minimum_viable_task_execution_duration,
        max_running_deployments=flags.max_running_deployments,
    )


def work_dir(flags: MarathonFlags, environ: Mapping[str, str] = os.environ) -> Path:
    """The folder of the state. Raises ``RuntimeError`` without a flag for it and without a home folder."""
    if flags.work_dir:
        return Path(flags.work_dir)
    state = environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(state) / "dcos-marathon"


def shown(flags: MarathonFlags, webui_url: str, hostname: str) -> dict[str, Any]:
    """``marathon_config`` of `/v2/info`: Marathon's keys."""
    return {
        "checkpoint": True,
        "decline_offer_duration": _milliseconds(flags.decline_offer_duration),
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
        "min_revive_offers_interval": _milliseconds(flags.min_revive_offers_interval),
        "reconciliation_interval": _milliseconds(flags.reconciliation_interval),
        "task_launch_confirm_timeout": _milliseconds(flags.task_launch_confirm_timeout),
        "task_launch_timeout": _milliseconds(flags.task_launch_timeout),
        "webui_url": webui_url,
    }


def _milliseconds(seconds: float) -> int:
    """A duration in Marathon's form."""
    return round(seconds * 1000)


def _shown_master(text: str) -> str:
    return str(parse_url(text)) if text.startswith("zk://") else text


def shown_zookeeper(flags: MarathonFlags) -> dict[str, Any]:
    """``zookeeper_config`` of `/v2/info`, without credentials."""
    timeout = _milliseconds(flags.zk_session_timeout)
    return {
        "zk": "" if flags.zk is None else str(parse_url(flags.zk)),
        "zk_connection_timeout": timeout,
        "zk_max_versions": KEPT_VERSIONS,
        "zk_session_timeout": timeout,
        "zk_timeout": timeout,
    }
