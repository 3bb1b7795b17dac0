"""Each package finds its data where it is: beside the code in a checkout, inside the package in a wheel."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
DATA = {
    "dcos_installer": ("roles/site.yml", "inventories/local.ini"),
    "dcos_images": ("definitions/machine/image.toml",),
    "dcos_universe": ("packages/README.md",),
    "dcos_runtime": ("words.txt",),
}


@pytest.fixture(scope="module")
def wheel_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's content, unpacked as an installation would."""
    out = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    done = subprocess.run(build, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = out.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(out / "site")
    return out / "site"


def found(package: str, path: Path) -> Path:
    code = f"from {package}.data import data_root; print(data_root())"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {str(path)!r}.split(':'); {code}"],
        capture_output=True,
        text=True,
        cwd="/",
    )
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


@pytest.mark.parametrize("package", sorted(DATA))
def test_data_is_found_in_a_checkout(package: str) -> None:
    root = found(package, ROOT)
    assert root.is_relative_to(ROOT)
    assert [name for name in DATA[package] if not (root / name).is_file()] == []


@pytest.mark.parametrize("package", sorted(DATA))
def test_data_is_found_in_a_wheel(package: str, wheel_folder: Path) -> None:
    root = found(package, wheel_folder)
    assert root.is_relative_to(wheel_folder / package)
    assert [name for name in DATA[package] if not (root / name).is_file()] == []
