"""Calls and events of the scheduler API, `/api/v1/scheduler` (Mesos v1).

Made by `python -m dcos_runtime.wire.generator` from `wire/proto/scheduler.proto`; change that, and make it anew.
"""

from __future__ import annotations

from dcos_runtime.wire import base
from dcos_runtime.wire.cluster import (
    FrameworkInfo,
    InverseOffer,
    MasterInfo,
    Offer,
    OperationStatus,
    Request,
)
from dcos_runtime.wire.common import (
    AgentID,
    ExecutorID,
    Filters,
    FrameworkID,
    OfferID,
    OperationID,
    ResourceProviderID,
    TaskID,
)
from dcos_runtime.wire.tasks import (
    KillPolicy,
    TaskStatus,
)


class AttributeConstraint(base.Message, frozen=True, kw_only=True):
    class Selector(base.Message, frozen=True, kw_only=True):
        class PseudoattributeType(base.Enum):
            UNKNOWN = "UNKNOWN"
            HOSTNAME = "HOSTNAME"
            REGION = "REGION"
            ZONE = "ZONE"

        pseudoattribute_type: AttributeConstraint.Selector.PseudoattributeType | None = None
        attribute_name: str | None = None

        def __post_init__(self) -> None:
            if self.pseudoattribute_type is not None and self.pseudoattribute_type._value_ == "UNKNOWN":
                base.absent(self, "pseudoattribute_type")

    class Predicate(base.Message, frozen=True, kw_only=True):
        class Exists(base.Message, frozen=True, kw_only=True):
            pass

        class NotExists(base.Message, frozen=True, kw_only=True):
            pass

        class TextEquals(base.Message, frozen=True, kw_only=True):
            value: str

        class TextNotEquals(base.Message, frozen=True, kw_only=True):
            value: str

        class TextMatches(base.Message, frozen=True, kw_only=True):
            regex: str

        class TextNotMatches(base.Message, frozen=True, kw_only=True):
            regex: str

        exists: AttributeConstraint.Predicate.Exists | None = None
        not_exists: AttributeConstraint.Predicate.NotExists | None = None
        text_equals: AttributeConstraint.Predicate.TextEquals | None = None
        text_not_equals: AttributeConstraint.Predicate.TextNotEquals | None = None
        text_matches: AttributeConstraint.Predicate.TextMatches | None = None
        text_not_matches: AttributeConstraint.Predicate.TextNotMatches | None = None

    selector: AttributeConstraint.Selector
    predicate: AttributeConstraint.Predicate


class OfferConstraints(base.Message, frozen=True, kw_only=True):
    class RoleConstraints(base.Message, frozen=True, kw_only=True):
        class Group(base.Message, frozen=True, kw_only=True):
            attribute_constraints: list[AttributeConstraint] = []

        groups: list[OfferConstraints.RoleConstraints.Group] = []

    role_constraints: dict[str, OfferConstraints.RoleConstraints] = {}


class Call(base.Message, frozen=True, kw_only=True):
    class Type(base.Enum):
        UNKNOWN = "UNKNOWN"
        SUBSCRIBE = "SUBSCRIBE"
        TEARDOWN = "TEARDOWN"
        ACCEPT = "ACCEPT"
        DECLINE = "DECLINE"
        ACCEPT_INVERSE_OFFERS = "ACCEPT_INVERSE_OFFERS"
        DECLINE_INVERSE_OFFERS = "DECLINE_INVERSE_OFFERS"
        REVIVE = "REVIVE"
        KILL = "KILL"
        SHUTDOWN = "SHUTDOWN"
        ACKNOWLEDGE = "ACKNOWLEDGE"
        ACKNOWLEDGE_OPERATION_STATUS = "ACKNOWLEDGE_OPERATION_STATUS"
        RECONCILE = "RECONCILE"
        RECONCILE_OPERATIONS = "RECONCILE_OPERATIONS"
        MESSAGE = "MESSAGE"
        REQUEST = "REQUEST"
        SUPPRESS = "SUPPRESS"
        UPDATE_FRAMEWORK = "UPDATE_FRAMEWORK"

    class Subscribe(base.Message, frozen=True, kw_only=True):
        framework_info: FrameworkInfo
        suppressed_roles: list[str] = []
        offer_constraints: OfferConstraints | None = None

    class Accept(base.Message, frozen=True, kw_only=True):
        offer_ids: list[OfferID] = []
        operations: list[Offer.Operation] = []
        filters: Filters | None = None

    class Decline(base.Message, frozen=True, kw_only=True):
        offer_ids: list[OfferID] = []
        filters: Filters | None = None

    class AcceptInverseOffers(base.Message, frozen=True, kw_only=True):
        inverse_offer_ids: list[OfferID] = []
        filters: Filters | None = None

    class DeclineInverseOffers(base.Message, frozen=True, kw_only=True):
        inverse_offer_ids: list[OfferID] = []
        filters: Filters | None = None

    class Revive(base.Message, frozen=True, kw_only=True):
        roles: list[str] = []

    class Kill(base.Message, frozen=True, kw_only=True):
        task_id: TaskID
        agent_id: AgentID | None = None
        kill_policy: KillPolicy | None = None

    class Shutdown(base.Message, frozen=True, kw_only=True):
        executor_id: ExecutorID
        agent_id: AgentID

    class Acknowledge(base.Message, frozen=True, kw_only=True):
        agent_id: AgentID
        task_id: TaskID
        uuid: bytes

    class AcknowledgeOperationStatus(base.Message, frozen=True, kw_only=True):
        agent_id: AgentID | None = None
        resource_provider_id: ResourceProviderID | None = None
        uuid: bytes
        operation_id: OperationID

    class Reconcile(base.Message, frozen=True, kw_only=True):
        class Task(base.Message, frozen=True, kw_only=True):
            task_id: TaskID
            agent_id: AgentID | None = None

        tasks: list[Call.Reconcile.Task] = []

    class ReconcileOperations(base.Message, frozen=True, kw_only=True):
        class Operation(base.Message, frozen=True, kw_only=True):
            operation_id: OperationID
            agent_id: AgentID | None = None
            resource_provider_id: ResourceProviderID | None = None

        operations: list[Call.ReconcileOperations.Operation] = []

    class Message(base.Message, frozen=True, kw_only=True):
        agent_id: AgentID
        executor_id: ExecutorID
        data: bytes

    class Request(base.Message, frozen=True, kw_only=True):
        requests: list[Request] = []

    class Suppress(base.Message, frozen=True, kw_only=True):
        roles: list[str] = []

    class UpdateFramework(base.Message, frozen=True, kw_only=True):
        framework_info: FrameworkInfo
        suppressed_roles: list[str] = []
        offer_constraints: OfferConstraints | None = None

    framework_id: FrameworkID | None = None
    type: Call.Type | None = None
    subscribe: Call.Subscribe | None = None
    accept: Call.Accept | None = None
    decline: Call.Decline | None = None
    accept_inverse_offers: Call.AcceptInverseOffers | None = None
    decline_inverse_offers: Call.DeclineInverseOffers | None = None
    revive: Call.Revive | None = None
    kill: Call.Kill | None = None
    shutdown: Call.Shutdown | None = None
    acknowledge: Call.Acknowledge | None = None
    acknowledge_operation_status: Call.AcknowledgeOperationStatus | None = None
    reconcile: Call.Reconcile | None = None
    reconcile_operations: Call.ReconcileOperations | None = None
    message: Call.Message | None = None
    request: Call.Request | None = None
    suppress: Call.Suppress | None = None
    update_framework: Call.UpdateFramework | None = None

    def __post_init__(self) -> None:
        if self.type is not None and self.type._value_ == "UNKNOWN":
            base.absent(self, "type")


