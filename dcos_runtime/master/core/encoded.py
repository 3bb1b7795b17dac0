"""OFFERS as JSON, joined from fragments: what the codec would write of the same messages, byte by byte.

What an offer says of its agent is encoded once for an agent, and what it says of a kind of resource once for a kind.
"""

from __future__ import annotations

from collections.abc import Sequence

from dcos_runtime.core import resources as amounts
from dcos_runtime.core.resources import Format, Kind, Resources
from dcos_runtime.wire import codec
from dcos_runtime.wire.cluster import AgentInfo
from dcos_runtime.wire.cluster import Offer as WireOffer
from dcos_runtime.wire.common import URL, Address, AgentID, FrameworkID, OfferID
from dcos_runtime.wire.resources import Resource

_UNNAMED = b'{"id":{"value":""},"framework_id":{"value":""},'
_SCALAR = b'"scalar":{"value":1.0}'
_RANGE = b'"range":[{"begin":1,"end":1}]'
_MOST_TEMPLATES = 16384

_templates: dict[tuple[Kind, Format, str | None, bool], tuple[bytes, bytes]] = {}


class Fragments:
    """Of one agent, true as long as its info and address are these."""

    __slots__ = ("address", "attributes", "head", "info", "resources", "resources_of", "url")

    def __init__(self, agent_id: str, info: AgentInfo, address: str) -> None:
        self.info = info
        self.address = address
        url = Address(hostname=info.hostname, ip=address, port=info.port or 5051)
        self.url = URL(scheme="http", address=url, path="/slave(1)")
        offer = WireOffer(
            id=OfferID(value=""),
            framework_id=FrameworkID(value=""),
            agent_id=AgentID(value=agent_id),
            hostname=info.hostname,
            url=self.url,
            domain=info.domain,
        )
        encoded = codec.encode(offer)
        assert encoded.startswith(_UNNAMED)
        self.head = encoded[len(_UNNAMED) : -1]
        self.attributes = b',"attributes":' + codec.encode(info.attributes) if info.attributes else b""
        self.resources = b""
        self.resources_of: tuple[Resources, Format, str | None] | None = None

    def encoded(self, resources: Resources, format: Format, role: str | None) -> bytes:
        """The resources; the last ones are kept: what nobody takes is offered again and again."""
        known = self.resources_of
        if known is None or known[0] is not resources or known[1] is not format or known[2] != role:
            self.resources = encode_resources(resources, format, role)
            self.resources_of = (resources, format, role)
        return self.resources


def offer(
    fragments: Fragments,
    offer_id: str,
    framework: bytes,
    resources: Resources,
    format: Format,
    role: str | None,
) -> bytes:
    """One offer. ``framework``: its id as JSON. ``role``: whom it is allocated to, where that is told."""
    allocation = b"" if role is None else b',"allocation_info":{"role":%b}' % codec.encode(role)
    return b'{"id":{"value":%b},"framework_id":{"value":%b},%b,"resources":%b%b%b}' % (
        codec.encode(offer_id),
        framework,
        fragments.head,
        fragments.encoded(resources, format, role),
        fragments.attributes,
        allocation,
    )


def event(offers: Sequence[bytes]) -> bytes:
    return b'{"type":"OFFERS","offers":{"offers":[%b]}}' % b",".join(offers)


def encode_resources(resources: Resources, format: Format, role: str | None) -> bytes:
    """What `amounts.wire` makes of them, as JSON."""
    if resources.things or resources.sets:
        return codec.encode(amounts.wire(resources, format, role))
    parts: list[bytes] = []
    scalars = resources.scalars
    for kind in sorted(scalars, key=_order):
        before, after = _template(kind, format, role, scalar=True)
        value = repr(scalars[kind] / amounts.THOUSANDTHS).encode()
        parts.append(b'%b"scalar":{"value":%b}%b' % (before, value, after))
    for kind, intervals in resources.ranges.items():
        before, after = _template(kind, format, role, scalar=False)
        numbers = b",".join(b'{"begin":%d,"end":%d}' % interval for interval in intervals)
        parts.append(b'%b"range":[%b]%b' % (before, numbers, after))
    return b"[%b]" % b",".join(parts)


def _order(kind: Kind) -> tuple[int, str, str, str]:
    return kind.order


def _template(kind: Kind, format: Format, role: str | None, scalar: bool) -> tuple[bytes, bytes]:
    """What comes before and after the amount. No string has these bytes in it: its quotes are escaped."""
    key = (kind, format, role, scalar)
    found = _templates.get(key)
    if found is None:
        if len(_templates) >= _MOST_TEMPLATES:
            _templates.clear()
        one = Resources({kind: amounts.THOUSANDTHS}) if scalar else Resources(ranges={kind: ((1, 1),)})
        (message,) = amounts.wire(one, format, role)
        before, _, after = codec.encode(message).partition(_SCALAR if scalar else _RANGE)
        found = _templates[key] = before, after
    return found


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
    return WireOffer(
        id=OfferID(value=offer_id),
        framework_id=FrameworkID(value=framework_id),
        agent_id=AgentID(value=agent_id),
        hostname=fragments.info.hostname,
        url=fragments.url,
        domain=fragments.info.domain,
        resources=amounts.wire(resources, format, allocated_to=role),
        attributes=fragments.info.attributes,
        allocation_info=Resource.AllocationInfo(role=role) if role is not None else None,
    )
