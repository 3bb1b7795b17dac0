"""Where this package's data lies."""

from __future__ import annotations

from pathlib import Path


def data_root() -> Path:
    """The folder that holds ``words.txt`` and ``services.json``: inside the package, in a wheel, in a checkout and in
    the machines' bundle.

    Raises ``FileNotFoundError`` when it is not there (a broken installation).
    """
    root = Path(__file__).parent / "_data"
    if not root.is_dir():
        raise FileNotFoundError(f"{root} is missing: reinstall dcos")
    return root
