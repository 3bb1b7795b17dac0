"""The fields of messages between masters, agents and frameworks that an observer reads: cheap to decode."""

from __future__ import annotations

import msgspec


class Id(msgspec.Struct):
    value: str = ""


class Scalar(msgspec.Struct):
    value: float = 0.0


class Range(msgspec.Struct):
    begin: int
    end: int


class Ranges(msgspec.Struct):
    range: list[Range] = []


class Resource(msgspec.Struct):
    name: str
    scalar: Scalar | None = None
    ranges: Ranges | None = None


class Offer(msgspec.Struct):
    id: Id
    agent_id: Id
    resources: list[Resource] = []


class Offers(msgspec.Struct):
    offers: list[Offer] = []


class Status(msgspec.Struct):
    task_id: Id
    state: str = ""
    uuid: str = ""
    reason: str = ""
    agent_id: Id | None = None


class Update(msgspec.Struct):
    status: Status


class Rescind(msgspec.Struct):
    offer_id: Id


class Event(msgspec.Struct):
    """An event for a framework; the fields that an observer reads."""

    type: str
    offers: Offers | None = None
    update: Update | None = None
    rescind: Rescind | None = None


class Info(msgspec.Struct):
    task_id: Id


class Message(msgspec.Struct):
    """A message of an agent; the fields that an observer reads."""

    seq: int
    framework_id: str = ""
    status: Status | None = None
    latest_state: str = ""


class Batch(msgspec.Struct):
    agent_id: str
    epoch: int
    messages: list[Message]


class Running(msgspec.Struct):
    framework_id: str
    task: Info
    state: str


class Connect(msgspec.Struct):
    tasks: list[Running] = []
