"""How large messages may be that others have to keep and to send on: bytes as they travel, which is JSON in ASCII.

An agent that connects to a new leader sends it all its tasks in one body, and what is launched waits for its agent in
one queue. Both are safe only while what an agent runs is bounded, and so is each part of it.
"""

from __future__ import annotations

import msgspec

MAX_TASK_INFO = 2 << 20
"""One TaskInfo, with the resources as they were given to it."""
MAX_CALL = 16 << 20
"""A call of a framework, as it comes: eight of the largest TaskInfos, or a question about 100,000 tasks. A list in
it is read at once, and the daemon serves nobody meanwhile.
"""
MAX_FRAMEWORK_INFO = 256 << 10
MAX_ROLES = 1000
"""Of one FrameworkInfo: each is one more that is asked about every agent."""
MAX_ROLE_COMPONENTS = 4000
"""Of all roles of one FrameworkInfo together: each ancestor of a role is one more that is kept and put in order."""
MAX_AGENT_TASKS = 32 << 20
"""All TaskInfos that one agent keeps, and with each its FrameworkInfo, for that is sent with each."""


def too_large(what: str, encoded: bytes, largest: int) -> str | None:
    """Why this message is not taken, if it is too large: its size, the limit, and the field with most of it."""
    if len(encoded) <= largest:
        return None
    fields = msgspec.json.decode(encoded, type=dict[str, msgspec.Raw])
    name, value = max(fields.items(), key=lambda item: len(item[1]))
    return (
        f"{what} has {len(encoded)} bytes as ASCII JSON, and may have {largest}; most of it, {len(value)}, is in "
        f"'{what}.{name}'"
    )
