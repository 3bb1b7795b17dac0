"""Refusals and subscriptions are answered as by a real Mesos."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.support.mesos.ladder import API, LADDER, encoded
from tests.support.mesos.rawclient import Scheduler, get, request, task, until
from tests.support.mesos.sides import (
    Ours,
    Side,
    Theirs,
    _loaded,
    both,
    plain,
    shown,
    status_shown,
)

pytestmark = pytest.mark.oracle

# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [row[0] for row in LADDER])
def test_a_refusal_is_that_of_mesos(theirs: Theirs, ours: Ours, name: str) -> None:
    (row,) = [row for row in LADDER if row[0] == name]
    _, method, headers, body, _, _ = row
    both(theirs, ours, lambda side: shown(side, request(side.port, method, API, headers, encoded(body))))


@pytest.mark.parametrize("path", ["/", "/nothing", "/master/nothing"])
def test_an_unknown_path_is_refused_alike(theirs: Theirs, ours: Ours, path: str) -> None:
    if path == "/":
        pytest.skip("Mesos serves its web page there") if request(theirs.port, "GET", path).status == 200 else None
    both(theirs, ours, lambda side: shown(side, request(side.port, "GET", path)))


@pytest.mark.parametrize(
    "path", ["/redirect", "/health", "/master/health/", "/version?jsonp=f", "/system/stats.json", "/version"]
)
def test_small_reads_are_alike(theirs: Theirs, ours: Ours, path: str) -> None:
    def play(side: Side) -> Any:
        status, headers, text = shown(side, request(side.port, "GET", path))
        return status, headers, re.sub(r"\{.*\}", "{}", text)

    both(theirs, ours, play)


# --- subscriptions ---------------------------------------------------------------------------------------------------

MULTI = [{"type": "MULTI_ROLE"}]
REFINED = [{"type": "MULTI_ROLE"}, {"type": "RESERVATION_REFINEMENT"}]


@pytest.mark.parametrize(
    "info",
    [
        {"roles": ["a"]},
        {"role": "/a"},
        {"role": "a/"},
        {"role": "a//b"},
        {"role": ""},
        {"role": "-a"},
        {"role": "a/*"},
        {"role": "a b"},
        {"roles": ["a", "a"], "capabilities": MULTI},
        {"role": "a", "roles": [], "capabilities": MULTI},
        {"roles": ["a/.."], "capabilities": MULTI},
    ],
    ids=str,
)
def test_an_invalid_subscription_gets_the_same_error(theirs: Theirs, ours: Ours, info: Any) -> None:
    def play(side: Side) -> Any:
        scheduler = Scheduler(side.port, **info)
        scheduler.stream.over()
        return scheduler.stream.status, scheduler.first

    both(theirs, ours, play)


@pytest.mark.parametrize(
    "info",
    [{}, {"role": "web"}, {"roles": ["a"], "capabilities": MULTI}, {"roles": ["a"], "capabilities": REFINED}],
    ids=["*", "role", "multi", "refined"],
)
def test_subscribed_and_offers_look_the_same(theirs: Theirs, ours: Ours, info: Any) -> None:
    def play(side: Side) -> Any:
        scheduler = Scheduler(side.port, **info)
        try:
            subscribed = _loaded(plain(side, scheduler, json.dumps(scheduler.first)))
            claimed = subscribed["subscribed"]["master_info"].pop("capabilities")
            assert {"type": "AGENT_UPDATE"} in claimed
            scheduler.event("HEARTBEAT")  # in Mesos the first offers may come before it
            (offer,) = _loaded(plain(side, scheduler, json.dumps(scheduler.offers())))
            offer["resources"].sort(key=lambda item: item["name"])
            offer["url"]["path"] = re.sub(r"\(\d+\)", "(1)", offer["url"]["path"])
            return subscribed, offer
        finally:
            scheduler.call("TEARDOWN")
            scheduler.close()

    both(theirs, ours, play)


def test_failing_over_looks_the_same(theirs: Theirs, ours: Ours) -> None:
    def play(side: Side) -> Any:
        old = Scheduler(side.port, failover_timeout=60.0)
        offers = old.offers()
        new = Scheduler(side.port, framework_id=old.id, failover_timeout=60.0)
        error = old.event("ERROR")
        old.stream.over()
        rescinds = [event for event in old.skipped if event["type"] == "RESCIND"]
        new.accept(offers, [task("t", offers[0])])
        late = status_shown(side, new, new.update())
        stale = shown(side, old.call("REVIVE"), old)
        stale_text = stale[2].replace(old.stream_id, "STREAM")
        new.call("TEARDOWN")
        new.stream.over()
        again = Scheduler(side.port, framework_id=old.id)
        return error, rescinds, late, stale[:2], stale_text, again.first, shown(side, new.call("REVIVE"))

    both(theirs, ours, play)


def test_a_disconnected_framework_is_refused_alike(theirs: Theirs, ours: Ours) -> None:
    def play(side: Side) -> Any:
        scheduler = Scheduler(side.port, failover_timeout=60.0)
        scheduler.close()
        until(lambda: scheduler.call("REVIVE").status != 202, "the disconnect is noticed")
        refused = shown(side, scheduler.call("REVIVE"))
        (view,) = [one for one in get(side.port, "/frameworks")["frameworks"] if one["id"] == scheduler.id]
        again = Scheduler(side.port, framework_id=scheduler.id)
        again.call("TEARDOWN")
        return refused, view["active"], view["connected"], view["recovered"]

    both(theirs, ours, play)
