"""The tests that `image test` runs on a machine: which are taken, what they are told, and what comes of a report."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from dcos_images import checking, expected
from dcos_images.checking import Access, check_machine, check_tests
from dcos_images.definition import ImageFile
from dcos_images.errors import ImageError
from dcos_images.expected import Expected
from dcos_images.including import load_definition

PASSES = "def test_it_passes(record_property):\n    record_property('seconds', 3)\n"
FAILS = "def test_it_fails():\n    assert 1 == 2, 'one is not two'\n"
BROKEN = "import no_such_module\n"


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that takes the place of the shipped tests: none of them needs a machine."""
    folder = tmp_path / "definitions" / checking.SHIPPED
    folder.mkdir(parents=True)
    monkeypatch.setattr(checking, "definitions_dir", lambda: tmp_path / "definitions")
    (folder / "test_one.py").write_text(PASSES)
    return folder


def run(folder: Path, *tests: Path) -> tuple[checking.Check, ...]:
    return check_machine(Access(folder, "secret"), folder / "ssh_config", {}, tests, deadline=600)


def test_what_a_test_said_is_told(tmp_path: Path, shipped: Path) -> None:
    more = tmp_path / "more"
    more.mkdir()
    (more / "conftest.py").write_text("")  # a project's settings beside it do not apply
    (more / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    (more / "test_more.py").write_text(FAILS)
    passed, failed = run(tmp_path, more)
    assert (passed.name, passed.problem, passed.properties) == ("it passes", "", (("seconds", "3"),))
    assert (failed.name, failed.problem) == ("it fails", "one is not two")
    assert checking.failures((passed, failed)) == ["it fails: one is not two"]


def test_a_file_that_cannot_be_read_fails(tmp_path: Path, shipped: Path) -> None:
    (shipped / "test_two.py").write_text(BROKEN)
    assert any("collection failure" in check.problem for check in run(tmp_path))


def test_without_a_single_test_the_trial_fails(tmp_path: Path, shipped: Path) -> None:
    (shipped / "test_one.py").write_text("")
    with pytest.raises(ImageError, match="the tests cannot be run on the machine") as caught:
        run(tmp_path)
    assert "no tests ran" in caught.value.evidence


@pytest.mark.parametrize(
    ("content", "said"), [(BROKEN, "No module named 'no_such_module'"), ("", "no tests"), (None, "")]
)
def test_tests_that_are_none_are_refused_before_anything_is_built(
    tmp_path: Path, content: str | None, said: str
) -> None:
    path = tmp_path / "test_more.py"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ImageError, match=r"the tests .*test_more\.py cannot be used") as caught:
        check_tests([path])
    assert said in caught.value.evidence
    path.write_text(FAILS)
    check_tests([path])  # it is not run


def test_the_tests_get_what_was_written(tmp_path: Path) -> None:
    vm = load_definition("vm").for_release("bookworm")
    definition = replace(vm, files=(*vm.files, ImageFile("/etc/bytes", 0o600, bytes(range(256)))))
    one = Expected("qcow2", "image-test", "/run/secret", "word", definition, {"bash": "5"}, {"esp": "1"})
    path = tmp_path / "test_it.py"
    path.write_text(
        "def test_it(expected):\n"
        "    assert (expected.secret, expected.packages) == ('word', {'bash': '5'})\n"
        "    assert expected.definition.files[-1].content == bytes(range(256))\n"
        "    assert expected.definition.partitions.least_disk_mb > 0\n"
    )
    environment = one.written(tmp_path / "expected.json")
    checking._pytest(tmp_path, [path], deadline=600, environment=environment)
    assert environment == {expected.VARIABLE: str(tmp_path / "expected.json")}
    assert sys.executable in (tmp_path / checking.LOG).read_text()
