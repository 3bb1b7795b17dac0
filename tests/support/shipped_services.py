"""Writes `dcos_runtime/_data/services.json` again: the descriptors in roles/, for daemons started by hand."""

from __future__ import annotations

from pathlib import Path

from dcos_installer.services.catalog import installed

FILE = Path(__file__).resolve().parents[2] / "dcos_runtime" / "_data" / "services.json"


def main() -> None:
    FILE.write_text(installed().services_file)


if __name__ == "__main__":
    main()
