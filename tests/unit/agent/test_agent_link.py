"""The agent's connection to its master, once the agent is to end."""

from __future__ import annotations

import asyncio
import logging

import aiohttp
import pytest

from dcos_runtime.agent.core.effects import OpenConnection, Register
from dcos_runtime.agent.core.events import Event
from dcos_runtime.agent.link import MasterLink
from dcos_runtime.store.election import Standalone


@pytest.mark.parametrize("tls_port", [None, 5050], ids=["plain", "tls"])
async def test_nothing_is_opened_after_the_end_whatever_the_core_asks(
    caplog: pytest.LogCaptureFixture, tls_port: int | None
) -> None:
    received: list[Event] = []
    before = asyncio.all_tasks()
    with caplog.at_level(logging.DEBUG):
        async with aiohttp.ClientSession() as session:
            link = MasterLink(Standalone(b"127.0.0.1:1"), session, received.append, tls_port)
            link.open(OpenConnection(connection=1, host="127.0.0.1", port=1))
            await asyncio.sleep(0)  # it is under way
            await link.stop()
            received.clear()
            link.register(Register(connection=1, host="127.0.0.1", port=1, body=b"{}"))
        link.open(OpenConnection(connection=2, host="127.0.0.1", port=1))
        link.register(Register(connection=2, host="127.0.0.1", port=1, body=b"{}"))
        assert asyncio.all_tasks() == before, "nothing was started"
    assert received == []
    assert not [record for record in caplog.records if record.exc_info]
