"""Mesos' ACLs, in JSON: rules about what principals may do, by action. `master.core.acls` decides by them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

OBJECTS: Mapping[str, str] = {
    "register_frameworks": "roles",
    "run_tasks": "users",
    "teardown_frameworks": "framework_principals",
    "reserve_resources": "roles",
    "unreserve_resources": "reserver_principals",
    "create_volumes": "roles",
    "destroy_volumes": "creator_principals",
    "resize_volumes": "roles",
    "update_weights": "roles",
    "get_quotas": "roles",
    "update_quotas": "roles",
    "view_frameworks": "users",
    "view_tasks": "users",
    "view_executors": "users",
    "view_roles": "roles",
    "view_flags": "flags",
    "set_log_level": "level",
    "mark_agents_gone": "agents",
    "drain_agents": "agents",
    "deactivate_agents": "agents",
    "reactivate_agents": "agents",
    "get_maintenance_schedules": "machines",
    "update_maintenance_schedules": "machines",
    "get_maintenance_statuses": "machines",
    "start_maintenances": "machines",
    "stop_maintenances": "machines",
}
"""The actions that a master enforces, and the field of their rules that names what they are done to."""

MOST_RULES, MOST_VALUES = 1000, 10_000


class Entity(msgspec.Struct, frozen=True):
    """``type``: ``ANY``, ``NONE``, or ``SOME``: those in ``values``."""

    type: str = "SOME"
    values: tuple[str, ...] = ()


class Rule(msgspec.Struct, frozen=True):
    """Whom it is about, and what of."""

    principals: Entity
    objects: Entity


class Acls(msgspec.Struct, frozen=True):
    """Rules by action, in their order. ``permissive``: what no rule is about is allowed."""

    permissive: bool = True
    rules: dict[str, tuple[Rule, ...]] = {}


def read(text: str) -> Acls:
    """Raises ``ValueError`` with what is wrong. What a master does not enforce is refused, not ignored."""
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise ValueError(f"not JSON: {error}") from None
    if not isinstance(found, dict):
        raise ValueError('expected a JSON object such as {"permissive": false, "register_frameworks": []}')
    permissive = found.pop("permissive", True)
    if not isinstance(permissive, bool):
        raise ValueError("'permissive' has to be true or false")
    rules = {action: tuple(_rule(action, one) for one in _list(action, given)) for action, given in found.items()}
    if sum(map(len, rules.values())) > MOST_RULES:
        raise ValueError(f"there are more than {MOST_RULES} rules")
    return Acls(permissive, rules)


def text_of(acls: Acls) -> str:
    """`read` reads it again."""
    shown: dict[str, Any] = {"permissive": acls.permissive}
    for action, rules in acls.rules.items():
        shown[action] = [
            {"principals": _shown(rule.principals), OBJECTS[action]: _shown(rule.objects)} for rule in rules
        ]
    return msgspec.json.encode(shown).decode()


def _list(action: str, given: Any) -> list[Any]:
    if action not in OBJECTS:
        raise ValueError(f"'{action}' is no action that this version enforces: {', '.join(OBJECTS)}")
    if not isinstance(given, list):
        raise ValueError(f"'{action}' has to be a list")
    return given


def _rule(action: str, given: Any) -> Rule:
    wanted = {"principals", OBJECTS[action]}
    if not isinstance(given, dict) or given.keys() != wanted:
        raise ValueError(f"a rule of '{action}' has the fields 'principals' and '{OBJECTS[action]}'")
    return Rule(_entity(action, given["principals"]), _entity(action, given[OBJECTS[action]]))


def _entity(action: str, given: Any) -> Entity:
    if not isinstance(given, dict) or given.keys() - {"type", "values"}:
        raise ValueError(f'of \'{action}\': expected {{"values": ["…"]}}, or {{"type": "ANY"}} or "NONE"')
    kind, values = given.get("type", "SOME"), given.get("values", [])
    if kind not in ("SOME", "ANY", "NONE"):
        raise ValueError(f"of '{action}': the type is SOME, ANY or NONE")
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ValueError(f"of '{action}': 'values' has to be a list of strings")
    if len(values) > MOST_VALUES:
        raise ValueError(f"of '{action}': there are more than {MOST_VALUES} values")
    if kind != "SOME" and values:
        raise ValueError(f"of '{action}': {kind} has no values")
    return Entity(kind, tuple(values))


def _shown(entity: Entity) -> dict[str, Any]:
    return {"values": list(entity.values)} if entity.type == "SOME" else {"type": entity.type}
