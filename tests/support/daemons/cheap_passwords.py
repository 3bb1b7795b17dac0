"""Hashes of the least cost, for tests of what a password opens and not of what guessing one costs."""

from __future__ import annotations

import pytest

from dcos_runtime.auth import passwords


def cheaply_hashed(password: str) -> str:
    """As `passwords.hashed`. A hash tells its own cost, so that to compare with it is cheap as well."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_LN", 4)
        return passwords.hashed(password)


@pytest.fixture
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_LN", 4)
