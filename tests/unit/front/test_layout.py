"""The layout of the tree: packages are typed, no forbidden imports, nothing of one machine or of a registry."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.sources import ROOT, tracked

PACKAGES = ("installer/dcos_installer", "images/dcos_images", "dcos_runtime", "universe/dcos_universe")
LOCKS_OF_PROVIDERS = sorted((ROOT / "installer/dcos_installer/providers").glob("*/built.lock"))


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_ships_its_types(package: str) -> None:
    assert (ROOT / package / "py.typed").is_file()


def test_forbidden_arrows_do_not_exist() -> None:
    tool = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([tool, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_lock_files_hold_names_versions_and_hashes_only() -> None:
    locks = [*sorted((ROOT / "installer/locks").glob("*.lock")), *LOCKS_OF_PROVIDERS]
    assert {lock.stem for lock in locks} == {"built", "dev", "operator", "runtime"}
    line = re.compile(r"[a-zA-Z0-9._-]+==[^ ]+( ; [^\\]+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?")
    for lock in locks:
        wrong = [text for text in lock.read_text().splitlines() if not line.fullmatch(text)]
        assert not wrong, f"{lock.name}: {wrong[:3]}"


def test_operator_and_runtime_locks_agree_with_the_dev_lock() -> None:
    def pins(lock: Path) -> dict[str, str]:
        return dict(re.findall(r"^([a-zA-Z0-9._-]+)==([^ ]+)", lock.read_text(), re.MULTILINE))

    dev = pins(ROOT / "installer/locks/dev.lock")
    for name in ("operator", "runtime"):
        found = pins(ROOT / f"installer/locks/{name}.lock")
        assert {package: version for package, version in found.items() if dev.get(package) != version} == {}
    assert LOCKS_OF_PROVIDERS
    for lock in LOCKS_OF_PROVIDERS:  # packages without a wheel, and what builds them
        assert list(pins(lock)) == sorted(lock.with_suffix(".in").read_text().split()), lock
        assert pins(lock)["setuptools"] == dev["setuptools"]


def test_no_file_names_a_package_registry() -> None:
    hosts = re.compile(
        rb"(https?|ssh)://[a-z0-9.-]*(py[a-z]*hosted|pypi|debian|npmjs|maven|golang|crates)[a-z0-9.-]*\.(org|io|com)"
    )
    named = [str(path.relative_to(ROOT)) for path in tracked() if path.is_file() and hosts.search(path.read_bytes())]
    assert named == []


def test_modules_stay_readable_in_size() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if (count := len((text := path.read_text()).splitlines())) > 600
        and "Made by `python -m dcos_runtime.wire.generator`" not in text[:1000]
    }
    assert long == {}


def test_test_files_stay_readable_in_size() -> None:
    counts = {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in (ROOT / "tests").rglob("*.py")
    }
    assert {name: count for name, count in counts.items() if count > 600} == {}


def test_what_tests_share_stands_in_rooms_under_support() -> None:
    tests = [path.relative_to(ROOT) for path in (ROOT / "tests").rglob("*.py")]
    allowed = re.compile(r"test_.*\.py|conftest\.py|__init__\.py")
    helpers = {
        str(path) for path in tests if path.parts[1] not in ("support", "bench") and not allowed.fullmatch(path.name)
    }
    assert helpers == {"tests/side_by_side.py"}, "move these to tests/support/<room>/"


def test_no_test_imports_from_another() -> None:
    taken = re.compile(
        r"^\s*(from tests\.[\w.]*\b(test_\w+|conftest) import|from tests[\w.]* import (test_\w+|conftest))"
    )
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in sorted((ROOT / "tests").rglob("*.py"))
        for line in path.read_text().splitlines()
        if taken.match(line)
    ]
    assert found == [], "what two tests share belongs under tests/support"


def test_numpy_is_the_kernels_alone() -> None:
    """It costs every process that imports it some 20 MB and a third of a second."""
    taken = re.compile(r"^\s*(import|from) numpy\b", re.MULTILINE)
    runtime = ROOT / "dcos_runtime"
    users = {path.relative_to(runtime).parts[0] for path in runtime.rglob("*.py") if taken.search(path.read_text())}
    assert users == {"master"}


def test_the_top_level_is_that_of_the_areas() -> None:
    """A folder there is an area of work; what two areas share belongs to one of them."""
    found = {path.relative_to(ROOT).parts[0] for path in tracked() if len(path.relative_to(ROOT).parts) > 1}
    areas = {"dcos_runtime", "docs", "images", "installer", "inventories", "roles", "tests", "universe"}
    assert {name for name in found if not name.startswith(".")} == areas
