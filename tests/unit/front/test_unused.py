"""The packages define nothing that is unused, or that only tests use."""

from __future__ import annotations

from pathlib import Path

from tests.support import unused


def test_the_packages_use_what_they_define() -> None:
    assert unused.unused() == [], "use these, remove them, or say in tests/support/unused.py who does use them"


def test_dead_code_is_found_wherever_it_stands(tmp_path: Path) -> None:
    folder = tmp_path / "dcos_runtime"
    folder.mkdir()
    (tmp_path / "pyproject.toml").write_text('[project.scripts]\ndcos = "dcos_runtime.a:started"\n')
    (folder / "a.py").write_text(
        "from dcos_runtime import b\nfrom dcos_runtime.b import imported as other\n"
        "DEAD = 1\nALIVE = 2\n\n\ndef started():\n    return b.reached(ALIVE), other, b.C().called(), by_itself\n\n\n"
        "def by_itself():\n    pass\n\n\ndef reached():\n    'of another module, whose like is used'\n"
    )
    (folder / "b.py").write_text(
        "def imported():\n    pass\n\n\ndef reached(x):\n    pass\n\n\n"
        "class C:\n    def called(self):\n        pass\n\n    def dead(self):\n        pass\n"
    )
    assert unused.unused(tmp_path) == ["dcos_runtime.a.DEAD", "dcos_runtime.a.reached", "dcos_runtime.b.C.dead"]
