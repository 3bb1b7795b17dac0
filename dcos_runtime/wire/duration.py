"""A span of time, as protobuf's own messages tell it.

Made by `python -m dcos_runtime.wire.generator` from `wire/proto/duration.proto`; change that, and make it anew.
"""

from __future__ import annotations

from dcos_runtime.wire import base


class Duration(base.Message, frozen=True, kw_only=True):
    seconds: base.Int64 | None = None
    nanos: base.Int32 | None = None
