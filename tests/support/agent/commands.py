"""Commands in running containers: what they print, and one that leaves processes behind."""

from __future__ import annotations

from dcos_runtime.agent.containers.sessions import Channel

LEAVES = (
    "(trap '' HUP TERM; setsid sleep %(seconds)s >/dev/null 2>&1 &);"
    " setsid sh -c 'sleep %(seconds)s & sleep %(seconds)s' & echo started; "
)
"""For ``sh -c``, with how long they sleep."""


async def said(channel: Channel | None) -> bytes:
    assert channel is not None
    parts = []
    while part := await channel.read():
        parts.append(part)
    return b"".join(parts)


async def until(channel: Channel | None, text: bytes) -> bytes:
    assert channel is not None
    data = b""
    while text not in data:
        part = await channel.read()
        assert part, data
        data += part
    return data
