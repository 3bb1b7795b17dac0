"""The location of image definitions: beside the code in a checkout, in ``_data`` inside an installed wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def data_root(package: Path = _PACKAGE) -> Path:
    """The folder with ``definitions/``. Raises ``FileNotFoundError`` when the package is in neither place."""
    for candidate in (package / "_data", package.parent):
        if (candidate / "definitions").is_dir():
            return candidate
    raise FileNotFoundError(f"{package} has neither its _data folder nor a checkout around it: install it again")


def definitions_dir() -> Path:
    """A folder for each image, with its ``image.toml``."""
    return data_root() / "definitions"
