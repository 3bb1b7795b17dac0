"""`dcos quota` against a pretended cluster."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

Dcos = Callable[..., Any]


def sent(cluster: Any) -> list[dict[str, Any]]:
    """The UPDATE_QUOTA calls so far."""
    return [one.body["update_quota"] for one in cluster.master.asked if one.path == "/api/v1"]


def test_list_shows_what_is_used_of_each_limit(cluster: Any, dcos: Dcos) -> None:
    cluster.quota("ops", limit={"cpus": 4, "mem": 1024.5}, cpus=1.5, mem=96)
    cluster.quota("dev", guarantee={"cpus": 2}, cpus=0.25)
    assert [line.split() for line in dcos("quota").lines] == [
        ["NAME", "CPUS", "MEM", "DISK", "GPUS"],
        ["dev", "0.25/-", "0/-", "0/-", "0/-"],
        ["ops", "1.5/4", "96/1024.5", "0/-", "0/-"],
    ]
    assert dcos("quota", "list", "-q").lines == ["dev", "ops"]
    assert dcos("quota", "list", "--json").json() == [cluster.quotas["dev"], cluster.quotas["ops"]]


def test_get_shows_each_resource_of_one(cluster: Any, dcos: Dcos) -> None:
    cluster.quota("dev", {"cpus": 2, "foo": 1}, {"mem": 64, "gpus": 0}, cpus=0.25, disk=10)
    assert [line.split() for line in dcos("quota", "get", "dev").lines] == [
        ["RESOURCE", "CONSUMED", "GUARANTEE", "LIMIT"],
        ["cpus", "0.25", "2", "-"],
        ["foo", "-", "1", "-"],
        ["gpus", "-", "-", "0"],
        ["mem", "-", "-", "64"],
    ]
    assert dcos("quota", "get", "dev", "--json").json() == cluster.quotas["dev"]


def test_a_quota_is_created_changed_and_deleted(cluster: Any, dcos: Dcos) -> None:
    made = dcos("quota", "create", "dev", "--cpu", "2", "--mem", "64", "--guarantee", "cpus:1; mem:32.5")
    assert (made.code, made.err) == (0, "")
    assert cluster.quotas["dev"]["limit"] == {"cpus": 2, "mem": 64}
    assert cluster.quotas["dev"]["guarantee"] == {"cpus": 1, "mem": 32.5}
    assert dcos("quota", "update", "dev", "--cpu=none", "--gpu=0", "--json").json() == cluster.quotas["dev"]
    assert cluster.quotas["dev"]["limit"] == {"mem": 64, "gpus": 0}
    assert cluster.quotas["dev"]["guarantee"] == {"cpus": 1, "mem": 32.5}
    assert dcos("quota", "update", "dev", "--guarantee", "").code == 0
    assert cluster.quotas["dev"]["guarantee"] == {}
    gone = dcos("quota", "delete", "dev")
    assert (gone.code, gone.out) == (0, "")
    assert sent(cluster)[-1]["quota_configs"] == [{"role": "dev", "guarantees": {}, "limits": {}}]
    assert dcos("quota", "list", "-q").lines == []


def test_what_the_master_refuses_is_told_with_the_way_around(cluster: Any, dcos: Dcos) -> None:
    refused = dcos("quota", "create", "dev", "--guarantee", "cpus:9")
    assert refused.code == 1 and refused.out == ""
    assert "refuses this quota of dev: Invalid QuotaConfig: too much" in refused.err
    assert "hint: --force" in refused.err
    assert dcos("quota", "create", "dev", "--guarantee", "cpus:9", "--force").code == 0
    cluster.master.answer = lambda asked: web.Response(status=500 if asked.path == "/api/v1" else 404)
    assert "answered 404" in dcos("quota", "list").err


def test_a_quota_that_is_there_or_not_is_named(cluster: Any, dcos: Dcos) -> None:
    cluster.quota("dev", limit={"cpus": 1})
    there = dcos("quota", "create", "dev", "--cpu", "2")
    assert there.code == 1 and "the role dev has a quota" in there.err and "dcos quota update" in there.err
    for command in (("get",), ("delete",), ("update", "--cpu", "1")):
        missing = dcos("quota", command[0], "bare", *command[1:])
        assert missing.code == 1 and "the role bare has no quota" in missing.err
    assert sent(cluster) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("create", "dev"),
        ("create", "dev", "--cpu", "none"),
        ("create", "dev", "--cpu", "-1"),
        ("create", "dev", "--cpu", "nan"),
        ("create", "dev", "--cpu", "inf"),
        ("create", "dev", "--cpu", "many"),
        ("create", "dev", "--guarantee", "cpus"),
        ("create", "dev", "--guarantee", "cpus:1;cpus:2"),
        ("create", "dev", "--guarantee", "cpus:-1"),
        ("create", "dev", "--guarantee", "ports:[1-2]"),
        ("update", "ops", "--cpu", "none"),
    ],
)
def test_what_is_no_quota_is_refused_before_anything_is_asked_for(
    cluster: Any, dcos: Dcos, arguments: tuple[str, ...]
) -> None:
    cluster.quota("ops", limit={"cpus": 1})
    assert dcos("quota", *arguments).code == 2
    assert sent(cluster) == []


def test_an_answer_that_is_not_a_masters_is_told(cluster: Any, dcos: Dcos) -> None:
    cluster.master.answer = lambda asked: web.json_response({"roles": [{"quota": 3}]})
    result = dcos("quota", "list")
    assert result.code == 1 and "does not answer as a master does" in result.err
