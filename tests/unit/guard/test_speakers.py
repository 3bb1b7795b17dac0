"""Which daemons may name the user whose request they pass on: gateways, and standbys of the same kind."""

from __future__ import annotations

import ast
import dataclasses
import uuid
from pathlib import Path

import pytest
from aiohttp.test_utils import make_mocked_request

from dcos_runtime import tls
from dcos_runtime.flags.leading import PlainLeaderFlags
from dcos_runtime.guard.guard import Denied, guard
from dcos_runtime.shipped_services import shipped, speakers

KINDS = ("gateway", "counters", "master", "operator")


def test_no_daemon_is_named_by_the_guards_code() -> None:
    """Who calls, and who speaks for users, is said by descriptors, and told by flags."""
    library = Path(tls.__file__).parent / "guard"
    kinds = {record.kind for record in shipped().values()} - {""}
    assert {"gateway", "master"} <= kinds
    for path in (*library.glob("*.py"), Path(tls.__file__)):
        for node in ast.walk(ast.parse(path.read_text())):
            assert not (isinstance(node, ast.Constant) and node.value in kinds), f"{path}:{node.lineno}: {node.value}"


def test_those_speak_for_users_whose_descriptors_say_that_they_pass_on() -> None:
    assert speakers() == PlainLeaderFlags.find("tls_speakers").default == ("gateway",)


@pytest.mark.parametrize(
    ("kind", "named", "principal"),
    [
        ("gateway", "eve", "eve"),
        ("counters", "eve", "eve"),
        ("counters", "dcos_gateway", "dcos_gateway"),  # a standby names its client, also a daemon
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
    known = guard("dcos", PlainLeaderFlags(work_dir="/x"), tls_kinds=KINDS, kind="counters")
    request = make_mocked_request("GET", "/", headers={} if named is None else {tls.SPOKEN_FOR: named})
    assert await known.principal(request, required=True) == principal


async def test_a_gateway_names_no_daemon(monkeypatch: pytest.MonkeyPatch) -> None:
    identity = tls.Identity(str(uuid.uuid4()), "gateway", "198.18.0.11")
    monkeypatch.setattr(tls, "is_tls", lambda request: True)
    monkeypatch.setattr(tls, "peer", lambda request: identity)
    known = guard("dcos", PlainLeaderFlags(work_dir="/x"), tls_kinds=KINDS, kind="counters")
    with pytest.raises(Denied) as refused:
        await known.principal(make_mocked_request("GET", "/", headers={tls.SPOKEN_FOR: "dcos_master"}), required=True)
    assert refused.value.status == 403


async def test_a_further_kind_speaks_for_users_when_a_flag_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    identity = tls.Identity(str(uuid.uuid4()), "desk", "198.18.0.11")
    monkeypatch.setattr(tls, "is_tls", lambda request: True)
    monkeypatch.setattr(tls, "peer", lambda request: identity)
    let_in = PlainLeaderFlags(work_dir="/x", tls_clients=("desk",))
    request = make_mocked_request("GET", "/", headers={tls.SPOKEN_FOR: "eve"})
    assert await guard("dcos", let_in, kind="counters").principal(request, required=True) == "dcos_desk"
    speaks = dataclasses.replace(let_in, tls_speakers=("desk",))
    assert await guard("dcos", speaks, kind="counters").principal(request, required=True) == "eve"
    request = make_mocked_request("GET", "/", headers={tls.SPOKEN_FOR: "dcos_master"})
    with pytest.raises(Denied) as refused:
        await guard("dcos", speaks, kind="counters").principal(request, required=True)
    assert refused.value.status == 403


async def test_a_further_kind_is_let_in_when_a_flag_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    identity = tls.Identity(str(uuid.uuid4()), "names", "198.18.0.11")
    monkeypatch.setattr(tls, "is_tls", lambda request: True)
    monkeypatch.setattr(tls, "peer", lambda request: identity)
    request = make_mocked_request("GET", "/")
    usual = guard("dcos", PlainLeaderFlags(work_dir="/x"), tls_kinds=KINDS, kind="counters")
    with pytest.raises(Denied) as refused:
        await usual.principal(request, required=True)
    assert refused.value.status == 403
    found = guard("dcos", PlainLeaderFlags(work_dir="/x", tls_clients=("names",)), tls_kinds=KINDS, kind="counters")
    assert await found.principal(request, required=True) == "dcos_names"
