"""When the master freezes what it keeps."""

from __future__ import annotations

import gc

import pytest

from dcos_runtime.master.memory import LongLived


def test_it_is_frozen_as_the_agents_grow_and_not_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    # Counted, and not done: each look at what is frozen goes through all of it, the test runner's own included.
    freezes = 0

    def freeze() -> None:
        nonlocal freezes
        freezes += 1

    monkeypatch.setattr(gc, "freeze", freeze)
    kept = LongLived()
    frozen: list[int] = []
    for agents in range(1, 3000):
        before = freezes
        kept.grown(agents)
        if freezes > before:
            frozen.append(agents)
    assert frozen[:3] == [201, 422, 665]
    assert len(frozen) < 12
    kept.grown(100)  # many went away
    before = freezes
    kept.grown(400)
    assert freezes == before + 1
    kept.offered()
    assert freezes == before + 2
    kept.offered()
    assert freezes == before + 2, "once, after new agents were offered"
