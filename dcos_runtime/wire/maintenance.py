"""Which machines are maintained when, and how far they are drained (Mesos v1).

Made by `python -m dcos_runtime.wire.generator` from `wire/proto/maintenance.proto`; change that, and make it anew.
"""

from __future__ import annotations

from dcos_runtime.wire import base
from dcos_runtime.wire.allocator import (
    InverseOfferStatus,
)
from dcos_runtime.wire.common import (
    Unavailability,
)
from dcos_runtime.wire.operators import (
    MachineID,
)


class Window(base.Message, frozen=True, kw_only=True):
    machine_ids: list[MachineID] = []
    unavailability: Unavailability


class Schedule(base.Message, frozen=True, kw_only=True):
    windows: list[Window] = []


class ClusterStatus(base.Message, frozen=True, kw_only=True):
    class DrainingMachine(base.Message, frozen=True, kw_only=True):
        id: MachineID
        statuses: list[InverseOfferStatus] = []

    draining_machines: list[ClusterStatus.DrainingMachine] = []
    down_machines: list[MachineID] = []
