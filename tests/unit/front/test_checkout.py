"""A checkout's folder of any name: what is set up in it runs in every locale, or `make setup` refuses it at once."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "installer/checkout"
PUNCTUATION = "it's ë #&;|<>()*?[]!~{}=^%@,+"
"""What may be in a folder's name, with a space."""


def loaded() -> ModuleType:
    loader = importlib.machinery.SourceFileLoader("checkout", str(SCRIPT))
    spec = importlib.util.spec_from_loader("checkout", loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def environment(folder: Path) -> Path:
    folder.mkdir(parents=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / ".venv"], check=True, timeout=120)
    return folder / ".venv"


@pytest.mark.parametrize(
    ("name", "mark"),
    [
        *((f"a{mark}b c", mark) for mark in ('"', "$", "`", "\\", ":", "'''", "{{", "{%", "{#")),
        *((f"a{mark}b", "cannot be shown") for mark in ("\n", "\t", "\x1b", "\udcff")),
        ("it's" + "x" * 130, "long"),
        ("a(b)" + "x" * 130, "long"),
    ],
)
def test_make_setup_refuses_a_checkout_that_would_not_work_before_it_does_anything(
    tmp_path: Path, name: str, mark: str
) -> None:
    folder = tmp_path / name
    (folder / "installer/locks").mkdir(parents=True)
    for file in ("Makefile", "installer/checkout", "pyproject.toml", "installer/locks/operator.lock"):
        shutil.copy(ROOT / file, folder / file)
    (folder / "installer/setup-host").write_text("#!/bin/sh\ntouch begun\nexit 9\n")
    (folder / "installer/setup-host").chmod(0o755)
    done = subprocess.run(
        ["make", "setup"],
        cwd=folder,
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
        timeout=240,
        errors="replace",
    )
    assert done.returncode != 0
    assert "the checkout cannot be used in the folder" in done.stderr and mark in done.stderr, done.stderr
    assert "what to do:" in done.stderr
    assert not (folder / "begun").exists() and not (folder / ".venv").exists()


def test_other_names_are_taken() -> None:
    problem = loaded().problem
    for name in ("/srv/dcos", f"/home/{PUNCTUATION}", "/" + "x" * 150, "/it's " + "x" * 150, "/größe"):
        assert problem(name) == ""


def test_a_script_of_pip_runs_in_a_folder_of_every_name_that_is_taken(tmp_path: Path) -> None:
    folder = tmp_path / PUNCTUATION
    assert loaded().problem(str(folder)) == ""
    venv = environment(folder)
    wheel = tmp_path / "tiny-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny.py", "def main():\n    print('runs')\n")
        archive.writestr("tiny-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1\n")
        archive.writestr("tiny-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("tiny-1.dist-info/entry_points.txt", "[console_scripts]\ntiny = tiny:main\n")
        archive.writestr("tiny-1.dist-info/RECORD", "")
    pip: list[str | Path] = [
        sys.executable,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "--python",
        venv / "bin/python",
    ]
    subprocess.run([*pip, "install", "--quiet", "--no-index", wheel], check=True, timeout=120)
    for locale in ("C", "C.UTF-8"):
        done = subprocess.run(
            [venv / "bin/tiny"], capture_output=True, text=True, env={"PATH": os.environ["PATH"], "LC_ALL": locale}
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "runs\n", "")


@pytest.mark.parametrize("locale", ["C", "POSIX", "no_SUCH.locale", "C.UTF-8"])
def test_an_editable_install_below_a_folder_beyond_ascii_is_found_in_every_locale(tmp_path: Path, locale: str) -> None:
    folder = tmp_path / "chëck o'ut ✓"
    venv = environment(folder)
    (folder / "code").mkdir()
    (folder / "code/found_here.py").write_text("print('found')\n")
    (packages,) = venv.glob("lib/python3*/site-packages")
    (packages / "_dcos.pth").write_text(f"{folder}\n{folder / 'code'}\n", encoding="utf-8")

    def start() -> subprocess.CompletedProcess[str]:
        env = {"PATH": os.environ["PATH"], "LC_ALL": locale}
        argv: list[str | Path] = [venv / "bin/python", "-c", "import found_here"]
        return subprocess.run(argv, capture_output=True, text=True, env=env, timeout=240)

    subprocess.run([SCRIPT, "paths", ".venv"], cwd=folder, check=True, env={"LC_ALL": locale}, timeout=240)
    assert (packages / "_dcos.pth").read_bytes().isascii()
    done = start()
    assert (done.returncode, done.stdout, done.stderr) == (0, "found\n", "")
    subprocess.run([SCRIPT, "paths", ".venv"], cwd=folder, check=True, timeout=240)  # once more changes nothing
    assert start().stdout == "found\n"
