"""Which program has which flags."""

from __future__ import annotations

from collections.abc import Mapping

from dcos_runtime.flags.agent import AgentFlags
from dcos_runtime.flags.auth import AuthFlags
from dcos_runtime.flags.cosmos import CosmosFlags
from dcos_runtime.flags.declaring import Flags
from dcos_runtime.flags.marathon import MarathonFlags
from dcos_runtime.flags.master import MasterFlags

PROGRAMS: Mapping[str, type[Flags]] = {
    flags.program: flags for flags in (AgentFlags, AuthFlags, CosmosFlags, MarathonFlags, MasterFlags)
}
