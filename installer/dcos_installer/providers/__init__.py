"""Where machines come from: one module a provider behind one interface (`base.Provider`).

Providers are imported when an inventory asks for one, so a library that only one of them needs stays optional.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from dcos_installer.providers.base import Provider, ProviderError

if TYPE_CHECKING:
    from dcos_installer.config.model import ClusterSpec


class _Factory(Protocol):
    def __call__(self, spec: ClusterSpec, state_dir: Path) -> Provider: ...


_PROVIDERS: Mapping[str, tuple[str, str, str]] = {
    # name: module, factory, the extra of this distribution that holds its libraries
    "nspawn": ("dcos_installer.providers.nspawn", "NspawnProvider", ""),
    "static": ("dcos_installer.providers.static", "StaticProvider", ""),
}


def names() -> tuple[str, ...]:
    """The providers an inventory may ask for."""
    return tuple(sorted(_PROVIDERS))


def open_provider(spec: ClusterSpec, state_dir: Path) -> Provider:
    """The provider that ``spec`` asks for, serving that cluster.

    ``state_dir`` is the cluster's operator state (`state.ClusterState.root`): keys and known hosts are kept there.
    """
    try:
        module_name, factory_name, extra = _PROVIDERS[spec.provider]
    except KeyError:
        raise ProviderError(
            f"no provider is named {spec.provider!r}", hint=f"set dcos_provider to one of: {', '.join(names())}"
        ) from None
    try:
        factory: _Factory = getattr(import_module(module_name), factory_name)
    except ImportError as error:
        if not extra:
            raise
        raise ProviderError(
            f"the provider {spec.provider!r} needs the Python module {error.name!r}, which is not installed",
            hint=f"install this distribution with its extra [{extra}]",
        ) from error
    return factory(spec, state_dir)
