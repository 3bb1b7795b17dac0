"""What `dcos-universe build` prints, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dcos_universe.commands.build import command
from dcos_universe.errors import UniverseError
from tests.support.universe import synthetic
from tests.support.universe.trees import edit


@pytest.fixture
def source(tmp_path: Path) -> Path:
    synthetic.write(tmp_path / "source", revisions=4, packages=2)
    return tmp_path / "source"


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(command, [str(word) for word in words])


def test_it_tells_what_it_made(tmp_path: Path, source: Path) -> None:
    done = run(source, tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert "4 revisions of 2 packages in channel stable" in done.output and "files written" in done.output


def test_it_tells_a_program_what_it_made(tmp_path: Path, source: Path) -> None:
    result = json.loads(run(source, tmp_path / "out", "--json", "--no-site", "--no-twins").stdout)
    assert result["built"] is True and (result["packages"], result["revisions"]) == (2, 4)
    assert set(result["seconds"]) == {"check", "files", "switch", "clearing"}
    assert (
        result["digests"]["universe"]
        == json.loads((tmp_path / "out" / "delta" / "universe.json").read_bytes())["digest"]
    )
    assert not (tmp_path / "out" / "index.html").exists() and not (tmp_path / "out" / "universe.json.gz").exists()


def test_it_tells_each_error_of_a_source(tmp_path: Path, source: Path) -> None:
    folder = next(source.glob("packages/*/*/*"))
    edit(folder, tags=7, maintainer=None)
    done = run(source, tmp_path / "out")
    place = folder.relative_to(source)
    assert isinstance(done.exception, UniverseError)
    assert done.stderr.count(f"{place}/package.json") >= 2, done.stderr
    done = run(source, tmp_path / "out", "--json")
    result = json.loads(done.stdout)
    assert done.exit_code == 1 and result["built"] is False
    assert {finding["file"] for finding in result["findings"]} == {f"{place}/package.json"}
    assert not (tmp_path / "out").exists()


def test_what_is_no_source_is_told(tmp_path: Path) -> None:
    done = run(tmp_path, tmp_path / "out")
    assert isinstance(done.exception, UniverseError) and "no repository" in str(done.exception)
