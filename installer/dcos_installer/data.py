"""The locations of the installer's data: beside the code in a checkout, in ``_data`` inside an installed wheel."""

from __future__ import annotations

from pathlib import Path

from dcos_installer.surroundings import plain

_PACKAGE = Path(__file__).resolve().parent


def data_root(package: Path = _PACKAGE) -> Path:
    """The folder that holds ``roles/`` and ``inventories/``: ``_data`` of a wheel, else the checkout's root.

    Raises ``FileNotFoundError`` when the package lies in neither.
    """
    for candidate in (package / "_data", package.parent.parent):
        if (candidate / "roles").is_dir() and (candidate / "inventories").is_dir():
            return candidate
    raise FileNotFoundError(f"{package} has neither its _data folder nor a checkout around it: install it again")


def roles_dir(package: Path = _PACKAGE) -> Path:
    """The Ansible roles, with ``site.yml``."""
    return plain(data_root(package), "where this dcos is installed") / "roles"


def inventories_dir(package: Path = _PACKAGE) -> Path:
    """The example inventories."""
    return data_root(package) / "inventories"


def locks_dir(package: Path = _PACKAGE) -> Path:
    """The lock files: names, versions and hashes of what the operator and the machines get."""
    root = data_root(package)
    return root / "locks" if (root / "locks").is_dir() else root / "installer" / "locks"
