"""Ids, values, labels and commands: the Mesos v1 messages that all others use."""

from __future__ import annotations

from dcos_runtime.wire.base import Enum, EnumMessage, Message


class AgentID(Message, kw_only=True):
    value: str


class ExecutorID(Message, kw_only=True):
    value: str


class FrameworkID(Message, kw_only=True):
    value: str


class TaskID(Message, kw_only=True):
    value: str


class OfferID(Message, kw_only=True):
    value: str


class OperationID(Message, kw_only=True):
    value: str


class ContainerID(Message, kw_only=True):
    value: str
    parent: ContainerID | None = None


class ResourceProviderID(Message, kw_only=True):
    value: str


class UUID(Message, kw_only=True):
    value: bytes


class Label(Message, kw_only=True):
    key: str
    value: str | None = None


class Labels(Message, kw_only=True):
    labels: list[Label] = []


class Parameter(Message, kw_only=True):
    key: str
    value: str


class Parameters(Message, kw_only=True):
    parameter: list[Parameter] = []


class Value(EnumMessage, kw_only=True):
    REQUIRED_ENUMS = ("type",)

    class Type(Enum):
        SCALAR = "SCALAR"
        RANGES = "RANGES"
        SET = "SET"
        TEXT = "TEXT"
        UNKNOWN = "UNKNOWN"

    class Scalar(Message, kw_only=True):
        value: float

    class Range(Message, kw_only=True):
        begin: int
        end: int

    class Ranges(Message, kw_only=True):
        range: list[Value.Range] = []

    class Set(Message, kw_only=True):
        item: list[str] = []

    class Text(Message, kw_only=True):
        value: str

    type: Value.Type
    scalar: Value.Scalar | None = None
    ranges: Value.Ranges | None = None
    set: Value.Set | None = None
    text: Value.Text | None = None


class DurationInfo(Message, kw_only=True):
    nanoseconds: int


class TimeInfo(Message, kw_only=True):
    nanoseconds: int


class Unavailability(Message, kw_only=True):
    start: TimeInfo
    duration: DurationInfo | None = None


class Address(Message, kw_only=True):
    hostname: str | None = None
    ip: str | None = None
    port: int


class URL(Message, kw_only=True):
    scheme: str
    address: Address
    path: str | None = None
    query: list[Parameter] = []
    fragment: str | None = None


class Attribute(EnumMessage, kw_only=True):
    REQUIRED_ENUMS = ("type",)
    name: str
    type: Value.Type
    scalar: Value.Scalar | None = None
    ranges: Value.Ranges | None = None
    set: Value.Set | None = None
    text: Value.Text | None = None


class DomainInfo(Message, kw_only=True):
    class FaultDomain(Message, kw_only=True):
        class RegionInfo(Message, kw_only=True):
            name: str

        class ZoneInfo(Message, kw_only=True):
            name: str

        region: DomainInfo.FaultDomain.RegionInfo
        zone: DomainInfo.FaultDomain.ZoneInfo

    fault_domain: DomainInfo.FaultDomain | None = None


class Secret(EnumMessage, kw_only=True):
    OPTIONAL_ENUMS = ("type",)

    class Type(Enum):
        UNKNOWN = "UNKNOWN"
        REFERENCE = "REFERENCE"
        VALUE = "VALUE"

    class Reference(Message, kw_only=True):
        name: str
        key: str | None = None

    class Value(Message, kw_only=True):
        data: bytes

    type: Secret.Type | None = None
    reference: Secret.Reference | None = None
    value: Secret.Value | None = None


class Environment(Message, kw_only=True):
    class Variable(EnumMessage, kw_only=True):
        OPTIONAL_ENUMS = ("type",)

        class Type(Enum):
            UNKNOWN = "UNKNOWN"
            VALUE = "VALUE"
            SECRET = "SECRET"

        name: str
        type: Environment.Variable.Type | None = None  # default VALUE
        value: str | None = None
        secret: Secret | None = None

    variables: list[Environment.Variable] = []


class CommandInfo(Message, kw_only=True):
    class URI(Message, kw_only=True):
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


class Credential(Message, kw_only=True):
    principal: str
    secret: str | None = None


class Filters(Message, kw_only=True):
    refuse_seconds: float | None = None  # default 5


class OfferFilters(Message, kw_only=True):
    class ResourceQuantities(Message, kw_only=True):
        quantities: dict[str, Value.Scalar] = {}

    class MinAllocatableResources(Message, kw_only=True):
        quantities: list[OfferFilters.ResourceQuantities] = []

    min_allocatable_resources: OfferFilters.MinAllocatableResources | None = None
