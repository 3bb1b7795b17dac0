"""Finds the kinds of providers: each is a folder with a module ``declaration``, and no list names them."""

from __future__ import annotations

import contextlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from dcos_installer.providers.base import Provider, ProviderError
from dcos_installer.providers.declaration import Declaration

if TYPE_CHECKING:
    from dcos_installer.config.model import ClusterSpec

SEARCHED_PACKAGES = ["dcos_installer.providers"]
"""The packages whose folders are searched."""


def declarations() -> Mapping[str, Declaration]:
    """Every kind of provider by its name, sorted. Raises `ProviderError` for an incomplete folder, and for
    a declaration that contradicts itself.
    """
    return _declarations(tuple(SEARCHED_PACKAGES))


@cache
def _declarations(packages: tuple[str, ...]) -> Mapping[str, Declaration]:
    found = {}
    for package in packages:
        folders = import_module(package).__path__
        _refuse_incomplete(folders)
        for module in pkgutil.iter_modules(folders):
            if module.ispkg:
                one: Declaration = import_module(f"{package}.{module.name}.declaration").DECLARATION
                _refuse_contradiction(one)
                found[one.name] = one
    return dict(sorted(found.items()))


def _refuse_incomplete(folders: Iterable[str]) -> None:
    """Without this check, Python would ignore a folder without ``__init__.py``, and its provider would be missing
    silently.
    """
    for folder in folders:
        for declared in sorted(Path(folder).glob("*/declaration.py")):
            if not (declared.parent / "__init__.py").is_file():
                raise ProviderError(
                    f"the provider in {declared.parent} cannot be loaded",
                    why="the folder has a declaration.py and no __init__.py, so it is no package of Python",
                    hint="add an empty __init__.py, or remove the folder",
                )


def _refuse_contradiction(one: Declaration) -> None:
    if one.gives_addresses and not one.makes_machines:
        raise ProviderError(
            f"the provider {one.name!r} cannot be used",
            why="its declaration says gives_addresses, and makes_machines=False: an address is given to a machine when"
            " it is made",
            hint="let it make machines, or have inventories name their addresses",
        )


def declaration(name: str) -> Declaration:
    """The kind of provider of that name. Raises `ProviderError` with the existing names."""
    known = declarations()
    if name not in known:
        raise ProviderError(
            f"no provider is named {name!r}",
            why="none of the folders in which providers are looked for has one",
            hint=f"set dcos_provider to one of: {', '.join(known)}",
        )
    return known[name]


def default() -> Declaration:
    """The kind for inventories that name none."""
    (one,) = (known for known in declarations().values() if known.is_default)
    return one


def open_provider(spec: ClusterSpec, state_dir: Path) -> Provider:
    """The provider that ``spec`` asks for, serving that cluster.

    ``state_dir`` is the cluster's operator state (`state.ClusterState.root`): keys and known hosts are kept there.
    """
    known = declaration(spec.provider)
    with libraries_of(known):
        return known.open(spec, state_dir)


def preflight(spec: ClusterSpec) -> None:
    """Raises `ProviderError` when it is certain that the provider cannot provide ``spec``. Touches nothing."""
    known = declaration(spec.provider)
    with libraries_of(known):
        known.preflight(spec)


@contextlib.contextmanager
def libraries_of(known: Declaration) -> Iterator[None]:
    """If a library that only this provider needs is missing, the error says how to install it."""
    try:
        yield
    except ImportError as error:
        if not known.extra:
            raise
        by_extra = f"install this distribution with its extra [{known.extra}]"
        raise ProviderError(
            f"the provider {known.name!r} needs the Python module {error.name!r}",
            why="it is not installed" if isinstance(error, ModuleNotFoundError) else str(error),
            hint=f"run {known.brought_by}; outside of a checkout {by_extra}" if known.brought_by else by_extra,
        ) from error
