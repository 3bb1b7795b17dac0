"""Weights of roles that operators set: checked, kept by the registry, and those of the next master."""

from __future__ import annotations

import json

import pytest

from dcos_runtime.core.frozen import Log, Persist, Persisted, Reply
from dcos_runtime.master.core import chores, events, recorded, registry
from dcos_runtime.master.core.allocator import AllocatorSettings
from dcos_runtime.master.core.effects import Send
from dcos_runtime.wire import codec
from tests.support.cores.kernel_pair import Pair, scalar
from tests.support.cores.master_core import NOW, Core, connecting

REFUSED = "Failed to validate update weights request JSON"


def asked(core: Core, *weights: tuple[str, float]) -> tuple[int, str]:
    reply = core.ask(events.WeightsAsked(7, weights))
    assert reply.request == 7
    return reply.status, reply.body.decode()


def flagged(core: Core | None = None) -> Core:
    """A master whose flag says ``fl=3``; the next one after ``core``."""
    return Core(core.registry if core is not None else None, allocator=AllocatorSettings(weights={"fl": 3.0}))


def test_weights_are_kept_and_those_of_the_flag_with_them() -> None:
    core = flagged()
    assert core.core.state.weights == {"fl": 3.0} and core.registry == {}
    assert asked(core, (" a ", 2.5), ("a/b", 0.5), ("a/b", 4.0), ("*", 3.0)) == (200, "")
    known = {"fl": 3.0, "a": 2.5, "a/b": 4.0, "*": 3.0}
    assert core.core.state.weights == known
    assert {key: json.loads(value or b"") for key, value in core.registry.items()} == {
        f"weights/{role}": {"weight": weight, "version": 1} for role, weight in known.items()
    }
    following = Core(core.registry, allocator=AllocatorSettings(weights={"other": 9.0}))
    assert following.core.state.weights == known
    assert any(isinstance(one, Log) and "--weights are not looked at" in one.text for one in following.recovered)
    assert asked(following, ("a", 1.0)) == (200, "")
    assert Core(following.registry).core.state.weights == {**known, "a": 1.0}


def test_nothing_counts_before_it_is_written() -> None:
    """And two updates that are under way together do not take anything from each other."""
    core = flagged()
    effects = core.core.receive(events.WeightsAsked(1, (("a", 2.0),)), NOW)
    effects += core.core.receive(events.WeightsAsked(2, (("b", 5.0),)), NOW)
    assert core.core.state.weights == {"fl": 3.0} and not any(isinstance(one, Reply) for one in effects)
    again = recorded.restored(b"1", core.core.snapshot())
    for one in (core.core, again):
        replies = []
        for write in [effect for effect in effects if isinstance(effect, Persist)]:
            replies += [one for one in one.receive(Persisted(write.id), NOW) if isinstance(one, Reply)]
        assert [(reply.request, reply.status) for reply in replies] == [(1, 200), (2, 200)]
        assert one.state.weights == {"fl": 3.0, "a": 2.0, "b": 5.0}
    written: dict[str, bytes | None] = {}
    for write in [effect for effect in effects if isinstance(effect, Persist)]:
        written.update(write.changes)
    assert Core(written).core.state.weights == {"fl": 3.0, "a": 2.0, "b": 5.0}


def test_refusals_are_those_of_mesos() -> None:
    """Texts of a real Mesos 1.11; that infinity is refused is ours."""
    core = flagged()
    positive = "Weights must be positive"
    for role, weight, text in [
        ("a", 0.0, f" for role 'a': Invalid weight '0': {positive}"),
        ("a", -1.5, f" for role 'a': Invalid weight '-1.5': {positive}"),
        ("a", float("nan"), f" for role 'a': Invalid weight 'nan': {positive}"),
        ("a", float("inf"), f" for role 'a': Invalid weight 'inf': {positive}"),
        ("", 1.0, ": Invalid role '': Role names cannot be the empty string"),
        ("/x", 1.0, ": Invalid role '/x': Role '/x' cannot start with a slash"),
        ("a b", 1.0, ": Invalid role 'a b': Role component 'a b' is invalid because it contains backspace or"
         " whitespace"),
    ]:  # fmt: skip
        assert asked(core, ("good", 2.0), (role, weight)) == (400, REFUSED + text)
    assert core.core.state.weights == {"fl": 3.0} and core.registry == {}
    assert asked(core) == (200, "")


def test_roles_with_a_weight_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dcos_runtime.master.core.weights.MOST", 3)
    core = flagged()
    assert asked(core, ("a", 2.0), ("b", 2.0))[0] == 200
    assert asked(core, ("a", 3.0))[0] == 200
    assert asked(core, ("c", 3.0)) == (400, f"{REFUSED}: more than 3 roles would have a weight")


@pytest.mark.parametrize("value", [b'{"weight":2.0,"version":2}', b"nonsense"])
def test_an_entry_that_cannot_be_read_keeps_the_master_from_leading(value: bytes) -> None:
    with pytest.raises((registry.UnknownRegistryVersion, codec.DecodeError)):
        Core({"weights/a": value})


def test_offers_are_made_anew_when_it_concerns_a_framework() -> None:
    pair = Pair()
    (offer_id,) = pair.offers
    assert pair.tell(events.WeightsAsked(1, (("other", 2.0), ("dev/below", 3.0)))) == 200
    assert list(pair.offers) == [offer_id]
    assert pair.tell(events.WeightsAsked(1, (("dev", 2.0),))) == 200
    assert not pair.offers
    pair.settle()
    (again,) = pair.offers
    assert again != offer_id


def test_the_share_of_a_role_follows_its_weight(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of twelve equal agents; offers are rescinded in steps."""
    monkeypatch.setattr(chores, "AT_ONCE", 5)
    core = Core()
    for host in range(12):
        body = {"hostname": f"h{host}", "port": 1, "resources": [scalar("cpus", 1)]}
        assert core.ask(connecting(body, 100 + host, None)).status == 200
    frameworks = [core.subscribe(None, role=role)[0] for role in ("one", "three")]

    def held() -> list[int]:
        core.core.receive(events.BudgetedTick(), NOW._replace(mono=core.stream * 10.0))
        core.stream += 1
        return [len(core.core.state.frameworks[one].offers) for one in frameworks]

    assert held() == [6, 6]
    effects = core.feed(events.WeightsAsked(1, (("three", 3.0),)))
    assert sum(isinstance(one, Send) for one in effects) == 5
    for _ in range(3):
        held()
    assert held() == [3, 9]
