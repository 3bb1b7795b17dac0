"""The limits of the init, checked before anything is changed: the store refuses larger values."""

from __future__ import annotations

from typing import Any

import msgspec

from dcos_runtime.marathon.core.app import App, encode
from dcos_runtime.marathon.core.fields import Invalid
from dcos_runtime.wire import codec
from dcos_runtime.wire.limits import MAX_CALL, MAX_TASK_INFO

MAX_DEFINITION = 500_000
"""The most bytes of one app as JSON in ASCII, the form in which it is sent: é has six. A package's definition is sent
in a label, and may have 159 kB of JSON, base64-encoded.
"""
MAX_TASK = MAX_TASK_INFO - (512 << 10)
"""The most bytes of an app's TaskInfo; the rest of the message is for what the launch adds: the host and the resources.
"""
MAX_LAUNCHED = MAX_CALL - (2 << 20)
"""The most bytes of the TaskInfos of one call; the rest is for what each launch adds."""
ASKED_AT_ONCE = 25_000
"""The most tasks of one call that asks for their states: 15 MiB, with the longest ids."""
MAX_AT_ONCE = 8_000_000
"""The most bytes of all definitions that one request changes."""
MAX_APPS_AT_ONCE = 1_000
MAX_CURRENT = 16_000_000
"""The most bytes of all apps' newest definitions together."""
MAX_STORED = 24_000_000
"""The same with former versions, of which the oldest are removed first. A member of ZooKeeper keeps all of it in
memory.
"""
MAX_DEPLOYMENT = 500_000
"""The most bytes of a deployment's record: its apps, its steps, the instances to end."""
MAX_SECONDS = 10 * 365 * 86400
"""The longest duration. Mesos counts nanoseconds in 64 bits, which end at 292 years."""
MAX_STRING = 131_071
"""The most bytes of an argument, or of a variable with its name: Linux runs no program with a longer one."""
MAX_MESSAGE = 16_384
"""The most characters that are kept of the message in a task's last status."""
MAX_ADDRESSES = 32
"""The most addresses that are kept of a task."""
MAX_AGENT = 50_000
"""The most characters of an agent's name and attributes, which every instance there keeps: offers of other agents are
declined.
"""


def size_of(app: App) -> int:
    """The bytes of a definition as it is sent."""
    data = encode(app)
    return len(data) if data.isascii() else len(codec.encode(app))


def too_large(app: App) -> str | None:
    """Why this definition is too large; ``None`` if it is not."""
    size = size_of(app) - len(app.version)
    if size <= MAX_DEFINITION:
        return None
    fields: dict[str, Any] = msgspec.to_builtins(app)
    sizes = {name: len(codec.encode(value)) for name, value in fields.items()}
    largest = max(sizes, key=lambda name: sizes[name])
    return (
        f"the definition has {size} bytes as ASCII JSON, and may have {MAX_DEFINITION}; most of it, {sizes[largest]}, "
        f"is in {largest}: fetch large contents as a file"
    )


def at_once(sizes: dict[str, int]) -> None:
    """Raises `Invalid` when one request changes too much. ``sizes``: bytes by app."""
    total = sum(sizes.values())
    if total > MAX_AT_ONCE:
        text = f"the definitions have {total} bytes together, and may have {MAX_AT_ONCE} in one request; send several"
        raise Invalid({"/": [text]})


def in_all(current: int, before: int) -> None:
    """Raises `Invalid` when all newest definitions together would be too large."""
    if current > MAX_CURRENT and current > before:
        text = f"all apps' definitions would have {current} bytes, and may have {MAX_CURRENT}; remove others first"
        raise Invalid({"/": [text]})


def deployment(size: int, apps: int) -> None:
    """Raises `Invalid` for a deployment whose record has too many bytes."""
    if size > MAX_DEPLOYMENT:
        text = f"this changes too much at once ({apps} apps and the instances to end take {size} bytes; "
        raise Invalid({"/": [text + f"{MAX_DEPLOYMENT} is the most); send several requests"]})
