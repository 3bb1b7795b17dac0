"""How much a role is guaranteed, and how much it may use at most (Mesos v1).

Made by `python -m dcos_runtime.wire.generator` from `wire/proto/quota.proto`; change that, and make it anew.
"""

from __future__ import annotations

from dcos_runtime.wire import base
from dcos_runtime.wire.common import (
    Value,
)
from dcos_runtime.wire.resources import (
    Resource,
)


class QuotaInfo(base.Message, frozen=True, kw_only=True):
    role: str | None = None
    principal: str | None = None
    guarantee: list[Resource] = []


class QuotaRequest(base.Message, frozen=True, kw_only=True):
    force: bool | None = None
    role: str | None = None
    guarantee: list[Resource] = []


class QuotaConfig(base.Message, frozen=True, kw_only=True):
    role: str
    guarantees: dict[str, Value.Scalar] = {}
    limits: dict[str, Value.Scalar] = {}


class QuotaStatus(base.Message, frozen=True, kw_only=True):
    infos: list[QuotaInfo] = []
    configs: list[QuotaConfig] = []
