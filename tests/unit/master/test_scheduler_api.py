"""What the scheduler API does with a body before the core sees a call."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from dcos_runtime.master import scheduler_api
from dcos_runtime.wire import calls, codec, protobuf
from dcos_runtime.wire.scheduler import Call

MODULES: dict[str, Any] = {codec.CONTENT_TYPE: codec, protobuf.CONTENT_TYPE: protobuf}


@pytest.mark.parametrize("kind", MODULES)
@pytest.mark.parametrize(("offers", "beside"), [(10, False), (10_000, True)])
async def test_a_long_call_is_decoded_beside_the_loop(
    kind: str, offers: int, beside: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = MODULES[kind]
    call = calls.decline([f"offer-{number:06}" for number in range(offers)], 5.0)
    data, decode, threads = module.encode(call), module.decode, []

    def watched(data: bytes, kind: type[Call]) -> Any:
        threads.append(threading.current_thread())
        return decode(data, kind)

    monkeypatch.setattr(module, "decode", watched)
    assert await scheduler_api._call(data, kind) == call
    assert [one is not threading.main_thread() for one in threads] == [beside]
    with pytest.raises(codec.DecodeError, match="Failed to parse body into"):
        await scheduler_api._call(data[:-1], kind)
