"""`python -m dcos_runtime.wire.generator`: writes the message types and codecs anew."""

from __future__ import annotations

import sys
from pathlib import Path

from dcos_runtime.wire.generator import codecs, structs
from dcos_runtime.wire.generator.schema import NotSupported, read

WIRE = Path(__file__).parents[1]


def made() -> dict[Path, str]:
    """The files by path, and what should be in each."""
    modules = read()
    types = {WIRE / f"{module.name}.py": structs.render(module) for module in modules}
    return types | {WIRE / "protobuf" / f"{module.name}.py": codecs.render(module) for module in modules}


def main() -> int:
    """0, or 1 when a `.proto` file cannot be used."""
    try:
        files = made()
    except NotSupported as error:
        sys.stderr.write(f"generator: {error}\n")
        return 1
    for path, text in files.items():
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            sys.stdout.write(f"generator: wrote {path.relative_to(WIRE.parents[1])}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
