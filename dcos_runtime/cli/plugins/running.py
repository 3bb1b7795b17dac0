"""Runs a plugin's command instead of `dcos`, with the environment that DC/OS' own command gives its plugins."""

from __future__ import annotations

import logging
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from dcos_runtime import __version__
from dcos_runtime.cli.clusters.access import access, trust
from dcos_runtime.cli.clusters.target import Target
from dcos_runtime.cli.connection.trust import SYSTEM
from dcos_runtime.cli.errors import CliError
from dcos_runtime.cli.plugins.installed import PluginCommand


def run(command: PluginCommand, arguments: Sequence[str], target: Target, environment: Mapping[str, str]) -> NoReturn:
    """Never returns: signals and the exit code are the plugin's. Raises `CliError` when it cannot be run."""
    whole = {**environment, **variables(command.name, target, environment)}
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        os.execve(command.path, [str(command.path), command.name, *arguments], whole)
    except OSError as error:
        raise CliError(
            f"cannot run {command.path}: {error.strerror}",
            hints=["install it again: dcos package install --cli PACKAGE", "see whose it is: dcos package list --cli"],
        ) from error


def variables(name: str, target: Target, environment: Mapping[str, str]) -> dict[str, str]:
    """``DCOS_…`` as plugins look for them; ``[name]`` of the cluster's settings as ``DCOS_NAME_KEY``."""
    values = {"DCOS_CLI_EXECUTABLE_PATH": _executable(), "DCOS_CLI_VERSION": __version__, "DCOS_URL": target.url}
    level = logging.getLogger("dcos").level
    if level == logging.DEBUG:
        values |= {"DCOS_VERBOSITY": "2", "DCOS_LOG_LEVEL": "debug"}
    elif level == logging.INFO:
        values |= {"DCOS_VERBOSITY": "1", "DCOS_LOG_LEVEL": "info"}
    if target.is_gateway:
        if token := access(target, environment).token:
            values["DCOS_ACS_TOKEN"] = token
        trusted = trust(target, environment)
        if trusted.blind:
            values["DCOS_TLS_INSECURE"] = "1"
        elif trusted.setting != SYSTEM:
            values["DCOS_TLS_CA_PATH"] = trusted.setting
    else:
        values["DCOS_TLS_INSECURE"] = "1"
    if target.cluster is not None:
        values["DCOS_CLUSTER"] = target.cluster.id
        section = target.cluster.settings.get(name)
        for key, value in section.items() if isinstance(section, dict) else ():
            if isinstance(value, (str, int, float)):
                shown = str(value).lower() if isinstance(value, bool) else str(value)
                values[f"DCOS_{name.replace('-', '_')}_{key}".upper()] = shown
    return values


def _executable() -> str:
    """The full path of this command, because plugins call it."""
    found = shutil.which(sys.argv[0]) or shutil.which("dcos") or sys.argv[0]
    return str(Path(found).absolute())