class Event(base.Message, frozen=True, kw_only=True):
    class Type(base.Enum):
        UNKNOWN = "UNKNOWN"
        SUBSCRIBED = "SUBSCRIBED"
        OFFERS = "OFFERS"
        INVERSE_OFFERS = "INVERSE_OFFERS"
        RESCIND = "RESCIND"
        RESCIND_INVERSE_OFFER = "RESCIND_INVERSE_OFFER"
        UPDATE = "UPDATE"
        UPDATE_OPERATION_STATUS = "UPDATE_OPERATION_STATUS"
        MESSAGE = "MESSAGE"
        FAILURE = "FAILURE"
        ERROR = "ERROR"
        HEARTBEAT = "HEARTBEAT"

    class Subscribed(base.Message, frozen=True, kw_only=True):
        framework_id: FrameworkID
        heartbeat_interval_seconds: float | None = None
        master_info: MasterInfo | None = None

    class Offers(base.Message, frozen=True, kw_only=True):
        offers: list[Offer] = []

    class InverseOffers(base.Message, frozen=True, kw_only=True):
        inverse_offers: list[InverseOffer] = []

    class Rescind(base.Message, frozen=True, kw_only=True):
        offer_id: OfferID

    class RescindInverseOffer(base.Message, frozen=True, kw_only=True):
        inverse_offer_id: OfferID

    class Update(base.Message, frozen=True, kw_only=True):
        status: TaskStatus

    class UpdateOperationStatus(base.Message, frozen=True, kw_only=True):
        status: OperationStatus

    class Message(base.Message, frozen=True, kw_only=True):
        agent_id: AgentID
        executor_id: ExecutorID
        data: bytes

    class Failure(base.Message, frozen=True, kw_only=True):
        agent_id: AgentID | None = None
        executor_id: ExecutorID | None = None
        status: base.Int32 | None = None

    class Error(base.Message, frozen=True, kw_only=True):
        message: str

    type: Event.Type | None = None
    subscribed: Event.Subscribed | None = None
    offers: Event.Offers | None = None
    inverse_offers: Event.InverseOffers | None = None
    rescind: Event.Rescind | None = None
    rescind_inverse_offer: Event.RescindInverseOffer | None = None
    update: Event.Update | None = None
    update_operation_status: Event.UpdateOperationStatus | None = None
    message: Event.Message | None = None
    failure: Event.Failure | None = None
    error: Event.Error | None = None

    def __post_init__(self) -> None:
        if self.type is not None and self.type._value_ == "UNKNOWN":
            base.absent(self, "type")


class Response(base.Message, frozen=True, kw_only=True):
    class Type(base.Enum):
        UNKNOWN = "UNKNOWN"
        RECONCILE_OPERATIONS = "RECONCILE_OPERATIONS"

    class ReconcileOperations(base.Message, frozen=True, kw_only=True):
        operation_statuses: list[OperationStatus] = []

    type: Response.Type | None = None
    reconcile_operations: Response.ReconcileOperations | None = None

    def __post_init__(self) -> None:
        if self.type is not None and self.type._value_ == "UNKNOWN":
            base.absent(self, "type")


class APIResult(base.Message, frozen=True, kw_only=True):
    status_code: base.UInt32
    response: Response | None = None
    error: str | None = None
