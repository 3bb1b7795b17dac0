"""The installer finds its data in a checkout and in a wheel."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from dcos_installer.data import data_root, inventories_dir, locks_dir, roles_dir

CHECKOUT = Path(__file__).resolve().parents[3]


def test_a_checkout_holds_roles_inventories_and_locks() -> None:
    assert data_root() == CHECKOUT
    assert roles_dir() == CHECKOUT / "roles"
    assert (inventories_dir() / "local.ini").is_file()
    assert (locks_dir() / "runtime.lock").is_file()


def test_a_wheel_holds_roles_inventories_and_locks(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, CHECKOUT],
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    code = (
        "from dcos_installer.data import *; "
        "print(roles_dir(), (inventories_dir() / 'local.ini').is_file(), (locks_dir() / 'runtime.lock').is_file())"
    )
    found = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r}); {code}"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert found.stdout.split() == [str(tmp_path / "site/dcos_installer/_data/roles"), "True", "True"]


def test_a_package_that_lost_its_data_says_so(tmp_path: Path) -> None:
    (tmp_path / "site" / "dcos_installer").mkdir(parents=True)
    with pytest.raises(FileNotFoundError, match="install it again"):
        data_root(tmp_path / "site" / "dcos_installer")
