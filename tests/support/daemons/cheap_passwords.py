"""Hashes of the least cost, for tests of the use of passwords and not of the cost of guessing one."""

from __future__ import annotations

import pytest

from dcos_runtime.auth import passwords


def cheaply_hashed(password: str) -> str:
    """Like `passwords.hashed`. A hash contains its own cost, so comparing with it is cheap, too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_LN", 4)
        return passwords.hashed(password)


@pytest.fixture
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_LN", 4)
