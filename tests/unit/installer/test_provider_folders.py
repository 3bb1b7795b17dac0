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
from dcos_installer.providers.declaration import Declaration
from dcos_installer.providers.registry import declarations, default
from tests.support import providers as providers_of_tests
from tests.support.sources import ROOT, tracked

PROVIDERS = Path(providers.__file__).parent


def test_every_folder_of_providers_is_found_and_is_called_as_it_is() -> None:
    folders = {path.name for path in PROVIDERS.iterdir() if (path / "__init__.py").exists()}
    assert set(declarations()) == folders
    assert list(declarations()) == sorted(folders)


OTHER_MEANINGS = {"static": "reservations of Mesos, addresses of a network and pages are static, too"}
"""Names that are words besides: looked for, as a word, where providers are dealt with."""
NAMED = {
    "inventories/libvirt.ini": "an example for that provider, called after it",
    "inventories/local.ini": "an example for that provider",
    "pyproject.toml": "an extra, and a module that mypy has no types of, are called as the library",
}
"""Files outside of providers/ that name one, with the reason."""
NOT_LOOKED_AT = ("CHANGELOG.md", "README.md", "docs/", "tests/")
"""People ask for a provider by its name, and tests of one say which it is."""


def test_no_provider_is_named_outside_its_folder() -> None:
    found = set()
    for path in tracked():
        place = str(path.relative_to(ROOT))
        own = any(path.is_relative_to(PROVIDERS / name) for name in declarations())
        if own or place.startswith(NOT_LOOKED_AT) or not path.is_file():
            continue
        text = path.read_bytes().decode(errors="replace").lower()
        for name in declarations():
            if name not in OTHER_MEANINGS:
                named = name in text
            else:
                inside = place.startswith(("installer/dcos_installer/", "roles/"))
                named = inside and re.search(rf"(?<![\w-]){name}(?![\w-])", text) is not None
            if named:
                found.add(place)
    assert found == NAMED.keys()


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


def test_a_provider_that_makes_no_machines_gives_no_addresses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "other_providers" / "confused"
    home.mkdir(parents=True)
    for folder in (home, home.parent):
        (folder / "__init__.py").touch()
    (home / "declaration.py").write_text(
        "from dcos_installer.providers.declaration import Declaration\n"
        "DECLARATION = Declaration(name='confused', summary='x', gives_addresses=True, makes_machines=False)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(registry, "SEARCHED_PACKAGES", [home.parent.name])
    with pytest.raises(ProviderError, match="'confused' cannot be used"):
        declarations()


def test_one_kind_is_meant_where_no_provider_is_named() -> None:
    assert [kind.name for kind in declarations().values() if kind.is_default] == [default().name]


@pytest.mark.parametrize("name", declarations())
def test_what_a_provider_declares_holds_together(name: str) -> None:
    kind = declarations()[name]
    shared = {variable.name for variable in VARIABLES}
    assert kind.summary and set(kind.defaults) <= shared
    assert set(kind.ansible_variables) <= set(ANSIBLE_VARIABLES)
    # What takes images says before one is built whether the place can be.
    for method in ("check_place", "publish"):
        assert (getattr(type(kind), method) is not getattr(Declaration, method)) == bool(kind.takes_images)
    for variable in kind.variables:
        assert variable.name not in shared
        variable.parse(variable.example.partition("=")[2])


def _refused(parse: object) -> str:
    assert callable(parse)
    with pytest.raises(ValueError) as caught:
        parse("floppy")
    return str(caught.value)
