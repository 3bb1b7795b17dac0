"""When the master freezes what it keeps."""

from __future__ import annotations

import gc

from dcos_runtime.master.memory import LongLived


def test_it_is_frozen_as_the_agents_grow_and_not_each_time() -> None:
    kept = LongLived()
    gc.unfreeze()
    frozen: list[int] = []
    things: list[list[int]] = []
    try:
        for agents in range(1, 3000):
            before = gc.get_freeze_count()
            things.append([agents])  # something to freeze
            kept.grown(agents)
            if gc.get_freeze_count() > before:
                frozen.append(agents)
        assert frozen[:3] == [201, 422, 665]
        assert len(frozen) < 12
        kept.grown(100)  # many went away
        before = gc.get_freeze_count()
        things.append([0])
        kept.grown(400)
        assert gc.get_freeze_count() > before
        for again in (True, False):
            before = gc.get_freeze_count()
            things.append([1])
            kept.offered()
            assert (gc.get_freeze_count() > before) == again, "once, after new agents were offered"
    finally:
        gc.unfreeze()
