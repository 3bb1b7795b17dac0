"""The fields of messages between masters, agents and frameworks that an observer reads: cheap to decode."""

from __future__ import annotations

import msgspec


class Id(msgspec.Struct):
    """An id of anything."""

    value: str = ""


class Scalar(msgspec.Struct):
    """The amount of a scalar resource."""

    value: float = 0.0


class Range(msgspec.Struct):
    """A range of ports, both ends included."""

    begin: int
    end: int


class Ranges(msgspec.Struct):
    """The ranges of a resource."""

    range: list[Range] = []


class Resource(msgspec.Struct):
    """A resource of an offer."""

    name: str
    scalar: Scalar | None = None
    ranges: Ranges | None = None


class Offer(msgspec.Struct):
    """An offer of an agent's resources."""

    id: Id
    agent_id: Id
    resources: list[Resource] = []


class Offers(msgspec.Struct):
    """The offers of one event."""

    offers: list[Offer] = []


class Status(msgspec.Struct):
    """The state of a task in an update."""

    task_id: Id
    state: str = ""
    uuid: str = ""
    reason: str = ""
    agent_id: Id | None = None


class Update(msgspec.Struct):
    """An update of a task."""

    status: Status


class Rescind(msgspec.Struct):
    """An offer that is withdrawn."""

    offer_id: Id


class Failure(msgspec.Struct):
    """An executor that has ended, or an agent that was removed."""

    agent_id: Id | None = None
    executor_id: Id | None = None


class Event(msgspec.Struct):
    """An event for a framework; the fields that an observer reads."""

    type: str
    failure: Failure | None = None
    offers: Offers | None = None
    update: Update | None = None
    rescind: Rescind | None = None


class Executor(msgspec.Struct):
    """The executor of a task."""

    executor_id: Id


class Info(msgspec.Struct):
    """A TaskInfo."""

    task_id: Id
    executor: Executor | None = None


class Message(msgspec.Struct):
    """A message of an agent; the fields that an observer reads."""

    seq: int
    framework_id: str = ""
    status: Status | int | None = None
    latest_state: str = ""
    type: str = ""
    executor_id: str = ""


class Batch(msgspec.Struct):
    """Messages that an agent sends at once."""

    agent_id: str
    epoch: int
    messages: list[Message]


class Running(msgspec.Struct):
    """A task that an agent has when it registers."""

    framework_id: str
    task: Info
    state: str


class RunningExecutor(msgspec.Struct):
    """A custom executor that an agent has when it registers."""

    framework_id: str
    executor_id: str


class Connect(msgspec.Struct):
    """The registration of an agent."""

    tasks: list[Running] = []
    executors: list[RunningExecutor] = []
