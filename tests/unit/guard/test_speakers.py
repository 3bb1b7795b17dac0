"""Which daemons may name the user whose request they pass on: gateways, and standbys of the same kind."""

from __future__ import annotations

import uuid

import pytest
from aiohttp.test_utils import make_mocked_request

from dcos_runtime import tls
from dcos_runtime.flags.leading import LeadingFlags
from dcos_runtime.guard.guard import Denied, guard

KINDS = ("gateway", "counters", "master", "operator")


@pytest.mark.parametrize(
    ("kind", "named", "principal"),
    [
        ("gateway", "eve", "eve"),
        ("counters", "eve", "eve"),
        ("counters", "dcos_gateway", "dcos_gateway"),  # a standby names whoever asked it, daemons too
        ("counters", None, "dcos_counters"),
        ("master", "eve", "dcos_master"),
        ("operator", "eve", "dcos_operator"),
    ],
)
async def test_a_user_is_named_by_gateways_and_by_standbys_of_the_same_kind_alone(
    monkeypatch: pytest.MonkeyPatch, kind: str, named: str | None, principal: str
) -> None:
    identity = tls.Identity(str(uuid.uuid4()), kind, "198.18.0.11")
    monkeypatch.setattr(tls, "is_tls", lambda request: True)
    monkeypatch.setattr(tls, "peer", lambda request: identity)
    known = guard("dcos", LeadingFlags(work_dir="/x"), tls_kinds=KINDS, kind="counters")
    request = make_mocked_request("GET", "/", headers={} if named is None else {tls.SPOKEN_FOR: named})
    assert await known.principal(request, required=True) == principal


async def test_a_gateway_names_no_daemon(monkeypatch: pytest.MonkeyPatch) -> None:
    identity = tls.Identity(str(uuid.uuid4()), "gateway", "198.18.0.11")
    monkeypatch.setattr(tls, "is_tls", lambda request: True)
    monkeypatch.setattr(tls, "peer", lambda request: identity)
    known = guard("dcos", LeadingFlags(work_dir="/x"), tls_kinds=KINDS, kind="counters")
    with pytest.raises(Denied) as refused:
        await known.principal(make_mocked_request("GET", "/", headers={tls.SPOKEN_FOR: "dcos_master"}), required=True)
    assert refused.value.status == 403


async def test_a_further_kind_is_let_in_when_a_flag_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    identity = tls.Identity(str(uuid.uuid4()), "names", "198.18.0.11")
    monkeypatch.setattr(tls, "is_tls", lambda request: True)
    monkeypatch.setattr(tls, "peer", lambda request: identity)
    request = make_mocked_request("GET", "/")
    usual = guard("dcos", LeadingFlags(work_dir="/x"), tls_kinds=KINDS, kind="counters")
    with pytest.raises(Denied) as refused:
        await usual.principal(request, required=True)
    assert refused.value.status == 403
    told = guard("dcos", LeadingFlags(work_dir="/x", tls_clients=("names",)), tls_kinds=KINDS, kind="counters")
    assert await told.principal(request, required=True) == "dcos_names"
