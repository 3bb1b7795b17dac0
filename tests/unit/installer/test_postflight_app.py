"""The app that a deploy runs at its end: asking for it outlasts connections that fail on a busy host."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from dcos_installer.daemon_client import NotWell
from dcos_installer.errors import DeadlinePassed
from dcos_installer.phases.checks.init import APP_SECONDS, _send

URL = "https://198.18.0.11:8443/v2/apps"


class Asked:
    """A context whose clock moves when it sleeps. ``answers``: what each request comes to; the last one stays."""

    def __init__(self, *answers: NotWell | None) -> None:
        self.answers = list(answers)
        self.seen: list[str] = []
        self.now = 0.0

    def ask(self, url: str, *, method: str, body: object) -> None:
        self.seen.append(f"{method} {url}")
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer is not None:
            raise answer

    @property
    def context(self) -> Any:
        return SimpleNamespace(ask=self.ask, monotonic=lambda: self.now, sleep=self.sleep, patience=1.0)

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_a_change_is_asked_for_until_it_is_answered() -> None:
    asked = Asked(NotWell("cut off", why="EOF"), NotWell("no leader", status=503), None)
    _send(asked.context, "POST", URL, 409, {"id": "/x"})
    assert asked.seen == [f"POST {URL}"] * 3


@pytest.mark.parametrize(("method", "done"), [("POST", 409), ("DELETE", 404)])
def test_a_change_whose_answer_was_lost_is_done(method: str, done: int) -> None:
    asked = Asked(NotWell("cut off"), NotWell("so it is", status=done))
    _send(asked.context, method, URL, done)
    assert len(asked.seen) == 2


def test_what_is_refused_is_not_asked_again() -> None:
    asked = Asked(NotWell("not valid", status=422))
    with pytest.raises(NotWell, match="not valid"):
        _send(asked.context, "POST", URL, 409)
    assert len(asked.seen) == 1


def test_silence_ends_with_its_reason() -> None:
    asked = Asked(NotWell("not answered", why="EOF"))
    with pytest.raises(DeadlinePassed, match=f"{APP_SECONDS:.0f} s") as caught:
        _send(asked.context, "POST", URL, 409)
    assert "EOF" in caught.value.why
