"""The randomness of cores: repeatable, and without simulated bad luck in a daemon."""

from __future__ import annotations

from pathlib import Path

import dcos_runtime
from dcos_runtime.core.seeds import SeededSource

ROOT = Path(dcos_runtime.__file__).parent


def test_a_daemon_is_never_unlucky_and_asking_takes_nothing_from_its_chance() -> None:
    asked, other = SeededSource(b"seed"), SeededSource(b"seed")
    assert not any(asked.unlucky("something happens") for _ in range(1000))
    assert asked.state() == other.state()


def test_misfortune_comes_from_the_seed_and_changes_no_other_chance() -> None:
    befell: list[str] = []
    one = SeededSource(b"seed", misfortune=0.3, befalls=lambda what: not befell.append(what))  # type: ignore[func-returns-value]  # mypy infers no lambda with a default
    same, lucky = SeededSource(b"seed", misfortune=0.3), SeededSource(b"seed")
    found = [one.unlucky("something happens") for _ in range(1000)]
    assert found == [same.unlucky("something happens") for _ in range(1000)]
    assert 200 < sum(found) < 400 and len(befell) == sum(found)
    assert one.uuid() == lucky.uuid()


def test_a_simulation_may_let_nothing_befall() -> None:
    spared = SeededSource(b"seed", misfortune=1.0, befalls=lambda what: False)
    assert not any(spared.unlucky("something happens") for _ in range(10))


def test_only_the_simulation_makes_an_unlucky_source() -> None:
    makers = {path.relative_to(ROOT).parts[0] for path in ROOT.rglob("*.py") if "misfortune=" in path.read_text()}
    assert makers == {"sim"}
