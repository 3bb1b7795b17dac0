"""Numbers from outside are written with the digits 0 to 9: Python and its regular expressions take many others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import dcos_runtime
import dcos_universe
from dcos_runtime.flags.values import PORT, PORT_RANGES, WEIGHTS, whole

ROOTS = [Path(dcos_runtime.__file__).parent, Path(dcos_universe.__file__).parent]
NOT_FROM_OUTSIDE = {
    "agent/containers/base.py",
    "agent/containers/cgroups.py",
    "agent/launchers/supervisor.py",
    "agent/fetcher.py",
    "listening/holders.py",
}
"""What the operating system numbers: processes and descriptors."""
BYTES = {"wire/recordio.py"}
"""In bytes there are no other digits."""


def test_no_other_digits_are_taken_for_digits() -> None:
    found = set()
    for name, path in [(str(path.relative_to(root)), path) for root in ROOTS for path in root.rglob("*.py")]:
        for line in path.read_text().splitlines():
            if re.search(r"\\d", line) and "re.ASCII" not in line and not re.search(r"\brb['\"]", line):
                found.add(name)
            if re.search(r"\.is(digit|decimal|numeric)\(\)", line) and "isascii()" not in line:
                found.add(name)
    assert found - NOT_FROM_OUTSIDE - BYTES == set()


@pytest.mark.parametrize("text", ["٣", "²", "１０", "1٣"])
def test_flags_take_no_other_digits(text: str) -> None:
    for parse in (PORT.parse, whole(0, 100).parse, WEIGHTS.parse, PORT_RANGES.parse):
        for given in (text, f"a={text}", f"[{text}-{text}]"):
            with pytest.raises(ValueError, match=r"expected|role"):
                parse(given)
