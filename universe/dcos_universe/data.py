"""The location of this package's data."""

from __future__ import annotations

from pathlib import Path


def data_root() -> Path:
    """The folder with ``packages/``: inside the package in a wheel, beside it in a checkout.

    Raises ``FileNotFoundError`` if neither exists (a broken installation).
    """
    inside = Path(__file__).parent / "_data"
    beside = Path(__file__).parents[1]
    for root in (inside, beside):
        if (root / "packages").is_dir():
            return root
    raise FileNotFoundError(f"the package definitions are neither in {inside} nor in {beside}: reinstall dcos")
