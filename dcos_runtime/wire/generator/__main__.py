"""`python -m dcos_runtime.wire.generator`: writes the message types and codecs anew."""

from __future__ import annotations

import sys
from collections.abc import Collection
from pathlib import Path

from dcos_runtime.wire.generator import codecs, structs
from dcos_runtime.wire.generator.notation import MADE
from dcos_runtime.wire.generator.schema import NotSupported, read

WIRE = Path(__file__).parents[1]
CODECS = "protobuf"
"""The folder of the codecs, beside the message types."""


def made(wire: Path = WIRE) -> dict[Path, str]:
    """The files by path, and what should be in each."""
    modules = read()
    types = {wire / f"{module.name}.py": structs.render(module) for module in modules}
    return types | {wire / CODECS / f"{module.name}.py": codecs.render(module) for module in modules}


def left_over(files: Collection[Path], wire: Path = WIRE) -> list[Path]:
    """What the generator made once and makes no more: its `.proto` file has gone, or has another name."""
    there = (path for folder in (wire, wire / CODECS) for path in sorted(folder.glob("*.py")))
    return [path for path in there if path not in files and MADE in path.read_text()]


def main(wire: Path = WIRE) -> int:
    """0, or 1 when a `.proto` file cannot be used."""
    try:
        files = made(wire)
    except NotSupported as error:
        sys.stderr.write(f"generator: {error}\n")
        return 1
    for path, text in files.items():
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            sys.stdout.write(f"generator: wrote {path.relative_to(wire.parents[1])}\n")
    for path in left_over(files, wire):
        path.unlink()
        sys.stdout.write(f"generator: removed {path.relative_to(wire.parents[1])}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
