"""ACLs: the first rule that is about a request decides. What a real Mesos says to the same is compared in
`tests/contract/master_oracle/test_master_oracle_acls.py`.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcos_runtime.core.frozen import Reply
from dcos_runtime.guard.admission import Admission
from dcos_runtime.master.core import acls, events, recorded
from dcos_runtime.master.http import NEEDED_BY_PAGES, MasterRoutes
from dcos_runtime.master.operator_api.table import CALLS, NEEDED
from dcos_runtime.master.position import MasterPosition
from dcos_runtime.wire.acls import OBJECTS, Acls, Entity, Rule, read, text_of
from dcos_runtime.wire.master import Call
from tests.support.cores.master_core import NOW, Core

PRINCIPALS, NAMES = ("ops", "dev"), ("a", "b", "a/c", "a/c/d")
ANYTHING = Entity("ANY")


def entities(names: tuple[str, ...]) -> st.SearchStrategy[Entity]:
    values = st.lists(st.sampled_from(names), max_size=3).map(tuple)
    return st.one_of(st.builds(Entity, st.just("SOME"), values), st.sampled_from([ANYTHING, Entity("NONE")]))


def acls_of(action: str, below: bool = True) -> st.SearchStrategy[Acls]:
    objects = entities((*NAMES, "a/%", "b/%") if below else NAMES)
    some = st.lists(st.builds(Rule, entities(PRINCIPALS), objects), max_size=5).map(tuple)
    return st.builds(lambda permissive, rules: Acls(permissive, {action: rules}), st.booleans(), some)


WHO = st.sampled_from([*PRINCIPALS, "eve", None])


def covers(entity: Entity, name: str | None) -> bool:
    """The definition, in other words: roles below a role are written ``role/%``."""
    if name is None or entity.type != "SOME":
        return False
    parts = name.split("/")
    return bool({name, *("/".join([*parts[:depth], "%"]) for depth in range(1, len(parts)))} & set(entity.values))


@given(acls_of("update_quotas"), WHO, st.sampled_from([*NAMES, "z", None]))
def test_the_first_rule_about_both_decides(known: Acls, who: str | None, role: str | None) -> None:
    expected = known.permissive
    for rule in known.rules["update_quotas"]:
        kinds = (rule.principals, who), (rule.objects, role)
        if all(entity.type != "SOME" or covers(entity, name) for entity, name in kinds):
            expected = all(entity.type != "NONE" for entity, _ in kinds)
            break
    assert acls.permits(known, "update_quotas", who, role) is expected


@given(acls_of("view_tasks", below=False), WHO)
def test_all_is_permitted_when_each_thing_is(known: Acls, who: str | None) -> None:
    each = all(acls.permits(known, "view_tasks", who, name) for name in (*NAMES, "nobody has this name"))
    assert acls.permits_all(known, "view_tasks", who) is each


@given(acls_of("view_roles"), WHO)
def test_nobody_is_permitted_all_who_is_not_permitted_each(known: Acls, who: str | None) -> None:
    if acls.permits_all(known, "view_roles", who):
        assert all(acls.permits(known, "view_roles", who, name) for name in (*NAMES, "b/x", "z", "z/a"))


@given(st.sampled_from(sorted(OBJECTS)), WHO, st.sampled_from([*NAMES, None]))
def test_without_acls_all_is_permitted(action: str, who: str | None, name: str | None) -> None:
    assert acls.permits(Acls(), action, who, name) and acls.permits_all(Acls(), action, who)
    assert not acls.permits(Acls(False), action, who, name) and not acls.permits_all(Acls(False), action, who)


@given(acls_of("register_frameworks"))
def test_what_is_written_is_read_again(known: Acls) -> None:
    assert read(text_of(known)) == known


@given(st.recursive(st.none() | st.booleans() | st.text(max_size=3), lambda part: st.lists(part, max_size=2)
       | st.dictionaries(st.sampled_from(["permissive", "run_tasks", "principals", "users", "type", "values", "x"]),
                         part, max_size=3), max_leaves=8))  # fmt: skip
def test_any_json_is_acls_or_refused_in_words(given_json: Any) -> None:
    try:
        found = read(json.dumps(given_json))
    except ValueError as error:
        assert str(error)
    else:
        assert isinstance(found, Acls)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "not JSON"),
        ("[]", "expected a JSON object"),
        ('{"permissive": "no"}', "'permissive' has to be true or false"),
        ('{"get_endpoints": []}', "'get_endpoints' is no action that this version enforces"),
        ('{"run_tasks": {}}', "'run_tasks' has to be a list"),
        ('{"run_tasks": [{"principals": {"type": "ANY"}}]}', "has the fields 'principals' and 'users'"),
        ('{"run_tasks": [{"principals": {"type": "ALL"}, "users": {"type": "ANY"}}]}', "the type is SOME, ANY or NONE"),
        ('{"run_tasks": [{"principals": {"values": "x"}, "users": {"type": "ANY"}}]}', "has to be a list of strings"),
        ('{"run_tasks": [{"principals": {"any": 1}, "users": {"type": "ANY"}}]}', "of 'run_tasks': expected"),
        (
            '{"run_tasks": [{"principals": {"type": "ANY", "values": ["x"]}, "users": {"type": "ANY"}}]}',
            "has no values",
        ),
    ],
)
def test_acls_that_would_not_be_enforced_are_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=r"^.") as caught:
        read(text)
    assert why in str(caught.value)


# --- in force --------------------------------------------------------------------------------------------------------


def guarded(**rules: list[tuple[Entity, Entity]]) -> Core:
    known = {action: tuple(Rule(*pair) for pair in pairs) for action, pairs in rules.items()}
    return Core(acls=Acls(False, known))


def test_a_framework_has_no_role_that_its_principal_may_not_have() -> None:
    core = guarded(register_frameworks=[(Entity(values=("dev",)), Entity(values=("a", "a/%")))])
    assert core.subscribe("dev", role="a")[1] is None
    assert core.subscribe("dev", role="b")[1] == "Not authorized to register framework  with roles { b }"
    assert core.subscribe("eve", role="a")[1] == "Not authorized to register framework  with roles { a }"
    assert core.subscribe(None, role="a")[1] is not None
    again = recorded.restored(b"1", core.core.snapshot())
    assert again.state.settings.acls == core.core.state.settings.acls


def test_a_teardown_is_for_those_who_may() -> None:
    core = guarded(
        register_frameworks=[(ANYTHING, ANYTHING)],
        teardown_frameworks=[(Entity(values=("ops",)), Entity(values=("dev",)))],
    )
    framework_id, _ = core.subscribe("dev", role="a")
    other, _ = core.subscribe("ops", role="a")
    for principal, wanted, status in (
        *(("eve", framework_id, 403), ("dev", framework_id, 403), (None, framework_id, 403)),
        *(("ops", other, 403), ("ops", "none", 400), ("ops", framework_id, 200)),
    ):
        assert core.ask(events.TeardownAsked(1, wanted, "x", principal)).status == status
    assert list(core.core.state.frameworks) == [other]


def test_weights_and_quotas_are_set_by_those_who_may_and_nothing_is_written_for_others() -> None:
    mine = [(Entity(values=("dev",)), Entity(values=("a",)))]
    core = guarded(update_weights=mine, update_quotas=mine)
    for principal, role in (("eve", "a"), (None, "a"), ("dev", "b")):
        for event in (
            events.WeightsAsked(1, ((role, 2.0),), "x", principal),
            events.WeightsAsked(1, (("a", 2.0), (role, 2.0)), "x", principal),
            events.QuotaRemovalAsked(1, role, by="x", principal=principal),
        ):
            (reply,) = [one for one in core.core.receive(event, NOW) if isinstance(one, Reply)]
            assert (reply.status, reply.body) == (403, b"403 Forbidden.")
    assert core.registry == {}
    assert core.ask(events.WeightsAsked(1, (("a", 2.0),), "x", "dev")).status == 200
    assert core.ask(events.QuotaRemovalAsked(1, "a", by="x", principal="dev")).status == 400


# --- every way in ----------------------------------------------------------------------------------------------------

T = Call.Type
BY_THE_CORE = {
    *(T.TEARDOWN, T.UPDATE_WEIGHTS, T.GET_WEIGHTS, T.GET_QUOTA, T.UPDATE_QUOTA, T.SET_QUOTA, T.REMOVE_QUOTA),
    *(T.RESERVE_RESOURCES, T.UNRESERVE_RESOURCES, T.CREATE_VOLUMES, T.DESTROY_VOLUMES, T.GROW_VOLUME, T.SHRINK_VOLUME),
}
FREE_CALLS = {
    *(T.GET_HEALTH, T.GET_VERSION, T.GET_METRICS, T.GET_LOGGING_LEVEL, T.LIST_FILES, T.READ_FILE, T.GET_MASTER),
}
FREE_PAGES = {
    *("/redirect", "/health", "/version", "/metrics/snapshot", "/system/stats", "/internal/agent/v1"),
    *("/files/browse", "/files/read", "/files/download", "/files/debug"),
}
PAGES_BY_THE_CORE = {
    *("/api/v1", "/api/v1/scheduler", "/teardown", "/weights", "/quota"),
    *("/reserve", "/unreserve", "/create-volumes", "/destroy-volumes"),
}


def test_each_call_and_each_page_is_held_to_the_acls_or_free_on_purpose() -> None:
    assert CALLS.keys() - NEEDED.keys() == BY_THE_CORE | FREE_CALLS
    position = MasterPosition(0.0, {}, None)
    assert set(MasterRoutes(position, Admission())._routes) - NEEDED_BY_PAGES.keys() == FREE_PAGES | PAGES_BY_THE_CORE
    for actions in (*NEEDED.values(), *NEEDED_BY_PAGES.values()):
        assert actions and set(actions) <= OBJECTS.keys()
