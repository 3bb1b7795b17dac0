"""No module and no folder of ours can be reached from itself along imports, those for types and those in functions
included.
"""

from __future__ import annotations

from pathlib import Path

from tests.support import circles


def test_there_is_no_circle() -> None:
    assert circles.of_ours() == []


def test_every_package_is_looked_at() -> None:
    names = set(circles.modules(circles.packages()))
    assert {"dcos_installer.cli", "dcos_images.images", "dcos_runtime.cli.main", "dcos_universe.data"} <= names
    assert "tests.support.providers.late.provider" in names


def test_a_circle_is_found_wherever_its_imports_stand(tmp_path: Path) -> None:
    folder = tmp_path / "p"
    (folder / "q").mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "q" / "__init__.py").write_text("from .. import c\n")
    (folder / "a.py").write_text("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from p.b import thing\n")
    (folder / "b.py").write_text("def f():\n    from p import a\n    return a\n")
    (folder / "c.py").write_text("import p.q.d\n")
    (folder / "q" / "d.py").write_text("from p.q import something\n")
    (folder / "alone.py").write_text("import p.a\nfrom p.q import d\n")
    known = circles.modules([folder])
    found = circles.circles(circles.graph(known))
    assert set(found) == {frozenset({"p.a", "p.b"}), frozenset({"p.c", "p.q", "p.q.d"})}


def test_a_circle_of_folders_is_found_though_no_module_is_in_one(tmp_path: Path) -> None:
    assert of_tree(
        tmp_path / "shallow", {"a/x.py": "import p.b.x\n", "a/y.py": "", "b/x.py": "", "b/y.py": "import p.a.y\n"}
    ) == {frozenset({"p.a", "p.b"})}
    assert of_tree(tmp_path / "deep", {"a/x.py": "import p.b.x\n", "b/x.py": "", "b/deep/y.py": "import p.a.x\n"}) == {
        frozenset({"p.a", "p.b"})
    }


def test_a_folders_own_modules_are_one_node_where_no_program_starts(tmp_path: Path) -> None:
    files = {"high.py": "import p.room.x\n", "low.py": "", "room/x.py": "import p.low\n"}
    assert of_tree(tmp_path / "without", files) == {frozenset({"p", "p.room"})}
    assert of_tree(tmp_path / "with", {**files, "main.py": "import p.high\n"}) == set()
    assert of_tree(tmp_path / "circle", {**files, "main.py": "", "low.py": "import p.high\n"}) == {
        frozenset({"p.high", "p.low", "p.room"})
    }


def of_tree(home: Path, files: dict[str, str]) -> set[frozenset[str]]:
    """The circles of folders in a package ``p`` of these files."""
    for name, text in files.items():
        path = home / "p" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    known = circles.modules([home / "p"])
    return set(circles.of_folders(known, circles.graph(known)))
