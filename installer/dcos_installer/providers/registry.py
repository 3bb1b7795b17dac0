"""Finds the kinds of providers: each is a folder with a module ``declaration``, and no list names them."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from dcos_installer.providers.base import Provider, ProviderError
from dcos_installer.providers.declaration import Declaration

if TYPE_CHECKING:
    from dcos_installer.config.model import ClusterSpec

ROOMS = ["dcos_installer.providers"]
"""The packages whose folders are looked through."""


def declarations() -> Mapping[str, Declaration]:
    """Every kind of provider by its name, sorted."""
    return _declarations(tuple(ROOMS))


@cache
def _declarations(rooms: tuple[str, ...]) -> Mapping[str, Declaration]:
    found = {}
    for room in rooms:
        for module in pkgutil.iter_modules(import_module(room).__path__):
            if module.ispkg:
                one: Declaration = import_module(f"{room}.{module.name}.declaration").DECLARATION
                found[one.name] = one
    return dict(sorted(found.items()))


def declaration(name: str) -> Declaration:
    """The kind of provider of that name. Raises `ProviderError` with the names there are."""
    known = declarations()
    if name not in known:
        raise ProviderError(
            f"no provider is named {name!r}",
            why="none of the folders in which providers are looked for has one",
            hint=f"set dcos_provider to one of: {', '.join(known)}",
        )
    return known[name]


def default() -> Declaration:
    """The kind that is meant where an inventory names none."""
    (one,) = (known for known in declarations().values() if known.is_default)
    return one


def open_provider(spec: ClusterSpec, state_dir: Path) -> Provider:
    """The provider that ``spec`` asks for, serving that cluster.

    ``state_dir`` is the cluster's operator state (`state.ClusterState.root`): keys and known hosts are kept there.
    """
    known = declaration(spec.provider)
    try:
        return known.open(spec, state_dir)
    except ImportError as error:
        if not known.extra:
            raise
        raise ProviderError(
            f"the provider {known.name!r} needs the Python module {error.name!r}",
            why="it is not installed",
            hint=f"install this distribution with its extra [{known.extra}]",
        ) from error
