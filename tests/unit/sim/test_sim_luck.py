"""Simulated bad luck inside the cores: each place of it is reached, and nothing goes wrong."""

from __future__ import annotations

import ast
import dataclasses
from collections import Counter
from pathlib import Path

import dcos_runtime
from dcos_runtime.sim.cluster import Cluster
from dcos_runtime.sim.plans import plan
from dcos_runtime.sim.profiles import PROFILES

LEAST = 12
ROOT = Path(dcos_runtime.__file__).parent


def places() -> list[str]:
    """What the cores ask for, read off their source."""
    found = []
    for path in sorted(ROOT.glob("*/core/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "unlucky":
                (what,) = node.args
                assert isinstance(what, ast.Constant) and isinstance(what.value, str), f"{path}: in words, not computed"
                found.append(what.value)
    return found


def test_each_misfortune_is_at_one_place_and_every_core_has_some() -> None:
    found = places()
    assert len(found) == len(set(found)) >= LEAST
    for core in ("agent", "framework", "marathon", "master"):
        assert any("unlucky(" in path.read_text() for path in (ROOT / core / "core").glob("*.py")), core


def test_every_misfortune_befalls_a_core_and_does_no_harm() -> None:
    """Much of it, in a short time; that all is well in the end is asked of the profile."""
    profile, befell, wanted = PROFILES["luck"], Counter[str](), set(places())
    options = dataclasses.replace(profile.options, misfortune=0.15)
    for seed in map(str, range(1, 41)):
        cluster = Cluster(seed, options)
        outcome = cluster.run(plan(seed, options, profile.weights, 200.0, 2.0), 200.0, calm=0.0)
        assert outcome.good, f"seed {seed}: {outcome.failure}"
        befell += cluster.watch.misfortunes
        if befell.keys() >= wanted:
            break
    assert befell.keys() == wanted, f"never: {sorted(wanted - befell.keys())}"
