"""Ids, values, labels and commands: the Mesos v1 messages that all others use.

Made by `python -m dcos_runtime.wire.generator` from `wire/proto/common.proto`; change that, and make it anew.
"""

from __future__ import annotations

from dcos_runtime.wire import base


class AgentID(base.Message, frozen=True, kw_only=True):
    value: str


class ExecutorID(base.Message, frozen=True, kw_only=True):
    value: str


class FrameworkID(base.Message, frozen=True, kw_only=True):
    value: str


class TaskID(base.Message, frozen=True, kw_only=True):
    value: str


class OfferID(base.Message, frozen=True, kw_only=True):
    value: str


class OperationID(base.Message, frozen=True, kw_only=True):
    value: str


class ContainerID(base.Message, frozen=True, kw_only=True):
    value: str
    parent: ContainerID | None = None


class ResourceProviderID(base.Message, frozen=True, kw_only=True):
    value: str


class UUID(base.Message, frozen=True, kw_only=True):
    value: bytes


class Label(base.Message, frozen=True, kw_only=True):
    key: str
    value: str | None = None


class Labels(base.Message, frozen=True, kw_only=True):
    labels: list[Label] = []


class Parameter(base.Message, frozen=True, kw_only=True):
    key: str
    value: str


class Parameters(base.Message, frozen=True, kw_only=True):
    parameter: list[Parameter] = []


class Value(base.Message, frozen=True, kw_only=True):
    class Type(base.Enum):
        SCALAR = "SCALAR"
        RANGES = "RANGES"
        SET = "SET"
        TEXT = "TEXT"
        UNKNOWN = "UNKNOWN"

    class Scalar(base.Message, frozen=True, kw_only=True):
        value: float

    class Range(base.Message, frozen=True, kw_only=True):
        begin: base.UInt64
        end: base.UInt64

        def __post_init__(self) -> None:
            if self.begin > base.UINT64:
                base.too_large("begin")
            if self.end > base.UINT64:
                base.too_large("end")

    class Ranges(base.Message, frozen=True, kw_only=True):
        range: list[Value.Range] = []

    class Set(base.Message, frozen=True, kw_only=True):
        item: list[str] = []

    class Text(base.Message, frozen=True, kw_only=True):
        value: str

    type: Value.Type
    scalar: Value.Scalar | None = None
    ranges: Value.Ranges | None = None
    set: Value.Set | None = None
    text: Value.Text | None = None

    def __post_init__(self) -> None:
        if self.type._value_ == "UNKNOWN":
            base.expect("type")


class DurationInfo(base.Message, frozen=True, kw_only=True):
    nanoseconds: base.Int64


class TimeInfo(base.Message, frozen=True, kw_only=True):
    nanoseconds: base.Int64


class Unavailability(base.Message, frozen=True, kw_only=True):
    start: TimeInfo
    duration: DurationInfo | None = None


class Address(base.Message, frozen=True, kw_only=True):
    hostname: str | None = None
    ip: str | None = None
    port: base.Int32


class URL(base.Message, frozen=True, kw_only=True):
    scheme: str
    address: Address
    path: str | None = None
    query: list[Parameter] = []
    fragment: str | None = None


class Attribute(base.Message, frozen=True, kw_only=True):
    name: str
    type: Value.Type
    scalar: Value.Scalar | None = None
    ranges: Value.Ranges | None = None
    set: Value.Set | None = None
    text: Value.Text | None = None

    def __post_init__(self) -> None:
        if self.type._value_ == "UNKNOWN":
            base.expect("type")


class DomainInfo(base.Message, frozen=True, kw_only=True):
    class FaultDomain(base.Message, frozen=True, kw_only=True):
        class RegionInfo(base.Message, frozen=True, kw_only=True):
            name: str

        class ZoneInfo(base.Message, frozen=True, kw_only=True):
            name: str

        region: DomainInfo.FaultDomain.RegionInfo
        zone: DomainInfo.FaultDomain.ZoneInfo

    fault_domain: DomainInfo.FaultDomain | None = None


class Secret(base.Message, frozen=True, kw_only=True):
    class Type(base.Enum):
        UNKNOWN = "UNKNOWN"
        REFERENCE = "REFERENCE"
        VALUE = "VALUE"

    class Reference(base.Message, frozen=True, kw_only=True):
        name: str
        key: str | None = None

    class Value(base.Message, frozen=True, kw_only=True):
        data: bytes

    type: Secret.Type | None = None
    reference: Secret.Reference | None = None
    value: Secret.Value | None = None

    def __post_init__(self) -> None:
        if self.type is not None and self.type._value_ == "UNKNOWN":
            base.absent(self, "type")


class Environment(base.Message, frozen=True, kw_only=True):
    class Variable(base.Message, frozen=True, kw_only=True):
        class Type(base.ExplicitUnknown):
            UNKNOWN = "UNKNOWN"
            VALUE = "VALUE"
            SECRET = "SECRET"

        name: str
        type: Environment.Variable.Type | None = None  # default VALUE
        value: str | None = None
        secret: Secret | None = None

        def __post_init__(self) -> None:
            if self.type is not None and not self.type._value_:
                base.absent(self, "type")

    variables: list[Environment.Variable] = []


class CommandInfo(base.Message, frozen=True, kw_only=True):
    class URI(base.Message, frozen=True, kw_only=True):
        value: str
        executable: bool | None = None
        extract: bool | None = None  # default true
        cache: bool | None = None
        output_file: str | None = None

    uris: list[CommandInfo.URI] = []
    environment: Environment | None = None
    shell: bool | None = None  # default true
    value: str | None = None
    arguments: list[str] = []
    user: str | None = None


class Credential(base.Message, frozen=True, kw_only=True):
    principal: str
    secret: str | None = None


class Filters(base.Message, frozen=True, kw_only=True):
    refuse_seconds: float | None = None  # default 5


class OfferFilters(base.Message, frozen=True, kw_only=True):
    class ResourceQuantities(base.Message, frozen=True, kw_only=True):
        quantities: dict[str, Value.Scalar] = {}

    class MinAllocatableResources(base.Message, frozen=True, kw_only=True):
        quantities: list[OfferFilters.ResourceQuantities] = []

    min_allocatable_resources: OfferFilters.MinAllocatableResources | None = None
