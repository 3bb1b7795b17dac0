"""OFFERS joined from fragments: byte for byte what the codecs would write, in either content type. The part about the
agent is encoded once for each agent and content type, the part about a kind of resource once for each kind. Nothing is
encoded again for another subscriber.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import msgspec

from dcos_runtime.core import resources as amounts
from dcos_runtime.core.resources import Format, Kind, Resources
from dcos_runtime.wire import codec, protobuf
from dcos_runtime.wire.cluster import AgentInfo, FrameworkInfo
from dcos_runtime.wire.cluster import Offer as WireOffer
from dcos_runtime.wire.common import URL, Address, AgentID, FrameworkID, OfferID, Unavailability
from dcos_runtime.wire.protobuf import joining
from dcos_runtime.wire.resources import Resource

_MOST_TEMPLATES = 16384
_Key = tuple[Kind, Format, str | None]


class Form(Protocol):
    """How offers are written in one content type. Its arguments and results are encoded in it."""

    def offer_id(self, value: str) -> bytes:
        """For `offer`."""

    def offer_ids(self, before: str, numbers: range) -> list[bytes]:
        """The same for ids that consist of a text and a number."""

    def framework_id(self, value: str) -> bytes:
        """For `offer`."""

    def parts(self, of: Fragments) -> tuple[bytes, bytes, bytes]:
        """The parts about the agent: before the resources, after them, and at the end of the offer."""

    def resources(self, resources: Resources, format: Format, role: str | None) -> bytes:
        """The field with all of them."""

    def body(self, parts: tuple[bytes, bytes, bytes], resources: bytes, role: str | None) -> bytes:
        """All of an offer but the ids. ``role``: the role of the allocation, where that is sent."""

    def offer(self, offer_id: bytes, framework_id: bytes, body: bytes) -> bytes:
        """The whole."""

    def event(self, offers: Sequence[bytes]) -> bytes:
        """The whole."""


class OfferEncoding(NamedTuple):
    """How offers are sent to a framework; valid while its ``info`` and the content type ``accepted`` stay the same."""

    info: FrameworkInfo
    accepted: str
    form: Form
    framework_id: bytes
    format: Format
    multi_role: bool


class Fragments:
    """The fragments of one agent; valid while its info, address and ``unavailability`` (that of its machine, if it is
    scheduled) stay the same.
    """

    __slots__ = ("_kept", "_last", "address", "agent_id", "info", "unavailability", "url")

    def __init__(
        self, agent_id: str, info: AgentInfo, address: str, unavailability: Unavailability | None = None
    ) -> None:
        self.unavailability = unavailability
        self.agent_id = agent_id
        self.info = info
        self.address = address
        url = Address(hostname=info.hostname, ip=address, port=info.port or 5051)
        self.url = URL(scheme="http", address=url, path="/slave(1)")
        self._kept: dict[Form, tuple[bytes, bytes, bytes]] = {}
        self._last: tuple[Resources, Form, Format, str | None, bytes] | None = None

    def body(self, form: Form, resources: Resources, format: Format, role: str | None) -> bytes:
        """`Form.body`. The last one is kept: resources that no framework takes are offered again and again."""
        last = self._last
        if last is not None and last[0] is resources and last[1] is form and last[2] is format and last[3] == role:
            return last[4]
        parts = self._kept.get(form)
        if parts is None:
            parts = self._kept[form] = form.parts(self)
        made = form.body(parts, form.resources(resources, format, role), role)
        self._last = (resources, form, format, role, made)
        return made


class _Json:
    """`application/json`."""

    _UNNAMED = b'{"id":{"value":""},"framework_id":{"value":""},'
    _SCALAR = b'"scalar":{"value":1.0}'
    _RANGE = b'"range":[{"begin":1,"end":1}]'

    def __init__(self) -> None:
        self._scalars: dict[_Key, tuple[bytes, bytes]] = {}
        self._ranges: dict[_Key, tuple[bytes, bytes]] = {}

    def offer_id(self, value: str) -> bytes:
        return codec.text(value)

    framework_id = offer_id

    def offer_ids(self, before: str, numbers: range) -> list[bytes]:
        begin = codec.text(before)[:-1]
        return [b'%b%d"' % (begin, number) for number in numbers]

    def parts(self, of: Fragments) -> tuple[bytes, bytes, bytes]:
        encoded = codec.encode(_of_agent(of.agent_id, of.info, of.url))
        assert encoded.startswith(self._UNNAMED)
        after = b',"attributes":' + codec.encode(of.info.attributes) if of.info.attributes else b""
        if of.unavailability is not None:
            after += b',"unavailability":' + codec.encode(of.unavailability)
        return encoded[len(self._UNNAMED) : -1], after, b""

    def body(self, parts: tuple[bytes, bytes, bytes], resources: bytes, role: str | None) -> bytes:
        allocated = b',"allocation_info":{"role":%b}' % codec.text(role) if role is not None else b""
        return b'%b,"resources":%b%b%b}' % (parts[0], resources, parts[1], allocated)

    def offer(self, offer_id: bytes, framework_id: bytes, body: bytes) -> bytes:
        return b'{"id":{"value":%b},"framework_id":{"value":%b},%b' % (offer_id, framework_id, body)

    def event(self, offers: Sequence[bytes]) -> bytes:
        return b'{"type":"OFFERS","offers":{"offers":[%b]}}' % b",".join(offers)

    def resources(self, resources: Resources, format: Format, role: str | None) -> bytes:
        if resources.things or resources.sets:
            return codec.encode(amounts.wire(resources, format, role))
        parts: list[bytes] = []
        scalars = resources.scalars
        for kind in sorted(scalars, key=_order):
            before, after = self._scalars.get((kind, format, role)) or self._scalar(kind, format, role)
            value = repr(scalars[kind] / amounts.THOUSANDTHS).encode()
            parts.append(b'%b"scalar":{"value":%b}%b' % (before, value, after))
        for kind, intervals in resources.ranges.items():
            before, after = self._ranges.get((kind, format, role)) or self._range(kind, format, role)
            numbers = b",".join(b'{"begin":%d,"end":%d}' % interval for interval in intervals)
            parts.append(b'%b"range":[%b]%b' % (before, numbers, after))
        return b"[%b]" % b",".join(parts)

    def _scalar(self, *key: *_Key) -> tuple[bytes, bytes]:
        """The bytes before and after the amount. No string contains them, because quotes in it are escaped."""
        before, _, after = codec.encode(_one(*key, scalar=True)).partition(self._SCALAR)
        return _keep(self._scalars, key, (before, after))

    def _range(self, *key: *_Key) -> tuple[bytes, bytes]:
        before, _, after = codec.encode(_one(*key, scalar=False)).partition(self._RANGE)
        return _keep(self._ranges, key, (before, after))


class _Protobuf:
    """`application/x-protobuf`: fields in the order of their numbers, each part with its length before it."""

    _RANGE = joining.field(0x22, joining.field(0x0A, b"\x08\x01\x10\x01"))

    def __init__(self) -> None:
        self._scalars: dict[_Key, tuple[bytes, bytes]] = {}
        self._ranges: dict[_Key, tuple[bytes, bytes]] = {}

    def offer_id(self, value: str) -> bytes:
        return joining.field(0x0A, joining.field(0x0A, value.encode()))

    def offer_ids(self, before: str, numbers: range) -> list[bytes]:
        return [self.offer_id(f"{before}{number}") for number in numbers]

    def framework_id(self, value: str) -> bytes:
        return joining.field(0x12, joining.field(0x0A, value.encode()))

    def parts(self, of: Fragments) -> tuple[bytes, bytes, bytes]:
        info = of.info
        agent = joining.field(0x1A, joining.field(0x0A, of.agent_id.encode()))
        after = b"".join(joining.field(0x3A, protobuf.encode(one)) for one in info.attributes)
        after += joining.field(0x42, protobuf.encode(of.url))
        if of.unavailability is not None:
            after += joining.field(0x4A, protobuf.encode(of.unavailability))
        return (
            agent + joining.field(0x22, info.hostname.encode()),
            after,
            joining.field(0x5A, protobuf.encode(info.domain)) if info.domain is not None else b"",
        )

    def body(self, parts: tuple[bytes, bytes, bytes], resources: bytes, role: str | None) -> bytes:
        allocated = joining.field(0x52, joining.field(0x0A, role.encode())) if role is not None else b""
        return b"".join((parts[0], resources, parts[1], allocated, parts[2]))

    def offer(self, offer_id: bytes, framework_id: bytes, body: bytes) -> bytes:
        return joining.field(0x0A, b"%b%b%b" % (offer_id, framework_id, body))

    def event(self, offers: Sequence[bytes]) -> bytes:
        return b"\x08\x02" + joining.field(0x1A, b"".join(offers))

    def resources(self, resources: Resources, format: Format, role: str | None) -> bytes:
        if resources.things or resources.sets:
            found = amounts.wire(resources, format, role)
            return b"".join(joining.field(0x2A, protobuf.encode(one)) for one in found)
        parts: list[bytes] = []
        scalars, double = resources.scalars, joining.double
        for kind in sorted(scalars, key=_order):
            before, after = self._scalars.get((kind, format, role)) or self._scalar(kind, format, role)
            parts += (before, double(scalars[kind] / amounts.THOUSANDTHS), after)
        for kind, intervals in resources.ranges.items():
            before, after = self._ranges.get((kind, format, role)) or self._range(kind, format, role)
            numbers = b"".join(
                joining.field(0x0A, b"\x08%b\x10%b" % (joining.varint(begin), joining.varint(end)))
                for begin, end in intervals
            )
            parts.append(joining.field(0x2A, before + joining.field(0x22, numbers) + after))
        return b"".join(parts)

    def _scalar(self, *key: *_Key) -> tuple[bytes, bytes]:
        """The bytes before and after the amount, which always takes eight bytes."""
        begin, rest = self._split(key, b"\x1a\x09\x09" + joining.double(1.0), scalar=True)
        before = b"\x2a" + joining.varint(len(begin) + 11 + len(rest)) + begin + b"\x1a\x09\x09"
        return _keep(self._scalars, key, (before, rest))

    def _range(self, *key: *_Key) -> tuple[bytes, bytes]:
        """The bytes before and after the field with the intervals."""
        return _keep(self._ranges, key, self._split(key, self._RANGE, scalar=False))

    def _split(self, key: _Key, at: bytes, *, scalar: bool) -> tuple[bytes, bytes]:
        message = _one(*key, scalar=scalar)
        begin = protobuf.encode(Resource(name=message.name, type=message.type))
        encoded = protobuf.encode(message)
        assert encoded.startswith(begin + at)
        return begin, encoded[len(begin) + len(at) :]


FORMS: dict[str, Form] = {codec.CONTENT_TYPE: _Json(), protobuf.CONTENT_TYPE: _Protobuf()}
"""By content type. The codecs of protobuf have to be loaded before it is used, which takes a while."""


def _keep(templates: dict[_Key, tuple[bytes, bytes]], key: _Key, found: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    if len(templates) >= _MOST_TEMPLATES:
        templates.clear()
    templates[key] = found
    return found


def _one(kind: Kind, format: Format, role: str | None, *, scalar: bool) -> Resource:
    """One of the kind."""
    one = Resources({kind: amounts.THOUSANDTHS}) if scalar else Resources(ranges={kind: ((1, 1),)})
    (message,) = amounts.wire(one, format, role)
    return message


def _order(kind: Kind) -> tuple[int, str, str, str]:
    return kind.order


def _of_agent(agent_id: str, info: AgentInfo, url: URL) -> WireOffer:
    return WireOffer(
        id=OfferID(value=""),
        framework_id=FrameworkID(value=""),
        agent_id=AgentID(value=agent_id),
        hostname=info.hostname,
        url=url,
        domain=info.domain,
    )


def message(
    fragments: Fragments,
    offer_id: str,
    framework_id: str,
    agent_id: str,
    resources: Resources,
    format: Format,
    role: str | None,
) -> WireOffer:
    """The same offer as a message."""
    return msgspec.structs.replace(
        _of_agent(agent_id, fragments.info, fragments.url),
        id=OfferID(value=offer_id),
        framework_id=FrameworkID(value=framework_id),
        resources=amounts.wire(resources, format, allocated_to=role),
        attributes=fragments.info.attributes,
        unavailability=fragments.unavailability,
        allocation_info=Resource.AllocationInfo(role=role) if role is not None else None,
    )
