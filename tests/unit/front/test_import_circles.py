"""No module of ours can be reached from itself along imports, those for types and those in functions included."""

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
