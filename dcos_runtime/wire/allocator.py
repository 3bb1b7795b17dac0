"""What a framework said to an inverse offer (Mesos v1).

Made by `python -m dcos_runtime.wire.generator` from `wire/proto/allocator.proto`; change that, and make it anew.
"""

from __future__ import annotations

from dcos_runtime.wire import base
from dcos_runtime.wire.common import (
    FrameworkID,
    TimeInfo,
)


class InverseOfferStatus(base.Message, frozen=True, kw_only=True):
    class Status(base.Enum):
        UNKNOWN = "UNKNOWN"
        ACCEPT = "ACCEPT"
        DECLINE = "DECLINE"

    status: InverseOfferStatus.Status
    framework_id: FrameworkID
    timestamp: TimeInfo

    def __post_init__(self) -> None:
        if self.status._value_ == "UNKNOWN":
            base.expect("status")
