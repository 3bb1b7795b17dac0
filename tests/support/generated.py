"""Writes what is made from declarations, where it is out of date: python -m tests.support.generated

These are the tables of flags and variables in docs/, from `dcos_runtime.flags` and the declarations of variables; that
of the calls of a master's operator API, from its code; and `dcos_runtime/_data/services.json`, from the descriptors in
roles/, for daemons that are started by hand.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from dcos_installer import inventory_variables
from dcos_installer.services.catalog import installed
from dcos_runtime.flags.declaring import table
from tests.support import operator_calls
from tests.support.documented import DAEMONS, ROOT

COMMAND = "python -m tests.support.generated"
SERVICES = ROOT / "dcos_runtime" / "_data" / "services.json"


def tables() -> dict[Path, str]:
    """The documents that hold a table, as they should be."""
    made = {ROOT / known.document: table(known.flags) for known in DAEMONS.values()}
    made[ROOT / "docs" / "inventory.md"] = inventory_variables.table()
    texts = {document: replaced(document.read_text(), text) for document, text in made.items()}
    kernel = ROOT / "docs" / "kernel.md"
    return {**texts, kernel: replaced(texts[kernel], operator_calls.table())}


def replaced(document: str, table: str) -> str:
    """The document with ``table`` instead of the one with the same head. Raises ``ValueError`` if there is none,
    or more than one.
    """
    head, _, _ = table.partition("\n")
    found = re.findall(rf"^{re.escape(head)}\n(?:\|.*\n)*", document, re.MULTILINE)
    if len(found) != 1:
        raise ValueError(f"expected one table with the head {head}, and there are {len(found)}")
    return document.replace(found[0], table)


def main() -> int:
    for path, text in {**tables(), SERVICES: installed().services_file}.items():
        if path.read_text() != text:
            path.write_text(text)
            print(f"written: {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
