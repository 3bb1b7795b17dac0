"""What operators ask of a master in this order, for a real one and ours: both answer each alike. AGENT stands for the
id of an agent with 4 cpus and 10240 of disk, of which nothing is reserved before and after.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from tests.support.mesos.rawclient import JSON, scalar

Request = tuple[str, str, dict[str, str], bytes]
"""Method, path, headers, body."""


def api(kind: str, **part: Any) -> Request:
    """A call to `/api/v1`."""
    return "POST", "/api/v1", JSON, json.dumps({"type": kind, kind.lower(): part}).encode()


def page(path: str, method: str = "POST", **form: str) -> Request:
    """A form for a v0 page."""
    return method, path, {}, urlencode(form).encode()


OPS = {"type": "DYNAMIC", "role": "ops", "principal": "z"}
_AGENT = {"agent_id": {"value": "AGENT"}}
_NOWHERE = {"agent_id": {"value": "x"}}


def of_ops(name: str, value: float, **more: Any) -> dict[str, Any]:
    return scalar(name, value, reservations=[OPS], **more)


def volume(name: str, size: float) -> dict[str, Any]:
    kept = {"persistence": {"id": name, "principal": "z"}, "volume": {"container_path": "d", "mode": "RW"}}
    return of_ops("disk", size, disk=kept)


def _pages() -> list[Request]:
    asked: list[Request] = []
    for path, field in (
        *(("/reserve", "resources"), ("/unreserve", "resources")),
        *(("/create-volumes", "volumes"), ("/destroy-volumes", "volumes")),
    ):
        for body in ("[", "x", "[] x", "[1]", '[{"type": "SCALAR"}]', "[\n1,]", "", "{}", "[]"):
            asked.append(page(path, slaveId="AGENT", **{field: body}))
        asked += [page(path), page(path, slaveId="AGENT"), page(path, slaveId="x", **{field: "[]"})]
        asked += [("GET", path, {}, b""), ("PUT", path, {}, b""), ("POST", path, {}, b"slaveId=%zz")]
        asked.append(page(path, slaveId="AGENT", **{field: json.dumps([of_ops("cpus", -1)])}))
    return asked


_OLD = {"role": "ops", "reservation": {"principal": "z"}}
RESERVATIONS: list[Request] = [
    *_pages(),
    api("RESERVE_RESOURCES", **_AGENT, resources=[]),
    api("RESERVE_RESOURCES", **_NOWHERE, resources=[of_ops("cpus", -1)]),
    api("RESERVE_RESOURCES", **_NOWHERE, resources=[of_ops("cpus", 1)]),
    api("RESERVE_RESOURCES", **_AGENT, resources=[scalar("cpus", 0.2)]),
    api("RESERVE_RESOURCES", **_AGENT, resources=[of_ops("cpus", 0.2, allocation_info={"role": "ops"})]),
    api("RESERVE_RESOURCES", **_AGENT, resources=[scalar("cpus", 0.2, reservations=[{**OPS, "role": "*"}])]),
    api("RESERVE_RESOURCES", **_AGENT, source=[scalar("cpus", 0.2)], resources=[of_ops("cpus", 0.3)]),
    api("RESERVE_RESOURCES", **_AGENT, resources=[of_ops("cpus", 0.2), of_ops("disk", 200)]),
    api("CREATE_VOLUMES", **_AGENT, volumes=[]),
    api("CREATE_VOLUMES", **_AGENT, volumes=[of_ops("disk", 20)]),
    api("CREATE_VOLUMES", **_AGENT, volumes=[volume("v", 20)]),
    api("CREATE_VOLUMES", **_AGENT, volumes=[volume("v", 20)]),
    api("GROW_VOLUME", volume=volume("v", 20), addition=of_ops("disk", 10)),
    api("GROW_VOLUME", **_NOWHERE, volume=volume("v", 20), addition=of_ops("disk", 10)),
    api("GROW_VOLUME", **_AGENT, volume=volume("v", 20), addition=of_ops("disk", 0)),
    api("GROW_VOLUME", **_AGENT, volume=of_ops("disk", 20), addition=of_ops("disk", 10)),
    api("GROW_VOLUME", **_AGENT, volume=volume("v", 20), addition=of_ops("disk", 10)),
    api("SHRINK_VOLUME", **_AGENT, volume=volume("v", 30), subtract={"value": -1}),
    api("SHRINK_VOLUME", **_AGENT, volume=volume("v", 30), subtract={"value": 30}),
    api("SHRINK_VOLUME", **_AGENT, volume=volume("v", 30), subtract={"value": 10}),
    api("DESTROY_VOLUMES", **_AGENT, volumes=[volume("no", 20)]),
    api("DESTROY_VOLUMES", **_AGENT, volumes=[of_ops("disk", 20)]),
    api("DESTROY_VOLUMES", **_AGENT, volumes=[]),
    api("DESTROY_VOLUMES", **_AGENT, volumes=[volume("v", 20)]),
    api("UNRESERVE_RESOURCES", **_AGENT, resources=[]),
    api("UNRESERVE_RESOURCES", **_AGENT, resources=[of_ops("cpus", -0.1)]),
    api("UNRESERVE_RESOURCES", **_AGENT, resources=[scalar("cpus", 0.1)]),
    page("/create-volumes", slaveId="AGENT", volumes=json.dumps([volume("q", 20)])),
    page("/master/destroy-volumes", slaveId="AGENT", volumes=json.dumps([volume("q", 20)])),
    page("/unreserve", slaveId="AGENT", resources=json.dumps([of_ops("cpus", 0.2), of_ops("disk", 200)])),
    page("/reserve", slaveId="AGENT", resources=json.dumps([scalar("cpus", 0.5, **_OLD)])),
    page("/unreserve", slaveId="AGENT", resources=json.dumps([scalar("cpus", 0.5, **_OLD)])),
    # What is not there; the text lists what is, in no order.
    api("RESERVE_RESOURCES", **_AGENT, resources=[of_ops("cpus", 100)]),
    api("UNRESERVE_RESOURCES", **_AGENT, resources=[of_ops("cpus", 9)]),
    page("/reserve", slaveId="AGENT", resources=json.dumps([scalar("cpus", 1000, **_OLD)])),
]


# --- weights, which nobody could take back ---------------------------------------------------------------------------


def _weight(role: str, weight: float) -> dict[str, Any]:
    return {"role": role, "weight": weight}


_WRONG_WEIGHTS = [
    *([_weight("a", 0)], [_weight("a", -1.5)], [{"weight": 1}], [_weight("a b", 1)], [_weight("", 1)]),
    *([_weight("/x", 1)], [_weight("good", 2), _weight("..", 1)], []),
]
_NO_WEIGHTS = (b"", b"xx", b"{}", b"[]", b"[1]", b"[1, 2\n x]", b'[{"role":"v"}]', b'[{"role":"v","weight":[]}]')
WEIGHTS: list[Request] = [
    *[api("UPDATE_WEIGHTS", weight_infos=wrong) for wrong in _WRONG_WEIGHTS],
    *[("PUT", "/weights", {}, json.dumps(wrong).encode()) for wrong in _WRONG_WEIGHTS],
    *[("PUT", "/weights", {}, body) for body in _NO_WEIGHTS],
    *[(method, path, {}, b"") for method in ("POST", "DELETE", "GET") for path in ("/weights", "/master/weights/x/")],
    ("GET", "/weights?jsonp=f", {}, b""),
]


# --- quotas, of which there is none before and after -----------------------------------------------------------------


def config(role: str, guarantees: Any = None, limits: Any = None) -> dict[str, Any]:
    """A QuotaConfig."""
    found: dict[str, Any] = {"role": role}
    for name, given in (("guarantees", guarantees), ("limits", limits)):
        if given is not None:
            found[name] = {kind: {"value": value} for kind, value in given.items()}
    return found


def _update(*configs: dict[str, Any], **more: Any) -> Request:
    return api("UPDATE_QUOTA", quota_configs=list(configs), **more)


def _set(role: str, *guarantee: dict[str, Any], **more: Any) -> Request:
    return api("SET_QUOTA", quota_request={"role": role, "guarantee": list(guarantee), **more})


_CPU = scalar("cpus", 1)
_PORTS = {"name": "ports", "type": "RANGES", "ranges": {"range": [{"begin": 1, "end": 2}]}}
_LOOK: list[Request] = [
    api("GET_QUOTA"),
    ("GET", "/quota", {}, b""),
    ("GET", "/quota/x?jsonp=f", {}, b""),
    api("GET_ROLES"),
    ("GET", "/roles", {}, b""),
]
QUOTAS: list[Request] = [
    *_LOOK,
    _update(config("dev", {"cpus": 3}, {"cpus": 2})),
    _update(config("dev", {"cpus": 3}, {"cpus": 2}), force=True),
    _update(config("dev", None, {"cpus": -1})),
    _update(config("dev", {"cpus": -1})),
    _update(config("dev", {"cpus": 1e13})),
    _update(config("", None, {"cpus": 1})),
    _update(config("a b", None, {"cpus": 1})),
    _update(config("big", {"cpus": 1000})),
    _update(config("e", {"foo": 1})),
    _update(),
    _update(config("sq", {"cpus": 1, "mem": 10.5}, {"cpus": 2, "mem": 100}), config("sr", None, {"cpus": 0})),
    *_LOOK,
    _update(config("sq", {"cpus": 1}), config("sq", {"cpus": 2})),
    _update(config("big", {"cpus": 1000}, {"cpus": 1000}), force=True),
    _update(),
    *_LOOK,
    _set("sq", _CPU),
    _set("st", _CPU),
    api("REMOVE_QUOTA", role="big"),
    _set("st", _CPU),
    _set("st", _CPU),
    _set("a b", _CPU),
    _set("", _CPU),
    api("SET_QUOTA", quota_request={"guarantee": [_CPU]}),
    _set("su", _CPU, _CPU),
    _set("su", _PORTS),
    _set("su", scalar("cpus", -1)),
    _set("su", scalar("cpus", 1, revocable={})),
    _set("su", scalar("cpus", 1, role="x")),
    _set("su", of_ops("cpus", 1)),
    _set("su", volume("v", 1)),
    _set("su"),
    _set("su", scalar("cpus", 1000)),
    *[
        ("POST", "/quota", {}, body)
        for body in (b"xx", b"[]", b"{}", b"", b'{"role":"z","guarantee":[{"name":1}]}', b'{"role":"z"}')
    ],
    ("POST", "/quota", {}, json.dumps({"role": "v0", "guarantee": [_CPU]}).encode()),
    ("POST", "/quota/x", {}, json.dumps({"role": "v0", "guarantee": [_CPU]}).encode()),
    ("POST", "/quota", {}, json.dumps({"role": "v1", "guarantee": [scalar("cpus", 1000)]}).encode()),
    *_LOOK,
    ("PUT", "/quota", {}, b""),
    ("DELETE", "/quota", {}, b""),
    ("DELETE", "/quota/none", {}, b""),
    ("DELETE", "/master/quota/none/deep/", {}, b""),
    ("DELETE", "/quota/v0", {}, b""),
    ("DELETE", "/master/quota/st", {}, b""),
    ("DELETE", "/master/quota/st", {}, b""),
    api("REMOVE_QUOTA", role="sq"),
    api("REMOVE_QUOTA", role="sr"),
    *_LOOK,
]
