"""A provider is one folder: found without a list, named nowhere outside, and what is special to it declared there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dcos_installer import providers
from dcos_installer.config.variables import ANSIBLE_VARIABLES, VARIABLES
from dcos_installer.inventory_variables import only_with, variables
from dcos_installer.providers import registry
from dcos_installer.providers.base import ProviderError
from dcos_installer.providers.registry import declarations, default
from tests.support import providers as providers_of_tests

ROOT = Path(__file__).resolve().parents[3]
PROVIDERS = Path(providers.__file__).parent


def test_every_folder_of_providers_is_found_and_is_called_as_it_is() -> None:
    folders = {path.name for path in PROVIDERS.iterdir() if (path / "__init__.py").exists()}
    assert set(declarations()) == folders
    assert list(declarations()) == sorted(folders)


def test_no_provider_is_named_outside_its_folder() -> None:
    """The installer and the roles; docs may, because people ask for a provider by its name."""
    names = "|".join(map(re.escape, declarations()))
    word = re.compile(rf"(?<![\w-])(?:systemd-)?(?:{names})(?![\w-])", re.IGNORECASE)
    named = []
    for top in (ROOT / "installer" / "dcos_installer", ROOT / "roles"):
        for path in sorted(top.rglob("*")):
            inside = any(path.is_relative_to(PROVIDERS / name) for name in declarations())
            if path.is_file() and path.suffix != ".pyc" and not inside:
                lines = path.read_text().splitlines()
                named += [f"{path}:{number}" for number, line in enumerate(lines, start=1) if word.search(line)]
    assert named == []


def test_a_new_provider_is_one_folder_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    before = set(variables())
    monkeypatch.setattr(registry, "SEARCHED_PACKAGES", [*registry.SEARCHED_PACKAGES, providers_of_tests.__name__])
    assert "late" in declarations()
    own = {variable.name for variable in declarations()["late"].variables}
    assert set(variables()) == before | own
    assert all(only_with(name) == ("late",) for name in own)
    assert "late (machines of a cloud in a folder)" in _refused(variables()["dcos_provider"].parse)


def test_a_folder_that_is_no_package_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "some_providers"
    (package / "half").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "half" / "declaration.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(registry, "SEARCHED_PACKAGES", [package.name])
    with pytest.raises(ProviderError) as refused:
        declarations()
    assert str(package / "half") in str(refused.value) and "__init__.py" in str(refused.value.hint)


def test_one_kind_is_meant_where_no_provider_is_named() -> None:
    assert [kind.name for kind in declarations().values() if kind.is_default] == [default().name]


@pytest.mark.parametrize("name", declarations())
def test_what_a_provider_declares_holds_together(name: str) -> None:
    kind = declarations()[name]
    shared = {variable.name for variable in VARIABLES}
    assert kind.summary and set(kind.defaults) <= shared
    assert set(kind.ansible_variables) <= set(ANSIBLE_VARIABLES)
    for variable in kind.variables:
        assert variable.name not in shared
        variable.parse(variable.example.partition("=")[2])


def _refused(parse: object) -> str:
    assert callable(parse)
    with pytest.raises(ValueError) as caught:
        parse("floppy")
    return str(caught.value)
