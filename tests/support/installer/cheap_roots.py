"""A cluster's secrets at little cost: RSA keys from a few that were made once, and a hash of the least cost."""

from __future__ import annotations

import random
from functools import cache

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from dcos_installer.secrets import roots

POOL = 4
_real_key = roots._new_token_key
_checked = cache(load_pem_private_key)
"""Checking an RSA key takes longer than all the rest of reading secrets: once for each text is enough."""


@cache
def _keys() -> tuple[str, ...]:
    made = tuple(_real_key() for _ in range(POOL))
    for key in made:
        _checked(key.encode(), None)  # processes that are forked off then know them
    return made


@pytest.fixture
def cheap_roots(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = _keys()
    monkeypatch.setattr(roots, "_new_token_key", lambda: random.SystemRandom().choice(keys))
    monkeypatch.setattr(roots, "load_pem_private_key", _checked)
    monkeypatch.setattr(roots, "_LN", 1)
