"""Our master and a real one, and the comparison of their answers: without ids, times and documented differences."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from tests.support.mesos.rawclient import Agent, Answer, Master, Scheduler, get


class Ours:
    """Our master with one agent that has the oracle's resources."""

    def __init__(self, master: Master, **connect: Any) -> None:
        self.port = master.port
        self.agent = Agent(master.port, hostname="localhost", info={"port": master.port}, **connect)
        self.agent_id = str(self.agent.id)


class Theirs:
    def __init__(self, port: int) -> None:
        self.port = port
        self.agent_id = str(get(port, "/slaves")["slaves"][0]["id"])


Side = Ours | Theirs


def plain(side: Side, scheduler: Scheduler | None, text: str) -> str:
    """Without values that must differ: ids, ports."""
    text = re.sub(rf"\b{side.port}\b", "PORT", text)
    names = {side.agent_id: "AGENT"}
    if scheduler is not None:
        names[scheduler.id] = "FRAMEWORK"
    for name, stands in sorted(names.items(), key=lambda item: -len(item[0])):
        text = text.replace(name, stands)
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}-O\d+", "OFFER", text)
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID", text)


def both(theirs: Theirs, ours: Ours, play: Callable[[Side], Any]) -> None:
    """Does the same on both sides."""
    expected = play(theirs)
    assert play(ours) == expected


def shown(side: Side, answer: Answer, scheduler: Scheduler | None = None) -> Any:
    wanted = ("content-type", "allow", "transfer-encoding", "location")
    headers = {name: plain(side, scheduler, value) for name, value in answer.headers.items() if name in wanted}
    return answer.status, headers, plain(side, scheduler, answer.text)


def _loaded(text: str) -> Any:
    return json.loads(re.sub(r": PORT\b", ': "PORT"', text))


def status_shown(side: Side, scheduler: Scheduler, status: Any) -> str:
    kept = {name: value for name, value in status.items() if name not in ("timestamp", "uuid", "container_status")}
    if (
        lists := re.fullmatch(r"Total resources (.*) required (.*) available (.*)", kept.get("message", ""))
    ) is not None:
        asked, words, left = lists.groups()  # in no order
        kept["message"] = [sorted(asked.split("; ")), words, sorted(left.split("; "))]
    return plain(side, scheduler, json.dumps(kept, sort_keys=True))


def shape(value: Any) -> Any:
    """Names and kinds, without the values."""
    if isinstance(value, dict):
        return {name: shape(item) for name, item in sorted(value.items())}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__
