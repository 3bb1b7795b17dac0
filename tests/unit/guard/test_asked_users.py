"""What dcos-auth answered counts from when it was asked, by a clock that goes on during a pause."""

from __future__ import annotations

import pytest

from dcos_runtime.guard.users import AskedUsers, UsersUnreachable


class Asked(AskedUsers):
    """``takes``: seconds until the answer is looked at."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        self.now = 1000.0
        self.takes = 0.0
        self.good = True
        self.questions = 0
        monkeypatch.setattr("dcos_runtime.guard.users.boottime", lambda: self.now)

    async def _request(self, question: dict[str, str]) -> bool:
        self.questions += 1
        self.now += self.takes
        return self.good


@pytest.mark.parametrize("kind", ["token", "password"])
async def test_an_answer_from_before_a_pause_lets_nobody_in(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    users = Asked(monkeypatch)

    async def lives() -> bool:
        return await (users.token_lives("t") if kind == "token" else users.password_is("ann", "p", "198.18.0.1"))

    assert await lives() and await lives()
    assert users.questions == 1, "remembered for a moment"
    users.now += 3600  # paused, and removed meanwhile
    users.good = False
    assert not await lives()
    users.good, users.takes = True, 3600.0  # paused while the answer was under way
    users.now += 3600
    with pytest.raises(UsersUnreachable, match="paused"):
        await lives()
    users.good, users.takes = False, 0.0
    users.now += 3600
    assert not await lives()


async def test_an_answer_is_remembered_from_when_it_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    users = Asked(monkeypatch)
    users.takes = 1.5
    assert await users.token_lives("t")
    users.now += 1.0
    assert await users.token_lives("t")
    assert users.questions == 2
